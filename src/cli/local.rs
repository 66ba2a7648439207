//! The commands that work on this machine: the server itself, and its data directory.

use super::Report;
use super::arguments::{AccountArguments, ServeArguments, TokenArguments, VerifyArguments};
use super::exit::Exit;
use super::failure::Failure;
use super::secret;

/// Runs the control plane until it is told to stop.
pub(super) fn serve(options: &ServeArguments) -> Result<Report, Failure> {
    Err(not_wired("serve", &format!("{options:?}")))
}

/// Makes an account in the data directory.
pub(super) fn account_add(options: &AccountArguments) -> Result<Report, Failure> {
    let password = secret::new_password()?;
    drop(password);
    Err(not_wired("account add", &format!("{} {} {:?}", options.name, options.role, options.place)))
}

/// Issues a token for a program.
pub(super) fn token_issue(options: &TokenArguments) -> Result<Report, Failure> {
    let what = format!("{} {:?} {:?}", options.name, options.expires, options.place);
    Err(not_wired("token issue", &what))
}

/// Verifies a log file without a server.
pub(super) fn verify_log(options: &VerifyArguments) -> Result<Report, Failure> {
    Err(not_wired("verify-log", &format!("{:?} {:?}", options.path, options.place)))
}

fn not_wired(command: &str, given: &str) -> Failure {
    Failure::here(Exit::Local, format!("{command} is not wired to its room yet (given: {given})."))
}
