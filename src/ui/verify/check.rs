//! Asks the server for a head and proofs, and checks them here. It starts when somebody asks for it,
//! only reads, and remembers the last good head in the browser's own storage.

use crate::ledger::head_check::{
    HeadError, TrustedHead, check_head_after, check_past, check_record,
};
use crate::model::answer::{LogPage, SignedHead};
use crate::model::canonical::Hash;
use crate::ui::verify::Checked;
use gloo_net::http::Request;
use leptos::task::spawn_local;
use serde::de::DeserializeOwned;
use web_sys::Storage;

/// Under which name the head is remembered. One for the whole site: a log that comes under another
/// name is just what is to be noticed.
const MEMORY: &str = "aerodb-log-head";

/// Why a check did not end well.
enum CheckFault {
    Suspicion(HeadError),
    NotDone(String),
}

impl From<HeadError> for CheckFault {
    fn from(why: HeadError) -> Self {
        Self::Suspicion(why)
    }
}

/// Checks the head, the past and these records, and says how it ended.
pub(super) fn verify(records: Vec<(u64, Hash)>, done: impl Fn(Checked) + 'static) {
    spawn_local(async move {
        done(match check(&records).await {
            Ok(checked) => checked,
            Err(CheckFault::Suspicion(why)) => Checked::Suspicious(why),
            Err(CheckFault::NotDone(why)) => Checked::NotDone(why),
        });
    });
}

async fn check(records: &[(u64, Hash)]) -> Result<Checked, CheckFault> {
    let storage = storage()?;
    let before = recall(&storage)?;
    let signed: SignedHead = read("/api/v1/log/head").await?;
    let mut rotations = Vec::new();
    if before.as_ref().is_some_and(|before| before.key != signed.key) {
        let page: LogPage = read("/api/v1/log?kind=log_key_rotated&limit=200").await?;
        rotations = page.records;
        rotations.reverse();
    }
    let head = check_head_after(&signed, before.as_ref(), &rotations)?;
    if let Some(before) = before.as_ref().filter(|before| before.size > 0) {
        let (from, to) = (before.size, head.size);
        let proof = read(&format!("/api/v1/log/consistency?from={from}&to={to}")).await?;
        check_past(before, &head, Some(&proof))?;
    }
    for (seq, shown) in records {
        let proof = read(&format!("/api/v1/log/proof/{seq}?size={}", head.size)).await?;
        check_record(*seq, *shown, &head, &proof)?;
    }
    let text = serde_json::to_string(&head).map_err(|e| CheckFault::NotDone(e.to_string()))?;
    let kept = storage.set_item(MEMORY, &text);
    kept.map_err(|_| CheckFault::NotDone("this browser cannot remember a head".to_owned()))?;
    Ok(Checked::Fits { head, before: before.map(|before| before.size), records: records.len() })
}

/// Forgets the head that is remembered, because somebody asked for it.
pub(super) fn forget() {
    if let Ok(storage) = storage() {
        // What cannot be removed is still there at the next check, and says so.
        let _ = storage.remove_item(MEMORY);
    }
}

fn storage() -> Result<Storage, CheckFault> {
    let found = web_sys::window().and_then(|window| window.local_storage().ok().flatten());
    found.ok_or_else(|| CheckFault::NotDone("this browser keeps nothing for this site".to_owned()))
}

fn recall(storage: &Storage) -> Result<Option<TrustedHead>, CheckFault> {
    let text = storage.get_item(MEMORY).map_err(|_| HeadError::Memory)?;
    let memory = text.map(|text| serde_json::from_str(&text)).transpose();
    Ok(memory.map_err(|_| HeadError::Memory)?)
}

async fn read<T: DeserializeOwned>(path: &str) -> Result<T, CheckFault> {
    let response = Request::get(path).send().await;
    let response = response.map_err(|e| CheckFault::NotDone(format!("{path}: {e}")))?;
    if !response.ok() {
        return Err(CheckFault::NotDone(format!("{path} answers {}", response.status())));
    }
    response.json().await.map_err(|e| CheckFault::NotDone(format!("{path}: {e}")))
}
