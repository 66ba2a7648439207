//! The one match that makes a kernel of what the settings name: read, compared with the log, then started
//! or held.

use super::config::{Config, KernelSettings};
use super::{ServeError, SystemDeps, founding};
use crate::cross_check::{self, Depth};
use crate::kernel::embedded::{self, EmbeddedKernel, ServiceHistory, StoppedKernel};
use crate::kernel::memory::MEMORY_ROWS_MAX;
use crate::kernel::postgres::journal::Journal;
use crate::kernel::postgres::{self, PostgresKernel};
use crate::kernel::{CommandKernel, KernelFuture, ObserveKernel as _};
use crate::ledger::LedgerReader;
use crate::model::ambient::Clock;
use crate::model::facts::Since;
use crate::model::finding::Mismatch;
use crate::model::pinned::ClusterIdentity;
use crate::store::StoreReader;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A kernel that was read. Nothing in its files, nor in what it is a kernel of, was changed.
pub(super) enum StoppedCore {
    Embedded(Box<StoppedKernel>),
    Postgres(Box<PostgresKernel>),
}

/// A kernel that is served.
pub(super) struct StartedCore {
    pub(super) kernel: Arc<dyn CommandKernel>,
    /// The same, where it is the embedded one: it serves data, and drills cut its network.
    pub(super) embedded: Option<Arc<EmbeddedKernel>>,
}

impl StoppedCore {
    /// Reads the kernel that the settings name, as far as the log knows it.
    pub(super) fn open(
        config: &Config,
        served: ServiceHistory,
        ambient: &SystemDeps,
    ) -> Result<Self, ServeError> {
        let dir = config.data.join("kernel");
        let is_of_postgres = Journal::path(&dir).exists();
        let other = |named, found| ServeError::OtherKernel { named, found, dir: dir.clone() };
        match &config.kernel {
            KernelSettings::Embedded { .. } if is_of_postgres => {
                Err(other("embedded", postgres::spec::SPEC.kind))
            }
            KernelSettings::Embedded { nodes, .. } => {
                let asked = founding::embedded_of(config, *nodes, &ambient.room);
                let (clock, entropy) = (&*ambient.clock, &*ambient.entropy);
                let kernel = StoppedKernel::open_asked(&asked, served, clock, entropy)?;
                Ok(Self::Embedded(Box::new(kernel)))
            }
            KernelSettings::Postgres(_) if !is_of_postgres && dir.exists() => {
                Err(other(postgres::spec::SPEC.kind, embedded::spec::SPEC.kind))
            }
            KernelSettings::Postgres(settings) => {
                let asked = founding::postgres_of(config, settings);
                let (clock, room) = (Arc::clone(&ambient.clock), Arc::clone(&ambient.room));
                Ok(Self::Postgres(Box::new(PostgresKernel::read(asked, clock, room)?)))
            }
        }
    }

    /// Which cluster it is.
    pub(super) fn identity(&self) -> &ClusterIdentity {
        match self {
            Self::Embedded(kernel) => kernel.identity(),
            Self::Postgres(kernel) => kernel.identity(),
        }
    }

    /// The cluster in words, as it describes itself when it runs.
    pub(super) fn described(&self) -> String {
        match self {
            Self::Embedded(kernel) => kernel.described(),
            Self::Postgres(kernel) => kernel.describe().cluster,
        }
    }

    /// Compares a log that is open here with it.
    pub(super) async fn compare(
        self,
        log: &LedgerReader,
        tables: &StoreReader,
        depth: Depth,
    ) -> Result<(Self, Mismatch), ServeError> {
        match self {
            Self::Embedded(kernel) => {
                let kernel = Mutex::new(kernel);
                let ask = |after| -> KernelFuture<'_, _> {
                    // A panic elsewhere leaves nothing half read.
                    let kernel = kernel.lock().unwrap_or_else(PoisonError::into_inner);
                    Box::pin(std::future::ready(kernel.memory(after, MEMORY_ROWS_MAX)))
                };
                let asked = Some((&embedded::spec::SPEC, &ask as &cross_check::Ask<'_>));
                let mismatch = cross_check::compare(asked, log, tables, depth).await?;
                let kernel = kernel.into_inner().unwrap_or_else(PoisonError::into_inner);
                Ok((Self::Embedded(kernel), mismatch))
            }
            Self::Postgres(kernel) => {
                let ask = |after| kernel.memory(after, MEMORY_ROWS_MAX);
                let asked = Some((kernel.spec(), &ask as &cross_check::Ask<'_>));
                let mismatch = cross_check::compare(asked, log, tables, depth).await?;
                Ok((Self::Postgres(kernel), mismatch))
            }
        }
    }

    /// Starts it: from here on its files change. Where `held` says why, it is read on and nothing changes
    /// before somebody has accepted what was found (C9.5).
    pub(super) fn start_or_hold(
        self,
        held: Option<Since>,
        clock: &Arc<dyn Clock>,
    ) -> Result<StartedCore, ServeError> {
        match (self, held) {
            (Self::Embedded(kernel), held) => {
                let clock = Arc::clone(clock);
                let kernel = match held {
                    None => EmbeddedKernel::start(*kernel, clock)?,
                    Some(held) => EmbeddedKernel::hold(*kernel, held, clock)?,
                };
                let kernel = Arc::new(kernel);
                Ok(StartedCore { kernel: kernel.clone(), embedded: Some(kernel) })
            }
            (Self::Postgres(kernel), held) => {
                let kernel = match held {
                    None => kernel.start()?,
                    Some(held) => kernel.hold(held),
                };
                Ok(StartedCore { kernel: Arc::new(kernel), embedded: None })
            }
        }
    }
}

/// What keeps the kernel's side of a data directory from being read without its settings: its servers
/// remember a part of it.
pub(super) fn why_not_offline(kernel_dir: &Path) -> Option<String> {
    Journal::path(kernel_dir).exists().then(|| {
        "it is of PostgreSQL servers, which a start compares with the log, and `accept` does"
            .to_owned()
    })
}
