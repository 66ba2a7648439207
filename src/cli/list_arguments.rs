//! What the commands take that list something.

use crate::model::action::ActionId;
use crate::model::event::EventPlace;
use clap::Args;

#[derive(Args, Debug)]
pub(super) struct ActionsArguments {
    /// Only actions asked for before this sequence number.
    #[arg(long, value_name = "SEQ")]
    pub(super) before: Option<u64>,
    /// How many actions.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u32>,
}

#[derive(Args, Debug)]
pub(super) struct EventsArguments {
    /// Only events before this place, such as 2.14.0.
    #[arg(long, value_name = "PLACE", value_parser = place)]
    pub(super) before: Option<EventPlace>,
    /// How many events.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u32>,
}

#[derive(Args, Debug)]
pub(super) struct ReportArguments {
    /// The action.
    #[arg(value_parser = ActionId::parse, required_unless_present = "from", conflicts_with = "from")]
    pub(super) id: Option<ActionId>,
    /// The beginning of a window, such as 2026-01-31T09:30:00Z; included.
    #[arg(long, value_name = "TIME", requires = "to")]
    pub(super) from: Option<String>,
    /// Its end; included.
    #[arg(long, value_name = "TIME", requires = "from")]
    pub(super) to: Option<String>,
    /// Only records after this sequence number.
    #[arg(long, value_name = "SEQ", requires = "from")]
    pub(super) after: Option<u64>,
    /// How many records of a window.
    #[arg(long, value_name = "N", requires = "from")]
    pub(super) limit: Option<u32>,
}

fn place(text: &str) -> Result<EventPlace, String> {
    EventPlace::parse_field("before", text).map_err(|error| error.to_string())
}
