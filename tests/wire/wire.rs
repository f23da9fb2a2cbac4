//! Random estates: what passes before and after, and what comes and goes, is what the engine says.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use sgleave::graph::SecurityGraph;
use sgleave::simulate::ChangeKind;

use crate::engine::Engine;
use crate::estate::{Estate, Probe};
use crate::fabric::Fabric;
use crate::prober::Prober;
use crate::requirements;
use crate::ruleset::Compiler;

/// Questions to one state of an estate.
const PROBES: usize = 4_000;
/// What has not answered by now was dropped.
pub const PATIENCE: Duration = Duration::from_millis(400);
/// What disagrees is asked again with this: a busy machine is slow, but a rule stays a rule.
pub const MORE_PATIENCE: Duration = Duration::from_secs(3);

type Counts = BTreeMap<String, usize>;

/// What the engine says of a probe.
struct Said {
    before: bool,
    after: bool,
    changes: Vec<ChangeKind>,
}

/// Asks, and asks again where the answer is not the expected one.
pub fn ask(prober: &mut Prober<'_>, estate: &Estate, probes: &[Probe], expected: &[bool]) -> Vec<bool> {
    let mut passed = prober.ask(estate, probes, PATIENCE);
    let doubtful: Vec<usize> = (0..probes.len()).filter(|at| passed[*at] != expected[*at]).collect();
    if !doubtful.is_empty() {
        let again: Vec<Probe> = doubtful.iter().map(|at| probes[*at]).collect();
        for (at, answer) in doubtful.iter().zip(prober.ask(estate, &again, MORE_PATIENCE)) {
            passed[*at] = answer;
        }
    }
    passed
}

/// Puts an estate on the wire and counts what it met, or says what disagrees.
fn check(estate: &Estate) -> Result<Counts, String> {
    let graph = SecurityGraph::new(estate.inventory.clone());
    let engine = Engine::new(&graph, estate);
    let probes = estate.probes(PROBES);
    let said: Vec<Said> = probes
        .par_iter()
        .map(|probe| Said {
            before: engine.accepts(&engine.before, probe),
            after: engine.accepts(&engine.after, probe),
            changes: engine.changes(probe),
        })
        .collect();

    let compiler = Compiler::new(&estate.inventory, estate.readings, &[&estate.before, &estate.after]);
    let fabric = Fabric::new(&estate.hosts());
    fabric.filter(&compiler.ruleset(&estate.before));
    let mut prober = Prober::new(&fabric, estate);
    let expected: Vec<bool> = said.iter().map(|said| said.before).collect();
    let before = ask(&mut prober, estate, &probes, &expected);
    fabric.filter(&compiler.transition(&estate.before, &estate.after));
    let expected: Vec<bool> = said.iter().map(|said| said.after).collect();
    let after = ask(&mut prober, estate, &probes, &expected);

    let mut met = Counts::new();
    let mut wrong = Vec::new();
    for (at, (probe, said)) in probes.iter().zip(&said).enumerate() {
        let (before, after) = (before[at], after[at]);
        let change = match (before, after) {
            (true, false) => vec![ChangeKind::Lost],
            (false, true) => vec![ChangeKind::Gained],
            _ => vec![],
        };
        if (before, after) != (said.before, said.after) || change != said.changes {
            wrong.push(format!(
                "{probe:?}: the wire says {before} then {after}, evaluate {} then {}, simulate {:?}",
                said.before, said.after, said.changes
            ));
        }
        let passed = usize::from(before) + usize::from(after);
        let kind = kind_of(probe);
        for (what, count) in [
            ("probes".to_owned(), 2),
            ("passed".to_owned(), passed),
            ("lost".to_owned(), usize::from(before && !after)),
            ("gained".to_owned(), usize::from(!before && after)),
            (format!("{kind} passed"), passed),
            (format!("{kind} dropped"), 2 - passed),
        ] {
            *met.entry(what).or_default() += count;
        }
    }
    if wrong.is_empty() {
        return Ok(met);
    }
    Err(format!(
        "seed {}, {:?}, {:?}\n{} of {} probes disagree:\n{}\n{}\n{}",
        estate.seed,
        estate.readings,
        estate.removals,
        wrong.len(),
        probes.len(),
        wrong[..wrong.len().min(20)].join("\n"),
        compiler.ruleset(&estate.before),
        compiler.transition(&estate.before, &estate.after),
    ))
}

/// Returns the way a probe is made: each needs sockets of its own.
fn kind_of(probe: &Probe) -> String {
    let protocol = match probe.packet.protocol {
        1 | 58 => "icmp",
        6 => "tcp",
        17 => "udp",
        _ => "bare",
    };
    format!("{protocol} {}", if probe.from.address().is_ipv4() { "ipv4" } else { "ipv6" })
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

#[test]
fn the_wire_and_the_engine_agree_before_and_after_a_removal() {
    if !requirements::are_met() {
        return;
    }
    let begin = Instant::now();
    let wanted = number("SGLEAVE_WIRE_ESTATES");
    // The first estate in which a removal opens something is the eighth.
    let estates = wanted.unwrap_or(if requirements::is_ci() { 16 } else { 8 });
    let from = number("SGLEAVE_WIRE_SEED").unwrap_or(0);
    let mut met = Counts::new();
    for seed in from..from + estates {
        let counts = check(&Estate::drawn(seed)).unwrap_or_else(|wrong| panic!("{wrong}"));
        for (what, count) in counts {
            *met.entry(what).or_default() += count;
        }
    }
    eprintln!("{estates} estates on the wire: {met:?} in {:.1} s", begin.elapsed().as_secs_f64());
    if wanted.is_none() && requirements::is_ci() {
        assert!(met["probes"] >= 90_000, "{met:?}");
    }
    // The estates must be worth asking: every way to ask passes and is dropped, and removals change something.
    let percent = met["passed"] * 100 / met["probes"];
    assert!((5..95).contains(&percent), "{percent} % pass");
    for protocol in ["icmp", "tcp", "udp", "bare"] {
        for family in ["ipv4", "ipv6"] {
            for outcome in ["passed", "dropped"] {
                let what = format!("{protocol} {family} {outcome}");
                assert!(met.get(&what).is_some_and(|count| *count > 0), "none of: {what}");
            }
        }
    }
    assert!(met["lost"] > 0 && met["gained"] > 0, "{met:?}");
}
