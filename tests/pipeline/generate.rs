//! A synthetic estate is whole, is skewed as it says, and is the same wherever it is made.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use sgleave::generate::{EstateOptions, EstateOptionsError, EstateShape, EstateTotals, write_estate};
use sgleave::graph::SecurityGraph;
use sgleave::inventory::{
    Inventory, Memberships, NetworkInterface, RuleAction, RulePeer, SecurityGroup, SecurityGroupId,
    SecurityGroupType, Source, load,
};
use sgleave::netset::{IpBlock, IpProtocol};
use sgleave::report::{Format, InspectionReport, ReportContext, SimulationReport, Style, write_simulation};
use sgleave::simulate::{Options, Removal, SimulationVerdict, judge, read_removals, simulate};

/// The files that were written, and how.
#[derive(Default)]
struct Shelf {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    open: Cell<usize>,
    most_open: Cell<usize>,
    largest_write: Cell<usize>,
}

/// A file of a shelf that is being written.
struct Open<'s>(&'s Shelf, String);

impl Shelf {
    fn open(&self, name: &str) -> Open<'_> {
        assert!(
            self.files.borrow_mut().insert(name.to_owned(), Vec::new()).is_none(),
            "{name} is made twice"
        );
        self.open.set(self.open.get() + 1);
        self.most_open.set(self.most_open.get().max(self.open.get()));
        Open(self, name.to_owned())
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
    }
}

impl Write for Open<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.largest_write.set(self.0.largest_write.get().max(bytes.len()));
        self.0.files.borrow_mut().get_mut(&self.1).unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(options: &EstateOptions) -> (Shelf, EstateTotals) {
    let shelf = Shelf::default();
    let totals = write_estate(options, |name| Ok(shelf.open(name))).unwrap();
    (shelf, totals)
}

/// An estate that was written and read again.
struct Estate {
    inventory: Inventory,
    removals: Vec<Removal>,
    totals: EstateTotals,
}

fn estate(options: &EstateOptions) -> Estate {
    let (shelf, totals) = written(options);
    let mut files = shelf.files.into_inner();
    let list = String::from_utf8(files.remove("removals.csv").unwrap()).unwrap();
    let removals =
        read_removals("removals.csv", &list).unwrap().into_iter().map(|proposed| proposed.removal).collect();
    let sources = files.into_iter().map(|(name, bytes)| Source { name, bytes }).collect();
    Estate { inventory: load(sources).unwrap(), removals, totals }
}

fn usual(interfaces: u64, shape: EstateShape) -> Estate {
    estate(&EstateOptions::new(interfaces, shape))
}

impl Estate {
    fn groups_of<'i>(&self, interface: &'i NetworkInterface) -> &'i [SecurityGroupId] {
        match &interface.memberships {
            Memberships::Known(groups) => groups,
            Memberships::Unknown => panic!("{} has no groups", interface.id),
        }
    }

    fn group(&self, id: &SecurityGroupId) -> &SecurityGroup {
        self.inventory.group(id).unwrap()
    }

    fn rules(&self) -> impl Iterator<Item = &sgleave::inventory::SecurityGroupRule> {
        self.inventory.groups.iter().flat_map(|group| &group.rules)
    }

    /// The members of every group.
    fn members(&self) -> BTreeMap<&SecurityGroupId, u64> {
        let mut members = BTreeMap::new();
        for interface in &self.inventory.interfaces {
            for group in self.groups_of(interface) {
                *members.entry(group).or_default() += 1;
            }
        }
        members
    }
}

/// Whole percents.
fn share(part: usize, whole: usize) -> usize {
    part * 100 / whole
}

#[test]
fn every_shape_is_complete_without_an_issue() {
    for shape in EstateShape::ALL {
        for interfaces in [1, 300, 2000] {
            let Estate { inventory, totals, .. } = usual(interfaces, shape);
            let name = format!("{} {interfaces}", shape.name());
            assert_eq!(inventory.issues(), [], "{name}");
            assert_eq!(inventory.gaps, [], "{name}");
            let rules: usize = inventory.groups.iter().map(|group| group.rules.len()).sum();
            let counted =
                [inventory.instances.len(), inventory.interfaces.len(), inventory.groups.len(), rules];
            let said = [totals.instances, totals.interfaces, totals.groups, totals.rules];
            assert_eq!(counted.map(|count| count as u64), said, "{name}");
            let graph = SecurityGraph::new(inventory);
            let context = ReportContext::default();
            assert!(InspectionReport::new(&graph, &context).document().complete, "{name}");
        }
    }
}

