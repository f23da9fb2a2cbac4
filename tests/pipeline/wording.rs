//! One word for one thing: what the library calls an answer is what the outputs call it.

use sgleave::evaluate::{ChangeKind, Disposition};
use sgleave::simulate::{Extent, SessionEffect, SimulationVerdict};

#[test]
fn answers_are_called_as_in_the_outputs() {
    assert_eq!(
        [ChangeKind::Lost, ChangeKind::Gained, ChangeKind::Undetermined].map(ChangeKind::name),
        ["lost", "gained", "undetermined"]
    );
    assert_eq!(
        [Disposition::Accepted, Disposition::DeniedOut, Disposition::DeniedIn, Disposition::InsufficientInfo]
            .map(Disposition::name),
        ["accepted", "denied-out", "denied-in", "insufficient-info"]
    );
    assert_eq!(
        [SimulationVerdict::Safe, SimulationVerdict::Impact, SimulationVerdict::Undetermined]
            .map(SimulationVerdict::name),
        ["safe", "impact", "undetermined"]
    );
    assert_eq!(
        [SessionEffect::MayBreakAtOnce, SessionEffect::MayLast910Seconds].map(SessionEffect::name),
        ["may-break-at-once", "may-last-910-seconds"]
    );
    assert_eq!([Extent::FromRemoved, Extent::FromAll].map(Extent::name), ["from-removed", "from-all"]);
}
