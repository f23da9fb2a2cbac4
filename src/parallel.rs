//! Loops over several threads that do not nest.
//!
//! A thread that waits for its share of a loop takes up other work of the pool. Where the caller runs a loop of its own,
//! that may be the caller's next case, with an inner loop to wait for, and so on: the stack would grow with the number
//! of cases. So a loop that is met inside another one runs on the thread it is met on; the outer one keeps the others
//! busy. Two things side by side are no loop: each may run one.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// Into how many jobs a long loop is cut at the least, so that threads end together though some work takes longer.
const JOBS: usize = 256;

thread_local! {
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Marks the thread as being inside a loop; what it was before comes back even when the work panics.
struct Inside(bool);

impl Inside {
    fn enter() -> Self {
        Self(IS_INSIDE.replace(true))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        IS_INSIDE.set(self.0);
    }
}

/// Does the work for every item, in parallel unless the caller is inside such a loop; the results keep their order.
pub(crate) fn each<I, T, R>(items: I, work: impl Fn(T) -> R + Sync + Send) -> Vec<R>
where
    I: IntoIterator<Item = T> + IntoParallelIterator<Item = T, Iter: IndexedParallelIterator>,
    T: Send,
    R: Send,
{
    if IS_INSIDE.get() {
        return items.into_iter().map(work).collect();
    }
    let _inside = Inside::enter();
    let inside = |item| {
        let _inside = Inside::enter();
        work(item)
    };
    let items = items.into_par_iter();
    let longest = (items.len() / JOBS).max(1);
    items.with_max_len(longest).map(inside).collect()
}

/// Does the work for every item, in parallel unless the caller is inside a loop, and hands the results to `take` one by one
/// in the order of the items. Items are begun in their order, so that few results wait for an earlier one.
pub(crate) fn each_in_turn<T: Send, R: Send>(
    items: Vec<T>,
    work: impl Fn(T) -> R + Sync,
    mut take: impl FnMut(R) + Send,
) {
    if IS_INSIDE.get() {
        return items.into_iter().map(work).for_each(take);
    }
    let items = Mutex::new(items.into_iter().enumerate());
    let mut next = 0;
    let mut waiting = BTreeMap::new();
    let hand_over = Mutex::new(|at: usize, result: R| {
        waiting.insert(at, result);
        while let Some(result) = waiting.remove(&next) {
            take(result);
            next += 1;
        }
    });
    // Whoever panicked while holding one of these has left a list, or results that nobody will ask for.
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|_| {
                let _inside = Inside::enter();
                loop {
                    let item = items.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((at, item)) = item else { return };
                    let result = work(item);
                    (hand_over.lock().unwrap_or_else(PoisonError::into_inner))(at, result);
                }
            });
        }
    });
}

/// Does two things side by side, unless the caller is inside a loop.
pub(crate) fn both<A: Send, B: Send>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    if IS_INSIDE.get() { (one(), other()) } else { rayon::join(one, other) }
}

/// Sorts a list; elements that are equal may change places.
pub(crate) fn sort_unstable_by<T: Send>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering + Sync) {
    if IS_INSIDE.get() {
        list.sort_unstable_by(compare);
    } else {
        list.par_sort_unstable_by(compare);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    #[test]
    fn an_inner_loop_stays_on_its_thread() {
        let outer = each(0..64, |_| {
            let inner = each(0..64, |_| thread::current().id());
            let threads = inner.into_iter().chain([thread::current().id()]);
            // `ThreadId` has no order.
            threads.map(|id| format!("{id:?}")).collect::<BTreeSet<_>>().len()
        });
        assert_eq!(outer, vec![1; 64]);
        assert!(!IS_INSIDE.get());
    }

    #[test]
    fn inside_a_loop_everything_stays_on_its_thread() {
        let outer = each(0..64, |_| {
            let here = thread::current().id();
            let compared = |a: &u32, b: &u32| {
                assert_eq!(thread::current().id(), here);
                b.cmp(a)
            };
            let mut list: Vec<u32> = (0..10_000).collect();
            sort_unstable_by(&mut list, compared);
            let (one, other) = both(|| thread::current().id(), || thread::current().id());
            list.first() == Some(&9_999) && (one, other) == (here, here)
        });
        assert_eq!(outer, vec![true; 64]);
    }

    #[test]
    fn results_come_in_turn_whoever_is_slow() {
        let work = |n: u64| {
            thread::sleep(std::time::Duration::from_micros(n % 7 * 100));
            n * 2
        };
        let expected: Vec<u64> = (0..300).map(|n| n * 2).collect();
        let mut found = Vec::new();
        each_in_turn((0..300).collect(), work, |result| found.push(result));
        assert_eq!(found, expected);
        let inner = each(0..8, |_| {
            let mut found = Vec::new();
            each_in_turn((0..10).collect(), work, |result| found.push((thread::current().id(), result)));
            found.iter().all(|(id, _)| *id == thread::current().id()) && found.is_sorted_by_key(|(_, n)| *n)
        });
        assert_eq!(inner, vec![true; 8]);
        let panicked =
            std::panic::catch_unwind(|| each_in_turn(vec![1, 2, 3], |_| panic!("of a case"), |()| {}));
        assert!(panicked.is_err() && !IS_INSIDE.get());
    }

    #[test]
    fn a_panic_leaves_no_mark() {
        let result = std::panic::catch_unwind(|| each(0..1, |_| panic!("of a case")));
        assert!(result.is_err() && !IS_INSIDE.get());
    }

    #[test]
    fn results_keep_their_order() {
        assert_eq!(each(0..1_000, |n| n * 2), (0..1_000).map(|n| n * 2).collect::<Vec<_>>());
    }
}
