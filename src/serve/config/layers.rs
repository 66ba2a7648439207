//! One rule for every setting: an option of the command line wins over a variable of the environment, that
//! over the file, and the file over what is in force where nobody says anything.
//!
//! The layers are put together before they are read as a type, so that each of them is held to the same
//! limits, and every value is known with where it came from.

use super::base::BaseLayer;
use super::file::SettingsFile;
use super::keys::{self, SettingKey, ValueSyntax};
use crate::model::text::{InputError, escape_unsafe};
use serde::Deserialize as _;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where the value of a setting came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingSource {
    /// Nobody named it: it is built in.
    Default,
    /// The file, in this line.
    File(usize),
    /// A variable of the environment.
    Variable(String),
    /// An option of the command line.
    Flag(&'static str),
}

impl fmt::Display for SettingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(line) => write!(f, "file, line {line}"),
            Self::Variable(name) => write!(f, "environment, {name}"),
            Self::Flag(flag) => write!(f, "option, {flag}"),
        }
    }
}

/// What an option of the command line says of one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingOverride {
    flag: &'static str,
    name: &'static str,
    value: toml::Value,
}

impl SettingOverride {
    /// `name` is that of a setting after its table, such as `control.nodes`.
    #[must_use]
    pub fn new(flag: &'static str, name: &'static str, value: impl Into<toml::Value>) -> Self {
        Self { flag, name, value: value.into() }
    }

    /// The same, of a file or a folder.
    ///
    /// # Errors
    /// When its name is not UTF-8, which no settings file could hold either.
    pub fn path(flag: &'static str, name: &'static str, path: &Path) -> Result<Self, InputError> {
        let text = path.to_str().ok_or_else(|| {
            InputError::new(flag, &path.to_string_lossy(), "a path whose name is UTF-8")
        })?;
        Ok(Self::new(flag, name, text))
    }

    /// Whether it is about the setting of this name.
    pub(super) fn is_about(&self, name: &str) -> bool {
        self.name == name
    }

    /// Where a command that has no other option is told that the data is.
    ///
    /// # Errors
    /// As [`Self::path`].
    pub fn data(dir: Option<&Path>) -> Result<Vec<Self>, InputError> {
        dir.map(|dir| Self::path("--data", "control.data", dir)).into_iter().collect()
    }
}

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SettingProblem {
    /// The file with a line, the variable, or the option.
    pub place: String,
    /// What was found there, and what is required.
    pub what: String,
}

impl fmt::Display for SettingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// What may be said of a setting, and where.
pub(super) struct Layers<'a> {
    /// What all others are laid over.
    pub(super) base: &'a BaseLayer,
    /// The folder that paths in variables and options are relative to.
    pub(super) working: &'a Path,
    /// The variables of the environment.
    pub(super) variables: &'a [(String, OsString)],
    /// The options of the command line.
    pub(super) flags: &'a [SettingOverride],
}

/// Where each setting that somebody named came from, by its name.
pub(super) type SettingSources = BTreeMap<String, SettingSource>;

/// A value over the file: a text of its own, read as if it stood behind the file. A place in it is then a
/// place in no other.
struct Overlay<'a> {
    key: &'a SettingKey,
    source: SettingSource,
    text: String,
}

