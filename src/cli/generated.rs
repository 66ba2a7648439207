//! What is made from the command line itself: completions, the manual, and its reference.

use super::arguments::Cli;
use super::exit::Exit;
use super::failure::Failure;
use super::{Report, local};
use crate::text::lines::TextLines;
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use serde_json::json;

/// The script that completes commands and options in a shell.
pub(super) fn completions(shell: Shell) -> Report {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut bytes);
    let script = String::from_utf8(bytes).expect("it was made of text");
    // For bash clap_complete spells the hyphen of our name in two ways, one in the labels and another
    // where it goes to them; with one spelling of both it completes past the first word.
    let script = script.replace("aerodb__subcmd__control", "aerodb__control");
    generated("script", script)
}

/// The manual page of the program, or of one command.
pub(super) fn manual(words: &[String]) -> Result<Report, Failure> {
    let mut whole = Cli::command();
    whole.build();
    let mut command = &whole;
    for word in words {
        command = command.find_subcommand(word).ok_or_else(|| {
            let sentence = format!("There is no command {word:?}.");
            Failure::here(Exit::Usage, sentence)
        })?;
    }
    let mut bytes = Vec::new();
    let page = clap_mangen::Man::new(command.clone()).title(full_name(words));
    page.render(&mut bytes).expect("memory takes every byte");
    Ok(generated("page", String::from_utf8(bytes).expect("it was made of text")))
}

const NAME: &str = "aerodb-control";

fn full_name(words: &[String]) -> String {
    std::iter::once(NAME).chain(words.iter().map(String::as_str)).collect::<Vec<_>>().join("-")
}

/// A text that was made here: printed as it is, because a shell or `man` reads it.
fn generated(what: &str, text: String) -> Report {
    let mut lines = TextLines::new();
    for line in text.lines() {
        lines.verbatim(line);
    }
    let json = local::line_of(&json!({ what: text }));
    Report { text: lines, json, exit: Exit::Done }
}

/// The reference of the command line as Markdown: the help of every command, as it prints itself.
#[must_use]
pub fn reference() -> String {
    let mut text = REFERENCE.to_owned();
    let mut whole = Cli::command().term_width(98);
    whole.build();
    add(&mut text, &mut whole, NAME);
    text
}

const REFERENCE: &str = "# The command line

This page is generated: every part is what `--help` prints. `aerodb-control completions SHELL`
prints a script that completes commands and options, `aerodb-control man [COMMAND]` a manual page.

A program reads `--json` and the exit code, never the text. Nothing is asked at a terminal but a
name and a password, and each can be given as an argument or on standard input. What the exit
codes say is in [exit codes](exit-codes.md).
";

fn add(text: &mut String, command: &mut Command, name: &str) {
    let help = command.render_long_help().to_string();
    text.push_str(&format!("\n## {name}\n\n```text\n"));
    for line in help.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str("```\n");
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for inner in names.into_iter().filter(|inner| inner != "help") {
        let inner_name = format!("{name} {inner}");
        let inner = command.find_subcommand_mut(&inner).expect("it was just listed");
        add(text, inner, &inner_name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    #[test]
    fn every_shell_gets_a_script_that_knows_every_command() {
        let names: Vec<String> =
            Cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
        for shell in Shell::value_variants() {
            let script = completions(*shell);
            for name in &names {
                assert!(script.text.as_str().contains(name.as_str()), "{shell}: {name}");
            }
        }
    }

    #[test]
    fn every_command_has_a_manual_page_and_what_is_none_is_refused() {
        for name in ["confirm", "freeze", "log"] {
            let page = manual(&[name.to_owned()]).expect("a command");
            assert!(page.text.as_str().contains(&format!(".TH aerodb-control-{name}")), "{name}");
        }
        assert!(manual(&[]).expect("the program").text.as_str().contains("Exit codes"));
        assert!(manual(&["promote".to_owned()]).is_err());
    }
}
