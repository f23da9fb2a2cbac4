//! The engine against the oracle, on estates that the fuzzer steers to code that was not reached before.

use sgleave::evaluate::{AddressKinds, Order, Readings};
use sgleave::graph::SecurityGraph;
use sgleave::testing::{apply, baseline, named_removals};

use super::draw::Draw;
use super::estate::Estate;
use crate::compare::{Case, compare, compare_singles, simulated};

pub(super) fn engine_agrees_with_oracle(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let readings = readings(draw.byte());
    let (first_end, first_packet) = (draw.below(64), draw.below(64));
    let Estate { text, inventory, removals } = Estate::draw(&mut draw);
    let after = apply(&baseline(&inventory), &removals);
    let removed = named_removals(&inventory, &removals);
    let graph = SecurityGraph::new(inventory.clone());
    let case = Case {
        inventory: &inventory,
        graph: &graph,
        removals: &removed,
        after: &after,
        readings,
        at_every_boundary: false,
    };
    let result = simulated(&case)
        .and_then(|simulation| compare(&case, &simulation))
        .and_then(|_| compare_singles(&case, first_end, first_packet));
    if let Err(error) = result {
        panic!("{error}\nreadings {readings:?}\nremovals {removed:?}\n{text}");
    }
}

fn readings(byte: u8) -> Readings {
    let order =
        |number| [None, Some(Order::AcceptFirst), Some(Order::CustomFirst)][usize::from(number % 3_u8)];
    let kinds = [None, Some(AddressKinds::All), Some(AddressKinds::Ipv4)];
    Readings {
        intra_group_egress: order(byte),
        intra_group_ingress: order(byte / 3 + 1),
        address_kinds: kinds[usize::from(byte / 9 % 3)],
    }
}
