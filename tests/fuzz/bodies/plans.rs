//! Plans that come from anywhere.

use std::sync::LazyLock;

use sgleave::inventory::Inventory;
use sgleave::plan::{Plan, carried_out, plan_id, read_plan, to_json, to_markdown, verify};
use sgleave::testing::world;

/// The estate for which the plans of the corpus were made.
static ESTATE: LazyLock<Inventory> = LazyLock::new(|| {
    let text = "G{normal,accept}; H{normal,drop}; D{normal,drop}; D: in 1 accept tcp 3306/3306 from sg:G; \
                H: in 1 accept tcp 22/22 from 10.9.0.0/16; a=10.0.0.1,fd00::1[G,H]; b=10.0.0.2[G]; db=10.0.0.3[D]";
    world(text).unwrap()
});

/// A document is refused, or it is a plan that is the same after it was written again, and that can be held against an
/// estate and shown to people without anything of it acting.
pub(super) fn json(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = read_plan("plan.json", &text);
    // Nothing that is made up has the right digest, so it is given one.
    let Ok(mut plan) = serde_json::from_str::<Plan>(&text) else { return };
    plan.plan_id = plan_id(&plan).unwrap();
    let written = to_json(&plan).unwrap();
    let Ok(again) = read_plan("plan.json", &written) else {
        // The digest is right, so it is the version that is not known.
        assert_ne!(plan.plan_version, sgleave::plan::PLAN_VERSION, "{written}");
        return;
    };
    assert_eq!(again, plan);
    assert_eq!(to_json(&again).unwrap(), written);
    let page = to_markdown(&plan);
    let acts =
        |letter: char| (letter.is_control() && letter != '\n') || ('\u{202a}'..='\u{202e}').contains(&letter);
    assert!(!page.contains(acts) && !page.contains('<'), "{page:?}");
    let steps = carried_out(&plan, &ESTATE, plan.steps.len());
    for estate in [&*ESTATE, &steps] {
        if let Ok(found) = verify(&plan, estate) {
            assert!(found.drifts.is_sorted());
        }
    }
}
