//! Short stable ids for runs and findings.

use sha2::{Digest, Sha256};

use crate::hex::hex;

/// A hash over a sequence of texts; each is preceded by its length, so no two sequences read the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(super) fn add(&mut self, text: &str) -> &mut Self {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(text.as_bytes());
        self
    }

    /// Returns the first sixteen hexadecimal digits.
    pub(super) fn short(&self) -> String {
        let mut id = hex(&self.0.clone().finalize());
        id.truncate(16);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_count() {
        let of = |parts: &[&str]| {
            let mut print = Fingerprint::default();
            for part in parts {
                print.add(part);
            }
            print.short()
        };
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a"]), of(&["a", ""]));
        assert_eq!(of(&["a"]).len(), 16);
    }
}
