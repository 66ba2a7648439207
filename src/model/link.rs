//! Links for stakeholders, and the lists of who can get in: without any secret (C10.2).

use crate::model::access_list::{AccessList, More};
use crate::model::action::ActionId;
use crate::model::actor::{ActorRole, AuthMethod};
use crate::model::ambient::Timestamp;
use crate::model::text::{ActorName, InputError};
use serde::{Deserialize, Serialize};

/// How long a link lasts at most, in milliseconds: 7 days, so that a forgotten one ends soon.
pub const LINK_LASTS_MS_MAX: i64 = 7 * 24 * 60 * 60 * 1000;
/// Rows on one page of each list of who can get in.
pub const ACCESS_ROWS_MAX: u32 = 200;
/// The scope of a link that shows no action, in a word.
pub const CLUSTER_SCOPE: &str = "cluster";

/// Parses what a link shows: `cluster`, or the id of the one action that it shows beside it.
///
/// # Errors
/// When it is neither.
pub fn parse_scope(text: &str) -> Result<Option<ActionId>, InputError> {
    if text == CLUSTER_SCOPE {
        return Ok(None);
    }
    let wrong = |_| InputError::new("scope", text, "cluster, or the id of one action");
    ActionId::parse(text).map(Some).map_err(wrong)
}

/// Parses how long something lasts, in milliseconds: `90m`, `12h` or `7d`.
///
/// # Errors
/// When it is anything else, or no time at all.
pub fn parse_lasts_ms(field: &str, text: &str) -> Result<i64, InputError> {
    let required = "a whole number and one of m, h, d, such as 12h";
    let unit_ms = match text.chars().last() {
        Some('m') => 60 * 1000,
        Some('h') => 60 * 60 * 1000,
        Some('d') => 24 * 60 * 60 * 1000,
        _ => 0,
    };
    let digits = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    let is_plain = digits.bytes().all(|b| b.is_ascii_digit());
    let count = digits.parse::<i64>().ok().filter(|_| is_plain);
    let lasts_ms = count.and_then(|count| count.checked_mul(unit_ms)).filter(|ms| *ms > 0);
    lasts_ms.ok_or_else(|| InputError::new(field, text, required))
}

/// One link as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LinkLine {
    /// Its id.
    pub id: ActionId,
    /// For whom, or for what. No account, no token and no other link ever had the name.
    pub name: ActorName,
    /// The one action that it shows beside the cluster and the timeline; absent where none.
    pub shows: Option<ActionId>,
    /// Who issued it.
    pub issued_by: ActorName,
    /// When.
    pub issued_at: Timestamp,
    /// When it ends, and the session that was made of it.
    pub expires_at: Timestamp,
    /// When it was exchanged for its session; it opens nothing any more since then.
    pub used_at: Option<Timestamp>,
    /// When whoever held the session ended it.
    pub ended_at: Option<Timestamp>,
    /// When it was withdrawn, with the session.
    pub revoked_at: Option<Timestamp>,
}

impl LinkLine {
    /// What can become of it, in a word that needs no clock.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (self.revoked_at, self.ended_at, self.used_at) {
            (Some(_), _, _) => "revoked",
            (None, Some(_), _) => "ended",
            (None, None, Some(_)) => "used",
            (None, None, None) => "unused",
        }
    }

    /// Since when the word holds; absent where nothing came of it.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        self.revoked_at.or(self.ended_at).or(self.used_at)
    }
}

/// A link that was issued or revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LinkAnswer {
    /// The link.
    #[serde(flatten)]
    pub link: LinkLine,
    /// The path under which it is opened, with its secret; only in the answer that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether this answers a repeated delivery. The secret is not shown again.
    #[serde(default)]
    pub duplicate: bool,
}

/// A session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct SessionLine {
    /// The account.
    pub account: ActorName,
    /// Its role.
    pub role: ActorRole,
    /// By what the person signed in.
    pub by: AuthMethod,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was last noted as in use; exact to a minute.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct AccountLine {
    /// Its name.
    pub name: ActorName,
    /// Its role.
    pub role: ActorRole,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it was removed; nobody signs in with it since.
    pub removed_at: Option<Timestamp>,
}

/// A token of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct TokenLine {
    /// Its name.
    pub name: ActorName,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
}

/// A token that was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct TokenAnswer {
    /// The token.
    #[serde(flatten)]
    pub token: TokenLine,
    /// Whether this answers a repeated delivery.
    #[serde(default)]
    pub duplicate: bool,
}

/// The links, the tokens and the reader's own sessions: what everybody with an account sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct AccessAnswer {
    /// The one list that this is a part of; absent where it is the beginning of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<AccessList>,
    /// The reader's own sessions that have not ended, newest first.
    pub sessions: Vec<SessionLine>,
    /// The newest links, newest first.
    pub links: Vec<LinkLine>,
    /// The newest tokens, newest first.
    pub tokens: Vec<TokenLine>,
    /// Where lists go on that are longer than a page.
    #[serde(default)]
    pub more: Vec<More>,
}

/// Everybody who can get in: what an auditor alone sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct EverybodyAnswer {
    /// The one list that this is a part of; absent where it is the beginning of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<AccessList>,
    /// The accounts, by name.
    pub accounts: Vec<AccountLine>,
    /// Every session that has not ended, newest first.
    pub sessions: Vec<SessionLine>,
    /// The newest links, newest first.
    pub links: Vec<LinkLine>,
    /// The newest tokens, newest first.
    pub tokens: Vec<TokenLine>,
    /// Where lists go on that are longer than a page.
    #[serde(default)]
    pub more: Vec<More>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_the_cluster_or_one_action() {
        for bad in ["", "Cluster", "all", "*", "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(parse_scope(bad).expect_err(bad).field, "scope");
        }
        assert_eq!(parse_scope("cluster"), Ok(None));
        let id = "6f1c2a34-0b5d-4e6f-8a90-112233445566";
        assert_eq!(parse_scope(id).expect("an id").map(|id| id.to_string()).as_deref(), Some(id));
    }

    #[test]
    fn a_time_is_a_whole_number_and_a_unit() {
        for bad in
            ["", "h", "12", "1.5h", "-1h", "+1h", "0d", "12s", "1h ", "\u{e9}", "9999999999999999d"]
        {
            assert_eq!(parse_lasts_ms("expires", bad).expect_err(bad).field, "expires");
        }
        assert_eq!(parse_lasts_ms("expires", "90m"), Ok(5_400_000));
        assert_eq!(parse_lasts_ms("expires", "7d"), Ok(LINK_LASTS_MS_MAX));
    }
}
