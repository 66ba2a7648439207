//! What the commands about the log take.

use super::export::ExportForm;
use super::host_arguments::DataArguments;
use super::list_arguments::given;
use crate::ledger::note::LogKey;
use crate::model::action::ActionId;
use crate::model::answer::LogHead;
use crate::model::canonical::Hash;
use crate::model::text::Reason;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(super) struct LogArguments {
    /// Only records before this sequence number.
    #[arg(long, value_name = "SEQ")]
    pub(super) before: Option<u64>,
    /// At most this many records, 1 to 200.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u32>,
    /// Only the records of this action.
    #[arg(long, value_name = "ID", value_parser = ActionId::parse)]
    pub(super) action: Option<ActionId>,
    /// Only records of this kind, such as confirmed.
    #[arg(long, value_name = "KIND")]
    pub(super) kind: Option<String>,
    /// Only what this account did.
    #[arg(long, value_name = "NAME")]
    pub(super) actor: Option<String>,
    /// Only records that moved their action to this stage.
    #[arg(long, value_name = "STAGE")]
    pub(super) stage: Option<String>,
    /// Only records of actions of this kind, such as switchover.
    #[arg(long, value_name = "KIND")]
    pub(super) action_kind: Option<String>,
    /// Only records of actions on this node.
    #[arg(long, value_name = "NODE")]
    pub(super) node: Option<String>,
    /// Only records at this time or later, such as 2026-01-31T09:30:00Z.
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// Only records before this time.
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<String>,
    /// Only records in whose text all these words stand.
    #[arg(long, value_name = "WORDS")]
    pub(super) text: Option<String>,
    /// Print the newest records, oldest first, and then each later one, until the control plane is not
    /// heard any more.
    #[arg(long, conflicts_with_all = ["before", "export"])]
    pub(super) follow: bool,
    /// Print every record that matches as a file, whose last line says that it is complete.
    #[arg(long, value_name = "FORM", conflicts_with_all = ["before", "limit"])]
    pub(super) export: Option<ExportForm>,
}

impl LogArguments {
    /// The filter by name, as it was typed: it is judged where the log is read.
    pub(super) fn filter(&self) -> Vec<(&'static str, String)> {
        let action = self.action.map(|action| action.to_string());
        given([
            ("text", &self.text),
            ("actor", &self.actor),
            ("kind", &self.kind),
            ("stage", &self.stage),
            ("action_kind", &self.action_kind),
            ("node", &self.node),
            ("action", &action),
            ("since", &self.since),
            ("until", &self.until),
        ])
    }
}

#[derive(Args, Debug)]
pub(super) struct TimelineArguments {
    /// Only what happened before this key, as an earlier page gave it.
    #[arg(long, value_name = "KEY")]
    pub(super) before: Option<String>,
    /// How many records and events in all.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u32>,
    /// Only this kind of record or event, such as confirmed or started; or several: actions,
    /// refusals, observations, or `kernel_events`.
    #[arg(long, value_name = "KIND")]
    pub(super) kind: Option<String>,
    /// Only records of actions on this node, and events about it.
    #[arg(long, value_name = "NODE")]
    pub(super) node: Option<String>,
    /// Only what this account did; events of the kernel name no account.
    #[arg(long, value_name = "NAME")]
    pub(super) actor: Option<String>,
    /// Only this action, by its id.
    #[arg(long, value_name = "ID", value_parser = ActionId::parse)]
    pub(super) action: Option<ActionId>,
}

impl TimelineArguments {
    /// The filter by name, as it was typed: it is judged where the timeline is made.
    pub(super) fn filter(&self) -> Vec<(&'static str, String)> {
        let action = self.action.map(|action| action.to_string());
        given([
            ("kind", &self.kind),
            ("node", &self.node),
            ("actor", &self.actor),
            ("action", &action),
        ])
    }
}

#[derive(Args, Debug)]
pub(super) struct VerifyArguments {
    /// The log file, the directory of an export, or the URL of a control plane that runs
    /// [default: the file in the data directory].
    pub(super) path: Option<PathBuf>,
    /// A head that was noted down earlier, as SIZE:HASH: a log that was cut short differs from it.
    #[arg(long, value_name = "SIZE:HASH", value_parser = head)]
    pub(super) expect: Option<LogHead>,
    /// The key of the log that was noted down earlier, as NAME+ID+KEY.
    #[arg(long, value_name = "KEY", value_parser = LogKey::parse)]
    pub(super) key: Option<LogKey>,
    #[command(flatten)]
    pub(super) place: DataArguments,
}

#[derive(Args, Debug)]
pub(super) struct RotateArguments {
    /// Why, in a line of plain text.
    #[arg(long, value_name = "TEXT", value_parser = Reason::parse)]
    pub(super) reason: Reason,
    #[command(flatten)]
    pub(super) place: DataArguments,
}

#[derive(Args, Debug)]
pub(super) struct ExportArguments {
    /// A directory that is new or empty.
    pub(super) target: PathBuf,
    #[command(flatten)]
    pub(super) place: DataArguments,
}

/// Parses a head of the log, such as `42:9f86…`.
fn head(text: &str) -> Result<LogHead, String> {
    let required =
        "the size and the hash, as SIZE:HASH, in the form in which verify-log prints them";
    let parsed = text.split_once(':').and_then(|(size, hash)| {
        Some(LogHead { size: size.parse().ok()?, hash: Some(Hash::parse(hash)?) })
    });
    parsed.ok_or_else(|| required.to_owned())
}
