//! The commands that work on this machine: the server itself, and its data directory.

use super::Report;
use super::access_arguments::{AccountArguments, NamedAccount, TokenArguments};
use super::exit::Exit;
use super::failure::Failure;
use super::host_arguments::{DataArguments, LogLines, ServeArguments};
use super::log_arguments::{ExportArguments, RotateArguments};
use super::output::{complain, progress};
use super::secret;
use super::settings;
use crate::ledger::{
    ExportError, Exported, KEY_FILE, LedgerError, LedgerReader, existing_key, export,
};
use crate::model::contract::evidence;
use crate::model::refusal::Refusal;
use crate::model::spec::{ActionSpec, Catalogue, InvariantSpec};
use crate::model::text::Reason;
use crate::serve::ambient::SystemRoom;
use crate::serve::{self, Announcement, ServeError, ServeOptions, log_stream};
use crate::store::{DATABASE_FILE, StoreReader};
use crate::text;
use crate::text::lines::{TextLines, inert_json};
use crate::workflow::log_key::Rotated;
use serde_json::json;
use std::future::Future;

/// Runs the control plane until it is told to stop.
pub(super) fn serve(
    options: &ServeArguments,
    site: Option<&'static [u8]>,
    as_json: bool,
) -> Result<Report, Failure> {
    let options = ServeOptions {
        config: options.settings.config.clone(),
        overrides: settings::overrides(&options.settings)?,
        site,
        log: match options.log {
            LogLines::Off => log_stream::LogFormat::Off,
            LogLines::Text => log_stream::LogFormat::Text,
            LogLines::Json => log_stream::LogFormat::Json,
        },
        announcement: if as_json { Announcement::Json } else { Announcement::Text },
    };
    wait(serve::run(options))?.map_err(not_served)?;
    Ok(done("The control plane has stopped.", &json!({ "stopped": true })))
}

/// Every action, or the one that is named.
pub(super) fn catalogue(words: Catalogue, kind: Option<&str>) -> Result<Report, Failure> {
    let entries: Vec<&ActionSpec> = match kind {
        None => words.actions().collect(),
        Some(kind) => vec![words.named(kind).map_err(|error| refused(error.into()))?],
    };
    let json = serde_json::to_string(&entries).expect("the catalogue holds text keys only");
    let json = inert_json(&json);
    Ok(Report { text: text::catalogue(words, &entries), json, exit: Exit::Done })
}

/// Every invariant.
pub(super) fn invariants(words: Catalogue) -> Report {
    let entry = |invariant: InvariantSpec| {
        json!({
            "id": invariant.id,
            "clause": invariant.clause,
            "statement": invariant.statement,
            "reason": invariant.reason,
        })
    };
    let json = json!(words.invariants().map(entry).collect::<Vec<_>>());
    Report { text: text::invariants(words), json: line_of(&json), exit: Exit::Done }
}

/// The contract, clause by clause, with its evidence. It needs no server, and ends with 1 where a
/// clause has none.
pub(super) fn freeze_report() -> Report {
    let evidence = evidence();
    let is_whole = evidence.iter().all(|clause| !clause.is_missing());
    let exit = if is_whole { Exit::Done } else { Exit::Local };
    Report { text: text::contract(&evidence), json: line_of(&json!(evidence)), exit }
}

/// Makes an account in the data directory.
pub(super) fn account_add(options: &AccountArguments) -> Result<Report, Failure> {
    let access = access(&options.place, options.reason.as_ref())?;
    let password = secret::new_password()?;
    let role = options.role.word();
    wait(access.add_account(&options.name, role, &password))?.map_err(refused)?;
    let sentence = format!(
        "The account {} was made in {}. Its role is {role}.",
        options.name,
        data_dir(&options.place)?.display()
    );
    Ok(done(&sentence, &json!({ "name": options.name, "role": role })))
}

/// Gives an account another role.
pub(super) fn account_role(options: &AccountArguments) -> Result<Report, Failure> {
    let access = access(&options.place, options.reason.as_ref())?;
    let role = options.role.word();
    let change = wait(access.change_role(&options.name, role))?.map_err(refused)?;
    let (from, ended) = (change.from.word(), change.sessions_ended);
    let sentence = format!(
        "The account {} in {} was {from} and is {role}. Its sessions have ended: {ended}.",
        options.name,
        data_dir(&options.place)?.display()
    );
    let json = json!({ "name": options.name, "from": from, "role": role, "sessions_ended": ended });
    Ok(done(&sentence, &json))
}

/// Gives an account another password.
pub(super) fn account_password(named: &NamedAccount) -> Result<Report, Failure> {
    let access = access(&named.place, named.reason.as_ref())?;
    let password = secret::new_password()?;
    let ended = wait(access.change_password(&named.name, &password))?.map_err(refused)?;
    sessions_ended(named, "has another password", ended)
}

/// Ends the sessions of an account.
pub(super) fn account_sign_out(named: &NamedAccount) -> Result<Report, Failure> {
    let access = access(&named.place, named.reason.as_ref())?;
    let ended = wait(access.end_sessions(&named.name))?.map_err(refused)?;
    sessions_ended(named, "is signed out everywhere", ended)
}

fn sessions_ended(named: &NamedAccount, what: &str, ended: u64) -> Result<Report, Failure> {
    let (name, dir) = (&named.name, data_dir(&named.place)?);
    let dir = dir.display();
    let sentence = format!("The account {name} in {dir} {what}. Its sessions have ended: {ended}.");
    Ok(done(&sentence, &json!({ "name": name, "sessions_ended": ended })))
}

