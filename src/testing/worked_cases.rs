//! The worked cases of the law, section 11, by their numbers.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Change, End, Kinds, Memberships, Order, Settings, baseline, change, outcomes, world};
use crate::inventory::{Inventory, SecurityGroupId};
use crate::netset::{IpBlock, Packet};

const EVERYONE: &str = "A=10.0.1.1 [Z]; B=10.0.2.2 [H]; Z{normal,accept}; H{normal,accept}";

/// A verdict in one state: what all readings say, or that they differ.
#[derive(Debug, PartialEq, Eq)]
enum Says {
    Allow,
    Deny,
    Unknown,
}

fn end(inventory: &Inventory, text: &str) -> End {
    let address: IpAddr = text.parse().unwrap();
    let single = IpBlock::single(address);
    let holds = |index: &usize| {
        inventory.interfaces[*index]
            .addresses
            .iter()
            .any(|other| other.block.contains(&single))
    };
    match (0..inventory.interfaces.len()).find(holds) {
        Some(index) => End::Interface { index, address },
        None => End::External(address),
    }
}

fn under(settings: Settings, text: &str, from: &str, to: &str, packet: Packet) -> Says {
    let inventory = world(text).unwrap();
    let state = baseline(&inventory);
    let (from, to) = (end(&inventory, from), end(&inventory, to));
    let found = outcomes(&inventory, &state, &state, &settings, from, to, packet);
    match found.into_iter().collect::<Vec<_>>().as_slice() {
        [(true, true)] => Says::Allow,
        [(false, false)] => Says::Deny,
        [(false, false), (true, true)] => Says::Unknown,
        other => panic!("nothing changes, yet {other:?}"),
    }
}

fn says(text: &str, from: &str, to: &str, packet: Packet) -> Says {
    under(Settings::default(), text, from, to, packet)
}

/// A (10.0.1.1) to B (10.0.2.2), tcp.
fn a_to_b(text: &str, port: u16) -> Says {
    says(text, "10.0.1.1", "10.0.2.2", Packet::tcp(40000, port))
}

/// `EVERYONE`, with rules for B's group H.
fn with_b(rules: &[&str]) -> String {
    let rules: Vec<String> = rules.iter().map(|rule| format!("H: {rule}")).collect();
    format!("{EVERYONE}; {}", rules.join("; "))
}

/// Takes interfaces out of groups and, where named, into another.
fn moved(inventory: &Inventory, moves: &[(&str, &str, Option<&str>)]) -> Memberships {
    let mut state = baseline(inventory);
    for (name, leave, join) in moves {
        let index = inventory
            .interfaces
            .iter()
            .position(|interface| interface.name == *name)
            .unwrap();
        let groups = state[index].as_mut().unwrap();
        assert!(
            groups.remove(&SecurityGroupId::from(format!("sg-{leave}"))),
            "{name} is in {leave}"
        );
        groups.extend(join.map(|group| SecurityGroupId::from(format!("sg-{group}"))));
    }
    state
}

fn outcomes_of(
    settings: &Settings,
    text: &str,
    moves: &[(&str, &str, Option<&str>)],
    from: &str,
    to: &str,
    packet: Packet,
) -> BTreeSet<(bool, bool)> {
    let inventory = world(text).unwrap();
    let after = moved(&inventory, moves);
    let (from, to) = (end(&inventory, from), end(&inventory, to));
    outcomes(
        &inventory,
        &baseline(&inventory),
        &after,
        settings,
        from,
        to,
        packet,
    )
}

fn leaves(text: &str, name: &str, group: &str, from: &str, to: &str, packet: Packet) -> Change {
    change(&outcomes_of(
        &Settings::default(),
        text,
        &[(name, group, None)],
        from,
        to,
        packet,
    ))
}

const A: &str = "10.0.1.1";
const B: &str = "10.0.2.2";
const X: &str = "10.0.3.3";
const INTERNET: &str = "1.2.3.4";

