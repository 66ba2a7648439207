//! What the commands take that list something.

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
