//! A record in a sentence: the one text that pages, terminals and reports print.

use super::{Delivery, Entry, LearnedBy, Settings};
use crate::model::actor::Reauthentication;
use crate::model::spec::Catalogue;

impl Entry {
    /// A record in a sentence; `catalogue` has the words for actions. It matches without a wildcard, so that no kind can go unsaid (C8.1).
    #[must_use]
    pub fn sentence(&self, catalogue: Catalogue) -> String {
        match self {
            Self::Boot { version, cluster, note, interrupted, log_key, settings, last_run } => {
                let left = if interrupted.is_empty() {
                    "No action was left open.".to_owned()
                } else {
                    format!("Left open: {}.", ids(interrupted))
                };
                let key = log_key.as_ref().map(|key| format!(" Signs heads with {key}."));
                let key = key.unwrap_or_default();
                let before = last_run.map(|run| format!(" {run}")).unwrap_or_default();
                let settings = settings.as_ref().map(changed).unwrap_or_default();
                format!(
                    "Version {version} started for {cluster}: {note}. {left}{key}{before}{settings}"
                )
            }
            Self::Requested { action, reason, attested } => {
                let keys: Vec<&str> = attested.iter().map(|(key, _)| key).collect();
                let attested = match keys.as_slice() {
                    [] => String::new(),
                    keys => format!(" Attested: {}.", keys.join(", ")),
                };
                format!("Asked for: {}.{attested} Reason: {reason}", catalogue.title(action))
            }
            Self::Explained { relied_on, .. } => {
                format!("Every check passed: {}.", counted(relied_on.len(), "invariant"))
            }
            Self::Rejected { violated, .. } => {
                format!("Nothing ran. Against it: {}.", ids(violated))
            }
            Self::FirstConfirmed { typed_target, proved, .. } => format!(
                "Confirmed what was explained as the first of two{} Nothing ran.",
                typed_and_proved(typed_target.as_deref(), *proved)
            ),
            Self::Confirmed { typed_target, proved, .. } => {
                format!(
                    "Confirmed what was explained{}",
                    typed_and_proved(typed_target.as_deref(), *proved)
                )
            }
            Self::Stale { moved, .. } => format!("Nothing ran. Moved: {}.", ids(moved)),
            Self::Withdrawn { reason } => format!("Nothing ran. Withdrawn: {reason}"),
            Self::Dispatched { generation, session } => {
                let word = catalogue.generation();
                let of = match generation {
                    Some(number) => format!("{word} {number}"),
                    None => format!("unknown {word}"),
                };
                let session = if session.is_none() {
                    String::new()
                } else {
                    format!(" It runs in this session: {session}.")
                };
                format!("About to be sent to the kernel, for {of}.{session}")
            }
            Self::Executed { receipt, learned_by, differences, .. } => {
                let how = match learned_by {
                    LearnedBy::Answer => "the kernel's answer",
                    LearnedBy::Settlement => "a settlement",
                };
                let found = if differences.is_empty() {
                    String::new()
                } else {
                    format!(" Differs from the explanation: {}.", ids(differences))
                };
                format!("Ran once, known from {how}: {}{found}", receipt.result)
            }
            Self::Refused { refusal } => {
                format!("Nothing ran. The kernel refused ({}): {}", refusal.rule, refusal.sentence)
            }
            Self::Unknown { why } => format!("It may have run: {why}"),
            Self::Voided { tombstone } => format!("It never can run: {}", tombstone.result),
            Self::SettleRequested { reason } => format!("Asked to settle it. Reason: {reason}"),
            Self::Finding { executed, evidence } => {
                format!("Found: executed {}. Evidence: {evidence}", executed.word())
            }
            Self::Frozen { reason, .. } => {
                format!(
                    "Declared a freeze: nothing can be asked for or confirmed. Reason: {reason}"
                )
            }
            Self::Unfrozen { freeze, reason } => {
                format!("Lifted the freeze of record {freeze}. Reason: {reason}")
            }
            Self::Duplicate { delivery, shown } => {
                let shown = shown.map_or_else(
                    || "the first outcome was shown".to_owned(),
                    |stage| format!("the action was shown as {stage}"),
                );
                let what = match delivery {
                    Delivery::Request => "request",
                    Delivery::Confirmation => "confirmation",
                    Delivery::Settlement => "settlement",
                    Delivery::Withdrawal => "withdrawal",
                    Delivery::Finding => "finding",
                    Delivery::Freeze => "freeze",
                    Delivery::Link => "issue of a link",
                    Delivery::LinkRevocation => "revocation of a link",
                    Delivery::TokenRevocation => "revocation of a token",
                };
                format!("A repeated {what}; {shown}. Nothing ran again.")
            }
            Self::Declined { attempt, refusal } => {
                format!("Declined {attempt} ({}): {}", refusal.code.id(), refusal.sentence)
            }
            Self::Denied { attempt, refusal, times: None } => {
                format!("Denied {attempt} ({}): {}", refusal.code.id(), refusal.sentence)
            }
            Self::Denied { attempt, refusal, times: Some(times) } => format!(
                "Denied {}, the last of them {attempt} ({}): {}",
                counted(*times, "more attempt"),
                refusal.code.id(),
                refusal.sentence
            ),
            Self::LogKeyRotated { old, new, reason, .. } => format!(
                "The log got another key. Heads up to here are signed with {old}, from here on with \
                 {new}. Reason: {reason}"
            ),
            Self::SetupLinkIssued {} => "The one-time set-up link was issued.".to_owned(),
            Self::AccountCreated { name, role, identity: None } => {
                format!("Account {name} was made: {role}.")
            }
            Self::AccountCreated { name, role, identity: Some(identity) } => format!(
                "Account {name} was made: {role}. Who signs in with it is {} of {}.",
                identity.subject, identity.issuer
            ),
            Self::SignedIn { by } => format!("Signed in by {}.", by.words()),
            Self::SignedOut {} => "Signed out.".to_owned(),
            Self::ProvedAgain {} => {
                "Re-authenticated with the password; the session credential was rotated.".to_owned()
            }
            Self::SignInFailed { name } => format!("Could not sign in as {name}."),
            Self::TokenIssued { name, expires_at } => {
                format!("Token {name} was issued; it ends at {expires_at}.")
            }
            Self::TokenRevoked { name } => {
                format!("Token {name} was revoked. It works nowhere any more.")
            }
            Self::LinkIssued { link_id, name, shows, expires_at } => {
                let shows = shows.map_or_else(String::new, |id| format!(" and action {id}"));
                format!(
                    "Link {link_id} was issued for {name}: it shows the cluster, the timeline\
                     {shows}, with what is sensitive redacted, and ends at {expires_at}."
                )
            }
            Self::LinkUsed { link_id } => {
                format!("Link {link_id} was exchanged for its session. It opens nothing any more.")
            }
            Self::LinkRevoked { link_id } => {
                format!("Link {link_id} was revoked. What was made of it has ended.")
            }
            Self::AccessEnded { because, sessions, tokens, links } => {
                let mut ended = vec![counted(*sessions, "session")];
                ended.extend(tokens.iter().map(|name| format!("token {name}")));
                ended.extend(links.iter().map(|id| format!("link {id}")));
                format!("{} Ended: {}.", because.sentence(), ended.join(", "))
            }
            Self::AccountRemoved { name, role, sessions_ended } => format!(
                "Account {name}, {role}, was removed. {} ended.",
                counted(*sessions_ended, "session")
            ),
            Self::MismatchAccepted { count, kinds, reason, os_user, findings: _ } => {
                let kinds: Vec<&str> = kinds.iter().map(|kind| kind.title()).collect();
                format!(
                    "{} accepted at the host by {os_user}: {}. Reason: {reason}",
                    counted(*count, "finding"),
                    kinds.join("; ")
                )
            }
            Self::RoleChanged { name, from, to, sessions_ended } => format!(
                "Account {name} was {from} and is {to}. {} ended.",
                counted(*sessions_ended, "session")
            ),
            Self::PasswordChanged { name, sessions_ended } => format!(
                "Account {name} has another password. {} ended.",
                counted(*sessions_ended, "session")
            ),
            Self::SessionsEnded { name, sessions_ended } => {
                format!("{} of account {name} ended.", counted(*sessions_ended, "session"))
            }
            Self::Founded { version, cluster, nodes: _, log_key } => format!(
                "Version {version} founded a cluster and its log: {cluster}. Signs heads with {log_key}."
            ),
            Self::Restored { version, cluster, backup, digest, position, log_key } => format!(
                "Version {version} made {cluster} from the backup {backup} (manifest {digest}), up to \
                 position {position}, and its log. Signs heads with {log_key}."
            ),
            Self::Stopped { generation, position, .. } => format!(
                "Stopped as told. The cluster was in {} {}, at position {}.",
                catalogue.generation(),
                known(*generation),
                known(*position)
            ),
        }
    }
}

/// What differs from the start before, as the end of a sentence.
fn changed(settings: &Settings) -> String {
    if settings.changed.is_empty() {
        return String::new();
    }
    format!(" Settings that differ from the start before: {}.", ids(&settings.changed))
}

fn known(number: Option<u64>) -> String {
    number.map_or_else(|| "unknown".to_owned(), |number| number.to_string())
}

/// What a confirmation came with: the end of its sentence.
fn typed_and_proved(typed: Option<&str>, proved: Option<Reauthentication>) -> String {
    let typed = typed.map_or_else(String::new, |target| format!(", and typed {target}"));
    let proved = proved.map_or_else(String::new, |p| format!(" Re-authenticated {p}."));
    format!("{typed}.{proved}")
}

fn ids<T: ToString>(list: &[T]) -> String {
    if list.is_empty() {
        return "none".to_owned();
    }
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A number with its noun: `1 rule`, `2 rules`.
fn counted<N: std::fmt::Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    if count == N::from(1) { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