#[test]
fn sizes_other_than_the_usual_are_what_was_asked_for() {
    let options = EstateOptions { rules: 4000, ..EstateOptions::new(1500, EstateShape::Realistic).over(5) };
    let Estate { inventory, totals, .. } = estate(&options.among(40));
    assert_eq!(inventory.issues(), []);
    assert_eq!((totals.groups, totals.interfaces), (40, 1500));
    let vpcs: BTreeSet<_> = inventory.groups.iter().map(|group| group.network.vpc()).collect();
    assert_eq!(vpcs.len(), 5);
    assert!((3600..4400).contains(&totals.rules), "{totals:?}");
}

#[test]
fn a_realistic_estate_keeps_every_quota() {
    let estate = usual(6000, EstateShape::Realistic);
    for group in &estate.inventory.groups {
        let references =
            group.rules.iter().filter(|rule| matches!(rule.peer, RulePeer::Group { .. })).count();
        assert!(group.rules.len() <= 200 && references <= 20, "{}", group.name);
        let names_itself = group
            .rules
            .iter()
            .any(|rule| matches!(&rule.peer, RulePeer::Group { id, .. } if *id == group.id));
        assert!(!names_itself, "{}", group.name);
        assert!(group.group_type == Some(SecurityGroupType::Normal) || references == 0, "{}", group.name);
    }
    for (group, members) in estate.members() {
        assert!(members <= 6000, "{group}");
    }
    for interface in &estate.inventory.interfaces {
        let groups = estate.groups_of(interface);
        assert!((1..=5).contains(&groups.len()), "{}", interface.id);
        let rules: usize = groups.iter().map(|id| estate.group(id).rules.len()).sum();
        assert!(rules <= 1000, "{}", interface.id);
    }
}

#[test]
fn a_realistic_estate_is_skewed_as_real_ones_are() {
    let estate = usual(6000, EstateShape::Realistic);
    let Inventory { instances, interfaces, groups, .. } = &estate.inventory;
    // Some instances have a second interface.
    assert!((88..96).contains(&share(instances.len(), interfaces.len())));
    let memberships: usize = interfaces.iter().map(|interface| estate.groups_of(interface).len()).sum();
    assert!((230..270).contains(&share(memberships, interfaces.len())), "{memberships}");
    assert_eq!(memberships as u64, estate.totals.memberships);
    let enterprise =
        groups.iter().filter(|group| group.group_type == Some(SecurityGroupType::Enterprise)).count();
    assert!((6..11).contains(&share(enterprise, groups.len())), "{enterprise}");
    let rules: Vec<_> = estate.rules().collect();
    assert!((90..110).contains(&(rules.len() / groups.len())), "{}", rules.len());
    let drops = rules.iter().filter(|rule| rule.action == RuleAction::Drop).count();
    assert!((4..8).contains(&share(drops, rules.len())), "{drops}");
    // A base group holds nearly all of its 2,000 interfaces, another one at most a few hundred.
    let mut members: Vec<u64> = estate.members().into_values().collect();
    members.sort_unstable();
    let [.., other, base_4, _, _, base_1] = members[..] else { panic!("{members:?}") };
    assert!(base_1 > 1700 && base_4 > 750 && other < 750, "{members:?}");
    // A quarter of the groups has half of the rules.
    let mut counts: Vec<usize> = groups.iter().map(|group| group.rules.len()).collect();
    counts.sort_unstable();
    let most: usize = counts.iter().rev().take(counts.len() / 4).sum();
    assert!(share(most, rules.len()) >= 45, "{counts:?}");
    // Half of the address rules name nobody in the estate, and lists are in use.
    let addresses: Vec<&IpBlock> =
        interfaces.iter().flat_map(|interface| &interface.addresses).map(|address| &address.block).collect();
    let blocks: Vec<&IpBlock> = rules
        .iter()
        .filter_map(|rule| if let RulePeer::Block(block) = &rule.peer { Some(block) } else { None })
        .collect();
    let idle = blocks.iter().filter(|block| !addresses.iter().any(|address| block.contains(address))).count();
    assert!((35..60).contains(&share(idle, blocks.len())), "{idle} of {}", blocks.len());
    assert!(rules.iter().any(|rule| matches!(rule.peer, RulePeer::PrefixList(_))));
    assert!(!estate.inventory.port_lists.is_empty());
}

