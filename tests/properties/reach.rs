//! Whom a change reaches. In small random worlds nearly everybody is in touch with nearly everybody; here hardly
//! anybody is.

use std::collections::BTreeSet;

use sgleave::evaluate::{Compiled, Difference, Readings};
use sgleave::graph::SecurityGraph;
use sgleave::simulate::{
    Certainty, Change, ChangeKind, EndpointSet, Extent, Impact, Options, Removal, simulate,
};
use sgleave::testing::world;

/// X leaves G or moves from it, and nobody else has to do with that.
const STRANGERS: &str =
    "G{normal,drop}; K{normal,drop}; B{normal,drop}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [B]; Z=10.0.9.9 [G]";

fn removal(target: &str, group: &str, join: Option<&str>) -> Removal {
    Removal { target: target.to_owned(), group: group.to_owned(), join: join.map(str::to_owned) }
}

fn impact<T>(text: &str, removals: &[Removal], read: impl Fn(&SecurityGraph, &Impact) -> T) -> T {
    let graph = SecurityGraph::new(world(text).unwrap());
    let simulation = simulate(&graph, removals, &Options::default()).unwrap();
    read(&graph, &simulation.impact)
}

fn names(graph: &SecurityGraph, ends: &[EndpointSet], name: &str) -> bool {
    let is_named = |end: &EndpointSet| matches!(end, EndpointSet::Interface { interface, .. } if graph.interface(*interface).id.as_str() == name);
    ends.iter().any(is_named)
}

/// Returns the kinds of the changes from one interface to another.
fn kinds(text: &str, removals: &[Removal], from: &str, to: &str) -> BTreeSet<ChangeKind> {
    impact(text, removals, |graph, impact| {
        let touches =
            |change: &&Change| names(graph, &change.sources, from) && names(graph, &change.destinations, to);
        impact.changes.iter().filter(touches).map(|change| change.kind).collect()
    })
}

const OPEN: [ChangeKind; 1] = [ChangeKind::Undetermined];

#[test]
fn a_stranger_is_reached_only_through_what_is_not_known() {
    let leaves = [removal("i-X", "sg-G", None)];
    for (more, from, to, is_reached) in [
        ("", "eni-X", "eni-Y", false),
        ("", "eni-Y", "eni-X", false),
        // What goes with the group.
        ("G: gap in", "eni-Y", "eni-X", true),
        ("G: in 1 accept tcp 80/80 from pl:unread", "eni-Y", "eni-X", true),
        ("G: in 1 accept tcp 80/80 from 10.0.0.0/32 ?", "eni-Y", "eni-X", true),
        // Whatever may name the group.
        ("B: gap in", "eni-X", "eni-Y", true),
        ("G: gap in; B: gap in", "eni-X", "eni-Y", true),
        ("B: in 1 accept tcp 80/80 from 10.0.0.0/32 ?", "eni-X", "eni-Y", true),
    ] {
        let expected: BTreeSet<ChangeKind> = OPEN.into_iter().filter(|_| is_reached).collect();
        assert_eq!(kinds(&format!("{STRANGERS}; {more}"), &leaves, from, to), expected, "{more}");
    }
}

#[test]
fn an_egress_default_that_hangs_on_a_type_reaches_everybody() {
    let text = "G{normal,drop}; J{?,drop}; B{normal,drop}; X=10.0.3.3 [G]; Y=10.0.2.2 [B]; Z=10.0.9.9 [G,J];
        B: in 1 accept tcp 80/80 from 10.0.0.0/8";
    let moves = [removal("i-X", "sg-G", Some("sg-J"))];
    assert_eq!(kinds(text, &moves, "eni-X", "eni-Y"), OPEN.into());
    let text = "G{?,drop}; K{?,drop}; B{normal,drop}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [B]; Z=10.0.9.9 [G];
        B: in 1 accept tcp 80/80 from 10.0.0.0/8";
    assert_eq!(kinds(text, &[removal("i-X", "sg-G", None)], "eni-X", "eni-Y"), OPEN.into());
}

#[test]
fn two_that_leave_meet_although_their_groups_do_not() {
    let text =
        format!("{STRANGERS}; H{{normal,drop}}; W=10.0.4.4 [B,H]; H: in 1 accept tcp 80/80 from 10.0.0.0/8");
    let leave = [removal("i-X", "sg-G", None), removal("i-W", "sg-H", None)];
    assert_eq!(kinds(&text, &leave, "eni-X", "eni-W"), [ChangeKind::Lost].into());
    assert_eq!(kinds(&text, &leave, "eni-W", "eni-X"), [].into());
}

