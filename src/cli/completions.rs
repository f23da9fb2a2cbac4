//! `sgleave completions`: what a shell has to know.

use clap::CommandFactory;

use super::args::{Arguments, CompletionsArgs};
use super::exit;
use super::failure::Failure;
use super::output::to_stdout;

pub(super) fn run(args: &CompletionsArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "sgleave", &mut script);
    to_stdout(|out| out.write_all(&script))?;
    Ok(exit::CLEAR)
}
