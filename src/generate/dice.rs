//! Chances that depend on a seed and an index and on nothing else.

/// What a chance decides: each subject has dice of its own, so one draw more in one place moves nothing elsewhere.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject {
    Instance = 1,
    Interface,
    Group,
    Rule,
    Vpc,
    VSwitch,
    PrefixList,
    PortList,
    Call,
    Team,
    Member,
    Quantile,
    Removal,
}

/// One step of SplitMix64, a bijection: different numbers stay different.
pub(super) const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns a number for an index of a subject. Two indices never share one.
pub(super) const fn digest(seed: u64, subject: Subject, index: u64) -> u64 {
    mix(index ^ mix(seed ^ mix(subject as u64)))
}

/// A stream of draws.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64, subject: Subject, index: u64) -> Self {
        Self(digest(seed, subject, index))
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Draws a number below the limit, 0 for a limit of 0.
    pub(super) const fn below(&mut self, limit: u64) -> u64 {
        scale(self.next(), limit)
    }

    /// Draws a number below the limit, small ones far more often: the product of two even draws.
    pub(super) const fn skewed(&mut self, limit: u64) -> u64 {
        let product = (self.next() as u128 * self.next() as u128) >> 64;
        scale(product as u64, limit)
    }

    /// Is true so many times in a hundred.
    pub(super) const fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// Draws one of the values.
    pub(super) fn pick<T: Copy + Default, const N: usize>(&mut self, values: [T; N]) -> T {
        let at = self.below(N as u64) as usize;
        values.get(at).copied().unwrap_or_default()
    }
}

/// Maps a number evenly below the limit.
const fn scale(number: u64, limit: u64) -> u64 {
    ((number as u128 * limit as u128) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_those_of_splitmix64() {
        // The first values of the published generator for the seed 0.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn draws_stay_below_their_limit() {
        let mut dice = Dice::new(7, Subject::Rule, 1);
        assert!((0..1000).all(|_| dice.below(10) < 10));
        assert_eq!(dice.below(0), 0);
        let small = (0..1000).filter(|_| dice.skewed(100) < 25).count();
        assert!((520..680).contains(&small), "{small}");
    }
}
