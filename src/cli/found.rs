//! What `finding` says, as the command line spells it.

use crate::model::record::ManualOutcome;
use clap::Args;

/// Exactly one of the two: there is nothing in between, and nothing is taken for granted.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct FoundArguments {
    /// It ran.
    #[arg(long)]
    executed: bool,
    /// It did not run.
    #[arg(long)]
    not_executed: bool,
}

impl FoundArguments {
    /// What was found. The group makes sure that one of the two was said.
    pub(super) fn found(&self) -> ManualOutcome {
        if self.executed { ManualOutcome::Executed } else { ManualOutcome::NotExecuted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::{Cli, CliCommand};
    use clap::Parser as _;

    #[test]
    fn a_finding_says_one_thing_and_names_its_evidence() {
        const ID: &str = "6f1c2a34-0b5d-4e6f-8a90-112233445566";
        let parse = |words: &[&str]| {
            let line = ["aerodb-control", "finding", ID].into_iter().chain(words.iter().copied());
            Cli::try_parse_from(line)
        };
        let with = |words: &[&str]| parse(&[words, &["--evidence", "e"]].concat());
        assert!(with(&[]).is_err() && with(&["--executed", "--not-executed"]).is_err());
        assert!(parse(&["--executed"]).is_err(), "a finding without evidence is none");
        for (word, wanted) in [
            ("--executed", ManualOutcome::Executed),
            ("--not-executed", ManualOutcome::NotExecuted),
        ] {
            let CliCommand::Finding { verdict, .. } = with(&[word]).expect("valid").command else {
                panic!("finding parses to finding")
            };
            assert_eq!(verdict.found(), wanted);
        }
    }
}