fn tcp(port: u16) -> Packet {
    Packet::tcp(40000, port)
}

#[test]
fn c01_c02_fellows_reach_each_other_before_every_ingress_rule() {
    let fellows = "A=10.0.1.1 [G1]; B=10.0.2.2 [G1]; G1{normal,accept}";
    assert_eq!(a_to_b(fellows, 80), Says::Allow);
    assert_eq!(
        a_to_b(&format!("{fellows}; G1: in 1 drop all -1/-1 from 0.0.0.0/0"), 80),
        Says::Allow
    );
}

#[test]
fn c03_c04_isolation_is_weaker_than_every_rule() {
    let isolated = "A=10.0.1.1 [G2]; B=10.0.2.2 [G2]; G2{normal,drop}";
    assert_eq!(a_to_b(isolated, 80), Says::Deny);
    let opened = format!("{isolated}; G2: in 1 accept tcp 22/22 from 10.0.1.1/32");
    assert_eq!(a_to_b(&opened, 22), Says::Allow);
    assert_eq!(a_to_b(&opened, 23), Says::Deny);
}

#[test]
fn c05_c06_strangers_need_a_rule_and_a_group_can_be_its_object() {
    assert_eq!(a_to_b(EVERYONE, 80), Says::Deny);
    let text = with_b(&["in 1 accept tcp 3306/3306 from sg:Z"]);
    assert_eq!(a_to_b(&text, 3306), Says::Allow);
    assert_eq!(a_to_b(&text, 3307), Says::Deny);
}

#[test]
fn c07_c08_c09_c38_the_smaller_priority_wins_and_drop_wins_a_tie() {
    let pair = |drop: u16, accept: u16| {
        with_b(&[
            &format!("in {drop} drop tcp 22/22 from 0.0.0.0/0"),
            &format!("in {accept} accept tcp 22/22 from 10.0.0.0/8"),
        ])
    };
    assert_eq!(a_to_b(&pair(1, 2), 22), Says::Deny);
    assert_eq!(a_to_b(&pair(2, 1), 22), Says::Allow);
    assert_eq!(a_to_b(&pair(1, 1), 22), Says::Deny);
    assert_eq!(a_to_b(&pair(100, 110), 22), Says::Deny);
}

#[test]
fn c10_c11_the_rules_of_all_groups_are_one_list() {
    for drop in [5, 10] {
        let text = format!(
            "A=10.0.1.1 [Z]; B=10.0.2.2 [G3,G4]; Z{{normal}}; G3{{normal}}; G4{{normal}};
             G3: in 10 accept tcp 80/80 from 0.0.0.0/0; G4: in {drop} drop tcp 80/80 from 0.0.0.0/0"
        );
        assert_eq!(a_to_b(&text, 80), Says::Deny);
    }
}

#[test]
fn c12_c13_c14_the_default_follows_the_type() {
    assert_eq!(
        says("A=10.0.1.1 [G1]; G1{normal}", A, INTERNET, Packet::udp(1, 123)),
        Says::Allow
    );
    let silent = "A=10.0.1.1 [E1]; B=10.0.2.2 [H]; E1{enterprise}; H{normal}; H: in 1 accept all from ::/0";
    assert_eq!(a_to_b(silent, 80), Says::Deny);
    let open = "A=10.0.1.1 [E1]; B=10.0.2.2 [E1]; E1{enterprise}; E1: out 1 accept all -1/-1 to 0.0.0.0/0;
                E1: in 1 accept tcp 443/443 from 10.0.0.0/8";
    assert_eq!(a_to_b(open, 443), Says::Allow);
    assert_eq!(a_to_b(open, 80), Says::Deny);
}

