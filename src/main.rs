//! The command line program; everything it does stands in `sgleave::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sgleave::cli::run()
}
