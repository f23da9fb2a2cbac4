//! Room 3: may this flow pass?
//!
//! The decision procedure, with the sections of the ECS semantics it follows:
//!
//! 1. A new session from A to B passes when egress at A's interface accepts it **and** ingress at B's interface does;
//!    replies follow the session (2.1). An end that is no interface of the same VPC accepts: it is not ours (AM4).
//! 2. Exemptions come first: the metadata address on egress, and what a load balancer forwards (2.2).
//! 3. An interface in no group neither sends nor receives (AM5).
//! 4. Ingress from a fellow member of a basic group whose inner access policy is Accept is accepted before any rule
//!    (2.4, 2.5). Whether that holds on egress is an open sentence (A1).
//! 5. The rules of *all* groups of the interface are merged and asked by priority, Drop first on a tie; the first
//!    that matches decides (2.3).
//! 6. What no rule decides: ingress is denied, egress is accepted by basic groups and denied by enterprise ones (2.4).
//! 7. A rule matches by direction, protocol, ports, remote address and local address (1.1). A group reference matches
//!    the addresses of interfaces that hold the group, in the same VPC (AM1).
//! 8. What is not known is a variable. An answer is certain when every value of every variable gives it (2.6, 10).
//!
//! [`Evaluator`] does this for one flow and says why. `side`, `rulebook` and `reachability` do it for all traffic of
//! all peers of a changed interface at once. `field`, `profile` and `departure` do it for every membership of a VPC, each as
//! if it alone went: what they share is decided once, for classes of interfaces and lists of rules (`answers`).

mod answers;
mod by_block;
mod by_family;
mod cause;
mod choice;
mod compiled;
mod compiler;
mod delta;
mod departure;
mod difference;
mod ends;
mod evaluator;
mod felt;
mod field;
mod flow;
mod leaving;
mod look;
mod matching;
mod member;
mod memo;
mod outside;
mod partners;
mod profile;
mod reach;
mod reachability;
mod reading;
mod rulebook;
mod runs;
mod said;
mod side;
mod study;
mod verdict;
mod walk;

pub use answers::Answers;
pub use compiled::Compiled;
pub use delta::{ChangeKind, Contact, Delta, Effect};
pub use difference::Difference;
pub use evaluator::{Evaluator, evaluate};
pub use felt::{Departed, Touched, Witness};
pub use field::{Field, Kin};
pub use flow::{Endpoint, Flow};
pub use leaving::{ForeignNames, Leaving, Outside};
pub use reach::{Answered, Reach};
pub use reachability::{ExternalGroup, ForeignChange, PeerGroup, PeerPiece, Row};
pub use reading::{AddressKinds, Evidence, EvidenceName, Order, ReadingError, ReadingSetting, Readings};
pub use verdict::{Cause, Disposition, Explanation};