#[test]
fn c15_c16_one_connected_shared_group_is_enough() {
    assert_eq!(
        a_to_b(
            "A=10.0.1.1 [G1,G2]; B=10.0.2.2 [G1,G2]; G1{normal,accept}; G2{normal,drop}",
            80
        ),
        Says::Allow
    );
    let three = "1=10.0.0.1 [G1]; 2=10.0.0.2 [G1,G2]; 3=10.0.0.3 [G2]; G1{normal,drop}; G2{normal,accept}";
    assert_eq!(says(three, "10.0.0.1", "10.0.0.2", tcp(80)), Says::Deny);
    assert_eq!(says(three, "10.0.0.2", "10.0.0.3", tcp(80)), Says::Allow);
    assert_eq!(says(three, "10.0.0.1", "10.0.0.3", tcp(80)), Says::Deny);
}

#[test]
fn c20_a_rule_can_be_narrowed_to_one_local_address() {
    let text = "A=10.0.1.1 [Z]; B=10.0.2.2,10.0.2.9 [H]; Z{normal}; H{normal};
                H: in 1 accept tcp 22/22 from 10.0.0.0/8 local 10.0.2.2/32";
    assert_eq!(says(text, A, "10.0.2.2", tcp(22)), Says::Allow);
    assert_eq!(says(text, A, "10.0.2.9", tcp(22)), Says::Deny);
}

#[test]
fn c23_c24_c25_objects_and_port_lists() {
    // The loader keeps the block and the port range, which win over group and list.
    assert_eq!(
        a_to_b(&with_b(&["in 1 accept all from 192.168.0.0/16"]), 80),
        Says::Deny
    );
    let listed = with_b(&["in 1 accept all from pl:office"]);
    assert_eq!(
        a_to_b(&format!("{listed}; pl:office = 10.0.0.0/16"), 80),
        Says::Allow
    );
    assert_eq!(
        a_to_b(&format!("{listed}; pl:office = 10.1.0.0/16"), 80),
        Says::Deny
    );
    assert_eq!(a_to_b(&listed, 80), Says::Unknown);
    let ports = with_b(&["in 1 accept tcp 80/80 from 10.0.0.0/8"]);
    assert_eq!(a_to_b(&ports, 443), Says::Deny);
    assert_eq!(a_to_b(&ports, 80), Says::Allow);
    let web = with_b(&["in 1 accept tcp prl:web from 10.0.0.0/8"]);
    assert_eq!(a_to_b(&format!("{web}; prl:web = 443/443"), 443), Says::Allow);
    assert_eq!(a_to_b(&format!("{web}; prl:web = 443/443"), 80), Says::Deny);
    assert_eq!(a_to_b(&web, 80), Says::Unknown);
}

#[test]
fn c26_c27_c28_c29_protocols_have_numbers_and_families() {
    let six = |rule: &str| format!("A=fd00::1 [Z]; B=fd00::2 [H]; Z{{normal}}; H{{normal}}; H: {rule}");
    let ping = Packet::other(58);
    assert_eq!(
        says(
            &six("in 1 accept icmp from 0.0.0.0/0"),
            "fd00::1",
            "fd00::2",
            ping
        ),
        Says::Deny
    );
    assert_eq!(
        says(&six("in 1 accept 58 -1/-1 from ::/0"), "fd00::1", "fd00::2", ping),
        Says::Allow
    );
    assert_eq!(
        says(
            &six("in 1 accept all from 0.0.0.0/0"),
            "fd00::1",
            "fd00::2",
            tcp(80)
        ),
        Says::Deny
    );
    assert_eq!(
        a_to_b(&with_b(&["in 1 accept 6 22/22 from 10.0.0.0/8"]), 22),
        Says::Allow
    );
    for packet in [Packet::other(47), Packet::other(132), tcp(5000)] {
        assert_eq!(
            says(&with_b(&["in 1 accept all from 10.0.0.0/8"]), A, B, packet),
            Says::Allow
        );
    }
}

