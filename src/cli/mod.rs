//! Room 8: arguments come in, rooms 1 to 7 are asked in turn, an exit code goes out.
//!
//! The clock, the environment, the terminal and the file system are known here and nowhere else, and nothing here
//! knows what a security group does. `args` is what was typed, `settings` what it means, one file a command the rest.

mod args;
mod audit;
mod bug;
mod cache;
mod check;
mod completions;
mod endpoint;
mod entry;
pub mod exit;
mod explain;
mod failure;
mod folder;
mod generate;
mod hash;
mod input;
mod inspect;
mod interrupt;
mod man;
mod output;
mod plan;
mod plan_args;
mod policies;
mod policy;
mod policy_args;
mod removals;
mod review;
mod sample;
mod schema;
mod settings;
mod simulate;
mod terminal;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use failure::Failure;
use terminal::Terminal;

use crate::netset::Packet;

/// Runs the program on the arguments of the process and returns its exit code. A panic becomes [`exit::BUG`].
#[must_use]
pub fn run() -> ExitCode {
    ExitCode::from(bug::guard(|| match Arguments::try_parse() {
        Ok(arguments) => answer(&arguments),
        Err(error) => not_a_command(&error),
    }))
}

/// Reads the traffic argument of `explain`: `tcp/22`, `icmp`, `47`.
///
/// # Errors
/// What is wrong with it, as the command says it.
pub fn parse_traffic(text: &str) -> Result<Packet, String> {
    endpoint::parse_traffic(text, None).map_err(|failure| failure.message.unwrap_or_default())
}

fn answer(arguments: &Arguments) -> u8 {
    let mut terminal = Terminal::new(&arguments.terminal);
    match dispatch(arguments, &mut terminal) {
        Ok(code) => code,
        Err(failure) => {
            terminal.failure(&failure);
            failure.code
        }
    }
}

fn dispatch(arguments: &Arguments, terminal: &mut Terminal) -> Result<u8, Failure> {
    let common = &arguments.terminal;
    settings::threads(common)?;
    match &arguments.command {
        Command::Inspect(args) => inspect::run(args, common, terminal),
        Command::Simulate(args) => simulate::run(args, common, terminal),
        Command::Explain(args) => explain::run(args, common, terminal),
        Command::Check(args) => check::run(args, common, terminal),
        Command::Policy(args) => policy::run(&args.command, terminal),
        Command::Plan(args) => plan::run(args, common, terminal),
        Command::Verify(args) => verify::run(args, common, terminal),
        Command::Audit(args) => audit::run(args, common, terminal),
        Command::Generate(args) => generate::run(args, terminal),
        Command::Schema(args) => schema::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(_) => man::run(),
    }
}

/// `--help` and `--version` are answers and go to stdout; everything else is a usage error.
fn not_a_command(error: &clap::Error) -> u8 {
    if error.use_stderr() {
        terminal::refuse_arguments(&error.render().to_string());
        return exit::USAGE;
    }
    let text = error.render();
    let text =
        if terminal::colours_stdout(args::When::Auto) { text.ansi().to_string() } else { text.to_string() };
    match output::to_stdout(|out| out.write_all(text.as_bytes())) {
        Ok(()) => exit::CLEAR,
        Err(failure) => {
            Terminal::default().failure(&failure);
            failure.code
        }
    }
}
