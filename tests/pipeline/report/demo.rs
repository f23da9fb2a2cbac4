//! The demo as text: what a reader at night would stumble over is not there.

use sgleave::graph::SecurityGraph;
use sgleave::report::{Format, ReportContext, SimulationReport, Style, write_simulation};
use sgleave::simulate::{Options, simulate};

use crate::support::{self, load_fixture};

fn demo(removal: &str, limit: Option<usize>) -> String {
    let graph = SecurityGraph::new(load_fixture("demo").unwrap());
    let removals = [support::removal(removal)];
    let simulation = simulate(&graph, &removals, &Options::default()).unwrap();
    let (context, mut bytes) = (ReportContext::default(), Vec::new());
    let style = Style { limit, ..Style::default() };
    write_simulation(&SimulationReport::new(&simulation, &context), Format::Text, &style, &mut bytes)
        .unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn interfaces_that_are_isolated_alike_stand_under_one_line() {
    let text = demo("i-cache-1:sg-cache", Some(2));
    let isolated = "
ISOLATED  7 interfaces
  new       i-cache-1 \"cache-1\" eni-cache-1: no accepted traffic left with any interface at all
  new       6 interfaces have no accepted traffic left with i-cache-1:
            - i-api-1 \"api-1\" eni-api-1
            - i-api-2 \"api-2\" eni-api-2
            ... 4 more of 6 interfaces
";
    assert!(text.contains(isolated), "{text}");
}

#[test]
fn nearly_everything_outside_is_told_by_what_it_lacks() {
    let text = demo("i-cache-1:sg-cache", None);
    assert!(text.contains("    to        anywhere outside except 100.100.100.200/32\n"), "{text}");
}

#[test]
fn a_list_within_an_entry_is_shorter_than_the_list_of_entries() {
    let text = demo("i-worker-1:sg-quarantine", Some(10));
    let from = "
    from      8 interfaces
              - i-api-1 \"api-1\" eni-api-1 10.20.2.11
              - i-api-2 \"api-2\" eni-api-2 10.20.2.12
              ... 6 more of 8 interfaces
    to        i-worker-1";
    assert_eq!(text.matches(from).count(), 2, "{text}");
}

#[test]
fn an_open_reading_says_what_it_asks_and_how_to_settle_it() {
    let text = demo("i-api-1:sg-api-freeze", None);
    let first = "UNDETERMINED  i-api-1 leaves sg-api-freeze: 1 pair undetermined; not known: intra-group-egress \
                 (is the intra-group Accept asked before or after custom rules? --reading settles it)";
    assert_eq!(text.lines().next().unwrap(), first);
}
