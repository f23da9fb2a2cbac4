//! Sorting long lists of wide records by their ids.

use std::mem;

use crate::parallel;

/// Sorts records by id; records of one id stay in the order they have.
///
/// The ids are sorted, and then one swap brings each record to its place. A stable sort of the records would hold half of them
/// a second time, and move each about twenty times where there are a million.
pub(super) fn sort_by_id<T: Sync>(records: &mut [T], id: impl Fn(&T) -> &str + Sync) {
    if records.is_sorted_by(|a, b| id(a) <= id(b)) {
        return;
    }
    let mut order: Vec<(u64, u64, usize)> = (0..)
        .zip(&*records)
        .map(|(at, record)| {
            let (first, second) = head(id(record));
            (first, second, at)
        })
        .collect();
    let whole = |at: usize| records.get(at).map(&id);
    parallel::sort_unstable_by(&mut order, |a, b| {
        (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| whole(a.2).cmp(&whole(b.2))).then(a.2.cmp(&b.2))
    });
    let mut order: Vec<usize> = order.into_iter().map(|(_, _, at)| at).collect();
    // Round by round: what belongs to a place is brought there, and what stood there waits where that came from.
    for start in 0..records.len() {
        let mut at = start;
        while let Some(from) =
            order.get_mut(at).map(|from| mem::replace(from, at)).filter(|from| *from != start)
        {
            records.swap(at, from);
            at = from;
        }
    }
}

/// Returns the first sixteen bytes as numbers that are ordered as the bytes; a text that is shorter sorts before those that
/// go on, or is equal to one that goes on with zeros.
fn head(id: &str) -> (u64, u64) {
    let mut bytes = id.bytes().chain(std::iter::repeat(0));
    let mut number = || bytes.by_ref().take(8).fold(0, |number, byte| number << 8 | u64::from(byte));
    (number(), number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_one_id_stay_in_their_order() {
        let mut random = fastrand::Rng::with_seed(7);
        for count in [0, 1, 2, 3, 50, 3_000] {
            // Alike in the first sixteen bytes, shorter than that, or with a zero where another one ends.
            let text = |n: usize| match n % 3 {
                0 => format!("eni-000000000000000{n}"),
                1 => format!("{n}"),
                _ => format!("{}\0", n / 3),
            };
            let records: Vec<(String, usize)> = (0..count).map(|at| (text(random.usize(..40)), at)).collect();
            let mut expected = records.clone();
            expected.sort_by(|a, b| a.0.cmp(&b.0));
            let mut sorted = records;
            sort_by_id(&mut sorted, |record| &record.0);
            assert_eq!(sorted, expected);
            sort_by_id(&mut sorted, |record| &record.0);
            assert_eq!(sorted, expected);
        }
    }
}
