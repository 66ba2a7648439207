//! What the commands take that list something.

use super::export::ExportForm;
use crate::model::action::ActionId;
use crate::model::event::EventPlace;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(super) struct ActionsArguments {
    /// Only actions asked for before this sequence number.
    #[arg(long, value_name = "SEQ")]
    pub(super) before: Option<u64>,
    /// At most this many actions, 1 to 200.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u32>,
    /// Only actions that this account asked for.
    #[arg(long, value_name = "NAME")]
    pub(super) actor: Option<String>,
    /// Only actions of this kind, such as switchover.
    #[arg(long, value_name = "KIND")]
    pub(super) action_kind: Option<String>,
    /// Only actions on this node.
    #[arg(long, value_name = "NODE")]
    pub(super) node: Option<String>,
    /// Only actions asked for at this time or later, such as 2026-01-31T09:30:00Z.
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// Only actions asked for before this time.
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<String>,
    /// Only actions in whose request all these words stand.
    #[arg(long, value_name = "WORDS")]
    pub(super) text: Option<String>,
    /// Print every action that matches as a file, whose last line says that it is complete.
    #[arg(long, value_name = "FORM", conflicts_with_all = ["before", "limit"])]
    pub(super) export: Option<ExportForm>,
}

impl ActionsArguments {
    /// The filter by name, as it was typed: it is judged where the actions are read.
    pub(super) fn filter(&self) -> Vec<(&'static str, String)> {
        given([
            ("text", &self.text),
            ("actor", &self.actor),
            ("action_kind", &self.action_kind),
            ("node", &self.node),
            ("since", &self.since),
            ("until", &self.until),
        ])
    }
}

/// The conditions that were given, each by its name in an address.
pub(super) fn given<const N: usize>(
    conditions: [(&'static str, &Option<String>); N],
) -> Vec<(&'static str, String)> {
    let named = |(name, value): (_, &Option<String>)| value.clone().map(|value| (name, value));
    conditions.into_iter().filter_map(named).collect()
}

#[derive(Args, Debug)]
pub(super) struct EventsArguments {
    /// Only events before this place, such as 2.14.0.
    #[arg(long, value_name = "PLACE", value_parser = place)]
    pub(super) before: Option<EventPlace>,
    /// At most this many events, 1 to 200.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u32>,
}

#[derive(Args, Debug)]
pub(super) struct ReportArguments {
    /// The action to report on.
    #[arg(value_parser = ActionId::parse, required_unless_present = "from", conflicts_with = "from")]
    pub(super) id: Option<ActionId>,
    /// The beginning of a window, such as 2026-01-31T09:30:00Z; included.
    #[arg(long, value_name = "TIME", requires = "to")]
    pub(super) from: Option<String>,
    /// The end of the window; inclusive.
    #[arg(long, value_name = "TIME", requires = "from")]
    pub(super) to: Option<String>,
    /// Only records after this sequence number.
    #[arg(long, value_name = "SEQ", requires = "from")]
    pub(super) after: Option<u64>,
    /// How many records of a window.
    #[arg(long, value_name = "N", requires = "from")]
    pub(super) limit: Option<u32>,
    /// Read this data directory, or a copy of one, and no control plane: everything comes from the
    /// audit log alone.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["after", "limit"])]
    pub(super) data: Option<PathBuf>,
}

fn place(text: &str) -> Result<EventPlace, String> {
    EventPlace::parse_field("before", text).map_err(|error| error.to_string())
}
