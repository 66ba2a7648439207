//! Which records of the log somebody wants to see: the same fields in an address, a form and a
//! command, and the words that a record can be found by.

use crate::model::action::{ActionId, ActionKind, Stage};
use crate::model::ambient::Timestamp;
use crate::model::record::Entry;
use crate::model::spec::Catalogue;
use crate::model::text::{ActorName, InputError, NodeId};
use std::collections::BTreeSet;

/// Longest word that a record can be found by, in characters. What is longer is a hash or a key, which
/// have addresses of their own.
pub const WORD_CHARS_MAX: usize = 40;
/// Most words in one search: each of them has to be read from the index.
pub const SEARCH_WORDS_MAX: usize = 8;

/// Which records a page holds. Every condition that is present must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Records of this action.
    pub action: Option<ActionId>,
    /// Records of this kind, as [`Entry::word`] spells it.
    pub kind: Option<&'static str>,
    /// Records of any of these kinds; of every kind where there are none. No field of an address:
    /// the timeline asks for it.
    pub kinds: &'static [&'static str],
    /// Records of this account.
    pub actor: Option<ActorName>,
    /// Records of actions of this kind.
    pub action_kind: Option<ActionKind>,
    /// Records of actions on this node.
    pub node: Option<NodeId>,
    /// Records that moved their action to this stage.
    pub stage: Option<Stage>,
    /// Records at this time or later.
    pub since: Option<Timestamp>,
    /// Records before this time.
    pub until: Option<Timestamp>,
    /// Records in whose text each of these words stands.
    pub text: Option<SearchText>,
}

impl LogFilter {
    /// The names of the fields, in the order in which a form shows them.
    pub const FIELDS: [&str; 9] =
        ["text", "actor", "kind", "stage", "action_kind", "node", "action", "since", "until"];

    /// Reads the filter from fields: `take` answers a field by its name, and nothing for one that is
    /// absent or empty.
    ///
    /// # Errors
    /// Names the first field that cannot be what was sent. A kind, a stage or a time that no record
    /// can have is a mistake, not an empty list.
    pub fn parse(
        catalogue: Catalogue,
        mut take: impl FnMut(&str) -> Option<String>,
    ) -> Result<Self, InputError> {
        let action_kind = |text: &str| catalogue.named(text).map(|action| action.kind);
        let filter = Self {
            action: field(&mut take, "action", ActionId::parse)?,
            kind: field(&mut take, "kind", known_kind)?,
            kinds: &[],
            actor: field(&mut take, "actor", ActorName::parse)?,
            action_kind: field(&mut take, "action_kind", action_kind)?,
            node: field(&mut take, "node", NodeId::parse)?,
            stage: field(&mut take, "stage", known_stage)?,
            since: field(&mut take, "since", Timestamp::parse_typed)?,
            until: field(&mut take, "until", Timestamp::parse_typed)?,
            text: field(&mut take, "text", SearchText::parse)?,
        };
        match (filter.since, filter.until) {
            (Some(since), Some(until)) if until <= since => {
                let required = format!("later than since, which is {since}");
                Err(InputError::new("until", &until.to_string(), required))
            }
            _ => Ok(filter),
        }
    }

    /// The fields that are present, as an address carries them.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let text = |name: &str| match name {
            "text" => self.text.as_ref().map(|text| text.typed.clone()),
            "actor" => self.actor.as_ref().map(ToString::to_string),
            "kind" => self.kind.map(str::to_owned),
            "stage" => self.stage.map(|stage| stage.to_string()),
            "action_kind" => self.action_kind.map(|kind| kind.to_string()),
            "node" => self.node.as_ref().map(ToString::to_string),
            "action" => self.action.map(|id| id.to_string()),
            "since" => self.since.map(|at| at.to_string()),
            "until" => self.until.map(|at| at.to_string()),
            _ => None,
        };
        Self::FIELDS.into_iter().filter_map(|name| text(name).map(|text| (name, text))).collect()
    }
}

/// Parses a field where it is present; an error names the field, whatever it holds.
pub(super) fn field<T>(
    take: &mut impl FnMut(&str) -> Option<String>,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, InputError>,
) -> Result<Option<T>, InputError> {
    let Some(text) = take(name) else { return Ok(None) };
    parse(&text).map(Some).map_err(|e| InputError::new(name, &text, e.required))
}

fn known_kind(text: &str) -> Result<&'static str, InputError> {
    let required = || format!("one of {}", Entry::WORDS.join(", "));
    let known = Entry::WORDS.into_iter().find(|word| *word == text);
    known.ok_or_else(|| InputError::new("kind", text, required()))
}

