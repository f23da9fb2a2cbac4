//! The engine against the oracle, on estates that the fuzzer steers to code that was not reached before.

use sgleave::evaluate::{AddressKinds, Order, Readings};
use sgleave::netset::Family;
use sgleave::testing::{End, apply, baseline, probe_addresses, probe_packets};

use super::draw::Draw;
use super::estate::Estate;
use crate::compare::{Case, compare, compare_single};
use crate::world::{family_of, interface_ends, removals_of, share_vpc};

pub(super) fn engine_agrees_with_oracle(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let readings = readings(draw.byte());
    let (from, offset) = (draw.below(64), draw.below(64));
    let Estate { text, inventory, removals } = Estate::draw(&mut draw);
    let mut addresses = probe_addresses(&inventory, Family::Ipv4);
    addresses.extend(probe_addresses(&inventory, Family::Ipv6));
    let packets = few(&probe_packets(&inventory), from, 10);
    let addresses = few(&addresses, offset, 8);
    let after = apply(&baseline(&inventory), &removals);
    let removed = removals_of(&inventory, &removals);
    let case = Case {
        inventory: &inventory,
        removals: &removed,
        after: &after,
        readings,
        packets: &packets,
        addresses: &addresses,
        complete: false,
    };
    let result = compare(&case).map(drop).and_then(|()| singles(&case));
    if let Err(error) = result {
        panic!("{error}\nreadings {readings:?}\nremovals {removed:?}\n{text}");
    }
}

/// The evaluator of single flows, between the first two interfaces.
fn singles(case: &Case<'_>) -> Result<(), String> {
    let ends = interface_ends(case.inventory, case.addresses);
    let at = |wanted| {
        ends.iter().filter(move |end| matches!(end, End::Interface { index, .. } if *index == wanted)).take(2)
    };
    if !share_vpc(case.inventory, 0, 1) {
        return Ok(());
    }
    for from in at(0) {
        for to in at(1).filter(|to| family_of(**to) == family_of(*from)) {
            let absent = if family_of(*from) == Family::Ipv4 { 58 } else { 1 };
            for packet in case.packets.iter().filter(|packet| packet.protocol != absent).take(3) {
                compare_single(case, *from, *to, *packet)?;
                compare_single(case, *to, *from, *packet)?;
            }
        }
    }
    Ok(())
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

/// Returns a few of the values, evenly spread from a start on.
fn few<T: Copy>(all: &[T], from: usize, most: usize) -> Vec<T> {
    let step = all.len().div_ceil(most).max(1);
    all.iter().copied().skip(from % step).step_by(step).collect()
}
