//! From an inventory to a graph, and from a graph to what any number of what-ifs need.

mod estate;

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sgleave::generate::EstateShape;
use sgleave::graph::SecurityGraph;
use sgleave::simulate::Simulator;

fn compile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(10);
    for size in estate::sizes() {
        let graph = estate::graph(&estate::estate(size, EstateShape::Realistic));
        group.throughput(Throughput::Elements(size));
        group.bench_function(BenchmarkId::new("graph", size), |bencher| {
            let inventory = || graph.inventory().clone();
            bencher.iter_batched(inventory, |it| black_box(SecurityGraph::new(it)), BatchSize::PerIteration);
        });
        group.bench_function(BenchmarkId::new("simulator", size), |bencher| {
            bencher.iter(|| black_box(Simulator::new(&graph)));
        });
    }
    group.finish();
}

criterion_group!(benches, compile);
criterion_main!(benches);
