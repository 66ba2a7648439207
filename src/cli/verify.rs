//! The command that verifies a log, wherever it is: in a database, in files, or behind an address.

use super::Report;
use super::address::{Address, Authorities};
use super::client::ApiClient;
use super::exit::Exit;
use super::failure::Failure;
use super::local::{data_dir, line_of, not_served, wait};
use super::log_arguments::VerifyArguments;
use super::output::progress;
use super::remote::RemoteServer;
use crate::ledger::chain::Verified;
use crate::ledger::tree::{TreeHead, verify_consistency, verify_inclusion};
use crate::ledger::{
    ClockReport, ExpectedLog, ExportFiles, VerifyError, is_export, verify_export, verify_file,
    verify_files,
};
use crate::model::ambient::Clock as _;
use crate::model::answer::{ConsistencyProof, InclusionProof};
use crate::model::refusal::RefusalCode;
use crate::serve::ambient::SystemClock;
use crate::serve::{self, Witnessed};
use crate::store::DATABASE_FILE;
use crate::text::lines::TextLines;
use serde_json::json;
use std::cell::RefCell;
use std::io;
use std::path::Path;

/// Verifies a log.
pub(super) fn verify_log(
    options: &VerifyArguments,
    authorities: Option<Authorities>,
) -> Result<Report, Failure> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(|error| {
        Failure::here(Exit::Local, format!("This machine gives no random bytes: {error}."))
    })?;
    let expected = ExpectedLog { head: options.expect.clone(), key: options.key.clone(), salt };
    if let Some(address) = options.path.as_deref().and_then(address) {
        let address = Address::parse(address)
            .map_err(|error| Failure::here(Exit::Usage, format!("{error}.")))?;
        let address = address.vouched_for_by(authorities);
        return verify_served(&address, &expected);
    }
    let path = match &options.path {
        Some(path) if path.is_dir() && !is_export(path) => path.join(DATABASE_FILE),
        Some(path) => path.clone(),
        None => data_dir(&options.place)?.join(DATABASE_FILE),
    };
    let verify = if path.is_dir() { verify_export } else { verify_file };
    let place = path.display().to_string();
    let verified = verify(&path, &expected, &mut progress("verified"));
    let verified = verified.map_err(|error| not_verified(&place, &error))?;
    let also = "Tree, tiles and signed heads are those of these records.";
    let report = report(&place, verified, also);
    match path.parent().filter(|dir| path.ends_with(DATABASE_FILE) && dir.join("kernel").is_dir()) {
        Some(dir) => witnessed(dir, report),
        None => Ok(report),
    }
}

/// Holds the verified log of a data directory against the kernel beside it and the access rights
/// (C9.5).
fn witnessed(dir: &Path, mut report: Report) -> Result<Report, Failure> {
    let Witnessed { mismatch, unread } = wait(serve::witness(dir))?.map_err(not_served)?;
    if !mismatch.is_empty() {
        let mut text = String::new();
        for finding in &mismatch.findings {
            text.push_str(&format!("{finding}\n"));
        }
        let sentence = format!("{text}{} does not say the same: {mismatch}.", dir.display());
        return Err(Failure::here(Exit::LogBroken, sentence));
    }
    match unread {
        None => report.text.line("The kernel beside it and the access rights say the same."),
        Some(why) => report.text.line(format!(
            "The access rights say the same. The kernel beside it was not read: {why}."
        )),
    }
    Ok(report)
}

/// The address in the place of a path, where it is one.
fn address(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    (text.starts_with("http://") || text.starts_with("https://")).then_some(text)
}

fn not_verified(place: &str, error: &VerifyError) -> Failure {
    let exit = match error {
        VerifyError::Broken(_) | VerifyError::Derived { .. } | VerifyError::Head { .. } => {
            Exit::LogBroken
        }
        VerifyError::Store(_) => Exit::Local,
    };
    Failure::here(exit, format!("{place} did not verify: {error}."))
}

