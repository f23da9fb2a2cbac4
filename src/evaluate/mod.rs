//! Room 3: may this flow pass?

mod flow;
mod reading;
mod verdict;

pub use flow::{Endpoint, Flow};
pub use reading::{AddressKinds, Evidence, EvidenceName, Order, ReadingError, ReadingSetting, Readings};
pub use verdict::{Cause, Disposition, Explanation};
