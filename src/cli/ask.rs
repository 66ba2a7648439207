//! What the commands take that ask for an action: the kinds and the parameters of every kernel that is
//! compiled in. The server judges them: the same words get the same answer in the browser, the API and
//! here (C5.1).

use super::CATALOGUE;
use crate::model::spec::{ParameterKind, ParameterSpec};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// An action, its parameters and its reason.
#[derive(Debug)]
pub(super) struct AskArguments {
    /// Which action.
    pub(super) kind: String,
    /// The parameters by name, as they were typed.
    pub(super) params: BTreeMap<String, String>,
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
            ParameterKind::Name => "NAME",
        }
    }
}

/// The words of all actions.
pub(super) fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(CATALOGUE.actions().map(|action| action.kind.word()))
}

impl Args for AskArguments {
    fn augment_args(command: Command) -> Command {
        let kind = Arg::new("kind").required(true).value_name("KIND").value_parser(kinds());
        let option = |parameter: &'static Parameter| {
            Arg::new(parameter.spec.name)
                .long(parameter.option.as_str())
                .value_name(parameter.value_name())
                .help(parameter.spec.meaning.trim_end_matches('.'))
        };
        let reason = Arg::new("reason").long("reason").required(true).value_name("TEXT");
        command
            .arg(kind.help("Which action"))
            .args(PARAMETERS.iter().map(option))
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
        Ok(Self {
            kind: text("kind").unwrap_or_default(),
            params: PARAMETERS.iter().filter_map(given).collect(),
            reason: text("reason").unwrap_or_default(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
