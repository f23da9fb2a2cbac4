//! One seed, one case; and what a failing case looks like when it is small.

use std::time::Instant;

use proptest::prelude::{Just, Strategy};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sgleave::inventory::Inventory;
use sgleave::testing::{ArbRemoval, Shape, arb_inventory, arb_removals};

/// An estate and what leaves.
pub type Drawn = (Inventory, Vec<ArbRemoval>);

/// Returns a number from the environment.
pub fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Tells what a run did and how long it took, when somebody wants to know: `SGLEAVE_SUMMARY`.
#[expect(clippy::print_stderr, reason = "a named command prints what it did; the ordinary run is silent")]
pub fn summarize(started: Instant, what: impl FnOnce() -> String) {
    if std::env::var_os("SGLEAVE_SUMMARY").is_some() {
        eprintln!("{} ({} s)", what(), started.elapsed().as_secs());
    }
}

/// The shape of small estates with a little of everything, in turns.
pub fn mixed(seed: u64, interfaces: usize) -> Shape {
    Shape {
        interfaces,
        groups: 4,
        rules: 4,
        ipv6: seed.is_multiple_of(2),
        prefixes: seed.is_multiple_of(3),
        vpcs: seed.is_multiple_of(5),
        gaps: seed % 4 == 3,
        ..Shape::default()
    }
}

fn tree(seed: u64, shape: &Shape) -> impl ValueTree<Value = Drawn> {
    let mut bytes = [0_u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let strategy = arb_inventory(shape).prop_flat_map(|inventory| {
        let removals = arb_removals(&inventory);
        (Just(inventory), removals)
    });
    strategy.new_tree(&mut TestRunner::new_with_rng(Config::default(), rng)).unwrap()
}

/// Draws the case of a seed: the same seed and shape draw the same case.
pub fn drawn(seed: u64, shape: &Shape) -> Drawn {
    tree(seed, shape).current()
}

/// Makes a failing case as small as the strategy can, and tells it. `SGLEAVE_SHRINK` limits the steps.
pub fn shrunk(seed: u64, shape: &Shape, check: impl Fn(&Drawn) -> Result<(), String>) -> String {
    let mut tree = tree(seed, shape);
    let mut last = (tree.current(), String::new());
    for _ in 0..number("SGLEAVE_SHRINK", 2_000) {
        let current = tree.current();
        let moved = match check(&current) {
            Err(error) => {
                last = (current, error);
                tree.simplify()
            }
            Ok(()) => tree.complicate(),
        };
        if !moved {
            break;
        }
    }
    let ((inventory, removals), error) = last;
    format!("seed {seed}: {error}\n{}", described(&inventory, &removals))
}

/// Writes a world in a few lines.
fn described(inventory: &Inventory, removals: &[ArbRemoval]) -> String {
    let mut lines = Vec::new();
    for removal in removals {
        let interface = &inventory.interfaces[removal.interface].id;
        lines.push(format!("{interface} leaves {} joins {:?}", removal.leave, removal.join));
    }
    for interface in &inventory.interfaces {
        let addresses: Vec<String> =
            interface.addresses.iter().map(|a| format!("{}({:?})", a.block, a.kind)).collect();
        lines.push(format!(
            "{} {:?} {addresses:?} {:?}",
            interface.id, interface.network, interface.memberships
        ));
    }
    for group in &inventory.groups {
        let (kind, inner, gaps) = (group.group_type, group.inner_access, &group.rule_gaps);
        lines.push(format!("{} {:?} {kind:?} {inner:?} {gaps:?}", group.id, group.network));
        lines.extend(group.rules.iter().map(|rule| format!("  {rule} {:?}", rule.unevaluable)));
    }
    lines.push(format!("{:?} {:?}", inventory.prefix_lists, inventory.port_lists));
    lines.join("\n")
}
