//! Every membership of an estate judged: the time is that of the whole estate, the throughput that of a membership.

mod estate;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sgleave::generate::EstateShape;
use sgleave::simulate::{Options, Simulator};

fn sweep(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sweep");
    group.sample_size(10);
    let shapes = EstateShape::ALL.map(|shape| (shape, 1_000));
    let realistic = estate::sizes().into_iter().map(|size| (EstateShape::Realistic, size));
    for (shape, size) in shapes.into_iter().skip(1).chain(realistic) {
        let graph = estate::graph(&estate::estate(size, shape));
        let simulator = Simulator::new(&graph);
        let vpcs: Vec<_> = simulator.vpcs().map(Some).chain([None]).collect();
        group.throughput(Throughput::Elements(graph.membership_count() as u64));
        group.bench_with_input(BenchmarkId::new(shape.name(), size), &vpcs, |bencher, vpcs| {
            bencher.iter(|| {
                for vpc in vpcs {
                    black_box(simulator.audit(*vpc, &Options::default(), &|_| {}));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, sweep);
criterion_main!(benches);
