//! The `22/22` notation and sets of ports.

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// Why a text is no port range, as what follows the text in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PortRangeError {
    /// Not `low/high` with decimal numbers.
    #[error("is not `low/high`")]
    Form,
    /// A port outside 1-65535.
    #[error("has a port outside 1-65535")]
    Bounds,
    /// The low end is above the high end.
    #[error("has its low port above its high port")]
    Reversed,
}

/// A run of ports, 1-65535, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    low: u16,
    high: u16,
}

impl PortRange {
    /// Every port.
    pub const ALL: Self = Self { low: 1, high: u16::MAX };

    /// Returns the range from `low` to `high`, or `None` when it is reversed or holds port 0.
    #[must_use]
    pub const fn new(low: u16, high: u16) -> Option<Self> {
        if low == 0 || low > high { None } else { Some(Self { low, high }) }
    }

    /// Parses `22/22` or `1/65535`; `-1/-1` means every port.
    ///
    /// # Errors
    /// [`PortRangeError`] for any other form, a port out of bounds, or a reversed range.
    pub fn parse(text: &str) -> Result<Self, PortRangeError> {
        if text == "-1/-1" {
            return Ok(Self::ALL);
        }
        let (low, high) = text.split_once('/').ok_or(PortRangeError::Form)?;
        let number = |digits: &str| -> Result<u16, PortRangeError> {
            if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(PortRangeError::Form);
            }
            digits
                .parse::<u32>()
                .ok()
                .and_then(|n| u16::try_from(n).ok())
                .filter(|n| *n > 0)
                .ok_or(PortRangeError::Bounds)
        };
        let (low, high) = (number(low)?, number(high)?);
        Self::new(low, high).ok_or(PortRangeError::Reversed)
    }

    /// Returns the lowest port.
    #[must_use]
    pub const fn low(&self) -> u16 {
        self.low
    }

    /// Returns the highest port.
    #[must_use]
    pub const fn high(&self) -> u16 {
        self.high
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high {
            write!(f, "{}", self.low)
        } else {
            write!(f, "{}-{}", self.low, self.high)
        }
    }
}

impl Serialize for PortRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A set of ports in canonical form: sorted, disjoint, never adjacent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PortSet {
    ranges: Vec<PortRange>,
}

impl PortSet {
    /// Returns the set of every port.
    #[must_use]
    pub fn all() -> Self {
        Self { ranges: vec![PortRange::ALL] }
    }

    /// Tells whether every port is in the set.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.ranges.first() == Some(&PortRange::ALL)
    }

    /// Tells whether no port is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Tells whether the port is in the set.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.ranges.iter().any(|r| r.low <= port && port <= r.high)
    }

    /// Returns the ranges in ascending order.
    #[must_use]
    pub fn ranges(&self) -> &[PortRange] {
        &self.ranges
    }

    /// Returns the ports that are in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.ranges.iter().chain(&other.ranges).copied().collect()
    }

    /// Returns the ports that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut ranges = Vec::new();
        for a in &self.ranges {
            for b in &other.ranges {
                ranges.extend(PortRange::new(a.low.max(b.low), a.high.min(b.high)));
            }
        }
        ranges.into_iter().collect()
    }

    /// Returns the ports of this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = self.ranges.clone();
        for cut in &other.ranges {
            let mut kept = Vec::with_capacity(left.len() + 1);
            for range in left {
                if cut.high < range.low || range.high < cut.low {
                    kept.push(range);
                    continue;
                }
                if range.low < cut.low {
                    kept.extend(PortRange::new(range.low, cut.low - 1));
                }
                if cut.high < range.high {
                    kept.extend(PortRange::new(cut.high + 1, range.high));
                }
            }
            left = kept;
        }
        Self { ranges: left }
    }
}

impl FromIterator<PortRange> for PortSet {
    fn from_iter<I: IntoIterator<Item = PortRange>>(ranges: I) -> Self {
        let mut sorted: Vec<PortRange> = ranges.into_iter().collect();
        sorted.sort_unstable();
        let mut merged: Vec<PortRange> = Vec::with_capacity(sorted.len());
        for range in sorted {
            match merged.last_mut() {
                Some(last) if u32::from(range.low) <= u32::from(last.high) + 1 => {
                    last.high = last.high.max(range.high)
                }
                _ => merged.push(range),
            }
        }
        Self { ranges: merged }
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, range) in self.ranges.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            write!(f, "{range}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slash_notation_is_read_strictly() {
        assert_eq!(PortRange::parse("22/22").unwrap().to_string(), "22");
        assert_eq!(PortRange::parse("1/65535").unwrap(), PortRange::ALL);
        assert_eq!(PortRange::parse("-1/-1").unwrap(), PortRange::ALL);
        assert_eq!(PortRange::parse("443/80"), Err(PortRangeError::Reversed));
        for text in ["0/0", "1/65536", "80/99999999"] {
            assert_eq!(PortRange::parse(text), Err(PortRangeError::Bounds), "{text}");
        }
        for text in ["22", "", "22/", "/22", "+1/2", "1 /2", "-1/5", "a/b", "1/2/3"] {
            assert_eq!(PortRange::parse(text), Err(PortRangeError::Form), "{text}");
        }
    }

    #[test]
    fn sets_merge_neighbours_and_subtract_exactly() {
        let set: PortSet = [PortRange::new(80, 90), PortRange::new(91, 100), PortRange::new(1, 1)]
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(set.to_string(), "1,80-100");
        let cut: PortSet = PortRange::new(85, 95).into_iter().collect();
        assert_eq!(set.difference(&cut).to_string(), "1,80-84,96-100");
        assert_eq!(set.intersection(&cut).to_string(), "85-95");
        assert_eq!(set.difference(&cut).union(&cut), set);
    }

    #[test]
    fn a_number_is_out_of_bounds_up_to_nine_digits_and_no_port_beyond() {
        assert_eq!(PortRange::parse("1/999999999"), Err(PortRangeError::Bounds));
        assert_eq!(PortRange::parse("1/1234567890"), Err(PortRangeError::Form));
    }

    #[test]
    fn a_cut_at_the_edge_takes_the_edge_and_nothing_else() {
        let set = |ranges: &[(u16, u16)]| -> PortSet {
            ranges.iter().filter_map(|(low, high)| PortRange::new(*low, *high)).collect()
        };
        for (from, cut, left) in [
            ((80, 90), (70, 80), "81-90"),
            ((80, 90), (90, 95), "80-89"),
            ((80, 90), (1, 10), "80-90"),
            ((80, 90), (80, 80), "81-90"),
            ((80, 65_535), (90, 65_535), "80-89"),
            ((1, 90), (1, 80), "81-90"),
            ((1, 65_535), (1, 65_535), ""),
        ] {
            let rest = set(&[from]).difference(&set(&[cut]));
            assert_eq!(rest.to_string(), left, "{from:?} {cut:?}");
            assert_eq!(rest.is_empty(), left.is_empty());
        }
    }
}
