//! Policy files that come from anywhere.

use std::sync::LazyLock;

use sgleave::graph::SecurityGraph;
use sgleave::policy::{PolicyFileError, PolicySet, Reviewer, Today};
use sgleave::simulate::{Options, Simulator, parse_removal};
use sgleave::testing::world;

static ESTATE: LazyLock<SecurityGraph> = LazyLock::new(|| {
    let text = "G{normal,accept}; H{normal,drop}; D{normal,drop}; D: in 1 accept tcp 3306/3306 from sg:G; \
                H: in 1 accept tcp 22/22 from 10.9.0.0/16; a=10.0.0.1,fd00::1[G,H]; b=10.0.0.2[G]; db=10.0.0.3[D]";
    SecurityGraph::new(world(text).unwrap())
});

/// A file is read or refused at a place that it has, and rules that were read can be asked.
pub(super) fn yaml(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut set = PolicySet::standard();
    if let Err(error) = set.layer("team.yaml", &text) {
        return has_place(&error, &text);
    }
    assert_eq!(set.digest(), set.clone().digest());
    let (bound, errors) = set.examine(&ESTATE);
    errors.iter().for_each(|error| has_place(error, &text));
    let options = Options::default();
    let simulator = Simulator::new(&ESTATE);
    let removals = ["i-a:sg-G", "i-b:sg-G"].map(|text| parse_removal(text).unwrap());
    let simulation = simulator.simulate(&removals, &options).unwrap();
    let reviewer = Reviewer::new(&simulator, &bound, options.readings, Today::constant(2026, 1, 1));
    let review = reviewer.review(&simulation);
    let denies = review.findings().iter().any(|finding| finding.denies());
    assert_eq!(review.clear().is_err(), denies);
    for test in set.tests() {
        let _ = test.run(&simulator, &reviewer, &options);
    }
}

fn has_place(error: &PolicyFileError, text: &str) {
    assert!(!error.message.is_empty() && !error.help.is_empty(), "{error:?}");
    let lines = u64::try_from(text.split(['\n', '\r']).count()).unwrap();
    // A file that ends too early is wrong behind its last line.
    assert!(error.line <= lines + 1, "{error:?}");
}
