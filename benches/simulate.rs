//! One what-if on an estate that is compiled already, and a hundred removals judged together.

mod estate;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sgleave::generate::EstateShape;
use sgleave::simulate::{Options, Simulator};

fn simulate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("simulate");
    group.sample_size(10);
    let shapes = EstateShape::ALL.map(|shape| (shape, 1_000));
    let realistic = estate::sizes().into_iter().map(|size| (EstateShape::Realistic, size));
    for (shape, size) in shapes.into_iter().skip(1).chain(realistic) {
        let estate = estate::estate(size, shape);
        let graph = estate::graph(&estate);
        let simulator = Simulator::new(&graph);
        for removals in [1, estate.removals.len()] {
            let removals = estate.removals.get(..removals).unwrap_or(&[]);
            let name = format!("{}/{} removals", shape.name(), removals.len());
            group.bench_with_input(BenchmarkId::new(name, size), removals, |bencher, removals| {
                bencher.iter(|| black_box(simulator.simulate(removals, &Options::default())));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, simulate);
criterion_main!(benches);