fn report(place: &str, verified: Verified, also: &str) -> Report {
    let head = verified.head.map_or("nothing".to_owned(), |hash| hash.to_string());
    let mut text = TextLines::new();
    text.line(format!(
        "{} records of {place} were recomputed, each from its bytes.",
        verified.size
    ));
    text.line(also);
    text.line(reach(&verified));
    let clock = ClockReport {
        ahead_ms: ClockReport::ahead(verified.newest, SystemClock.now()),
        went_back: verified.clock_back,
        last_back: None,
    };
    if verified.clock_back > 0 {
        let times = if verified.clock_back == 1 { "time" } else { "times" };
        text.line(format!(
            "The clock went back {} {times}; records are in the order of their numbers.",
            verified.clock_back
        ));
    }
    if let Some(ahead) = clock.ahead_ms {
        text.line(format!("The newest record is {ahead} ms ahead of the clock of this machine."));
    }
    text.line(format!("head: {}:{head}", verified.size));
    text.line(format!("root: {}", verified.root));
    text.line("A log that was cut short is told only by an earlier head: note this one down, and give it as --expect.");
    let json = json!({
        "size": verified.size,
        "hash": verified.head,
        "root": verified.root,
        "signed": verified.signed,
        "clock_went_back": verified.clock_back,
        "newest_ahead_ms": clock.ahead_ms,
    });
    Report { text, json: line_of(&json), exit: Exit::Done }
}

/// How far the signatures reach.
fn reach(verified: &Verified) -> String {
    let Verified { size, signed, .. } = verified;
    match size - signed {
        0 => "The newest signed head covers all of them.".to_owned(),
        _ if *signed == 0 => "No signed head covers any of them.".to_owned(),
        rest => format!(
            "The newest signed head covers the first {signed}; no signature covers the last {rest}, \
             which are of a version that signed later."
        ),
    }
}

/// Verifies what a control plane shows: the files of an export as it serves them, and proofs.
fn verify_served(address: &Address, expected: &ExpectedLog) -> Result<Report, Failure> {
    let control = RemoteServer { url: address };
    let served = RemoteExport { client: control.client()?, failed: RefCell::default() };
    let verified = verify_files(&served, expected, &mut progress("verified"));
    // A server that does not answer has not shown a broken log.
    if let Some(failure) = served.failed.take() {
        return Err(failure);
    }
    let place = address.as_str();
    let verified = verified.map_err(|error| not_verified(place, &error))?;
    check_proofs(&served.client, verified).map_err(|failure| match failure {
        ProofFailure::Failure(failure) => failure,
        ProofFailure::Wrong(why) => {
            Failure::here(Exit::LogBroken, format!("{place} did not verify: {why}."))
        }
    })?;
    let also = "Tree, tiles, signed head and the proofs that it gives are those of these records.";
    Ok(report(place, verified, also))
}

/// The files of an export, as a control plane serves them.
struct RemoteExport<'a> {
    client: ApiClient<'a>,
    /// Why the server did not answer, once it did not.
    failed: RefCell<Option<Failure>>,
}

impl ExportFiles for RemoteExport<'_> {
    fn read(&self, name: &str, limit: usize) -> io::Result<Vec<u8>> {
        match self.client.get_file(&format!("/log/{name}"), limit) {
            Ok(bytes) => Ok(bytes),
            Err(Failure::Refused { refusal, .. }) if refusal.code == RefusalCode::NotFound => {
                Err(io::Error::new(io::ErrorKind::NotFound, "the server has no such file"))
            }
            Err(failure) => {
                self.failed.replace(Some(failure));
                Err(io::Error::other("the server did not answer"))
            }
        }
    }
}

/// Why a proof does not show what it should.
enum ProofFailure {
    Failure(Failure),
    Wrong(String),
}

/// Asks for proofs that a browser would ask for, and checks them against the records that were
/// recomputed: the first, the middle and the last record, and the first half of the log.
fn check_proofs(client: &ApiClient<'_>, verified: Verified) -> Result<(), ProofFailure> {
    let size = verified.size;
    let now = TreeHead { size, root: verified.root };
    let query = [("size", size.to_string())];
    for seq in [0, size / 2, size - 1] {
        let proof = client.get::<InclusionProof>(&format!("/log/proof/{seq}"), &query);
        let proof = proof.map_err(ProofFailure::Failure)?.value;
        let leaf = proof.record.record.hash();
        let wrong = |why: String| ProofFailure::Wrong(format!("record {seq}: its proof: {why}"));
        if proof.record.record.seq != seq || proof.record.hash != leaf {
            return Err(wrong("it is about another record".to_owned()));
        }
        verify_inclusion(seq, size, leaf, &proof.path, now.root)
            .map_err(|e| wrong(e.to_string()))?;
    }
    let from = size.div_ceil(2);
    let query = [("from", from.to_string()), ("to", size.to_string())];
    let proof = client.get::<ConsistencyProof>("/log/consistency", &query);
    let proof = proof.map_err(ProofFailure::Failure)?.value;
    let before = TreeHead { size: from, root: proof.from_root };
    let wrong = |e| ProofFailure::Wrong(format!("its proof that it only grew does not hold: {e}"));
    verify_consistency(before, now, &proof.path).map_err(wrong)
}
