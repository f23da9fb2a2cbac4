//! The demo as text: what a reader at night would stumble over is not there.

use sgleave::graph::SecurityGraph;
use sgleave::report::{Format, ReportContext, SimulationReport, Style, write_simulation};
use sgleave::simulate::{Options, simulate};

use crate::support::{self, load_fixture};

fn demo(removals: &str, limit: Option<usize>) -> String {
    let graph = SecurityGraph::new(load_fixture("demo").unwrap());
    let removals: Vec<_> = removals.split(' ').map(support::removal).collect();
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

#[test]
fn a_cause_is_said_once_for_each_group_and_a_move_says_both() {
    let text = demo("i-web-1:sg-web i-web-2:sg-web i-worker-1:sg-quarantine:sg-archive", None);
    for cause in [
        "    cause     i-web-1, i-web-2 leave sg-web\n",
        "    cause     i-worker-1 moves from sg-quarantine to sg-archive\n",
    ] {
        assert!(text.contains(cause), "{text}");
    }
}

#[test]
fn nearly_all_traffic_is_told_by_what_it_lacks() {
    let text = demo("i-worker-2:sg-default", None);
    assert!(text.contains("\n  all traffic except tcp/22,3389 and icmp\n"), "{text}");
}
