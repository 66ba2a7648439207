//! What a record says about a run of the program: on which host, with which settings, and how the run
//! before it ended.

use crate::model::canonical::{Hash, canonical_json};
use crate::model::text::Reason;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who ran the command that made a record, as the operating system knows them: whoever can write to the
/// data directory needs no account (C9.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HostUser {
    /// The name and number of the user, such as `postgres (uid 26)`.
    pub user: String,
    /// The name of the host.
    pub host: String,
    /// Why, where a reason was given and the entry has no place for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// The settings that decide what a control plane allows and shows. Secrets stand in files; only the
/// paths of these are settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The hash of the names and values in canonical JSON: equal settings have equal hashes.
    pub digest: Hash,
    /// Each setting by its name.
    pub values: BTreeMap<String, String>,
    /// What differs from the start before, in the order of the names.
    pub changed: Vec<SettingChange>,
}

/// One setting that differs from the start before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SettingChange {
    /// Its name, as in the settings file.
    pub name: String,
    /// The value at the start before; absent where there was no such setting.
    pub before: Option<String>,
    /// The value now; absent where there is no such setting any more.
    pub after: Option<String>,
}

impl Settings {
    /// These values, compared with those of the start before.
    #[must_use]
    pub fn new(values: BTreeMap<String, String>, before: Option<&Self>) -> Self {
        let changed = before.map_or_else(Vec::new, |before| {
            let names = before.values.keys().chain(values.keys());
            let names: std::collections::BTreeSet<&String> = names.collect();
            let change = |name: &String| SettingChange {
                name: name.clone(),
                before: before.values.get(name).cloned(),
                after: values.get(name).cloned(),
            };
            names.into_iter().map(change).filter(|c| c.before != c.after).collect()
        });
        Self { digest: Hash::of(&canonical_json(&values)), values, changed }
    }
}

/// How the run before a start ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// It was told to stop, and recorded that.
    Stopped,
    /// No record says how: it was killed, crashed, or could not record its stop.
    NotRecorded,
}

/// The run before a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LastRun {
    /// How it ended.
    pub ended: RunEnd,
    /// The record that says so: of its stop, or of its start where it has no other.
    pub record: u64,
}

impl std::fmt::Display for SettingChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = |value: &Option<String>| match value {
            Some(value) => format!("\"{value}\""),
            None => "absent".to_owned(),
        };
        write!(f, "{} was {} and is {}", self.name, value(&self.before), value(&self.after))
    }
}

impl std::fmt::Display for LastRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.ended {
            RunEnd::Stopped => write!(f, "The run before was stopped (record {}).", self.record),
            RunEnd::NotRecorded => write!(
                f,
                "The run before, started by record {}, left no record of its stop.",
                self.record
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_differs_from_the_start_before_is_named_with_both_values() {
        let before = Settings::new(values(&[("a", "1"), ("b", "2"), ("c", "3")]), None);
        assert!(before.changed.is_empty(), "nothing is known of an earlier start");
        let after = Settings::new(values(&[("b", "2"), ("c", "4"), ("d", "5")]), Some(&before));
        let said: Vec<String> = after.changed.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            ["a was \"1\" and is absent", "c was \"3\" and is \"4\"", "d was absent and is \"5\""]
        );
        assert_ne!(before.digest, after.digest);
        let same = Settings::new(after.values.clone(), Some(&after));
        assert!(same.changed.is_empty() && same.digest == after.digest);
    }
}
