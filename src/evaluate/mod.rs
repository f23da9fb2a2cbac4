//! Room 3: may this flow pass?

mod reading;
mod verdict;

pub use reading::{AddressKinds, Evidence, EvidenceName, Order, ReadingError, ReadingSetting, Readings};
pub use verdict::{Cause, Disposition, Explanation};
