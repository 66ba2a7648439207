//! Room on the disk, which is looked at before an order that writes much.
//!
//! A disk that is full stops the nodes and the log with it. So an order that copies the state is
//! refused, before it is accepted, where the copy would not leave a reserve to the rest.

use super::cluster::Cluster;
use super::orders::refusal;
use crate::files;
use crate::model::action::Action;
use crate::model::receipt::KernelRefusal;
use crate::model::text::NodeId;

/// Bytes that stay free for saves and records, whatever an order writes: some thousand of them.
const RESERVE_BYTES: u64 = 16 * 1024 * 1024;

impl Cluster {
    /// Refuses an order that copies the state where there is no room for the copy. The copy is packed,
    /// so it needs less than the file that it is of.
    pub(super) fn room_for(&self, action: &Action) -> Result<(), KernelRefusal> {
        let number = match action {
            Action::CreateBackup { .. } => self.primary(),
            Action::TakeCheckpoint { node } => self.number(node),
            _ => None,
        };
        let Some(number) = number else { return Ok(()) };
        let refused = |sentence| refusal("no_room", sentence, &[]);
        let store = self.ensemble.node(number).and_then(|node| node.store());
        let used = store.map_or(Ok(0), super::store::NodeStore::bytes_used);
        let node = NodeId::numbered(number);
        let used = used.map_err(|error| {
            refused(format!(
                "It is not known how much {node} holds ({error}). Nothing was written."
            ))
        })?;
        let free = files::free_bytes(&self.home.dir).map_err(|error| {
            refused(format!(
                "It is not known how much room there is ({error}). Nothing was written."
            ))
        })?;
        let needed = used.saturating_add(RESERVE_BYTES);
        if free >= needed {
            return Ok(());
        }
        Err(refused(format!(
            "{free} bytes are free below {}, and {needed} are needed: {used} for a copy of what \
             {node} holds at most, and {RESERVE_BYTES} stay free for writes and records. Nothing \
             was written.",
            self.home.dir.display()
        )))
    }
}
