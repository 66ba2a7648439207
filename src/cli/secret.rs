//! Names and passwords from a person or a pipe; never from an argument, where others can read them.

use super::exit::Exit;
use super::failure::Failure;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

/// Longest line that is read, in bytes: well above the longest password.
const LINE_BYTES_MAX: u64 = 1024;

/// Asks for a name on a terminal, or reads one line of standard input.
pub(super) fn name() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        let mut prompt = io::stderr().lock();
        let _ = prompt.write_all(b"Name: ").and_then(|()| prompt.flush());
    }
    line("name").map(|name| name.trim().to_owned())
}

/// Asks for a word on a terminal, or reads one line of standard input.
pub(super) fn typed(question: &str, what: &str) -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        let mut prompt = io::stderr().lock();
        let _ = prompt.write_all(question.as_bytes()).and_then(|()| prompt.flush());
    }
    line(what).map(|typed| typed.trim().to_owned())
}

/// Asks for a password on a terminal without showing it, or reads one line of standard input.
pub(super) fn password() -> Result<String, Failure> {
    if io::stdin().is_terminal() { prompt("Password: ") } else { line("password") }
}

/// Asks for a new password, twice on a terminal: what cannot be seen can be mistyped.
pub(super) fn new_password() -> Result<String, Failure> {
    let first = password()?;
    if io::stdin().is_terminal() && prompt("The same again: ")? != first {
        return Err(Failure::here(
            Exit::Usage,
            "The two passwords are not the same. Nothing was done.",
        ));
    }
    Ok(first)
}

fn prompt(text: &str) -> Result<String, Failure> {
    rpassword::prompt_password(text).map_err(|error| unread("password", &error))
}

fn line(what: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let mut input = io::stdin().lock().take(LINE_BYTES_MAX);
    input.read_line(&mut text).map_err(|error| unread(what, &error))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        let sentence = format!("The {what} is missing: standard input holds no line for it.");
        return Err(Failure::here(Exit::Usage, sentence));
    }
    Ok(text.to_owned())
}

fn unread(what: &str, error: &io::Error) -> Failure {
    Failure::here(Exit::Usage, format!("The {what} cannot be read: {error}. Nothing was done."))
}
