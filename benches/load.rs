//! From the bytes of an export to an inventory; the throughput is that of the bytes.

#![allow(clippy::expect_used, reason = "a benchmark that cannot begin stops")]

mod estate;

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sgleave::generate::EstateShape;
use sgleave::inventory::{Inventory, load};

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10);
    for size in estate::sizes() {
        let estate = estate::estate(size, EstateShape::Realistic);
        let bytes: usize = estate.sources.iter().map(|source| source.bytes.len()).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::new("answers", size), |bencher| {
            bencher.iter_batched(
                || estate.sources.clone(),
                |sources| black_box(load(sources)),
                BatchSize::PerIteration,
            );
        });
        // What the cache keeps: the same inventory without the parsing.
        let stored = load(estate.sources).expect("a complete export").to_parts();
        group.bench_function(BenchmarkId::new("stored", size), |bencher| {
            bencher.iter_batched(
                || stored.clone(),
                |parts| black_box(Inventory::from_parts(parts)),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
