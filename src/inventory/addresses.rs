//! The addresses of interfaces: each once, on one interface and in a VPC.

use foldhash::{HashMap, HashMapExt as _};

use super::assemble::Desk;
use super::facts::Located;
use super::id::VpcId;
use super::issue::IssueLevel;
use super::model::{AddressKind, Addresses, InterfaceAddress, NetworkInterface};
use crate::netset::IpBlock;

const ERROR: IssueLevel = IssueLevel::Error;

/// Sorts addresses so that none is there twice; of one that is named twice the kind that says most is kept. An address
/// of its own inside a delegated prefix stays one, and the prefix becomes the blocks around it.
pub(super) fn distinct(mut addresses: Vec<InterfaceAddress>) -> Addresses {
    sort(&mut addresses);
    let is_prefix = |address: &InterfaceAddress| address.kind == AddressKind::Prefix;
    if !addresses.iter().any(is_prefix) {
        return addresses.into();
    }
    let mut kept: Vec<InterfaceAddress> = Vec::with_capacity(addresses.len());
    let mut end: Option<IpBlock> = None;
    for (position, address) in addresses.iter().enumerate() {
        if !is_prefix(address) {
            kept.push(*address);
            continue;
        }
        // A prefix inside another one adds nothing; a larger one sorts first.
        if end.is_some_and(|end| end.contains(&address.block)) {
            continue;
        }
        end = Some(address.block);
        let inside: Vec<IpBlock> = addresses
            .iter()
            .skip(position + 1)
            .map_while(|other| address.block.contains(&other.block).then_some(other))
            .filter(|other| !is_prefix(other))
            .map(|other| other.block)
            .collect();
        around(address.block, &inside, &mut kept);
    }
    sort(&mut kept);
    kept.into()
}

fn sort(addresses: &mut Vec<InterfaceAddress>) {
    addresses.sort_unstable();
    addresses.dedup_by(|next, kept| next.block == kept.block);
}

/// Adds the blocks that together hold everything of `prefix` but these addresses, which are sorted and inside.
fn around(prefix: IpBlock, holes: &[IpBlock], out: &mut Vec<InterfaceAddress>) {
    if holes.is_empty() {
        out.push(InterfaceAddress { block: prefix, kind: AddressKind::Prefix });
        return;
    }
    if prefix.is_single() {
        return;
    }
    let length = prefix.length().saturating_add(1);
    let low = IpBlock::around(prefix.family(), prefix.first(), length);
    let high = IpBlock::around(prefix.family(), prefix.last(), length);
    let (below, above) = holes.split_at(holes.partition_point(|hole| low.contains(hole)));
    around(low, below, out);
    around(high, above, out);
}

/// Tells whether every address of `block` is among the addresses of one interface, which are sorted and overlap nowhere.
pub(super) fn cover(addresses: &[InterfaceAddress], block: &IpBlock) -> bool {
    let mut next = Some(block.first());
    for InterfaceAddress { block: own, .. } in addresses {
        let Some(wanted) = next else { break };
        if own.family() == block.family() && (own.first()..=own.last()).contains(&wanted) {
            next = own.last().checked_add(1).filter(|next| *next <= block.last());
        }
    }
    next.is_none()
}

/// Two interfaces of a VPC cannot have one address: the answers are of different times.
pub(super) fn repeated(desk: &mut Desk<'_>, interfaces: &[Located<NetworkInterface>]) {
    let mut all: Vec<_> = interfaces
        .iter()
        .filter_map(|located| Some((located.fact.network.vpc()?, located)))
        .flat_map(|(vpc, located)| {
            located.fact.addresses.iter().map(move |address| (vpc, address.block, located))
        })
        .collect();
    // The numbers first: they differ nearly always, and the long names of VPCs nearly never.
    all.sort_unstable_by(|a, b| (a.1, a.0, &a.2.fact.id).cmp(&(b.1, b.0, &b.2.fact.id)));
    // Blocks that meet lie in each other and the larger one sorts first, so of each VPC only the one that reaches
    // farthest can meet what follows.
    let mut farthest: HashMap<&VpcId, (IpBlock, &Located<NetworkInterface>)> = HashMap::new();
    let mut is_doubtful = false;
    for (vpc, block, located) in all {
        let Some((other, holder)) = farthest.get(vpc).filter(|(other, _)| other.contains(&block)) else {
            farthest.insert(vpc, (block, located));
            continue;
        };
        is_doubtful = true;
        desk.note(
            (ERROR, "repeated-address"),
            "",
            Some((located.at, "")),
            || {
                let (one, two) = (&holder.fact.id, &located.fact.id);
                if *other == block {
                    format!("`{one}` and `{two}` have the same address `{}`", shown(&block))
                } else {
                    format!("`{one}` has `{}` and `{two}` has `{}` in it", shown(other), shown(&block))
                }
            },
            "the answers are of different times: export instances and interfaces again",
        );
    }
    if is_doubtful {
        desk.gap("repeated-address", "which of two interfaces has an address");
    }
}

/// Returns one address without its length.
pub(super) fn shown(block: &IpBlock) -> String {
    if block.is_single() { block.address().to_string() } else { block.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Vec<InterfaceAddress> {
        let address = |text: &&str| {
            let block: IpBlock = text.parse().unwrap();
            let kind = if block.is_single() { AddressKind::Secondary } else { AddressKind::Prefix };
            InterfaceAddress { block, kind }
        };
        texts.iter().map(address).collect()
    }

    fn lines(addresses: &[InterfaceAddress]) -> Vec<String> {
        addresses.iter().map(|address| shown(&address.block)).collect()
    }

    #[test]
    fn addresses_of_one_interface_never_overlap() {
        let split = |texts: &[&str]| lines(&distinct(read(texts)));
        assert_eq!(
            split(&["10.0.0.0/30", "10.0.0.0", "9.0.0.1"]),
            ["9.0.0.1", "10.0.0.0", "10.0.0.1", "10.0.0.2/31"]
        );
        assert_eq!(
            split(&["10.0.0.0/29", "10.0.0.2", "10.0.0.7"]),
            ["10.0.0.0/31", "10.0.0.2", "10.0.0.3", "10.0.0.4/31", "10.0.0.6", "10.0.0.7"]
        );
        assert_eq!(split(&["10.0.0.0/29", "10.0.0.4/30", "10.0.0.8/29"]), ["10.0.0.0/29", "10.0.0.8/29"]);
        assert_eq!(split(&["2001:db8::/127", "2001:db8::", "2001:db8::1"]), ["2001:db8::", "2001:db8::1"]);
        let whole = distinct(read(&["::/0", "::5"]));
        assert_eq!(whole.len(), 129);
        assert_eq!(distinct(whole.to_vec()), whole, "done once, nothing is left to do");
        assert!(whole.windows(2).all(|pair| pair[0].block.last() < pair[1].block.first()));
    }

    #[test]
    fn a_prefix_is_covered_by_the_blocks_it_was_split_into() {
        let own = distinct(read(&["10.0.0.0/29", "10.0.0.2", "255.255.255.255"]));
        let is_covered = |text: &str| cover(&own, &text.parse().unwrap());
        assert!(is_covered("10.0.0.0/29") && is_covered("10.0.0.2/32") && is_covered("255.255.255.255/32"));
        assert!(!is_covered("10.0.0.0/28") && !is_covered("10.0.0.8/32") && !is_covered("::a00:2/128"));
        assert!(cover(&distinct(read(&["::/0", "::5"])), &IpBlock::all(crate::netset::Family::Ipv6)));
    }
}
