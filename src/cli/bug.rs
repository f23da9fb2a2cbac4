//! A panic is a bug: it is said in one line, and it is never exit 0.

use std::panic::{self, UnwindSafe};

use super::{exit, terminal};

/// Runs the program; a panic in it, or in a thread it waits for, becomes [`exit::BUG`].
pub(super) fn guard(run: impl FnOnce() -> u8 + UnwindSafe) -> u8 {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        terminal::report_bug(&place);
    }));
    panic::catch_unwind(run).unwrap_or(exit::BUG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_anywhere_is_exit_70() {
        assert_eq!(guard(|| panic!("injected")), 70);
        assert_eq!(guard(|| rayon::join(|| 0, || panic!("injected in a worker")).0), 70);
        assert_eq!(guard(|| 4), 4);
        let _ = panic::take_hook();
    }
}