#[test]
fn everybody_in_a_base_group_is_reached_by_bastion_and_monitor() {
    let estate = usual(2000, EstateShape::Realistic);
    let named = |group: &SecurityGroup, kind: &str| {
        group.rules.iter().any(|rule| match &rule.peer {
            RulePeer::Group { id, .. } => {
                let other = estate.group(id);
                other.network == group.network && other.name.starts_with(kind)
            }
            _ => false,
        })
    };
    let bases: Vec<&SecurityGroup> =
        estate.inventory.groups.iter().filter(|group| group.name.starts_with("base-")).collect();
    assert_eq!(bases.len(), 2);
    assert!(bases.into_iter().all(|base| named(base, "bastion-") && named(base, "monitor-")));
}

#[test]
fn one_address_is_the_only_address_of_tickets() {
    let estate = usual(2000, EstateShape::OneAddress);
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for rule in estate.rules() {
        if let RulePeer::Block(block) = &rule.peer {
            *named.entry(block.to_string()).or_default() += 1;
        }
    }
    let all: usize = named.values().sum();
    assert!(share(*named.values().max().unwrap(), all) >= 95, "{named:?}");
}

#[test]
fn unique_group_sets_are_nearly_unique() {
    for (shape, range) in [(EstateShape::UniqueGroupSets, 90..=100), (EstateShape::Realistic, 1..=30)] {
        let estate = usual(2000, shape);
        let sets: BTreeSet<Vec<SecurityGroupId>> = estate
            .inventory
            .interfaces
            .iter()
            .map(|interface| estate.groups_of(interface).to_vec())
            .collect();
        assert!(range.contains(&share(sets.len(), 2000)), "{} {}", shape.name(), sets.len());
    }
}

#[test]
fn all_open_bases_accept_everything_and_hold_everybody_else() {
    let estate = usual(2000, EstateShape::AllOpen);
    let is_open = |group: &SecurityGroup| {
        group.rules.iter().any(|rule| {
            let everywhere = matches!(&rule.peer, RulePeer::Block(block) if block.to_string() == "0.0.0.0/0");
            everywhere && rule.action == RuleAction::Accept && rule.protocol == IpProtocol::All
        })
    };
    for interface in &estate.inventory.interfaces {
        let groups: Vec<&SecurityGroup> =
            estate.groups_of(interface).iter().map(|id| estate.group(id)).collect();
        let is_enterprise =
            groups.iter().any(|group| group.group_type == Some(SecurityGroupType::Enterprise));
        assert!(is_enterprise || groups.iter().any(|group| is_open(group)), "{}", interface.id);
    }
}

#[test]
fn large_groups_are_referenced_by_every_basic_group() {
    let estate = usual(2000, EstateShape::ReferencedEverywhere);
    for group in &estate.inventory.groups {
        let to_bases = group
            .rules
            .iter()
            .filter(|rule| match &rule.peer {
                RulePeer::Group { id, .. } => estate.group(id).name.starts_with("base-"),
                _ => false,
            })
            .count();
        let expected = match (&group.group_type, group.rules.len()) {
            (Some(SecurityGroupType::Enterprise), _) => 0..=0,
            // The only base group of its VPC cannot name itself.
            _ if group.name.starts_with("base-") => 0..=18,
            (_, rules) => rules.min(18) - 1..=18,
        };
        assert!(expected.contains(&to_bases), "{} {to_bases}", group.name);
    }
}