#[test]
fn a_rule_that_is_not_known_may_name_a_group_that_is_only_joined() {
    for (more, is_reached) in
        [("", false), ("B: gap in", true), ("B: in 1 accept tcp 80/80 from 10.0.0.0/32 ?", true)]
    {
        let graph = SecurityGraph::new(world(&format!("{STRANGERS}; J{{normal,drop}}; {more}")).unwrap());
        let x = graph.find_interface(&"eni-X".into()).unwrap();
        let before = graph.baseline();
        let after = before.with([(x, graph.find_group(&"sg-J".into()).unwrap())]);
        let compiled = Compiled::new(&graph);
        let difference = Difference::new(&compiled, &before, &after, Readings::default());
        let found = difference.rows(x).iter_mut().any(|row| !row.peers(false).is_empty());
        assert_eq!(found, is_reached, "{more}");
    }
}

/// X loses a rule that admits the members of a group; Y may be one of them.
#[test]
fn whoever_is_in_a_group_is_bound_by_its_drop_of_priority_one() {
    let leaves = [removal("i-X", "sg-G", None)];
    for (drop, is_bound) in [
        ("out 1 drop all to 0.0.0.0/0", true),
        ("out 1 drop all to 0.0.0.0/0 local 10.0.2.2", true),
        ("out 1 drop all to 0.0.0.0/0 local 10.0.2.9", false),
        ("out 2 drop all to 0.0.0.0/0", false),
        ("out 1 accept all to 0.0.0.0/0", false),
        ("in 1 drop all from 0.0.0.0/0", false),
    ] {
        let text = format!(
            "G{{normal,drop}}; K{{normal,drop}}; B{{normal,drop}}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [?];
            G: in 1 accept tcp 80/80 from sg:B; B: {drop}"
        );
        let expected: BTreeSet<ChangeKind> = OPEN.into_iter().filter(|_| !is_bound).collect();
        assert_eq!(kinds(&text, &leaves, "eni-Y", "eni-X"), expected, "{drop}");
    }
}

#[test]
fn a_rule_that_is_not_known_follows_an_address_as_far_as_references_cover_it() {
    let leaves = [removal("i-X", "sg-G", None)];
    let world =
        "G{normal,drop}; K{normal,drop}; B{normal,drop}; X=fd00::3 [G,K]; Y=fd00::2 [B]; Z=fd00::9 [G]";
    assert_eq!(kinds(&format!("{world}; B: gap in"), &leaves, "eni-X", "eni-Y"), OPEN.into());
    // X admits Y only where references do not cover it, and there no rule of Y's follows X out of the group.
    let text = format!("{world}; B: gap out; K: in 1 drop all from sg:B; K: in 2 accept all from ::/0");
    assert_eq!(kinds(&text, &leaves, "eni-Y", "eni-X"), [].into());
}

#[test]
fn two_lists_that_are_not_read_may_both_lack_an_address() {
    // Each list stands in two rules, so both of its answers are tried.
    let text = format!(
        "{STRANGERS}; G: in 2 accept tcp 80/80 from 10.0.0.0/8; K: in 1 accept tcp 80/80 from pl:a;
        K: in 1 accept tcp 80/80 from pl:b; K: in 1 accept udp 53/53 from pl:a; K: in 1 accept udp 53/53 from pl:b"
    );
    assert_eq!(kinds(&text, &[removal("i-X", "sg-G", None)], "eni-Y", "eni-X"), OPEN.into());
}

#[test]
fn a_rule_for_the_first_addresses_of_a_delegated_prefix_means_those() {
    let text = "G{normal,drop}; K{normal,drop}; B{normal,drop}; X=10.0.3.3 [G,K];
        Y=10.0.2.2,prefix 10.0.8.0/28 [B]";
    for (more, expected) in [
        ("G: in 1 accept tcp 80/80 from 10.0.8.0", ["10.0.8.0/32"].as_slice()),
        (
            "G: in 2 accept tcp 80/80 from 10.0.0.0/8; G: in 1 drop tcp 80/80 from 10.0.8.0/30",
            &["10.0.2.2/32", "10.0.8.4/30", "10.0.8.8/29"],
        ),
    ] {
        let lost = impact(&format!("{text}; {more}"), &[removal("i-X", "sg-G", None)], |_, impact| {
            let ends = impact.changes.iter().flat_map(|change| &change.sources).filter_map(|end| match end {
                EndpointSet::Interface { addresses, .. } => Some(addresses),
                _ => None,
            });
            ends.flatten().map(|address| address.block.to_string()).collect::<Vec<String>>()
        });
        assert_eq!(lost, expected, "{more}");
    }
}

