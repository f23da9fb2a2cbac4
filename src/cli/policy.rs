//! `sgleave policy`: what policies there are, and whether files of them are in order.

use super::args::InputArgs;
use super::failure::Failure;
use super::policy_args::{PolicyCommand, PolicyLintArgs, PolicyTestArgs};
use super::terminal::Terminal;
use super::{exit, output, policies, settings};
use crate::policy::{POLICIES, policy, policy_schema, starter};
use crate::report::spelled_out as harmless;
use crate::simulate::Simulator;

pub(super) fn run(command: &PolicyCommand, terminal: &mut Terminal) -> Result<u8, Failure> {
    match command {
        PolicyCommand::List => list(),
        PolicyCommand::Explain { code } => explain(code),
        PolicyCommand::Lint(args) => lint(args, terminal),
        PolicyCommand::Test(args) => test(args, terminal),
        PolicyCommand::Schema => say(&policy_schema()),
        PolicyCommand::Init => say(&starter()),
    }
}

fn say(text: &str) -> Result<u8, Failure> {
    output::to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(exit::CLEAR)
}

fn list() -> Result<u8, Failure> {
    let line = |policy: &crate::policy::Policy| {
        let (level, asked) = (policy.default_level.name(), policy.asked());
        format!("{:24} {level:7} {asked:9} {}\n", policy.code, policy.summary)
    };
    say(&POLICIES.iter().map(line).collect::<String>())
}

fn explain(code: &str) -> Result<u8, Failure> {
    let Some(policy) = policy(code) else {
        let help = "`sgleave policy list` shows them all";
        return Err(Failure::usage(format!("no policy is called `{code}`")).with_help(help));
    };
    let always = if policy.is_default {
        "It is asked without a policy file."
    } else {
        "It is asked where a policy file has a rule of it."
    };
    let level = policy.default_level.name();
    say(&format!(
        "{code}: {}\n\n{}\n\nLevel {level}, unless a rule says otherwise. {always}\n\nversion: 1\npolicies:\n  - {}\n",
        policy.summary, policy.explanation, policy.example
    ))
}

fn lint(args: &PolicyLintArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    let set = policies::set(&args.policy, terminal)?;
    if args.input.is_empty() {
        terminal.note("without -i it is not looked whether what the files name exists");
        return say("the files can be read\n");
    }
    let estate = {
        let input =
            InputArgs { input: args.input.clone(), max_input_bytes: args.max_input_bytes, cache: None };
        settings::graph(&input, terminal)?
    };
    let (_, errors) = set.examine(&estate);
    let mut errors = errors.into_iter();
    let Some(last) = errors.next_back() else {
        return say("the files can be read, and everything they name exists\n");
    };
    for error in errors {
        terminal.failure(&error.into());
    }
    Err(last.into())
}

fn test(args: &PolicyTestArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    let options = settings::options(&args.semantics)?;
    let policies = policies::read(&args.policies, terminal)?;
    let graph = settings::graph(&args.input, terminal)?;
    let bound = policies.set.bind(&graph)?;
    let tests = policies.set.tests();
    if tests.is_empty() {
        return Err(Failure::usage("the policy files hold no tests")
            .with_help("add `tests:`; `sgleave policy init` shows one"));
    }
    let simulator = Simulator::new(&graph);
    let reviewer = policies.reviewer(&simulator, &bound, &options);
    let (mut said, mut failed) = (String::new(), 0);
    for test in tests {
        let (file, line) = &test.place;
        let outcome = test.run(&simulator, &reviewer, &options).map_err(|error| {
            let failure = Failure::from(error);
            let message = format!("{file}:{line}: {}", failure.message.as_deref().unwrap_or(""));
            Failure { message: Some(message), ..failure }
        })?;
        let word = if outcome.problems.is_empty() { "ok    " } else { "FAILED" };
        said.push_str(&format!("{word} {} ({}:{line})\n", harmless(&test.name), harmless(file)));
        for problem in &outcome.problems {
            said.push_str(&format!("       {}\n", harmless(problem)));
        }
        failed += usize::from(!outcome.problems.is_empty());
    }
    said.push_str(&format!("{} tests, {failed} failed\n", tests.len()));
    say(&said)?;
    Ok(if failed == 0 { exit::CLEAR } else { exit::NOT_CLEAR })
}
