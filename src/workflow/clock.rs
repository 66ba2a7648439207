//! What a clock that went back has ended, with its record in the same transaction (C9.1).

use super::access::{Access, Failed};
use crate::authority::Credential;
use crate::authority::clock::{EndedAccess, Sessions, end_ahead};
use crate::ledger::Draft;
use crate::model::record::{EndedBecause, Entry};

/// Tokens and links that one record names; where more have ended, there are more records.
const NAMED_MAX: usize = 200;

impl Access {
    /// Looks at the clock, for a request that came with this credential. Where it went back since it was
    /// looked at last, every session ends, and so do the tokens and links that were issued at a time that
    /// is yet to come; where that credential was, all that was. Where that cannot be recorded now, the
    /// next request does it, and until then what lies ahead is refused wherever it is shown.
    pub async fn mind_the_clock(&self, held: Option<&Credential>) {
        let now = self.clock.now();
        let which = match (self.latest.went_back(now), held) {
            (Some(_), _) => Sessions::All,
            (None, Some(held)) if self.authority.is_ahead(held, now) => Sessions::Ahead,
            (None, _) => return,
        };
        let (ledger, latest) = (self.ledger.clone(), self.latest.clone());
        let ended = self.store.write(move |tx| -> Result<(), Failed> {
            let ended = end_ahead(tx, which, now)?;
            let drafts = records(ended).into_iter().map(|entry| Draft::new(None, None, entry));
            ledger.append_in(tx, drafts.collect())?;
            Ok(())
        });
        if ended.await.is_ok() {
            latest.begin_again(now);
        }
    }
}

fn records(ended: EndedAccess) -> Vec<Entry> {
    let EndedAccess { sessions, tokens, links } = ended;
    let because = EndedBecause::ClockWentBack;
    let none = || (Vec::new(), Vec::new());
    let mut parts = Vec::new();
    if sessions > 0 {
        parts.push((sessions, none()));
    }
    parts.extend(tokens.chunks(NAMED_MAX).map(|names| (0, (names.to_vec(), Vec::new()))));
    parts.extend(links.chunks(NAMED_MAX).map(|ids| (0, (Vec::new(), ids.to_vec()))));
    let entry =
        |(sessions, (tokens, links))| Entry::AccessEnded { because, sessions, tokens, links };
    parts.into_iter().map(entry).collect()
}
