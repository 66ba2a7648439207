//! The part that verifies in the browser what the page shows, with the same code as the command line.
//!
//! Without a script the page links to the proof of each record, and says so.
#![expect(missing_docs, reason = "the island macro makes items of its own beside each function")]
#![expect(clippy::must_use_candidate, reason = "the island macro calls what it makes")]

// The browser's half asks the server and remembers; elsewhere the same names do nothing.
#[cfg(feature = "hydrate")]
#[path = "verify/check.rs"]
mod check;
#[cfg(not(feature = "hydrate"))]
#[path = "verify/noscript.rs"]
mod check;

use crate::ledger::head_check::{HeadError, TrustedHead};
use crate::model::answer::StoredRecord;
use crate::model::canonical::Hash;
use crate::ui::counted;
use leptos::prelude::*;

/// How a check ended, or that there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Nobody asked for it.
    NotYet,
    /// It is going on.
    Running,
    /// Everything was recomputed and fits.
    Fits {
        /// The head that it was compared with.
        head: TrustedHead,
        /// The size that was remembered from before, where one was.
        before: Option<u64>,
        /// How many records.
        records: usize,
    },
    /// Something does not fit. What was remembered is kept.
    Suspicious(HeadError),
    /// It could not be carried out, so nothing is known.
    NotDone(String),
}

impl Checked {
    fn state(&self) -> &'static str {
        match self {
            Self::NotYet | Self::Running => "not-yet",
            Self::Fits { .. } => "live",
            Self::Suspicious(_) | Self::NotDone(_) => "lost",
        }
    }

    /// What was recomputed, in words.
    fn words(&self) -> String {
        match self {
            Self::NotYet => {
                "Not verified in this browser. Each record links to its proof.".to_owned()
            }
            Self::Running => "Verifying.".to_owned(),
            Self::Fits { head, before, records } => {
                let past = match before {
                    Some(size) => format!(
                        "that the log still begins with the {} this browser had seen",
                        counted(usize::try_from(*size).unwrap_or(usize::MAX), "record")
                    ),
                    None => {
                        "nothing about the past, because this browser had seen no head".to_owned()
                    }
                };
                format!(
                    "Recomputed here: the signature of the head of {} records, root {}; {past}; and \
                     {} of this page, each from its bytes up to that root. This head is remembered.",
                    head.size,
                    head.root,
                    counted(*records, "record")
                )
            }
            Self::Suspicious(why) => format!(
                "NOT VERIFIED: {why}. What this browser remembers was kept; compare it with a copy \
                 of the log that is not on this server."
            ),
            Self::NotDone(why) => {
                format!("Could not be checked: {why}. Nothing is known from this.")
            }
        }
    }
}

/// The control for the records that a page shows.
#[must_use]
pub fn verify(records: &[StoredRecord]) -> AnyView {
    let records = records.iter().map(|stored| (stored.record.seq, stored.hash)).collect::<Vec<_>>();
    view! { <VerifyRecords records=records/> }.into_any()
}

/// Verifies the head, the past and these records when asked, and says what was recomputed.
#[island]
pub fn VerifyRecords(records: Vec<(u64, Hash)>) -> impl IntoView {
    let checked = RwSignal::new(Checked::NotYet);
    let alive = RwSignal::new(false);
    // Effects run in the browser only: until then the buttons would do nothing, and say so.
    Effect::new(move |_| alive.set(true));
    let records = StoredValue::new(records);
    let start = move |_| {
        checked.set(Checked::Running);
        check::verify(records.get_value(), move |result| checked.set(result));
    };
    let forget = move |_| {
        check::forget();
        checked.set(Checked::NotYet);
    };
    let busy = move || !alive.get() || checked.with(|now| *now == Checked::Running);
    let suspicious = move || checked.with(|now| matches!(now, Checked::Suspicious(_)));
    view! {
        <div class="verify">
            <button type="button" disabled=busy on:click=start>
                "Verify in this browser"
            </button>
            <button type="button" hidden=move || !suspicious() on:click=forget>
                "Forget the head that this browser remembers"
            </button>
            <p class="live" role="status" data-state=move || checked.with(Checked::state)>
                {move || checked.with(Checked::words)}
            </p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_checked_is_never_shown_as_verified() {
        let suspicious = Checked::Suspicious(HeadError::Shrunk { before: 9, now: 3 });
        assert!(suspicious.words().starts_with("NOT VERIFIED: the log has 3 records, and had 9"));
        let not_done = Checked::NotDone("the server does not answer".to_owned());
        assert!(not_done.words().contains("Nothing is known"));
        for checked in [suspicious, not_done, Checked::NotYet, Checked::Running] {
            assert_ne!(checked.state(), "live", "{checked:?}");
            assert!(!checked.words().contains("Recomputed"), "{checked:?}");
        }
    }

    #[test]
    fn a_first_look_says_that_it_knows_nothing_of_the_past() {
        let head = TrustedHead { key: "k".to_owned(), size: 9, root: Hash::of(b"") };
        let words = |before| Checked::Fits { head: head.clone(), before, records: 2 }.words();
        assert!(words(None).contains("had seen no head"), "{}", words(None));
        assert!(words(Some(1)).contains("begins with the 1 record this"), "{}", words(Some(1)));
    }
}
