//! A command line that could not be read, and what is printed in place of running it.

use super::arguments::Cli;
use super::exit::Exit;
use super::output::{complain, finish};
use crate::model::text::escape_unsafe;
use crate::text::lines::{TextLines, inert_json};
use clap::Parser as _;
use clap::error::ErrorKind;
use serde_json::json;
use std::ffi::OsString;
use std::process::ExitCode;

/// Says what is wrong with a command line, or the help that it asked for: for programs as one JSON
/// document on standard output, like every outcome.
///
/// What was typed is repeated in it, and can have been typed by somebody else: it is spelled out before
/// it is repeated, so that it can neither move a cursor nor forge a line.
pub(super) fn unread(error: &clap::Error) -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let as_json = wants_json(&words);
    if !error.use_stderr() {
        // Help, and the version: nothing in them was typed.
        let text = error.render().to_string();
        let key = if error.kind() == ErrorKind::DisplayVersion { "version" } else { "help" };
        let text = if as_json { format!("{}\n", json!({ key: text })) } else { text };
        return ExitCode::from(finish(&text, Exit::Done).code());
    }
    let words = words.iter().map(|word| escape_unsafe(&word.to_string_lossy()));
    let inert = Cli::try_parse_from(words).err();
    let text = inert.as_ref().unwrap_or(error).render().to_string();
    let mut lines = TextLines::new();
    for line in text.lines() {
        lines.line(line);
    }
    let exit = if as_json {
        let problem = json!({
            "type": "about:blank",
            "title": "The command line cannot be read.",
            "detail": lines.as_str().trim_end(),
            "executed": "no",
        });
        finish(&inert_json(&problem.to_string()), Exit::Usage)
    } else {
        complain(lines.as_str());
        Exit::Usage
    };
    ExitCode::from(exit.code())
}

/// Whether `--json` was said, in a command line of which no more is known. What follows `--` is a value.
fn wants_json(words: &[OsString]) -> bool {
    words.iter().skip(1).take_while(|word| *word != "--").any(|word| word == "--json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_what_was_asked_for_and_not_a_value_that_looks_like_it() {
        let wants = |line: &str| wants_json(&line.split(' ').map(Into::into).collect::<Vec<_>>());
        assert!(wants("aerodb-control promote --json") && wants("aerodb-control --json"));
        assert!(!wants("aerodb-control show -- --json") && !wants("--json"));
    }
}
