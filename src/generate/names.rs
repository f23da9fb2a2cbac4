//! Ids, times and tokens as the API gives them, each from a number.

use std::fmt;

use super::dice::{Subject, digest, mix};

/// An id: its prefix and 20 characters, as those of the region cn-hangzhou.
#[derive(Debug, Clone, Copy)]
pub(super) struct Id {
    prefix: &'static str,
    digest: u64,
}

/// The digits of ids.
const DIGITS: [u8; 36] = *b"0123456789abcdefghijklmnopqrstuvwxyz";

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [b'0'; 17];
        // 13 digits hold the number, so different numbers are different ids; 4 more make the usual length.
        let (own, rest) = text.split_at_mut(13);
        for (digits, mut number) in [(own, self.digest), (rest, mix(self.digest))] {
            for digit in digits {
                *digit = DIGITS.get((number % 36) as usize).copied().unwrap_or(b'0');
                number /= 36;
            }
        }
        f.write_str(self.prefix)?;
        f.write_str("-bp1")?;
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Gives every record its id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) seed: u64,
}

impl Names {
    const fn id(self, prefix: &'static str, subject: Subject, index: u64) -> Id {
        Id { prefix, digest: digest(self.seed, subject, index) }
    }

    /// An instance is named after its primary interface.
    pub(super) const fn instance(self, primary: u64) -> Id {
        self.id("i", Subject::Instance, primary)
    }

    pub(super) const fn interface(self, interface: u64) -> Id {
        self.id("eni", Subject::Interface, interface)
    }

    pub(super) const fn group(self, group: u64) -> Id {
        self.id("sg", Subject::Group, group)
    }

    /// No group has as many rules as the shift leaves room for.
    pub(super) const fn rule(self, group: u64, position: u64) -> Id {
        self.id("sgr", Subject::Rule, (group << 10) | position)
    }

    pub(super) const fn vpc(self, vpc: u64) -> Id {
        self.id("vpc", Subject::Vpc, vpc)
    }

    pub(super) const fn switch(self, vpc: u64, switch: u64) -> Id {
        self.id("vsw", Subject::VSwitch, (vpc << 24) | switch)
    }

    pub(super) const fn prefix_list(self, list: u64) -> Id {
        self.id("pl", Subject::PrefixList, list)
    }

    pub(super) const fn port_list(self, list: u64) -> Id {
        self.id("prl", Subject::PortList, list)
    }
}

/// The id of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallId(pub(super) u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (high, low) = (self.0, mix(self.0));
        let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff);
        write!(f, "{a:08X}-{b:04X}-{c:04X}-{:04X}-{:012X}", low >> 48, low & 0xffff_ffff_ffff)
    }
}

/// A time in the years before the export.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(pub(super) u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let draw = |shift: u32, limit: u64| (self.0 >> shift & 0xff) * limit / 256;
        let (year, month, day) = (2019 + draw(0, 7), 1 + draw(8, 12), 1 + draw(16, 28));
        let (hour, minute, second) = (draw(24, 24), draw(32, 60), draw(40, 60));
        write!(f, "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}
