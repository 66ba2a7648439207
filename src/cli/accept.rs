//! `accept`: somebody at the host accepts, by name and on record, that log and kernel do not say the
//! same (C9.5). What was found is shown first, and nothing is accepted in advance.

use super::exit::Exit;
use super::failure::Failure;
use super::host_arguments::AcceptArguments;
use super::local::{line_of, not_served, wait};
use super::{Report, complain, secret};
use crate::serve::{self, examine};
use crate::text;
use serde_json::json;

/// Shows what was found, asks for the name of the cluster, and records the acceptance.
pub(super) fn accept(options: &AcceptArguments) -> Result<Report, Failure> {
    let place = &options.place;
    let os_user = serve::host_user(None).user;
    wait(async {
        let examined = examine(place.config.as_deref(), place.data.as_deref()).await;
        let examined = examined.map_err(not_served)?;
        let found = examined.mismatch().clone();
        if !found.is_empty() {
            complain(text::mismatch(&found).as_str());
        }
        let typed = match &options.typed {
            Some(typed) => typed.clone(),
            None if !found.can_be_accepted() || found.is_empty() => String::new(),
            None => secret::typed("The name of the cluster, to accept this: ", "cluster")?,
        };
        let accepted = examined.accept(&typed, options.reason.clone(), os_user).await;
        let accepted = accepted.map_err(not_served)?;
        let mut text = text::lines::TextLines::new();
        text.line(format!("Record {} accepts {found}.", accepted.record.seq));
        let json = json!({ "seq": accepted.record.seq, "hash": accepted.hash, "accepted": found });
        Ok(Report { text, json: line_of(&json), exit: Exit::Done })
    })?
}