#[test]
fn c30_c31_only_the_metadata_address_is_exempt() {
    let silent = "A=10.0.1.1 [E1]; E1{enterprise}";
    assert_eq!(says(silent, A, "100.100.100.200", tcp(80)), Says::Allow);
    assert_eq!(says(silent, A, "100.100.2.136", Packet::udp(1, 53)), Says::Deny);
    assert_eq!(says("A=10.0.1.1 []", A, "100.100.100.200", tcp(80)), Says::Allow);
    assert_eq!(says("A=10.0.1.1 []", A, INTERNET, tcp(80)), Says::Deny);
}

#[test]
fn c35_an_egress_drop_towards_a_fellow_hangs_on_the_reading() {
    let text = "A=10.0.1.1 [G1]; B=10.0.2.2 [G1]; G1{normal,accept}; G1: out 1 drop all to 10.0.0.0/8";
    let egress = |order| Settings {
        intra_group_egress: order,
        ..Settings::default()
    };
    assert_eq!(under(egress(None), text, A, B, tcp(80)), Says::Unknown);
    assert_eq!(
        under(egress(Some(Order::CustomFirst)), text, A, B, tcp(80)),
        Says::Deny
    );
    assert_eq!(
        under(egress(Some(Order::AcceptFirst)), text, A, B, tcp(80)),
        Says::Allow
    );
}

#[test]
fn c36_an_egress_allow_list_closes_everything_else() {
    let text = "A=10.0.1.1 [G1]; G1{normal}; G1: out 100 drop all to 0.0.0.0/0;
                G1: out 1 accept tcp 443/443 to 1.2.3.4/32";
    assert_eq!(says(text, A, "1.2.3.4", tcp(443)), Says::Allow);
    assert_eq!(says(text, A, "1.2.3.5", tcp(443)), Says::Deny);
    assert_eq!(says(text, A, "100.100.2.136", Packet::udp(1, 53)), Says::Deny);
}

#[test]
fn c37_source_ports_can_be_limited() {
    let text = with_b(&["in 1 accept tcp 22/22 from 10.0.0.0/8 sport 7000/8000"]);
    assert_eq!(says(&text, A, B, Packet::tcp(7500, 22)), Says::Allow);
    assert_eq!(says(&text, A, B, Packet::tcp(9000, 22)), Says::Deny);
}

#[test]
fn c39_c40_a_foreign_group_matches_whoever_is_in_it() {
    let foreign = with_b(&["in 2 accept all from sg:77/F"]);
    assert_eq!(a_to_b(&foreign, 80), Says::Deny);
    let unknown = foreign.replace("A=10.0.1.1 [Z]", "A=10.0.1.1 [?]");
    assert_eq!(a_to_b(&unknown, 80), Says::Unknown);
    assert_eq!(
        a_to_b(&format!("{unknown}; H: in 1 drop all from 0.0.0.0/0"), 80),
        Says::Unknown
    );
    let outside = unknown.replace("H{normal,accept}", "H{normal,drop}");
    assert_eq!(
        a_to_b(&format!("{outside}; H: in 1 drop all from 0.0.0.0/0"), 80),
        Says::Deny
    );
}

#[test]
fn m01_leaving_the_shared_group_cuts_both_ways() {
    let text = "X=10.0.3.3 [G1,G9]; B=10.0.2.2 [G1]; G1{normal,accept}; G9{normal,accept}";
    assert_eq!(leaves(text, "X", "G1", X, B, tcp(80)), Change::Lost);
    assert_eq!(leaves(text, "X", "G1", B, X, tcp(80)), Change::Lost);
}

#[test]
fn m02_m05_rules_that_name_the_group_stop_matching() {
    let base = "X=10.0.3.3 [G1,G9]; B=10.0.2.2 [G3]; G1{normal}; G9{normal}; G3{normal}";
    let accept = format!("{base}; G3: in 1 accept tcp 3306/3306 from sg:G1");
    assert_eq!(leaves(&accept, "X", "G1", X, B, tcp(3306)), Change::Lost);
    let drop = format!("{base}; G3: in 1 drop all from sg:G1; G3: in 2 accept all from 10.0.0.0/8");
    assert_eq!(leaves(&drop, "X", "G1", X, B, tcp(80)), Change::Gained);
}

