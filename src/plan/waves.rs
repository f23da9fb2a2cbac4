//! What is done between two looks at the health of the estate.

use super::chain::Moves;
use super::order::Search;

/// Cuts an order into waves: first the calls of one interface, then at most `size` interfaces at a time. Within a wave no
/// interface waits for another one.
pub(super) fn waves(
    order: &[usize],
    moves: &Moves<'_>,
    search: &mut Search<'_>,
    size: usize,
) -> Vec<Vec<usize>> {
    let unit_of = |call: usize| moves.moves.get(call).map(|described| described.unit);
    let mut waves: Vec<Vec<usize>> = Vec::new();
    let mut before: Vec<usize> = Vec::new();
    for call in order.iter().copied() {
        let limit = if waves.len() < 2 { 1 } else { size.max(1) };
        let fits = waves.last().is_some_and(|wave| {
            let mut units: Vec<_> = wave.iter().chain([&call]).map(|call| unit_of(*call)).collect();
            units.sort_unstable();
            units.dedup();
            let is_there = wave.iter().any(|other| unit_of(*other) == unit_of(call));
            units.len() <= limit && (is_there || search.is_independent(&before, call))
        });
        match waves.last_mut() {
            Some(wave) if fits => wave.push(call),
            _ => {
                before.extend(waves.last().into_iter().flatten());
                waves.push(vec![call]);
            }
        }
    }
    waves
}
