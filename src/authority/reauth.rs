//! How long ago a person proved who they are, and the proof that is given on the spot (C3.1).
//!
//! A session begins with a proof where a password began it, and with that of a provider where that says
//! when it was. A proof grows old: whoever sits down at an open session has the session and nothing else.
//! What is disruptive asks for a recent one.

use super::credential::CredentialHolder;
use super::{Credential, Denied, Operator, Proven, Secret, Viewer};
use crate::model::actor::{Actor, ActorRole, ReauthMethod, Reauthentication};
use crate::model::ambient::{Entropy, Timestamp};
use crate::model::text::InputError;
use rusqlite::{Transaction, params};

const MINUTE_MS: i64 = 60 * 1000;
/// Longest time that a proof can last, in minutes: as long as a session.
pub const PROOF_MINUTES_MAX: u32 = 12 * 60;

/// How long a proof of identity is recent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReauthLifetime {
    millis: i64,
}

impl Default for ReauthLifetime {
    /// Five minutes: as long as it takes to read an explanation with care.
    fn default() -> Self {
        Self { millis: 5 * MINUTE_MS }
    }
}

impl ReauthLifetime {
    /// So many minutes; with none every disruptive confirmation comes with a proof of its own.
    ///
    /// # Errors
    /// When it is more than [`PROOF_MINUTES_MAX`].
    pub fn of_minutes(minutes: u32) -> Result<Self, InputError> {
        if minutes > PROOF_MINUTES_MAX {
            let required = format!("0 to {PROOF_MINUTES_MAX}, which is as long as a session");
            return Err(InputError::new("reauth-minutes", &minutes.to_string(), required));
        }
        Ok(Self { millis: i64::from(minutes) * MINUTE_MS })
    }

    /// How many minutes it is.
    #[must_use]
    pub fn minutes(self) -> i64 {
        self.millis / MINUTE_MS
    }

    /// Whether a proof serves for one confirmation only, the one that it came with.
    #[must_use]
    pub fn is_for_one_confirmation(self) -> bool {
        self.millis == 0
    }

    /// Whether a proof is recent. One of a time that is yet to come is not: a clock was put back, and
    /// how long ago it was is not known (C6.1).
    pub(super) fn holds(self, proof: &Reauthentication, now: Timestamp) -> bool {
        let age = now.millis().saturating_sub(proof.at.millis());
        (0..self.millis).contains(&age)
    }
}

/// A session whose person has just proved who they are. Made in this file only.
#[derive(Debug)]
pub struct ReauthSession {
    secret: Secret,
    operator: Operator,
}

impl ReauthSession {
    /// Who proved it, as records name them.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        self.operator.actor()
    }

    /// What comes back of the secret that carries the session from here on.
    #[must_use]
    pub fn credential(&self) -> Credential {
        Credential::of(&self.secret)
    }

    /// The operator, proved just now, and what carries the session from here on.
    #[must_use]
    pub fn into_parts(self) -> (Operator, Secret) {
        (self.operator, self.secret)
    }
}

/// Notes a proof in the session that it was given in, and gives that session another secret: what was
/// carried until now opens nothing any more. The session keeps its age and its end.
///
/// # Errors
/// When the session has ended, or belongs to somebody else than who proved, or to no operator.
pub fn renew(
    transaction: &Transaction<'_>,
    credential: &Credential,
    proven: Proven,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<ReauthSession, Denied> {
    let holder = credential.holder(transaction, now)?;
    let is_theirs = holder.actor.name == *proven.name() && holder.begun_by.is_some();
    drop(proven);
    if !is_theirs || holder.actor.role != ActorRole::Operator {
        let (actor, required) = (holder.actor, ActorRole::Operator);
        return Err(Denied::NotPermitted { actor, required });
    }
    let secret = Secret::new(credential.purpose(), entropy);
    let proof = Reauthentication { at: now, by: ReauthMethod::Password };
    let renewed = transaction.execute(
        "UPDATE session SET sha256 = ?2, proved_ms = ?3, proved_by = ?4,
                last_seen_ms = max(last_seen_ms, ?3)
         WHERE sha256 = ?1 AND revoked_ms IS NULL",
        params![credential.hash().bytes(), secret.hash().bytes(), now.millis(), proof.by.word()],
    )?;
    if renewed != 1 {
        return Err(Denied::not_signed_in("The session was ended. Sign in again."));
    }
    let holder = CredentialHolder { proof: Some(proof), ..holder };
    let viewer = Viewer::new(holder, Credential::of(&secret), true);
    Ok(ReauthSession { secret, operator: Operator::new(viewer) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::sessions;

    fn held(minutes: u32, age_ms: i64) -> bool {
        let lasts = ReauthLifetime::of_minutes(minutes).expect("a time");
        let proof =
            Reauthentication { at: Timestamp::from_millis(1_000_000), by: ReauthMethod::SignIn };
        lasts.holds(&proof, Timestamp::from_millis(1_000_000 + age_ms))
    }

    #[test]
    fn a_proof_is_recent_until_its_time_is_over_and_never_before_it_was_given() {
        assert!(ReauthLifetime::of_minutes(PROOF_MINUTES_MAX + 1).is_err());
        assert!(
            !held(5, 5 * MINUTE_MS) && !held(5, 10 * 365 * 24 * 60 * MINUTE_MS) && !held(5, -1)
        );
        assert!(held(5, 5 * MINUTE_MS - 1) && held(5, 0));
        assert!(!held(0, 0), "with no time at all each confirmation is proved by itself");
        let whole = i64::from(PROOF_MINUTES_MAX) * MINUTE_MS;
        assert!(held(PROOF_MINUTES_MAX, whole - 1) && !held(PROOF_MINUTES_MAX, whole));
        assert_eq!(whole, sessions::LASTS_MS);
    }
}
