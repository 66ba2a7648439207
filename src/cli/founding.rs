//! `init`: a cluster and its log, in a place that holds nothing.

use super::Report;
use super::exit::Exit;
use super::failure::Failure;
use super::host_arguments::InitArguments;
use super::local::{line_of, not_served, wait};
use super::settings;
use crate::serve::{self, InitOptions};
use crate::text::lines::TextLines;
use serde_json::json;

/// Founds a cluster and its log.
pub(super) fn init(options: InitArguments) -> Result<Report, Failure> {
    let options = InitOptions {
        overrides: settings::overrides_of_init(&options)?,
        config: options.place.config,
        reason: options.reason,
    };
    let founded = wait(serve::init(options))?.map_err(not_served)?;
    let dir = founded.dir.display().to_string();
    let mut text = TextLines::new();
    match &founded.servers {
        None => text.line(format!("A cluster was founded in {dir}: {}.", founded.cluster)),
        Some(servers) => {
            text.line(format!("A log was founded in {dir}, for {}.", founded.cluster));
            text.line("Nothing was founded or changed in the servers. What they said:");
            for server in servers {
                text.line(format!("  {server}"));
            }
        }
    }
    text.line(format!("key: {}", founded.log_key));
    text.line("Note the key down elsewhere: it is what the log is verified with.");
    text.line(match &founded.servers {
        None => "The first start makes n1 primary and prints a one-time set-up link.",
        Some(_) => "The first start prints a one-time set-up link.",
    });
    let json = json!({
        "dir": dir,
        "cluster": founded.cluster,
        "nodes": founded.nodes,
        "key": founded.log_key,
        "servers": founded.servers,
    });
    Ok(Report { text, json: line_of(&json), exit: Exit::Done })
}
