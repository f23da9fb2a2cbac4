//! stderr: errors, notes and progress, with nothing in them that could steer the terminal.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::args::{TerminalArgs, When};
use super::failure::Failure;
use crate::report;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default();
const HELP: Style = AnsiColor::Green.on_default();

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Off,
    /// One line that is written over and over.
    Live,
    /// One line a stage, for a log.
    Lines,
}

/// What the command says besides its result.
pub(super) struct Terminal {
    stderr: AutoStream<io::Stderr>,
    verbosity: Verbosity,
    progress: Progress,
    live: bool,
}

impl Default for Terminal {
    /// For what is said before the arguments are known.
    fn default() -> Self {
        Self {
            stderr: stderr(When::Auto),
            verbosity: Verbosity::Normal,
            progress: Progress::Off,
            live: false,
        }
    }
}

impl Terminal {
    pub(super) fn new(args: &TerminalArgs) -> Self {
        let verbosity = match (args.quiet, args.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        };
        let progress = match (args.progress, io::stderr().is_terminal()) {
            (When::Never, _) | (When::Auto, false) => Progress::Off,
            (When::Auto, true) if args.quiet => Progress::Off,
            (_, true) => Progress::Live,
            (When::Always, false) => Progress::Lines,
        };
        Self { stderr: stderr(args.color), verbosity, progress, live: false }
    }

    /// Says why the command stops.
    pub(super) fn failure(&mut self, failure: &Failure) {
        if let Some(message) = &failure.message {
            self.line(ERROR, "error", message);
            if let Some([line, marks]) = failure.excerpt.as_deref() {
                let (line, marks) = (report::spelled_out(line), report::spelled_out(marks));
                let _ = writeln!(self.stderr, "  | {line}\n  | {ERROR}{marks}{ERROR:#}");
            }
            if let Some(help) = &failure.help {
                self.line(HELP, "help", help);
            }
        }
    }

    /// Says something the user did not ask for and should know.
    pub(super) fn note(&mut self, message: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.line(NOTE, "note", message);
        }
    }

    /// Says something only a curious user wants to know.
    pub(super) fn detail(&mut self, message: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.line(NOTE, "note", message);
        }
    }

    /// Says what is being done.
    pub(super) fn stage(&mut self, doing: &str) {
        let doing = report::spelled_out(doing);
        // A lost progress line is no loss; a lost result is noticed where the result is written.
        let _ = match self.progress {
            Progress::Off => Ok(()),
            Progress::Lines => writeln!(self.stderr, "progress: {doing}"),
            Progress::Live => {
                self.live = true;
                write!(self.stderr, "\r\u{1b}[K{doing} …").and_then(|()| self.stderr.flush())
            }
        };
    }

    /// Takes the progress line away, so that the result begins on a clean one.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.live) {
            let _ = write!(self.stderr, "\r\u{1b}[K").and_then(|()| self.stderr.flush());
        }
    }

    /// A stderr that is closed or full takes the message with it; the exit code stays.
    fn line(&mut self, style: Style, label: &str, message: &str) {
        self.clear();
        let message = report::spelled_out(message);
        let _ = writeln!(self.stderr, "{style}{label}:{style:#} {message}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Says why the arguments cannot be understood, in clap's words. They repeat what was typed, so everything but line ends
/// is escaped, and the colour is put on afterwards.
pub(super) fn refuse_arguments(message: &str) {
    let mut stderr = stderr(When::Auto);
    for line in message.lines() {
        let line = report::spelled_out(line);
        let _ = match line.strip_prefix("error:") {
            Some(rest) => writeln!(stderr, "{ERROR}error:{ERROR:#}{rest}"),
            None => writeln!(stderr, "{line}"),
        };
    }
}

/// Says that this program is broken, and where. The payload of a panic may hold what an export keeps secret, so it is not
/// repeated.
pub(super) fn report_bug(location: &str) {
    let mut stderr = stderr(When::Auto);
    let location = report::spelled_out(location);
    let _ = writeln!(
        stderr,
        "{ERROR}error:{ERROR:#} sgleave {} failed at {location}; this is a bug and nothing is decided",
        env!("CARGO_PKG_VERSION")
    );
    let _ = writeln!(stderr, "{HELP}help:{HELP:#} please report this line and the command that led to it");
}

fn stderr(colour: When) -> AutoStream<io::Stderr> {
    let choice = match colour {
        When::Always => ColorChoice::Always,
        When::Never => ColorChoice::Never,
        When::Auto => AutoStream::choice(&io::stderr()),
    };
    AutoStream::new(io::stderr(), choice)
}

/// Tells whether the result may be coloured on stdout.
pub(super) fn colours_stdout(colour: When) -> bool {
    match colour {
        When::Always => true,
        When::Never => false,
        // NO_COLOR, CLICOLOR and TERM=dumb are looked at in there.
        When::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
    }
}
