//! Room 7: one sample document feeds every writer.

mod csv;
mod demo;
mod estate;
mod json;
mod sample;
mod text;

use sgleave::report::{CsvDialect, Format, SimulationReport, Style, write_simulation};
use sgleave::simulate::Simulation;

/// Writes a simulation; a report is made anew every time, as every run does.
fn written(simulation: &Simulation<'_>, format: Format, style: Style) -> String {
    let context = sample::context(simulation.graph);
    let report = SimulationReport::new(simulation, &context);
    let mut bytes = Vec::new();
    write_simulation(&report, format, &style, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_same_simulation_gives_the_same_bytes_in_any_order() {
    let graph = sample::graph();
    let straight = sample::simulation(&graph);
    let mut shuffled = straight.clone();
    shuffled.impact.changes.reverse();
    shuffled.impact.isolated.reverse();
    shuffled.impact.orphans.reverse();
    shuffled.removals.reverse();
    for format in [Format::Text, Format::Json, Format::Csv] {
        let first = written(&straight, format, Style::default());
        assert_eq!(first, written(&straight, format, Style::default()));
        assert_eq!(first, written(&shuffled, format, Style::default()), "{format:?}");
    }
}

#[test]
fn nothing_that_steers_a_display_is_written_in_any_format() {
    let graph = sample::graph();
    let simulation = sample::simulation(&graph);
    for format in [Format::Text, Format::Json, Format::Csv] {
        let style = Style { dialect: CsvDialect::Raw, ..Style::default() };
        let text = written(&simulation, format, style);
        let bad: Vec<char> =
            text.chars().filter(|c| sgleave::report::is_steering(*c) && *c != '\n').collect();
        assert!(bad.is_empty(), "{format:?}: {bad:?}");
        assert!(text.contains("calc"), "{format:?} shows the name");
    }
}
