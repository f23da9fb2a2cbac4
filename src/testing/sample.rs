//! One seeded value out of a strategy, for benches and large fixtures.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Returns the value the strategy draws from this seed; the same seed draws the same value.
///
/// # Panics
/// When the strategy rejects everything it draws. Those of this module reject nothing.
#[expect(clippy::expect_used, reason = "a strategy without values is a mistake in the test that wrote it")]
pub fn sample<S: Strategy>(strategy: &S, seed: u64) -> S::Value {
    let mut bytes = [0_u8; 32];
    for (byte, digit) in bytes.iter_mut().zip(seed.to_le_bytes()) {
        *byte = digit;
    }
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    strategy.new_tree(&mut runner).expect("the strategy has values").current()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_names_one_value() {
        let strategy = proptest::collection::vec(0..1000_u32, 8);
        assert_eq!(sample(&strategy, 7), sample(&strategy, 7));
        assert_ne!(sample(&strategy, 7), sample(&strategy, 8));
    }
}