#[test]
fn m03_the_rules_of_the_group_go_with_it() {
    let text = "A=10.0.1.1 [G1]; B=10.0.2.2 [G3,G9]; G1{normal}; G3{normal}; G9{normal};
                G3: in 1 accept tcp 3306/3306 from sg:G1";
    assert_eq!(leaves(text, "B", "G3", A, B, tcp(3306)), Change::Lost);
    assert_eq!(leaves(text, "B", "G3", A, B, tcp(3307)), Change::None);
}

#[test]
fn m04_m06_drops_go_too() {
    let ingress = "X=10.0.3.3 [G3,G4]; G3{normal}; G4{normal}; G3: in 10 accept tcp 80/80 from 0.0.0.0/0;
                   G4: in 5 drop tcp 80/80 from 0.0.0.0/0";
    assert_eq!(leaves(ingress, "X", "G4", INTERNET, X, tcp(80)), Change::Gained);
    let egress = "X=10.0.3.3 [G5,G9]; G5{normal}; G9{normal}; G5: out 100 drop all to 0.0.0.0/0";
    assert_eq!(leaves(egress, "X", "G5", X, INTERNET, tcp(80)), Change::Gained);
}

#[test]
fn m07_an_enterprise_interface_loses_everything_but_the_metadata_address() {
    let text = "X=10.0.3.3 [E1,E2]; E1{enterprise}; E2{enterprise}; E1: out 1 accept all to 0.0.0.0/0";
    assert_eq!(leaves(text, "X", "E1", X, INTERNET, tcp(80)), Change::Lost);
    assert_eq!(
        leaves(text, "X", "E1", X, "100.100.2.136", Packet::udp(1, 53)),
        Change::Lost
    );
    assert_eq!(
        leaves(text, "X", "E1", X, "100.100.100.200", tcp(80)),
        Change::None
    );
}

#[test]
fn m08_m09_what_else_is_shared_decides() {
    let text = |policy: &str| {
        format!("X=10.0.3.3 [G1,G2]; B=10.0.2.2 [G1,G2]; G1{{normal,accept}}; G2{{normal,{policy}}}")
    };
    assert_eq!(leaves(&text("drop"), "X", "G1", X, B, tcp(80)), Change::Lost);
    assert_eq!(leaves(&text("drop"), "X", "G1", B, X, tcp(80)), Change::Lost);
    assert_eq!(leaves(&text("accept"), "X", "G1", X, B, tcp(80)), Change::None);
    // A group whose policy the export does not show may connect them.
    assert_eq!(leaves(&text("?"), "X", "G1", X, B, tcp(80)), Change::Undetermined);
}

#[test]
fn the_last_group_takes_all_traffic_with_it() {
    let text = "X=10.0.3.3 [G1]; G1{normal}; G1: in 1 accept all from 0.0.0.0/0";
    assert_eq!(leaves(text, "X", "G1", INTERNET, X, tcp(80)), Change::Lost);
    assert_eq!(leaves(text, "X", "G1", X, INTERNET, tcp(80)), Change::Lost);
}

#[test]
fn ipv6_and_prefixes_hang_on_the_kinds_that_references_cover() {
    let text = "X=10.0.3.3,fd00::1,prefix 10.0.8.0/28 [G1,G9]; B=10.0.2.2,fd00::2 [G1];
                G1{normal,accept}; G9{normal}";
    assert_eq!(leaves(text, "X", "G1", X, B, tcp(80)), Change::Lost);
    for (from, to) in [("fd00::1", "fd00::2"), ("10.0.8.7", B), (B, "10.0.8.7")] {
        assert_eq!(leaves(text, "X", "G1", from, to, tcp(80)), Change::Undetermined);
        for (kinds, expected) in [(Kinds::All, Change::Lost), (Kinds::Ipv4, Change::None)] {
            let settings = Settings {
                address_kinds: Some(kinds),
                ..Settings::default()
            };
            let found = outcomes_of(&settings, text, &[("X", "G1", None)], from, to, tcp(80));
            assert_eq!(change(&found), expected, "{from} {to} {kinds:?}");
        }
    }
}

