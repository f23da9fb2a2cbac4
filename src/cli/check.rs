//! `sgleave check`: may this go ahead?

use super::args::TerminalArgs;
use super::failure::Failure;
use super::policy_args::CheckArgs;
use super::review::{Asked, reviewed};
use super::terminal::Terminal;
use super::{exit, output, sample};
use crate::policy::{Baseline, Outcome};

pub(super) fn run(args: &CheckArgs, common: &TerminalArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    if let Some(sets) = args.sample.sample {
        return sample::run(sets, args, common, terminal);
    }
    if let Some(path) = &args.policies.write_baseline {
        output::check_place(path)?;
    }
    let asked = Asked {
        removals: &args.removals,
        input: &args.input,
        policies: &args.policies,
        semantics: &args.semantics,
        output: &args.output,
        table: &args.table,
        isolation_group: None,
    };
    reviewed(&asked, common, terminal, |reviewed, terminal| {
        let review = reviewed.review;
        reviewed.write(terminal)?;
        if let Some(path) = &args.policies.write_baseline {
            let against = review.findings().iter().filter(|finding| finding.denies());
            output::to_file(path, &Baseline::of(against, review.simulation().graph).to_json())?;
        }
        Ok(code_of(review.outcome()))
    })
}

pub(super) const fn code_of(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Clear => exit::CLEAR,
        Outcome::Denied => exit::NOT_CLEAR,
        Outcome::Undetermined => exit::UNDETERMINED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_review_is_exit_zero() {
        assert_eq!([Outcome::Clear, Outcome::Denied, Outcome::Undetermined].map(code_of), [0, 1, 4]);
    }
}
