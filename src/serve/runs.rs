//! The records of a run: with which settings it started, how the run before ended, and that it stopped.

use super::ServeError;
use super::config::Config;
use super::listen_policy::PlainHttp;
use crate::kernel::{KernelDescription, ObserveKernel};
use crate::ledger::note::LogKey;
use crate::ledger::{Draft, Ledger, LedgerError, LogFilter};
use crate::model::canonical::{Hash, canonical_json};
use crate::model::cluster::NodeState;
use crate::model::record::{Entry, LastRun, Record, RunEnd, Settings};
use crate::ui::EnvironmentClass;
use std::collections::BTreeMap;
use std::fmt::Display;

/// Records that a control plane started, with which key it signs the log, and what an earlier one left
/// open. The open actions are listed and left alone (C6.3).
pub(super) async fn started(
    ledger: &Ledger,
    config: &Config,
    about: KernelDescription,
    log_key: &LogKey,
) -> Result<(), ServeError> {
    let interrupted = ledger.reader().open_actions()?.into_iter().map(|(id, _)| id).collect();
    let before = newest(ledger, &["boot"])?.map(|record| record.entry);
    let before = match &before {
        Some(Entry::Boot { settings, .. }) => settings.as_ref(),
        _ => None,
    };
    let entry = Entry::Boot {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster: about.cluster,
        note: about.start_note,
        interrupted,
        log_key: Some(log_key.to_string()),
        settings: Some(Settings::new(recorded(config), before)),
        last_run: last_run(ledger)?,
    };
    ledger.append(vec![Draft::new(None, None, entry)]).await?;
    Ok(())
}

/// The settings by their names, as the file and the command line gave them. Secrets stand in files, and
/// only the paths of these are kept. The data directory is not among them: the log is in it.
fn recorded(config: &Config) -> BTreeMap<String, String> {
    let words = |list: Vec<String>| list.join(" ");
    let reach = &config.reach;
    let (certificate, key) = match &reach.tls {
        Some(files) => (files.certificate.display().to_string(), files.key.display().to_string()),
        None => Default::default(),
    };
    let mut values: Vec<(&str, String)> = vec![
        ("environment", config.environment.to_string()),
        ("production", (config.environment_class == EnvironmentClass::Production).to_string()),
        ("cluster", config.cluster.to_string()),
        ("site-addr", config.leptos.site_addr.to_string()),
        ("observer-listen", config.observer_listen.as_ref().map_or_else(String::new, text)),
        ("reauth-minutes", config.reauth_lifetime.minutes().to_string()),
        (
            "second-operator",
            words(config.second_operator.iter().map(|class| class.word().to_owned()).collect()),
        ),
        ("names", words(reach.names.iter().map(text).collect())),
        ("tls-cert", certificate),
        ("tls-key", key),
        ("plain-http-beyond-loopback", (reach.plain_http == PlainHttp::AnyAddress).to_string()),
        ("public-url", config.providers.public_url.clone().unwrap_or_default()),
    ];
    values.extend(config.kernel.recorded());
    if let Some(openid) = &config.providers.openid {
        values.extend(openid.recorded());
    }
    if let Some(proxy) = &config.providers.proxy {
        values.extend(proxy.recorded());
    }
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn text(value: &impl Display) -> String {
    value.to_string()
}

/// How the run before ended. Versions that recorded no stop are not accused of one.
fn last_run(ledger: &Ledger) -> Result<Option<LastRun>, LedgerError> {
    let newest = newest(ledger, &["boot", "stopped"])?;
    Ok(newest.and_then(|record| {
        let ended = match record.entry {
            Entry::Stopped { .. } => RunEnd::Stopped,
            Entry::Boot { settings: Some(_), .. } => RunEnd::NotRecorded,
            _ => return None,
        };
        Some(LastRun { ended, record: record.seq })
    }))
}

/// The newest record of some kinds.
pub(super) fn newest(
    ledger: &Ledger,
    kinds: &'static [&'static str],
) -> Result<Option<Record>, LedgerError> {
    let filter = LogFilter { kinds, ..LogFilter::default() };
    let page = ledger.reader().page(None, 1, &filter)?;
    Ok(page.records.into_iter().next().map(|stored| stored.record))
}

/// Records that a control plane stops as it was told, with an observation of the cluster.
pub(super) async fn stopped(ledger: &Ledger, kernel: &dyn ObserveKernel) -> Result<(), ServeError> {
    let draft = match kernel.observe().await {
        Err(_) => {
            let entry = Entry::Stopped { generation: None, position: None, snapshot: None };
            Draft::new(None, None, entry)
        }
        Ok(state) => {
            let style = &kernel.spec().position;
            let end = |node: &NodeState| node.facts.position(style.end).known().copied();
            let last = state.nodes.iter().filter_map(end).map(|at| at.offset);
            let bytes = canonical_json(&state);
            let entry = Entry::Stopped {
                generation: state.facts.number(style.generation).known().copied(),
                position: last.max(),
                snapshot: Some(Hash::of(&bytes)),
            };
            Draft::new(None, None, entry).with_blobs([bytes])
        }
    };
    ledger.append(vec![draft]).await?;
    Ok(())
}
