//! A kernel that was read and does not run: for whoever compares it with the log before anything in it
//! changes, and for verification, which changes nothing (C9.5).

use crate::kernel::Unobservable;
use crate::kernel::embedded::cluster::Cluster;
use crate::kernel::embedded::{EmbeddedConfig, OpenError, ServiceHistory, bootstrap, opening};
use crate::kernel::memory::MemoryPage;
use crate::model::action::ActionId;
use crate::model::ambient::{Clock, Entropy, Room};
use crate::model::pinned::ClusterIdentity;
use std::path::Path;
use std::sync::Arc;

/// The files of a kernel, read whole as a start reads them, and locked as a start locks them. When it is
/// dropped they are left as they were found, but for an empty write-ahead log where there was none.
pub struct StoppedKernel {
    pub(in crate::kernel::embedded) cluster: Cluster,
    /// Whether the founding is over.
    pub(in crate::kernel::embedded) is_appointed: bool,
}

impl StoppedKernel {
    /// Reads the kernel in a directory. A node that cannot be read is unknown.
    ///
    /// # Errors
    /// When it cannot be started from these files, or another process holds them.
    pub fn open(dir: &Path, room: &Arc<dyn Room>, clock: &dyn Clock) -> Result<Self, OpenError> {
        opening::read(dir, room, clock)
    }

    /// Reads the kernel that was asked for, as far as the log knows it.
    ///
    /// # Errors
    /// As [`StoppedKernel::open`]; when it is another cluster, or the log knows of more.
    pub fn open_asked(
        config: &EmbeddedConfig,
        served: ServiceHistory,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Self, OpenError> {
        opening::read_asked(config, served, clock, entropy)
    }

    pub(in crate::kernel::embedded) fn of(cluster: Cluster) -> Result<Self, OpenError> {
        let is_appointed = cluster.metadata.is_appointed();
        let is_appointed =
            is_appointed.map_err(|error| OpenError::metadata(&cluster.home.dir, error))?;
        Ok(Self { cluster, is_appointed })
    }

    /// Which cluster it is.
    #[must_use]
    pub fn identity(&self) -> &ClusterIdentity {
        &self.cluster.identity
    }

    /// The cluster in words, as it describes itself when it runs.
    #[must_use]
    pub fn described(&self) -> String {
        bootstrap::described(&self.cluster.identity, self.cluster.founders)
    }

    /// One page of what it holds, as the kernel itself would give it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn memory(&self, after: Option<ActionId>, limit: u32) -> Result<MemoryPage, Unobservable> {
        self.cluster.memory(after, limit)
    }
}
