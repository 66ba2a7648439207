//! The commands that work on this machine: the server itself, and its data directory.

use super::Report;
use super::arguments::{
    AccountArguments, DataArguments, ExportArguments, ServeArguments, TokenArguments,
    VerifyArguments,
};
use super::exit::Exit;
use super::failure::Failure;
use super::secret;
use crate::ledger::{
    Expected, ExportError, Exported, KEY_FILE, LedgerError, VerifyError, existing_key, export,
    is_export, verify_export, verify_file,
};
use crate::model::catalogue::{CATALOGUE, CatalogueEntry};
use crate::model::refusal::Refusal;
use crate::plain;
use crate::plain::lines::{Lines, inert_json};
use crate::serve::{self, ServeError, ServeOptions};
use crate::store::DATABASE_FILE;
use serde_json::json;
use std::future::Future;

/// Runs the control plane until it is told to stop.
pub(super) fn serve(options: &ServeArguments) -> Result<Report, Failure> {
    let options = ServeOptions {
        config: options.config.clone(),
        data: options.data.clone(),
        listen: options.listen,
        data_listen: options.data_listen,
        nodes: options.nodes,
        environment: options.environment.clone(),
    };
    wait(serve::run(options))?.map_err(not_served)?;
    Ok(done("The control plane has stopped.", &json!({ "stopped": true })))
}

/// Every action, or the one that is named. It needs no server: the catalogue is part of the program.
pub(super) fn catalogue(kind: Option<&str>) -> Report {
    let is_wanted = |entry: &&CatalogueEntry| kind.is_none_or(|kind| entry.kind.word() == kind);
    let entries: Vec<&CatalogueEntry> = CATALOGUE.iter().filter(is_wanted).collect();
    let json = serde_json::to_string(&entries).expect("the catalogue holds text keys only");
    let json = inert_json(&json);
    Report { text: plain::catalogue(&entries), json, exit: Exit::Done }
}

/// Makes an account in the data directory.
pub(super) fn account_add(options: &AccountArguments) -> Result<Report, Failure> {
    let access = access(&options.place)?;
    let password = secret::new_password()?;
    let role = options.role.word();
    wait(access.add_account(&options.name, role, &password))?.map_err(refused)?;
    let sentence = format!("The account {} was made. Its role is {role}.", options.name);
    Ok(done(&sentence, &json!({ "name": options.name, "role": role })))
}

/// Issues a token for a program.
pub(super) fn token_issue(options: &TokenArguments) -> Result<Report, Failure> {
    let access = access(&options.place)?;
    let lasts_ms = i64::try_from(options.expires.as_millis()).unwrap_or(i64::MAX);
    let issued = wait(access.issue_token(&options.name, lasts_ms))?.map_err(refused)?;
    let token = issued.token.clone().unwrap_or_default();
    let mut text = Lines::new();
    text.line(&token);
    text.line(format!(
        "It reads, never confirms, is shown this once, and ends {}.",
        issued.expires_at
    ));
    Ok(Report { text, json: line_of(&json!(issued)), exit: Exit::Done })
}

/// Verifies a log without a server.
pub(super) fn verify_log(options: &VerifyArguments) -> Result<Report, Failure> {
    let path = match &options.path {
        Some(path) if path.is_dir() && !is_export(path) => path.join(DATABASE_FILE),
        Some(path) => path.clone(),
        None => data_dir(&options.place)?.join(DATABASE_FILE),
    };
    let expected = Expected { head: options.expect.clone(), key: options.key.clone() };
    let verify = if path.is_dir() { verify_export } else { verify_file };
    let verified = verify(&path, &expected, &mut |_| ()).map_err(|error| {
        let exit = match &error {
            VerifyError::Broken(_) | VerifyError::Derived { .. } | VerifyError::Head { .. } => {
                Exit::LogBroken
            }
            VerifyError::Store(_) => Exit::Local,
        };
        Failure::here(exit, format!("{} did not verify: {error}.", path.display()))
    })?;
    let head = verified.head.map_or("nothing".to_owned(), |hash| hash.to_string());
    let mut text = Lines::new();
    text.line(format!(
        "{} records of {} were recomputed, each from its bytes.",
        verified.size,
        path.display()
    ));
    text.line("Tree, tiles and signed heads are those of these records.");
    text.line(format!("head: {}:{head}", verified.size));
    text.line(format!("root: {}", verified.root));
    text.line("A log that was cut short is told only by an earlier head: note this one down, and give it as --expect.");
    let json = json!({ "size": verified.size, "hash": verified.head, "root": verified.root });
    Ok(Report { text, json: line_of(&json), exit: Exit::Done })
}

/// Writes the log as files that other tools can verify.
pub(super) fn export_log(options: &ExportArguments) -> Result<Report, Failure> {
    let data = data_dir(&options.place)?;
    let not_exported = |exit, why: String| Failure::here(exit, format!("Not exported: {why}."));
    let signer = existing_key(&data).map_err(|e| not_exported(Exit::Local, e.to_string()))?;
    let missing = || format!("{} is missing", data.join(KEY_FILE).display());
    let signer = signer.ok_or_else(|| not_exported(Exit::Local, missing()))?;
    let target = &options.target;
    let done = export(&data.join(DATABASE_FILE), &signer, target, &mut |_| ());
    let done = done.map_err(|error| {
        let broken = matches!(
            error,
            ExportError::Broken(_) | ExportError::Ledger(LedgerError::Damaged { .. })
        );
        not_exported(if broken { Exit::LogBroken } else { Exit::Local }, error.to_string())
    })?;
    let Exported { log, key, blobs } = done;
    let mut text = Lines::new();
    text.line(format!(
        "{} records and {blobs} blobs were written to {}.",
        log.size,
        target.display()
    ));
    text.line(format!("root: {}", log.root));
    text.line(format!("key: {key}"));
    text.line("Give the key to whoever verifies it by another way than the files.");
    let json = json!({
        "size": log.size, "hash": log.head, "root": log.root, "key": key.to_string(),
        "blobs": blobs,
    });
    Ok(Report { text, json: line_of(&json), exit: Exit::Done })
}

fn access(place: &DataArguments) -> Result<crate::workflow::access::Access, Failure> {
    serve::access(place.config.as_deref(), place.data.as_deref()).map_err(not_served)
}

pub(super) fn data_dir(place: &DataArguments) -> Result<std::path::PathBuf, Failure> {
    serve::data_dir(place.config.as_deref(), place.data.as_deref()).map_err(not_served)
}

/// Runs a future of the server's rooms to its end.
fn wait<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let failed =
        |error| Failure::here(Exit::Local, format!("The threads cannot be started: {error}."));
    Ok(runtime.map_err(failed)?.block_on(work))
}

fn not_served(error: ServeError) -> Failure {
    match error {
        ServeError::Refused(refusal) => refused(refusal),
        other => Failure::here(Exit::Local, format!("{other}.")),
    }
}

pub(super) fn refused(refusal: Refusal) -> Failure {
    let body = line_of(&json!({ "refusal": refusal }));
    Failure::Refused { refusal: Box::new(refusal), body, before: Lines::new() }
}

fn done(sentence: &str, json: &serde_json::Value) -> Report {
    let mut text = Lines::new();
    text.line(sentence);
    Report { text, json: line_of(json), exit: Exit::Done }
}

fn line_of(json: &serde_json::Value) -> String {
    format!("{json}\n")
}