fn known_stage(text: &str) -> Result<Stage, InputError> {
    let words = || Stage::ALL.map(Stage::word).join(", ");
    let required = || InputError::new("stage", text, format!("one of {}", words()));
    Stage::parse(text).ok_or_else(required)
}

/// What somebody typed to find records, and the words in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchText {
    typed: String,
    words: BTreeSet<String>,
}

impl SearchText {
    /// Reads the words.
    ///
    /// # Errors
    /// When there is no word, are more than [`SEARCH_WORDS_MAX`], or one is longer than any that a
    /// record is found by.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let words: BTreeSet<String> = words(text).collect();
        let fits = |word: &String| word.chars().count() <= WORD_CHARS_MAX;
        if (1..=SEARCH_WORDS_MAX).contains(&words.len()) && words.iter().all(fits) {
            return Ok(Self { typed: text.trim().to_owned(), words });
        }
        let required = format!(
            "1 to {SEARCH_WORDS_MAX} whole words of at most {WORD_CHARS_MAX} letters and digits"
        );
        Err(InputError::new("text", text, required))
    }

    /// The words, each once.
    #[must_use]
    pub fn words(&self) -> &BTreeSet<String> {
        &self.words
    }
}

/// The words of a text: runs of letters and digits, in lower case. It has to give the same words for
/// ever, because verification compares them with the index; so the rule is ours and does not grow
/// with the tables of Unicode: whatever is not ASCII belongs to a word, but for the blocks that hold
/// marks and spaces only.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let ends = |c: char| match c {
        '\u{80}'..='\u{bf}' | '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' => true,
        c => c.is_ascii() && !c.is_ascii_alphanumeric(),
    };
    text.split(ends).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::tried::catalogue;
    use std::collections::BTreeMap;

    fn parse(pairs: &[(&str, &str)]) -> Result<LogFilter, InputError> {
        let mut fields: BTreeMap<_, _> = pairs.iter().copied().collect();
        let filter = LogFilter::parse(catalogue(), |name| fields.remove(name).map(str::to_owned));
        assert!(filter.is_err() || fields.is_empty(), "nobody reads {fields:?}");
        filter
    }

    #[test]
    fn a_field_that_no_record_can_have_is_refused_by_its_name() {
        for (name, bad) in [
            ("action", "7"),
            ("kind", "promoted"),
            ("actor", "Alice"),
            ("action_kind", "promote"),
            ("node", "n 1"),
            ("stage", "done"),
            ("since", "yesterday"),
            ("until", "31.01.2026"),
            ("text", " -!? "),
            ("text", "a b c d e f g h i"),
            ("text", &"a".repeat(WORD_CHARS_MAX + 1)),
        ] {
            assert_eq!(parse(&[(name, bad)]).expect_err(bad).field, name, "{bad:?}");
        }
        let window = [("since", "2026-01-31T09:00:00Z"), ("until", "2026-01-31T09:00:00Z")];
        assert_eq!(parse(&window).expect_err("empty").field, "until");
    }

    #[test]
    fn a_filter_reads_back_from_its_own_pairs() {
        let given = [
            ("text", "planned work"),
            ("actor", "alice"),
            ("kind", "confirmed"),
            ("stage", "confirmed"),
            ("action_kind", "switchover"),
            ("node", "n2"),
            ("action", "6f1c2a34-0b5d-4e6f-8a90-112233445566"),
            ("since", "2026-01-31T09:00:00.000Z"),
            ("until", "2026-01-31T10:00:00.000Z"),
        ];
        assert_eq!(given.map(|(name, _)| name), LogFilter::FIELDS);
        let pairs = parse(&given).expect("valid").pairs();
        let pairs: Vec<_> = pairs.iter().map(|(name, text)| (*name, text.as_str())).collect();
        assert_eq!(pairs, given);
        assert_eq!(parse(&[]).expect("empty"), LogFilter::default());
    }

    #[test]
    fn words_are_what_stands_between_marks_in_lower_case() {
        let split = |text| words(text).collect::<Vec<_>>();
        assert_eq!(split("Disk-swap on n1, again"), ["disk", "swap", "on", "n1", "again"]);
        assert_eq!(
            split("Prüfung\u{2014}Ersatz «ja»\u{a0}数据"),
            ["prüfung", "ersatz", "ja", "数据"]
        );
        assert_eq!(split("\"x\" AND y=z*"), ["x", "and", "y", "z"]);
        assert_eq!(split(" \u{2026} "), Vec::<String>::new());
    }
}
