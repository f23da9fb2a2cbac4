//! The exit codes: one number, one meaning, in every command.
//!
//! ```
//! # #[cfg(feature = "cli")]
//! assert_eq!(sgleave::cli::exit::UNDETERMINED, 4);
//! ```

/// A verdict was reached, it is clear, and every requested output was written.
pub const CLEAR: u8 = 0;

/// Not clear: a certain impact under `--exit-code`, a policy that denies, or a reality that differs.
pub const NOT_CLEAR: u8 = 1;

/// The command line cannot be understood, or asks for nothing.
pub const USAGE: u8 = 2;

/// An input cannot be used: unreadable, invalid, contradictory, unknown ids.
pub const INPUT: u8 = 3;

/// Undetermined: the evidence is incomplete, so no verdict is possible.
pub const UNDETERMINED: u8 = 4;

/// Stale: plan, inventory and world do not belong together; nothing was written.
pub const STALE: u8 = 5;

/// Partial: execution stopped after some steps.
pub const PARTIAL: u8 = 6;

/// The rollback is incomplete.
pub const ROLLBACK_INCOMPLETE: u8 = 7;

/// An output could not be written completely.
pub const OUTPUT: u8 = 8;

/// A bug in sgleave.
pub const BUG: u8 = 70;

/// What help and manual say about the codes that the commands of this program use.
pub(super) const TABLE: &[(u8, &str)] = &[
    (CLEAR, "the answer was written; check: nothing stands against it; --exit-code: safe or complete"),
    (
        NOT_CLEAR,
        "check, plan: a policy denies it; verify: reality differs; with --exit-code: something changes",
    ),
    (USAGE, "the command line cannot be understood, or names nothing to remove"),
    (INPUT, "an input cannot be used: unreadable, invalid, contradictory, unknown ids"),
    (UNDETERMINED, "the evidence is incomplete, so there is no verdict (check, and --exit-code)"),
    (
        STALE,
        "the plan, its signature and the export do not belong together, or the export is too old for a plan",
    ),
    (OUTPUT, "an output could not be written completely"),
    (BUG, "a bug in sgleave"),
];

/// Returns the table as it stands in the help.
pub(super) fn help() -> String {
    let lines: Vec<String> = TABLE.iter().map(|(code, meaning)| format!("  {code:>2}  {meaning}")).collect();
    format!("Exit codes:\n{}", lines.join("\n"))
}
