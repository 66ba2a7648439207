//! What the commands take that ask for an action: a kind, and parameters by their names. The server
//! judges them: the same words get the same answer in the browser, the API and here (C5.1). Help and
//! completion know those of the kernels that are compiled in; any other is passed on as it was typed.

use super::CATALOGUE;
use super::arguments::Cli;
use crate::model::action::ActionKind;
use crate::model::attestation::ATTESTED_PREFIX;
use crate::model::spec::{ActionSpec, ParameterKind, ParameterSpec};
use crate::model::text::escape_unsafe;
use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, CommandFactory as _, Error, FromArgMatches};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::sync::LazyLock;

/// An action, its parameters and its reason.
#[derive(Debug)]
pub(super) struct AskArguments {
    /// Which action.
    pub(super) kind: String,
    /// The parameters by name, as they were typed.
    pub(super) params: BTreeMap<String, String>,
    /// What is attested, by its key, as it was typed.
    pub(super) attested: BTreeMap<String, String>,
    /// Why, in a line of plain text.
    pub(super) reason: String,
}

/// An option for a parameter, which an action of this kernel or that takes.
struct Parameter {
    spec: &'static ParameterSpec,
    option: String,
}

/// Every parameter of every action once, with what it means where it first stands.
static PARAMETERS: LazyLock<Vec<Parameter>> = LazyLock::new(|| {
    let mut found: Vec<Parameter> = Vec::new();
    for spec in CATALOGUE.actions().flat_map(|action| action.parameters) {
        if !found.iter().any(|known| known.spec.name == spec.name) {
            found.push(Parameter { spec, option: spec.name.replace('_', "-") });
        }
    }
    found
});

impl Parameter {
    fn value_name(&self) -> &'static str {
        match self.spec.kind {
            ParameterKind::Member { .. } | ParameterKind::Joining => "NODE",
            ParameterKind::Position { .. } => "POSITION",
            ParameterKind::Name | ParameterKind::Item { .. } => "NAME",
            ParameterKind::Text { .. } => "TEXT",
        }
    }
}