#[test]
fn isolation_looks_at_everybody_who_may_be_in_contact() {
    let world = "G{normal,drop}; K{normal,drop}; B{normal,drop}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [B]";
    // So many who are in touch with nobody that only those are asked after them who can be in touch at all.
    let crowd: String = (1..=70).map(|host| format!("; P{host}=10.0.1.{host} [C]")).collect();
    let crowd = format!("; C{{normal,drop}}; C: out 1 drop all to 0.0.0.0/0{crowd}");
    let leaves = [removal("i-X", "sg-G", None)];
    let possible = Some((Extent::FromAll, true, Certainty::Possible));
    for (more, expected) in [
        ("", Some((Extent::FromAll, false, Certainty::Certain))),
        // Of two alike only the second has the address that is admitted.
        ("W=10.0.2.9 [B]; B: in 1 accept tcp 80/80 from sg:K local 10.0.2.9", None),
        // A list that is not read may hold anybody.
        ("K: in 1 accept tcp 80/80 from pl:unread", None),
        ("G: gap in", possible),
        // All rules of X may be others than those that are known.
        ("G: gap in; K: gap in", possible),
        ("B: gap in", possible),
        ("K: in 1 accept tcp 80/80 from 10.0.2.2", None),
        ("K: in 1 accept tcp 80/80 from sg:B", None),
        ("B: in 1 accept tcp 80/80 from 10.0.3.3", None),
    ] {
        for crowd in ["", &crowd] {
            let found = impact(&format!("{world}{crowd}; {more}"), &leaves, |graph, impact| {
                let x = graph.find_interface(&"eni-X".into()).unwrap();
                let one = impact.isolated.iter().find(|one| one.interface == x);
                one.map(|one| (one.extent, one.new, one.certainty))
            });
            assert_eq!(found, expected, "{more}{crowd}");
        }
    }
}

#[test]
fn nobody_is_cut_off_from_whom_it_may_only_have_gained() {
    let text =
        "G{normal,drop}; J{normal,drop}; B{normal,accept}; X=10.0.3.3 [G]; Z=10.0.9.9 [G]; Y=10.0.2.2 [B];
        W=10.0.2.3 [B]; J: in 1 accept tcp 80/80 from pl:unread";
    let isolated = impact(text, &[removal("i-X", "sg-G", Some("sg-J"))], |_, impact| impact.isolated.clone());
    assert_eq!(isolated.iter().filter(|one| one.new).count(), 0, "{isolated:?}");
}

/// Among many who have nothing to do with the change, each one in turn is whom the rule that goes admits.
#[test]
fn one_address_among_many_is_found_wherever_it_stands() {
    let hosts = 2..=11;
    let crowd: String = hosts.clone().map(|host| format!("; P{host}=10.0.2.{host} [B]")).collect();
    for host in hosts {
        let text = format!(
            "G{{normal,drop}}; K{{normal,drop}}; B{{normal,drop}}; X=10.0.3.3 [G,K]{crowd};
            G: in 1 accept tcp 80/80 from 10.0.2.{host}"
        );
        let from = format!("eni-P{host}");
        let found = kinds(&text, &[removal("i-X", "sg-G", None)], &from, "eni-X");
        assert_eq!(found, [ChangeKind::Lost].into(), "{from}");
    }
}

#[test]
fn an_address_inside_of_the_prefix_of_another_hides_nothing_of_it() {
    let text = "G{normal,drop}; K{normal,drop}; B{normal,drop}; X=10.0.8.5 [G,K]; Y=prefix 10.0.8.0/28 [B];
        G: in 1 accept tcp 80/80 from 10.0.8.8/29";
    assert_eq!(kinds(text, &[removal("i-X", "sg-G", None)], "eni-Y", "eni-X"), [ChangeKind::Lost].into());
}

/// Whoever stays in its groups takes no unknown rule along: it matches before and after, or never.
#[test]
fn a_rule_that_may_exist_neither_comes_nor_goes_with_a_peer_that_stays() {
    let text = "G{normal,drop}; K{normal,drop}; B{normal,drop}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [B];
        G: out 100 accept all to sg:B; K: gap in";
    let graph = SecurityGraph::new(world(text).unwrap());
    let simulation = simulate(&graph, &[removal("i-X", "sg-G", None)], &Options::default()).unwrap();
    assert_eq!(simulation.impact.changes, []);
}
