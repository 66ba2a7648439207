//! What is sensitive, and what is secret: closed lists, shown to users (C10.1).
//!
//! Sensitive is what says more of people and places than an operation needs. Whoever is signed in with
//! an account sees it, and a program with a token; a stakeholder sees the word `redacted` in its place
//! (`redact` says where). Secret is what opens something: it is never shown again and never recorded.

use serde::Serialize;

macro_rules! sensitive {
    ($($variant:ident $id:literal $what:literal [$($record:literal),*];)*) => {
        /// One kind of sensitive fact.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        pub enum SensitiveFact {
            $(#[doc = $what] #[serde(rename = $id)] $variant,)*
        }

        impl SensitiveFact {
            /// Every sensitive fact, in the order in which they are shown.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The id.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id),* }
            }

            /// What it is, and why it is on the list.
            #[must_use]
            pub fn what(self) -> &'static str {
                match self { $(Self::$variant => $what),* }
            }

            /// The kinds of records that can hold it, beside the name of who acted, which every record
            /// can hold.
            #[must_use]
            pub fn records(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($record),*]),* }
            }
        }
    };
}

sensitive! {
    AccountName "account_name"
        "The name of an account, and what a provider calls its person: they say who did what, and when \
         that person works."
        ["account_created", "signed_in", "signed_out", "proved_again", "token_issued", "token_revoked",
         "link_issued", "link_used", "link_revoked", "role_changed", "account_removed",
         "password_changed", "sessions_ended", "mismatch_accepted", "access_ended"];
    FreeText "free_text"
        "A reason, evidence or what was attested, in the words of an operator: it can name people, \
         customers and hosts."
        ["requested", "withdrawn", "settle_requested", "finding", "frozen", "unfrozen",
         "log_key_rotated", "mismatch_accepted"];
    WhatWasTyped "what_was_typed"
        "What somebody typed where it was refused: a name that is no account, or a value of a field."
        ["sign_in_failed", "declined", "denied", "first_confirmed", "confirmed"];
    KernelSentence "kernel_sentence"
        "A sentence of the kernel, its command, the session of an order, and the evidence of a check: they \
         can name hosts, and files and devices of a host."
        ["boot", "dispatched", "executed", "refused", "unknown", "voided", "founded", "restored"];
    Observation "observation"
        "What an observation says in words: why a node cannot be reached, where it was read, the names \
         of backups. A stakeholder sees its nodes, roles and positions, which are what a link is for."
        ["explained", "rejected", "first_confirmed", "confirmed", "stale", "executed", "stopped"];
    Fingerprint "fingerprint"
        "The hash of something that holds a sensitive fact: whoever guesses the fact can check it."
        ["explained", "rejected", "first_confirmed", "confirmed", "stale", "executed"];
    DataAddress "data_address"
        "Where clients write to the cluster: on the overview, and in no record."
        [];
}

/// The kinds of records that hold nothing sensitive but the name of who acted.
pub const PLAIN_RECORDS: &[&str] = &["duplicate", "setup_link_issued"];

/// What is secret, in words. None of it is on a page after the one that made it, or in the log.
pub const SECRETS: &[&str] = &[
    "A password. Only a slow hash of it is kept.",
    "The secret of a session. Only its hash is kept; a script of a page cannot read the cookie.",
    "The secret of a token. It is printed once, where it is made; only its hash is kept.",
    "What this control plane proves itself with to a provider or to a proxy, and what a provider sends \
     while somebody signs in. None of it is kept but the files that hold the first two.",
    "The one-time set-up link. Only its hash is kept, and it works once.",
    "The secret of a stakeholder's link, and of the session that is made of it. Each is shown or sent \
     once; only hashes are kept.",
    "The private key that signs heads of the log. It stays in a file of the data directory.",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::Entry;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_of_record_is_judged_and_none_is_judged_twice() {
        let sensitive: BTreeSet<_> =
            SensitiveFact::ALL.iter().flat_map(|fact| fact.records()).copied().collect();
        let plain: BTreeSet<_> = PLAIN_RECORDS.iter().copied().collect();
        assert!(sensitive.is_disjoint(&plain));
        let judged: BTreeSet<_> = sensitive.union(&plain).copied().collect();
        assert_eq!(judged, Entry::WORDS.into_iter().collect());
    }
}