impl Parameter {
    /// What it means, and which kinds of actions take it.
    fn help(&self) -> String {
        let takes = |action: &&ActionSpec| {
            action.parameters.iter().any(|parameter| parameter.name == self.spec.name)
        };
        let mut kinds: Vec<&str> =
            CATALOGUE.actions().filter(takes).map(|action| action.kind.word()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        format!("{} (for {})", self.spec.meaning.trim_end_matches('.'), kinds.join(", "))
    }
}

/// Takes the word of an action of any kernel, and offers those that are compiled in.
#[derive(Clone)]
pub(super) struct Kinds;

impl TypedValueParser for Kinds {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        _: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, Error> {
        // No kind has a hyphen, so whoever types one means the same.
        let word = value.to_str().map(|text| text.replace('-', "_"));
        let word = word.and_then(|word| ActionKind::parse_form(&word).ok());
        word.map(|kind| kind.to_string()).ok_or_else(|| {
            let shown = escape_unsafe(&value.to_string_lossy());
            let why = format!(
                "{shown:?} is no kind of action: lower-case letters, digits and underscores are\n"
            );
            Error::raw(ErrorKind::InvalidValue, why).with_cmd(command)
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        // Kernels share kinds, and each is one value.
        let mut words: Vec<_> = CATALOGUE.actions().map(|action| action.kind.word()).collect();
        let mut seen = BTreeSet::new();
        words.retain(|word| seen.insert(*word));
        Some(Box::new(words.into_iter().map(PossibleValue::new)))
    }
}

/// The name and the value of a parameter that no kernel here has.
fn named(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is wanted")?;
    Ok((name.replace('-', "_"), value.to_owned()))
}

/// A command line in which every option that is none of this program is a parameter: `--slot a` becomes
/// `--param slot=a`. Only the commands that ask for an action are read so.
pub(super) fn with_parameters(words: Vec<OsString>) -> Vec<OsString> {
    let whole = Cli::command();
    let takes_value = |word: &str| {
        let known = whole.get_arguments().find(|arg| arg.get_long() == Some(word));
        known.is_some_and(|arg| arg.get_action().takes_values())
    };
    let mut rest = words.into_iter().peekable();
    let mut read: Vec<OsString> = rest.by_ref().take(1).collect();
    let command = loop {
        let Some(word) = rest.next() else { return read };
        read.push(word.clone());
        match word.to_str().and_then(|word| word.strip_prefix("--")) {
            Some(option) if takes_value(option) => read.extend(rest.next()),
            Some(_) => {}
            None => break whole.find_subcommand(&word),
        }
    };
    let Some(command) = command.filter(|c| ["explain", "request"].contains(&c.get_name())) else {
        read.extend(rest);
        return read;
    };
    let own = command.get_arguments().chain(whole.get_arguments());
    let mut known: Vec<&str> = own.filter_map(Arg::get_long).collect();
    known.push("help");
    while let Some(word) = rest.next() {
        if word == "--" {
            read.push(word);
            break;
        }
        let option = word.to_str().and_then(|word| word.strip_prefix("--"));
        let (name, value) = match option.map(|option| option.split_once('=')) {
            Some(Some((name, value))) => (name, Some(value)),
            Some(None) => (option.unwrap_or_default(), None),
            None => ("", None),
        };
        if known.contains(&name) || ActionKind::parse_form(&name.replace('-', "_")).is_err() {
            read.push(word);
            continue;
        }
        // What stands alone is no parameter, and no option either.
        let value = match value {
            Some(value) => Some(OsString::from(value)),
            None => rest.next_if(|next| !next.to_string_lossy().starts_with("--")),
        };
        let Some(value) = value else {
            read.push(word);
            continue;
        };
        let mut pair = OsString::from(format!("{name}="));
        pair.push(value);
        read.extend([OsString::from("--param"), pair]);
    }
    read.extend(rest);
    read
}

const ATTEST: &str = "What you testify to and no machine can observe, under a key that the catalogue \
                      names: yes for a statement, or the text; once for each";

/// One attestation as it is typed.
fn attestation(typed: &str) -> Result<(String, String), String> {
    let (key, value) = typed.split_once('=').ok_or("KEY=VALUE is wanted, and there is no =")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// What is attested; which of two values under one key was meant is not guessed.
fn attested(matches: &ArgMatches) -> Result<BTreeMap<String, String>, Error> {
    let mut found = BTreeMap::new();
    for (key, value) in matches.get_many::<(String, String)>("attest").into_iter().flatten() {
        if found.insert(key.clone(), value.clone()).is_some() {
            let why = format!("--attest {key} stands there twice\n");
            return Err(Error::raw(ErrorKind::ArgumentConflict, why));
        }
    }
    Ok(found)
}

impl AskArguments {
    /// The same as the query of a question that is not recorded.
    pub(super) fn query(&self) -> Vec<(String, String)> {
        let kind = ("kind".to_owned(), self.kind.clone());
        let params = self.params.iter().map(|(name, value)| (name.clone(), value.clone()));
        let attested = self.attested.iter();
        let attested =
            attested.map(|(key, value)| (format!("{ATTESTED_PREFIX}{key}"), value.clone()));
        let reason = ("reason".to_owned(), self.reason.clone());
        [kind].into_iter().chain(params).chain(attested).chain([reason]).collect()
    }
}

impl Args for AskArguments {
    fn augment_args(command: Command) -> Command {
        let kind = Arg::new("kind").required(true).value_name("KIND").value_parser(Kinds);
        let option = |parameter: &'static Parameter| {
            Arg::new(parameter.spec.name)
                .long(parameter.option.as_str())
                .value_name(parameter.value_name())
                .help(parameter.help())
        };
        let other = Arg::new("param").long("param").value_name("NAME=VALUE").value_parser(named);
        let other = other.action(ArgAction::Append).help(
            "A parameter by its name; of a kernel that this program was built without, too. \
             --NAME VALUE says the same",
        );
        let attest = Arg::new("attest").long("attest").value_name("KEY=VALUE");
        let attest = attest.action(ArgAction::Append);
        let reason = Arg::new("reason").long("reason").required(true).value_name("TEXT");
        command
            .arg(kind.help("Which action"))
            .args(PARAMETERS.iter().map(option))
            .arg(other)
            .arg(attest.help(ATTEST).value_parser(attestation))
            .arg(reason.help("Why, in a line of plain text"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for AskArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        let given = |parameter: &Parameter| {
            let name = parameter.spec.name;
            Some((name.to_owned(), text(name)?))
        };
        let others = matches.get_many::<(String, String)>("param").into_iter().flatten().cloned();
        Ok(Self {
            kind: text("kind").unwrap_or_default(),
            params: others.chain(PARAMETERS.iter().filter_map(given)).collect(),
            attested: attested(matches)?,
            reason: text("reason").unwrap_or_default(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let read: Vec<_> = with_parameters(words).into_iter().map(OsString::into_string).collect();
        read.into_iter().collect::<Result<Vec<_>, _>>().expect("text").join(" ")
    }

    #[test]
    fn a_kind_is_read_with_hyphens_and_each_option_says_for_which_kinds_it_is() {
        let command = Command::new("p");
        let parse = |text: &str| Kinds.parse_ref(&command, None, OsStr::new(text));
        assert_eq!(parse("stop-writes").expect("a kind"), "stop_writes");
        for bad in ["Stop-Writes", "stop writes", "-", ""] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        for action in CATALOGUE.actions() {
            for spec in action.parameters {
                let known = PARAMETERS.iter().find(|known| known.spec.name == spec.name);
                let help = known.expect("an option").help();
                let (_, kinds) = help.rsplit_once("(for ").expect("kinds");
                let mut kinds = kinds.trim_end_matches(')').split(", ");
                assert!(kinds.any(|kind| kind == action.kind.word()), "{help}");
            }
        }
    }

    #[test]
    fn an_option_of_no_kernel_here_is_a_parameter_of_what_is_asked_for() {
        for (typed, wanted) in [
            ("p request promote --to n2 --reason r", "p request promote --to n2 --reason r"),
            (
                "p --url request request drop_slot --node n1 --keep-from a --reason r --json",
                "p --url request request drop_slot --node n1 --param keep-from=a --reason r --json",
            ),
            ("p explain x --lease=a=b", "p explain x --param lease=a=b"),
            // What stands alone stays what it is, and what is behind -- too.
            ("p request x --yes", "p request x --yes"),
            ("p request x -- --lease a", "p request x -- --lease a"),
            // No other command takes a parameter.
            ("p confirm x --slot a", "p confirm x --slot a"),
        ] {
            assert_eq!(read(typed), wanted);
        }
    }
}
