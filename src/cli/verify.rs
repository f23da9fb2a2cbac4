//! `sgleave verify`: a fresh export against a plan.

use super::args::TerminalArgs;
use super::failure::Failure;
use super::plan_args::{ProgressArg, VerifyArgs};
use super::terminal::Terminal;
use super::{exit, plan, settings};
use crate::plan::{Progress, Verification, verify};
use crate::report::{VerificationReport, write_verification};

pub(super) fn run(args: &VerifyArgs, common: &TerminalArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    let outputs =
        settings::outputs(&args.output, super::args::DialectArg::Raw, common.color, &settings::DOCUMENT)?;
    outputs.keep_clear_of(std::slice::from_ref(&args.plan), terminal)?;
    let plan = plan::read(&args.plan, terminal)?;
    let estate = settings::estate(&args.input, &outputs, terminal)?;
    terminal.stage("comparing");
    let found = verify(&plan, estate.graph.inventory())?;
    let context = estate.context(Vec::new());
    let report = VerificationReport::new(&plan, &found, &context);
    let code = code_of(&found, args.expect);
    outputs.write(report.verdict(), terminal, |format, style, out| {
        write_verification(&report, format, style, out)
    })?;
    Ok(code)
}

fn code_of(found: &Verification, expect: Option<ProgressArg>) -> u8 {
    let is_expected = match (expect, &found.progress) {
        (None, _)
        | (Some(ProgressArg::NotStarted), Progress::NotStarted)
        | (Some(ProgressArg::Partly), Progress::Partly(_))
        | (Some(ProgressArg::Done), Progress::Done) => true,
        (Some(_), _) => false,
    };
    if !found.drifts.is_empty() || found.promise_holds == Some(false) || !is_expected {
        exit::NOT_CLEAR
    } else if !found.gaps.is_empty() || found.promise_holds.is_none() {
        exit::UNDETERMINED
    } else {
        exit::CLEAR
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Drift;

    #[test]
    fn what_differs_comes_before_what_is_not_known() {
        let clean = Verification {
            progress: Progress::Done,
            drifts: Vec::new(),
            promise_holds: Some(true),
            gaps: Vec::new(),
        };
        let drift = Drift { subject: "sg-a".to_owned(), what: "gone".to_owned() };
        let gaps = vec!["a page".to_owned()];
        assert_eq!(code_of(&clean, None), 0);
        assert_eq!(code_of(&clean, Some(ProgressArg::Done)), 0);
        assert_eq!(code_of(&clean, Some(ProgressArg::NotStarted)), 1);
        assert_eq!(code_of(&Verification { gaps: gaps.clone(), ..clean.clone() }, None), 4);
        assert_eq!(code_of(&Verification { promise_holds: None, ..clean.clone() }, None), 4);
        assert_eq!(code_of(&Verification { promise_holds: Some(false), ..clean.clone() }, None), 1);
        assert_eq!(code_of(&Verification { drifts: vec![drift], gaps, ..clean }, None), 1);
    }
}
