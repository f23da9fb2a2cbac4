//! From a simulation to what is read: each form of it.

#![allow(clippy::expect_used, reason = "a benchmark that cannot begin stops")]

mod estate;

use std::hint::black_box;
use std::io;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sgleave::generate::EstateShape;
use sgleave::report::{Format, ReportContext, SimulationReport, Style, write_simulation};
use sgleave::simulate::{Options, simulate};

fn report(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("report");
    group.sample_size(10);
    for size in estate::sizes() {
        let estate = estate::estate(size, EstateShape::Realistic);
        let graph = estate::graph(&estate);
        let removals = estate.removals.get(..10).unwrap_or(&estate.removals);
        let simulation = simulate(&graph, removals, &Options::default()).expect("removals of the estate");
        let context = ReportContext::default();
        let style = Style { limit: Some(50), ..Style::default() };
        for format in [Format::Text, Format::Json, Format::Csv] {
            group.bench_function(BenchmarkId::new(format.name(), size), |bencher| {
                bencher.iter(|| {
                    let report = SimulationReport::new(&simulation, &context);
                    black_box(write_simulation(&report, format, &style, &mut io::sink()))
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, report);
criterion_main!(benches);