#[test]
fn a_custom_first_reading_lets_ingress_rules_beat_the_inner_accept() {
    let text = "A=10.0.1.1 [G1]; B=10.0.2.2 [G1]; G1{normal,accept}; G1: in 1 drop tcp 22/22 from 10.0.0.0/8";
    let settings = Settings {
        intra_group_ingress: Some(Order::CustomFirst),
        ..Settings::default()
    };
    assert_eq!(under(settings, text, A, B, tcp(22)), Says::Deny);
    assert_eq!(under(settings, text, A, B, tcp(23)), Says::Allow);
    let open = Settings {
        intra_group_ingress: None,
        ..Settings::default()
    };
    assert_eq!(under(open, text, A, B, tcp(22)), Says::Unknown);
}

#[test]
fn an_unknown_list_gives_one_answer_before_and_after() {
    // Both groups name the list: whatever it holds, leaving one of them changes nothing.
    let text = "X=10.0.3.3 [G1,G2]; G1{normal}; G2{normal}; G1: in 1 accept tcp prl:p from pl:l;
                G2: in 1 accept tcp prl:p from pl:l";
    assert_eq!(leaves(text, "X", "G1", INTERNET, X, tcp(80)), Change::None);
    let apart = text.replace(
        "G2: in 1 accept tcp prl:p from pl:l",
        "G2: in 1 accept tcp prl:p from pl:m",
    );
    assert_eq!(
        leaves(&apart, "X", "G1", INTERNET, X, tcp(80)),
        Change::Undetermined
    );
}

#[test]
fn an_unevaluable_rule_is_unknown_only_where_it_decides() {
    let text = "X=10.0.3.3 [G1,G2]; G1{normal}; G2{normal}; G1: in 2 accept tcp from 1.0.0.0/8 ?";
    assert_eq!(
        leaves(text, "X", "G1", INTERNET, X, tcp(80)),
        Change::Undetermined
    );
    let decided = format!("{text}; G2: in 1 drop all from 0.0.0.0/0");
    assert_eq!(leaves(&decided, "X", "G1", INTERNET, X, tcp(80)), Change::None);
}

#[test]
fn missing_rules_may_match_or_not() {
    let text = "X=10.0.3.3 [G1,G2]; G1{normal}; G2{normal}; G1: in 5 accept all from 0.0.0.0/0; G2: gap in";
    // Unknown accepts may stay, so the loss is not certain.
    assert_eq!(
        leaves(text, "X", "G1", INTERNET, X, tcp(80)),
        Change::Undetermined
    );
    let expected = BTreeSet::from([(false, false), (true, false), (true, true), (false, true)]);
    let gap_leaves =
        "X=10.0.3.3 [G1,G2]; G1{normal}; G2{normal}; G1: in 5 accept all from 0.0.0.0/0; G2: gap in";
    let found = outcomes_of(
        &Settings::default(),
        gap_leaves,
        &[("X", "G2", None)],
        INTERNET,
        X,
        tcp(80),
    );
    assert_eq!(found, BTreeSet::from([(true, true), (false, true)]));
    // A remaining gap behind a drop that goes: an accept between nothing and the drop.
    let drop = text.replace("accept", "drop");
    let found = outcomes_of(
        &Settings::default(),
        &drop,
        &[("X", "G1", None)],
        INTERNET,
        X,
        tcp(80),
    );
    assert_eq!(found, &expected - &BTreeSet::from([(true, false)]));
    // The gap guards the other direction.
    let other = text.replace("gap in", "gap out");
    assert_eq!(leaves(&other, "X", "G1", INTERNET, X, tcp(80)), Change::Lost);
}

