//! The one table of every policy.

use super::checks;
use super::definition::Policy;

/// Every policy, sorted by code.
pub const POLICIES: &[Policy] = &[
    checks::blast_radius::POLICY,
    checks::dangling_reference::POLICY,
    checks::emptied_group::POLICY,
    checks::exposure_increased::POLICY,
    checks::external_consumer::POLICY,
    checks::isolated_peer::POLICY,
    checks::last_security_group::POLICY,
    checks::management_path::POLICY,
    checks::minimum_members::POLICY,
    checks::minimum_sources::POLICY,
    checks::must_not_reach::POLICY,
    checks::must_reach::POLICY,
    checks::protected::POLICY,
    checks::refused_removal::POLICY,
    checks::traffic_lost::POLICY,
    checks::undetermined_change::POLICY,
    checks::waiver_expired::POLICY,
    checks::waiver_unused::POLICY,
    checks::well_known_service_lost::POLICY,
];

/// The codes by how much they concern whoever reads one line only: what opens, then what is cut, then what is left behind.
const CONCERN: [&str; 19] = [
    "refused-removal",
    "last-security-group",
    "exposure-increased",
    "must-not-reach",
    "management-path",
    "isolated-peer",
    "must-reach",
    "minimum-sources",
    "minimum-members",
    "protected",
    "external-consumer",
    "blast-radius",
    "emptied-group",
    "dangling-reference",
    "traffic-lost",
    "well-known-service-lost",
    "undetermined-change",
    "waiver-expired",
    "waiver-unused",
];

/// Returns the place of a policy among those of the same level; a team's own rules come first.
pub(super) fn concern(code: &str) -> usize {
    CONCERN.iter().position(|other| *other == code).map_or(0, |at| at + 1)
}

/// Returns the policy with this code.
#[must_use]
pub fn policy(code: &str) -> Option<&'static Policy> {
    POLICIES.iter().find(|policy| policy.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_texts_are_sentences() {
        assert!(POLICIES.is_sorted_by(|a, b| a.code < b.code));
        for policy in POLICIES {
            assert!(policy.summary.ends_with('.') && policy.explanation.ends_with('.'), "{}", policy.code);
            assert!(policy.example.starts_with(policy.code), "{}", policy.code);
            assert_ne!(concern(policy.code), 0, "{}", policy.code);
        }
    }
}
