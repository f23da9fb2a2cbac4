//! A signal ends the run at once, and no half of a result stays behind.
//!
//! Signals are caught only while there is something to tidy up: before that the system's own answer to them is the right
//! one. A file that has got its name is a result and stays.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The files, and folders of files, that are written and have not got their names yet.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The list of unfinished files. While it is held no signal ends the process, so what happens under it happens whole.
pub(super) fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    // A list of paths is valid whoever panicked while holding it.
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the unfinished files when the process is asked to end, then ends it as if nobody had listened.
#[cfg(unix)]
pub(super) fn watch() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;
    use std::sync::Once;

    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // Without a listener a signal leaves a file with a name that says what it is; that is no reason to give up.
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return };
        std::thread::spawn(move || {
            for signal in signals.forever() {
                let unfinished = unfinished();
                for path in unfinished.iter() {
                    let _ = std::fs::remove_file(path).or_else(|_| std::fs::remove_dir_all(path));
                }
                let _ = emulate_default_handler(signal);
            }
        });
    });
}

#[cfg(not(unix))]
pub(super) fn watch() {}
