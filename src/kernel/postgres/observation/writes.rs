//! What a client that writes now meets: it is answered, it is let in nowhere, or its commit waits.

use super::assemble::{NodesRead, Surroundings};
use super::sheet::Sheet;
use crate::kernel::postgres::config::OwnSchema;
use crate::kernel::postgres::reading::{NodeReading, OwnReading};
use crate::kernel::postgres::spec::facts;
use crate::kernel::postgres::sync_rule::SyncRule;
use crate::model::facts::{Fact, Value};
use crate::model::spec::WRITES;

/// What a client that writes now meets.
pub(super) fn writes(
    sheet: &mut Sheet,
    primary: &Fact<Value>,
    members: &NodesRead<'_>,
    around: &Surroundings<'_>,
) {
    if let Fact::Unknown { unknown, .. } = primary {
        return sheet.gap(WRITES, format!("it is not known who is primary: {}", unknown.why));
    }
    let Some((node, reading)) = members.primary() else {
        return stopped(sheet, around, "stopped", "nobody is primary".to_owned());
    };
    match &reading.own {
        Ok(own) if are_stopped(own) => {
            let why = format!("the logins of {} are stopped", own.stopped_logins.join(", "));
            return stopped(sheet, around, "stopped", why);
        }
        Err(why) if around.config.own_schema == OwnSchema::Present => {
            return sheet.gap(WRITES, format!("it is not known which logins are stopped: {why}"));
        }
        _ => {}
    }
    match missing_standbys(reading) {
        Err(why) => sheet.gap(WRITES, why),
        Ok(None) => sheet.say(WRITES, "accepted"),
        Ok(Some(why)) => {
            stopped(sheet, around, "waiting", format!("commits on {} wait: {why}", node.id));
        }
    }
}

fn stopped(sheet: &mut Sheet, around: &Surroundings<'_>, word: &str, why: String) {
    sheet.say(WRITES, word);
    sheet.say(facts::WRITES_SINCE, around.now.to_string());
    sheet.say(facts::WRITES_WHY, why);
}

fn are_stopped(own: &OwnReading) -> bool {
    !own.stopped_logins.is_empty() && own.login_roles.is_empty()
}

/// Why commits wait for standbys that are not there; `None` where they do not.
fn missing_standbys(reading: &NodeReading) -> Result<Option<String>, String> {
    let pinned = &reading.pinned;
    let rule = pinned.sync_rule.as_str();
    if rule.is_empty() || ["off", "local"].contains(&pinned.synchronous_commit.as_str()) {
        return Ok(None);
    }
    let unread = |why| format!("the sync rule {rule} is not read here: {why}");
    let needed = SyncRule::parse(rule).map_err(unread)?.waits_for;
    let mut streaming = 0_usize;
    for follower in &pinned.followers {
        match (follower.state.as_deref(), follower.sync_state.as_deref()) {
            (Some("streaming"), Some("sync" | "quorum")) => streaming += 1,
            (Some(_), Some(_)) => {}
            _ => return Err("the server does not show which standbys are synchronous".to_owned()),
        }
    }
    let why = || format!("{rule} needs {needed} synchronous standbys, and {streaming} stream");
    Ok((streaming < needed).then(why))
}