#[test]
fn a_seed_is_an_estate() {
    let options = EstateOptions::new(700, EstateShape::Realistic);
    let files = |options: &EstateOptions| written(options).0.files.into_inner();
    let first = files(&options);
    assert_eq!(first, files(&options));
    let other = files(&EstateOptions { seed: 1, ..options });
    assert!(first.keys().eq(other.keys()));
    for (name, bytes) in &first {
        assert_ne!(bytes, &other[name], "{name}");
    }
}

#[test]
fn no_more_is_held_for_a_larger_estate() {
    let figures = [2000, 20_000].map(|interfaces| {
        let shelf = written(&EstateOptions::new(interfaces, EstateShape::Realistic)).0;
        assert!(shelf.largest_write.get() <= 1 << 16, "{}", shelf.largest_write.get());
        shelf.most_open.get()
    });
    assert_eq!(figures, [1, 1]);
}

#[test]
fn interfaces_are_as_long_as_the_api_writes_them_and_files_stay_small() {
    let (shelf, totals) = written(&EstateOptions::new(20_001, EstateShape::Realistic));
    let files = shelf.files.into_inner();
    let names: Vec<&str> =
        files.keys().map(String::as_str).filter(|name| name.contains("/interfaces")).collect();
    let expected = ["0001", "0002", "0003"].map(|number| format!("export/interfaces-{number}.jsonl"));
    assert_eq!(names, expected);
    let bytes: usize = names.iter().map(|name| files[*name].len()).sum();
    assert!((1800..2000).contains(&(bytes as u64 / totals.interfaces)), "{bytes}");
}

#[test]
fn a_hundred_removals_touch_ninety_five_interfaces() {
    for shape in EstateShape::ALL {
        let Estate { inventory, removals, totals } = usual(2000, shape);
        assert_eq!((removals.len(), totals.removals), (100, 100), "{}", shape.name());
        let graph = SecurityGraph::new(inventory);
        let judged = judge(&graph, &removals, &Options::default()).unwrap();
        assert!(judged.iter().all(|judged| judged.refusals.is_empty()), "{}", shape.name());
        let interfaces: BTreeSet<_> = judged.iter().map(|judged| judged.interface).collect();
        assert_eq!(interfaces.len(), 95, "{}", shape.name());
    }
}

#[test]
fn the_removals_have_a_verdict_and_no_number_of_threads_changes_the_answer() {
    for shape in EstateShape::ALL {
        let options = EstateOptions { removals: 5, ..EstateOptions::new(300, shape) };
        let Estate { inventory, removals, .. } = estate(&options);
        let graph = SecurityGraph::new(inventory);
        let answers = [1, 8].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let simulation = simulate(&graph, &removals, &Options::default()).unwrap();
                assert_eq!(simulation.verdict, SimulationVerdict::Impact, "{}", shape.name());
                let context = ReportContext::default();
                let mut bytes = Vec::new();
                let report = SimulationReport::new(&simulation, &context);
                write_simulation(&report, Format::Json, &Style::default(), &mut bytes).unwrap();
                bytes
            })
        });
        assert!(answers[0] == answers[1], "{}", shape.name());
    }
}

#[test]
fn estates_that_cannot_be_are_refused() {
    let usual = EstateOptions::new(300, EstateShape::Realistic);
    let check = |options: EstateOptions| options.check().unwrap_err();
    assert!(matches!(check(EstateOptions { interfaces: 0, ..usual }), EstateOptionsError::Range { .. }));
    assert!(matches!(check(usual.among(u64::MAX)), EstateOptionsError::Range { .. }));
    assert!(matches!(check(usual.over(4).among(15)), EstateOptionsError::FewGroups { .. }));
    assert!(matches!(check(EstateOptions { rules: 2401, ..usual }), EstateOptionsError::ManyRules { .. }));
    let many = EstateOptions::new(9_000_000, EstateShape::Realistic).over(1);
    assert!(matches!(check(many), EstateOptionsError::ManyInterfaces { .. }));
    let error = write_estate(&many, |_| Ok(io::sink())).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
