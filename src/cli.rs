//! The command line: one client of the same operations as the browser and the API (C11.1).
//!
//! It sends what was typed, shows what was answered, and turns the answer into an exit code. It
//! decides nothing: it holds no rule of the cluster, never asks twice, follows no redirect, and
//! confirms nothing by itself. No option skips a confirmation (C2.4), and a mutation that got no
//! answer is called unknown, never failed (C7.3).

mod access;
mod access_arguments;
mod address;
mod arguments;
mod client;
mod duration;
mod environment;
mod exit;
mod failure;
mod found;
#[cfg(test)]
mod fuzz;
mod list_arguments;
mod lists;
mod local;
mod log_arguments;
mod progress;
mod reconstruct;
mod remote;
mod restore;
mod secret;
mod session;
mod verify;

use crate::model::text::visible;
use crate::plain::lines::Lines;
use access_arguments::{AccountCommand, LinkCommand, TokenCommand};
use arguments::{Cli, Command};
use clap::Parser as _;
pub use exit::exit_codes;
use failure::Failure;
pub use list_arguments::reference;
use std::io::Write as _;
use std::process::ExitCode;

/// What a command that was carried out has to say.
struct Report {
    /// For people.
    text: Lines,
    /// For programs: the answer of the server.
    json: String,
    /// What became of it.
    exit: exit::Exit,
}

/// Parses the command line, runs one command and gives its exit code (design of the interface:
/// `aerodb-control --help` lists the codes). A command line that cannot be parsed ends with 2.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return unread(&error),
    };
    let json = cli.json;
    let exit = match run(cli) {
        Ok(report) => {
            show(if json { &report.json } else { report.text.as_str() });
            report.exit
        }
        Err(failure) => {
            if json {
                show(&failure.json());
            } else {
                show(failure.before().as_str());
                complain(failure.text().as_str());
            }
            failure.exit()
        }
    };
    ExitCode::from(exit.code())
}

/// Says what is wrong with a command line. What was typed is repeated in it, and can have been typed by
/// somebody else: it is spelled out before it is repeated, so that it can neither move a cursor nor forge
/// a line.
fn unread(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let words = std::env::args_os().map(|word| visible(&word.to_string_lossy()));
        let inert = Cli::try_parse_from(words).err();
        let text = inert.as_ref().unwrap_or(error).render().to_string();
        let mut lines = Lines::new();
        for line in text.lines() {
            lines.line(line);
        }
        complain(lines.as_str());
    } else {
        // Help, and the version: nothing in them was typed.
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn run(cli: Cli) -> Result<Report, Failure> {
    environment::refuse_unread()?;
    let url = cli.url.vouched_for_by(cli.ca_file.clone());
    let server = remote::Server { url: &url };
    match cli.command {
        Command::Serve(options) => local::serve(&options),
        Command::Account(AccountCommand::Add(options)) => local::account_add(&options),
        Command::Account(AccountCommand::Role(options)) => local::account_role(&options),
        Command::Account(AccountCommand::Remove { name, place }) => {
            local::account_remove(&name, &place)
        }
        Command::Token(TokenCommand::Issue(options)) => local::token_issue(&options),
        Command::Token(TokenCommand::Revoke { name }) => server.token_revoke(&name),
        Command::VerifyLog(options) => verify::verify_log(&options, cli.ca_file),
        Command::RotateLogKey(options) => local::rotate_log_key(&options),
        Command::ExportLog(options) => local::export_log(&options),
        Command::Reconstruct(options) => reconstruct::reconstruct(&options, cli.json),
        Command::Kernel(command) => restore::run(&command),
        Command::Catalogue { kind } => Ok(local::catalogue(kind.as_deref())),
        Command::Invariants => Ok(local::invariants()),
        Command::FreezeReport => Ok(local::freeze_report()),
        Command::Completions { shell } => Ok(list_arguments::completions(shell)),
        Command::Man { command } => list_arguments::manual(&command),
        Command::Link(LinkCommand::Issue(options)) => server.link_issue(&options),
        Command::Link(LinkCommand::Revoke { id }) => server.link_revoke(id),
        Command::Links => server.links(),
        Command::Access(asked) => server.access(&asked),
        Command::Whoami => server.whoami(),
        Command::Nodes => server.nodes(),
        Command::Actions(asked) => server.actions(&asked),
        Command::Events(asked) => server.events(&asked),
        Command::Record { seq } => server.record(seq),
        Command::Report(asked) => server.report(&asked),
        Command::Login { name } => server.login(name),
        Command::Logout => server.logout(),
        Command::Status => server.status(),
        Command::Node { id } => server.node(&id),
        Command::Explain(ask) => server.explain(&ask),
        Command::Request { ask, action_id } => server.request(&ask, action_id),
        Command::Confirm { id, digest, typed, prove } => {
            let proof = if prove { Some(server.proof()?) } else { None };
            server.confirm(id, &digest, typed.as_deref(), proof)
        }
        Command::Withdraw { id, reason } => server.withdraw(id, &reason),
        Command::Settle { id, reason } => server.settle(id, &reason),
        Command::Finding { id, verdict, evidence } => {
            server.finding(id, verdict.found(), &evidence)
        }
        Command::Freeze { reason, freeze_id } => server.freeze(&reason, freeze_id),
        Command::Unfreeze { reason, freeze } => server.unfreeze(&reason, freeze),
        Command::Show { id } => server.show(id),
        Command::Timeline(filter) => server.timeline(&filter),
        Command::Log(filter) => server.log(&filter),
    }
}

/// Writes to standard output. A reader that went away does not change what became of the action,
/// so it does not change the exit code either.
fn show(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes to standard error, under the same rule.
fn complain(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