/// Removes an account.
pub(super) fn account_remove(named: &NamedAccount) -> Result<Report, Failure> {
    let access = access(&named.place, named.reason.as_ref())?;
    let name = &named.name;
    let change = wait(access.remove_account(name))?.map_err(refused)?;
    let (role, ended) = (change.from.word(), change.sessions_ended);
    let sentence = format!(
        "The account {name} ({role}) was removed from {}. Its sessions have ended: {ended}.",
        data_dir(&named.place)?.display()
    );
    Ok(done(&sentence, &json!({ "name": name, "role": role, "sessions_ended": ended })))
}

/// Issues a token for a program. On standard output it stands alone, so that a script can take it.
pub(super) fn token_issue(options: &TokenArguments, as_json: bool) -> Result<Report, Failure> {
    let access = access(&options.place, options.reason.as_ref())?;
    let lasts_ms = i64::try_from(options.expires.as_millis()).unwrap_or(i64::MAX);
    let issued = wait(access.issue_token(&options.name, lasts_ms))?.map_err(refused)?;
    let token = issued.token.clone().unwrap_or_default();
    let mut text = TextLines::new();
    text.line(&token);
    if !as_json {
        let (ends, dir) = (issued.expires_at, data_dir(&options.place)?);
        complain(&format!(
            "It was issued in {}, reads, never confirms, is shown this once, and ends {ends}.\n",
            dir.display()
        ));
    }
    Ok(Report { text, json: line_of(&json!(issued)), exit: Exit::Done })
}

/// Gives the log another key.
pub(super) fn rotate_log_key(options: &RotateArguments) -> Result<Report, Failure> {
    let place = &options.place;
    let rotated = serve::rotate_log_key(
        place.config.as_deref(),
        place.data.as_deref(),
        options.reason.clone(),
    );
    let rotated = wait(rotated)?.map_err(not_served)?;
    let mut text = TextLines::new();
    let (seq, old, new) = match &rotated {
        Rotated::Now { seq, old, new } => {
            text.line(format!("The log has another key since record {seq}."));
            text.line(format!("old key: {old}"));
            (Some(*seq), Some(old.clone()), new)
        }
        Rotated::Before { new } => {
            text.line("An earlier change of the key was stopped after its record. It stands, and the old key is gone now. Nothing else was changed.");
            (None, None, new)
        }
    };
    text.line(format!("key: {new}"));
    text.line("Give the key to whoever verifies the log by another way than the files.");
    let json = json!({ "seq": seq, "old": old, "key": new });
    Ok(Report { text, json: line_of(&json), exit: Exit::Done })
}

/// Writes the log as files that other tools can verify.
pub(super) fn export_log(options: &ExportArguments) -> Result<Report, Failure> {
    let data = data_dir(&options.place)?;
    let not_exported = |exit, why: String| Failure::here(exit, format!("Not exported: {why}."));
    let reader = StoreReader::open_read_only(&data.join(DATABASE_FILE));
    let reader = reader.map_err(|e| not_exported(Exit::Local, e.to_string()))?;
    let named = LedgerReader::new(reader).log_key();
    let named = named.map_err(|e| not_exported(Exit::LogBroken, e.to_string()))?;
    let signer = existing_key(&data, named.as_ref());
    let signer = signer.map_err(|e| not_exported(Exit::Local, e.to_string()))?;
    let missing = || format!("{} is missing", data.join(KEY_FILE).display());
    let signer = signer.ok_or_else(|| not_exported(Exit::Local, missing()))?;
    let target = &options.target;
    let done =
        export(&data.join(DATABASE_FILE), &signer, target, &SystemRoom, &mut progress("read"));
    let done = done.map_err(|error| {
        let broken = matches!(
            error,
            ExportError::Broken(_) | ExportError::Ledger(LedgerError::Damaged { .. })
        );
        not_exported(if broken { Exit::LogBroken } else { Exit::Local }, error.to_string())
    })?;
    let Exported { log, key, blobs } = done;
    let mut text = TextLines::new();
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

fn access(
    place: &DataArguments,
    reason: Option<&Reason>,
) -> Result<crate::workflow::access::Access, Failure> {
    let (config, data) = (place.config.as_deref(), place.data.as_deref());
    serve::access(config, data, reason.cloned()).map_err(not_served)
}

pub(super) fn data_dir(place: &DataArguments) -> Result<std::path::PathBuf, Failure> {
    serve::data_dir(place.config.as_deref(), place.data.as_deref()).map_err(not_served)
}

/// Runs a future of the server's rooms to its end.
pub(super) fn wait<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let failed =
        |error| Failure::here(Exit::Local, format!("The threads cannot be started: {error}."));
    Ok(runtime.map_err(failed)?.block_on(work))
}

pub(super) fn not_served(error: ServeError) -> Failure {
    match error {
        ServeError::Refused(refusal) => refused(refusal),
        other => Failure::here(Exit::Local, format!("{other}.")),
    }
}

pub(super) fn refused(refusal: Refusal) -> Failure {
    let body = line_of(&json!({ "refusal": refusal }));
    let option = String::new();
    Failure::Refused { refusal: Box::new(refusal), body, option, before: TextLines::new() }
}

fn done(sentence: &str, json: &serde_json::Value) -> Report {
    let mut text = TextLines::new();
    text.line(sentence);
    Report { text, json: line_of(json), exit: Exit::Done }
}

pub(super) fn line_of(json: &serde_json::Value) -> String {
    format!("{json}\n")
}
