//! A number of 128 bits that may stand anywhere in memory.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// A `u128` without its alignment: an estate holds millions of addresses, and beside each a few bytes of other things, which
/// alignment would round up to 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packed([u8; 16]);

impl Packed {
    pub(super) const fn new(number: u128) -> Self {
        Self(number.to_ne_bytes())
    }

    pub(super) const fn get(self) -> u128 {
        u128::from_ne_bytes(self.0)
    }
}

impl PartialOrd for Packed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Packed {
    fn cmp(&self, other: &Self) -> Ordering {
        self.get().cmp(&other.get())
    }
}

impl Hash for Packed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_number_in_any_place() {
        let numbers = [0, 1, 255, 256, 1 << 64, (1 << 64) + 1, u128::MAX - 1, u128::MAX];
        for pair in numbers.windows(2) {
            assert!(Packed::new(pair[0]) < Packed::new(pair[1]));
        }
        assert!(numbers.iter().all(|number| Packed::new(*number).get() == *number));
        assert_eq!(align_of::<Packed>(), 1);
    }
}