#[test]
fn an_unknown_rule_may_name_the_group_the_far_side_leaves() {
    let text = "X=10.0.3.3 [G1,G9]; B=10.0.2.2 [H]; G1{normal,drop}; G9{normal,drop}; H{normal}; H: gap in";
    let found = outcomes_of(&Settings::default(), text, &[("X", "G1", None)], X, B, tcp(80));
    // (false, true) takes two unknown rules: a drop that names G1 and a weaker accept that does not.
    assert_eq!(
        found,
        BTreeSet::from([(false, false), (false, true), (true, false), (true, true)])
    );
    let still = outcomes_of(&Settings::default(), text, &[], X, B, tcp(80));
    assert_eq!(still, BTreeSet::from([(false, false), (true, true)]));
    // An external address leaves nothing.
    let found = outcomes_of(
        &Settings::default(),
        text,
        &[("X", "G1", None)],
        INTERNET,
        B,
        tcp(80),
    );
    assert_eq!(found, still);
}

#[test]
fn unknown_drops_cannot_rise_above_a_known_drop_at_the_top() {
    let text = "X=10.0.3.3 [G1,G9]; B=10.0.2.2 [H]; G1{normal}; G9{normal}; H{normal}; H: gap in;
                H: in 1 drop all from 0.0.0.0/0";
    let found = outcomes_of(&Settings::default(), text, &[("X", "G1", None)], X, B, tcp(80));
    assert_eq!(found, BTreeSet::from([(false, false)]));
}

#[test]
fn an_undescribed_group_may_hold_any_rule_and_any_type() {
    let text = "X=10.0.3.3 [G1,U]; G1{normal}; G1: in 1 accept all from 0.0.0.0/0";
    assert_eq!(
        leaves(text, "X", "G1", INTERNET, X, tcp(80)),
        Change::Undetermined
    );
    // What stays is unknown in both states, and so is what the type allows.
    assert_eq!(
        leaves(text, "X", "G1", X, INTERNET, tcp(80)),
        Change::Undetermined
    );
    assert_eq!(
        leaves(
            "X=10.0.3.3 [G1,G2,U]; G1{normal}; G2{normal}",
            "X",
            "G1",
            X,
            INTERNET,
            tcp(80)
        ),
        Change::None
    );
}

#[test]
fn an_interface_with_unknown_groups_may_be_a_fellow() {
    let text = "X=10.0.3.3 [G1,G9]; U=10.0.2.2 [?]; G1{normal,accept}; G9{normal,drop}";
    let found = outcomes_of(
        &Settings::default(),
        text,
        &[("X", "G1", None)],
        U_ADDRESS,
        X,
        tcp(80),
    );
    assert_eq!(change(&found), Change::Undetermined);
    assert!(found.contains(&(true, false)) && !found.contains(&(false, true)));
    // In another VPC it cannot be in these groups.
    let found = outcomes_of(
        &Settings::default(),
        &text.replace("G1{normal,accept}", "G1{normal,accept} @vpc-2"),
        &[("X", "G1", None)],
        U_ADDRESS,
        X,
        tcp(80),
    );
    assert_eq!(found, BTreeSet::from([(false, false)]));
}

const U_ADDRESS: &str = "10.0.2.2";

#[test]
fn a_move_joins_and_leaves_at_once() {
    let text = "X=10.0.3.3 [G1]; G1{normal}; G2{normal}; G1: in 1 accept tcp 80/80 from 0.0.0.0/0;
                G2: in 1 accept tcp 80/81 from 0.0.0.0/0";
    let moves = [("X", "G1", Some("G2"))];
    let found = |port| outcomes_of(&Settings::default(), text, &moves, INTERNET, X, tcp(port));
    assert_eq!(change(&found(80)), Change::None);
    assert_eq!(change(&found(81)), Change::Gained);
}