impl Layers<'_> {
    /// Reads all layers as one type.
    pub(super) fn read(&self) -> Result<(SettingsFile, SettingSources), Vec<SettingProblem>> {
        let known = keys::all();
        let mut problems = Vec::new();
        let overlays = self.overlays(&known, &mut problems);
        let mut root = match DeTable::parse(self.base.text()) {
            Ok(root) => root,
            Err(error) => {
                problems.push(self.wrong(&error, &[]));
                return Err(problems);
            }
        };
        for (at, name) in unknown(root.get_mut(), &known) {
            let what = format!("{} is no setting, and nothing reads it", escape_unsafe(&name));
            problems.push(SettingProblem { place: self.line(at), what });
        }
        let mut sources = SettingSources::new();
        for key in &known {
            let Some((at, value)) = find(root.get_mut(), key) else { continue };
            if let BaseLayer::File { text, .. } = self.base {
                let line = text.get(..at.start).map_or(0, |before| before.matches('\n').count());
                sources.insert(key.name(), SettingSource::File(line + 1));
            }
            let folder = self.base.folder().unwrap_or(self.working);
            if key.syntax == ValueSyntax::Path && resolve(value, folder).is_none() {
                problems.push(SettingProblem { place: self.line(at), what: NOT_UTF_8.to_owned() });
            }
        }
        for Overlay { key, source, text } in &overlays {
            let parsed = DeTable::parse(text).map_err(|error| self.wrong(&error, &overlays));
            let mut value = match parsed.map(Spanned::into_inner) {
                // With a line break in it a variable could name more than its own setting.
                Ok(read) if read.len() > 1 => {
                    let what = "more than one value".to_owned();
                    problems.push(SettingProblem { place: source.to_string(), what });
                    continue;
                }
                Ok(read) => match read.into_iter().next() {
                    Some((_, value)) => value,
                    None => continue,
                },
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            if key.syntax == ValueSyntax::Path && resolve(value.get_mut(), self.working).is_none() {
                let (place, what) = (source.to_string(), NOT_UTF_8.to_owned());
                problems.push(SettingProblem { place, what });
            }
            insert(root.get_mut(), key, value);
            sources.insert(key.name(), source.clone());
        }
        let read = SettingsFile::deserialize(toml::Deserializer::from(root));
        match read {
            Ok(file) if problems.is_empty() => Ok((file, sources)),
            Ok(_) => Err(problems),
            Err(error) => {
                problems.push(self.wrong(&error, &overlays));
                Err(problems)
            }
        }
    }

    /// Variables first: an option that is laid over them later wins.
    fn overlays<'k>(
        &self,
        known: &'k [SettingKey],
        problems: &mut Vec<SettingProblem>,
    ) -> Vec<Overlay<'k>> {
        let mut said = Vec::new();
        for key in known {
            let name = key.variable();
            let Some((_, value)) = self.variables.iter().find(|(set, _)| *set == name) else {
                continue;
            };
            let source = SettingSource::Variable(name);
            match written(key, value) {
                Some(value) => said.push((key, source, value)),
                None => problems.push(SettingProblem {
                    place: source.to_string(),
                    what: "its value is not UTF-8".to_owned(),
                }),
            }
        }
        for SettingOverride { flag, name, value } in self.flags {
            if let Some(key) = known.iter().find(|key| key.name() == *name) {
                said.push((key, SettingSource::Flag(flag), value.to_string()));
            }
        }
        let mut end = self.base.text().len();
        let mut overlays = Vec::with_capacity(said.len());
        for (key, source, value) in said {
            let text = format!("{}value = {value}", "\n".repeat(end + 1));
            end = text.len();
            overlays.push(Overlay { key, source, text });
        }
        overlays
    }

    /// What cannot be read, and where. Of a line that nothing reads nothing but its key is repeated: it may
    /// hold a secret that somebody put in the wrong place.
    fn wrong(&self, error: &toml::de::Error, overlays: &[Overlay<'_>]) -> SettingProblem {
        let what = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        let span = error.span().unwrap_or_default();
        let is_within = |overlay: &&Overlay<'_>| span.start <= overlay.text.len();
        match overlays.iter().find(is_within).filter(|_| span.start > self.base.text().len()) {
            Some(overlay) => SettingProblem {
                place: overlay.source.to_string(),
                what: format!("{}: {what}", overlay.key.name()),
            },
            None => SettingProblem { place: self.line(span), what },
        }
    }

    /// The file, the line of a place in it, and the key that stands there.
    fn line(&self, at: Range<usize>) -> String {
        let text = self.base.text();
        let before = text.get(..at.start).unwrap_or(text);
        let number = before.matches('\n').count();
        let line = text.lines().nth(number).unwrap_or_default();
        let head = line.split('=').next().unwrap_or_default().trim();
        let path = self.base.place();
        match head {
            "" => format!("{path}, line {}", number + 1),
            head => format!("{path}, line {}, \"{}\"", number + 1, escape_unsafe(head)),
        }
    }
}

/// A variable as it would stand in a file.
fn written(key: &SettingKey, value: &OsStr) -> Option<String> {
    let text = value.to_str()?;
    Some(match key.syntax {
        ValueSyntax::Text | ValueSyntax::Path => toml::Value::from(text).to_string(),
        ValueSyntax::Toml => text.to_owned(),
    })
}

const NOT_UTF_8: &str = "a path that is relative to a folder whose name is not UTF-8";

/// Makes a path absolute. An empty one names nothing and stays; what is no text is refused where it is read.
/// `None` where the folder cannot be written down.
fn resolve(value: &mut DeValue<'_>, folder: &Path) -> Option<()> {
    if let DeValue::String(text) = value
        && !text.is_empty()
    {
        *text = folder.join(&**text).to_str()?.to_owned().into();
    }
    Some(())
}

/// Takes out what no setting and no table of settings is, with where it stands: what is left can be judged
/// on its own.
fn unknown(root: &mut DeTable<'_>, known: &[SettingKey]) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    take_unknown(root, "", known, &mut found);
    found.sort_by_key(|(at, _)| at.start);
    found
}

fn take_unknown(
    table: &mut DeTable<'_>,
    before: &str,
    known: &[SettingKey],
    found: &mut Vec<(Range<usize>, String)>,
) {
    for (key, mut value) in std::mem::take(table) {
        let name = format!("{before}{}", key.get_ref());
        let within = format!("{name}.");
        let is_table = known.iter().any(|known| known.name().starts_with(&within));
        match value.get_mut() {
            DeValue::Table(inner) if is_table => take_unknown(inner, &within, known, found),
            _ if is_table || known.iter().any(|known| known.name() == name) => {}
            _ => {
                found.push((key.span(), name));
                continue;
            }
        }
        table.insert(key, value);
    }
}

fn find<'t, 'i>(
    root: &'t mut DeTable<'i>,
    key: &SettingKey,
) -> Option<(Range<usize>, &'t mut DeValue<'i>)> {
    let mut table = root;
    for part in key.table.split('.') {
        let DeValue::Table(inner) = table.get_mut(part)?.get_mut() else { return None };
        table = inner;
    }
    let (name, value) = table.iter_mut().find(|(name, _)| *name.get_ref() == key.key)?;
    Some((name.span(), value.get_mut()))
}

/// Puts a value over what stands there. A table that the file lacks comes with its first value.
fn insert<'i>(root: &mut DeTable<'i>, key: &SettingKey, value: Spanned<DeValue<'i>>) {
    let span = value.span();
    let mut table = root;
    for part in key.table.split('.') {
        let name = Spanned::new(span.clone(), part.to_owned().into());
        let empty = || Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
        match table.entry(name).or_insert_with(empty).get_mut() {
            DeValue::Table(inner) => table = inner,
            // A file that has a value where a table belongs is refused for that.
            _ => return,
        }
    }
    table.insert(Spanned::new(span, key.key.clone().into()), value);
}
