//! The command line: one client of the same operations as the browser and the API (C11.1).
//!
//! It sends what was typed, shows what was answered, and turns the answer into an exit code. It
//! decides nothing: it holds no rule of the cluster, never asks twice, follows no redirect, and
//! confirms nothing by itself. No option skips a confirmation (C2.4), and a mutation that got no
//! answer is called unknown, never failed (C7.3).

mod accept;
mod access;
mod access_arguments;
mod address;
mod arguments;
mod ask;
mod client;
mod duration;
mod environment;
mod exit;
mod export;
mod failure;
mod follow;
mod found;
mod founding;
#[cfg(test)]
mod fuzz;
mod generated;
mod host_arguments;
mod list_arguments;
mod lists;
mod local;
mod log_arguments;
mod offline_report;
mod output;
mod postgres;
mod progress;
mod remote;
mod report;
mod restore;
mod secret;
mod session;
mod settings;
mod specs;
mod unread;
mod verify;
mod version;
mod words;

use crate::kernel;
use crate::model::spec::Catalogue;
use access_arguments::{AccountCommand, LinkCommand, TokenCommand};
use arguments::{Cli, CliCommand};
use clap::{CommandFactory as _, FromArgMatches as _};
pub use exit::exit_codes;
use failure::Failure;
pub use generated::reference;
use host_arguments::{ConfigCommand, KernelCommand, PostgresCommand};
use output::{complain, finish};
use report::Report;
use std::process::ExitCode;

/// The words of every kernel that is compiled in.
const CATALOGUE: Catalogue = Catalogue::of(&kernel::COMPILED_IN);

/// What a build puts into the program besides its code.
#[derive(Clone, Copy, Debug)]
pub struct BuildInfo {
    /// What the build was told that it is made of, for `--version`.
    pub commit: Option<&'static str>,
    /// The archive of the site, where the program carries it.
    pub site: Option<&'static [u8]>,
}

/// Parses the command line, runs one command and gives its exit code (design of the interface:
/// `aerodb-control --help` lists the codes). A command line that cannot be parsed ends with 2.
#[must_use]
pub fn main(build: BuildInfo) -> ExitCode {
    let words = ask::with_parameters(std::env::args_os().collect());
    let command = Cli::command().version(version::text(build.commit));
    let parsed = command.try_get_matches_from(words).and_then(|said| Cli::from_arg_matches(&said));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return unread::unread(&error),
    };
    let json = cli.json;
    let exit = match run(cli, build.site) {
        Ok(report) => finish(if json { &report.json } else { report.text.as_str() }, report.exit),
        Err(failure) if json && !failure.has_begun() => finish(&failure.json(), failure.exit()),
        Err(failure) => {
            let exit = finish(failure.before().as_str(), failure.exit());
            complain(failure.text().as_str());
            exit
        }
    };
    ExitCode::from(exit.code())
}

fn run(cli: Cli, site: Option<&'static [u8]>) -> Result<Report, Failure> {
    environment::refuse_unread()?;
    let url = cli.url.vouched_for_by(cli.ca_file.clone());
    let server = remote::RemoteServer { url: &url };
    match cli.command {
        CliCommand::Init(options) => founding::init(options),
        CliCommand::Serve(options) => local::serve(&options, site, cli.json),
        CliCommand::Config(ConfigCommand::Show(options)) => settings::show(&options),
        CliCommand::Config(ConfigCommand::Check { file }) => Ok(settings::check(&file, site)),
        CliCommand::Account(AccountCommand::Add(options)) => local::account_add(&options),
        CliCommand::Account(AccountCommand::Role(options)) => local::account_role(&options),
        CliCommand::Account(AccountCommand::Password(named)) => local::account_password(&named),
        CliCommand::Account(AccountCommand::SignOut(named)) => local::account_sign_out(&named),
        CliCommand::Account(AccountCommand::Remove(named)) => local::account_remove(&named),
        CliCommand::Token(TokenCommand::Issue(options)) => local::token_issue(&options, cli.json),
        CliCommand::Token(TokenCommand::Revoke { name }) => server.token_revoke(&name),
        CliCommand::Accept(options) => accept::accept(&options),
        CliCommand::VerifyLog(options) => verify::verify_log(&options, cli.ca_file),
        CliCommand::RotateLogKey(options) => local::rotate_log_key(&options),
        CliCommand::ExportLog(options) => local::export_log(&options),
        CliCommand::Kernel(KernelCommand::Restore(options)) => restore::run(&options),
        CliCommand::Kernel(KernelCommand::Postgres(command)) => match command {
            PostgresCommand::Prepare(options) => postgres::prepare(options),
            PostgresCommand::Verify(options) => postgres::verify(&options),
        },
        CliCommand::Catalogue { kind, server: true } => server.catalogue(kind.as_deref()),
        CliCommand::Catalogue { kind, server: false } => {
            local::catalogue(CATALOGUE, kind.as_deref())
        }
        CliCommand::Invariants { server: true } => server.invariants(),
        CliCommand::Invariants { server: false } => Ok(local::invariants(CATALOGUE)),
        CliCommand::Contract => Ok(local::freeze_report()),
        CliCommand::Completions { shell } => Ok(generated::completions(shell)),
        CliCommand::Man { command } => generated::manual(&command),
        CliCommand::Link(LinkCommand::Issue(options)) => server.link_issue(&options, cli.json),
        CliCommand::Link(LinkCommand::Revoke { id }) => server.link_revoke(id),
        CliCommand::Links => server.links(),
        CliCommand::Access(asked) => server.access(&asked),
        CliCommand::Whoami => server.whoami(),
        CliCommand::Nodes => server.nodes(),
        CliCommand::Actions(asked) => server.actions(&asked),
        CliCommand::Events(asked) => server.events(&asked),
        CliCommand::Record { seq } => server.record(seq),
        CliCommand::Report(asked) => match &asked.data {
            Some(dir) => offline_report::run(dir, &asked, cli.json),
            None => server.report(&asked, cli.json),
        },
        CliCommand::Login { name } => server.login(name),
        CliCommand::Logout => server.logout(),
        CliCommand::Status { watch: true } => server.watch_status(cli.json),
        CliCommand::Status { watch: false } => server.status(),
        CliCommand::Node { id } => server.node(&id),
        CliCommand::Checklist { key, node } => server.checklist(&key, &node),
        CliCommand::Explain(ask) => server.explain(&ask),
        CliCommand::Request { ask, action_id } => server.request(&ask, action_id),
        CliCommand::Confirm { id, digest, typed, prove } => {
            let proof = if prove { Some(server.proof()?) } else { None };
            server.confirm(id, &digest, typed.as_deref(), proof)
        }
        CliCommand::Withdraw { id, reason } => server.withdraw(id, &reason),
        CliCommand::Resolve { id, reason } => server.resolve(id, &reason),
        CliCommand::Finding { id, verdict, evidence } => {
            server.finding(id, verdict.found(), &evidence)
        }
        CliCommand::Freeze { reason, freeze_id } => server.freeze(&reason, freeze_id),
        CliCommand::Unfreeze { reason, freeze } => server.unfreeze(&reason, freeze),
        CliCommand::Show { id } => server.show(id),
        CliCommand::Timeline(filter) => server.timeline(&filter),
        CliCommand::Log(filter) if filter.follow => server.follow_log(&filter, cli.json),
        CliCommand::Log(filter) => server.log(&filter),
    }
}
