//! One policy a file. The file's name is the policy's code; each ends up in the registry, in the README's table and, with a
//! case that is denied and one that is clear, in the fixtures.

pub(super) mod blast_radius;
pub(super) mod dangling_reference;
pub(super) mod emptied_group;
pub(super) mod exposure_increased;
pub(super) mod external_consumer;
pub(super) mod isolated_peer;
pub(super) mod last_security_group;
pub(super) mod management_path;
pub(super) mod minimum_members;
pub(super) mod minimum_sources;
pub(super) mod must_not_reach;
pub(super) mod must_reach;
pub(super) mod protected;
pub(super) mod refused_removal;
pub(super) mod traffic_lost;
pub(super) mod undetermined_change;
pub(super) mod waiver_expired;
pub(super) mod waiver_unused;
pub(super) mod well_known_service_lost;
