//! Founding is an act of its own: a cluster and its log are made by `init`, or by `kernel restore` from a
//! backup, in a place that holds nothing. A start founds nothing, whatever is missing (C6.3).

use super::host_user::host_user;
use super::{ServeError, SystemDeps, config, log_name, offline, runs};
use crate::crash;
use crate::files::{self, private, sync_directory};
use crate::kernel::embedded::{self, EmbeddedKernel, NodeCount};
use crate::kernel::postgres;
use crate::kernel::postgres::config::PostgresConfig;
use crate::kernel::postgres::founding::SystemAnswers;
use crate::ledger::{Draft, Ledger, open_key};
use crate::model::ambient::Room;
use crate::model::pinned::ClusterIdentity;
use crate::model::record::{Entry, HostUser};
use crate::model::text::Reason;
use crate::store::{Store, StoreError};
use config::{Config, KernelSettings, SettingOverride};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The mark of a founding that is not over.
const MARK: &str = "founding";
/// What a file system or an earlier version puts into a directory that holds nothing.
const NOTHING: [&str; 2] = ["lost+found", "control.lock"];

/// What `init` is told.
#[derive(Clone, Debug, Default)]
pub struct InitOptions {
    /// The settings file.
    pub config: Option<PathBuf>,
    /// What is said instead of the file and of the environment.
    pub overrides: Vec<SettingOverride>,
    /// Why; the record keeps it.
    pub reason: Option<Reason>,
}

/// What was founded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founded {
    /// Where it is.
    pub dir: PathBuf,
    /// The cluster in words.
    pub cluster: String,
    /// How many nodes it has.
    pub nodes: u64,
    /// The key that signs the log.
    pub log_key: String,
    /// What the servers said that hold it, in a line for each; `None` where it was made in this process.
    pub servers: Option<Vec<String>>,
}

/// Founds a cluster and its log, as a command on this host. Over servers that exist it founds the log and
/// the kernel's own journal, and nothing in them.
///
/// # Errors
/// When no server says which cluster it is, or two say two; when the place holds something, the settings
/// cannot be used, or the disk refuses.
pub async fn init(options: InitOptions) -> Result<Founded, ServeError> {
    let config =
        config::load(config::find(options.config.as_deref()).as_deref(), &options.overrides)?;
    // A start would refuse it; nothing is made in it before.
    offline::private(&config.data)?;
    found(&config, &SystemDeps::of_this_machine(), host_user(options.reason)).await
}

/// Founds a cluster and its log. What an earlier call left that was stopped on the way is completed or
/// replaced, and nothing else.
///
/// # Errors
/// As [`init`].
pub async fn found(
    config: &Config,
    ambient: &SystemDeps,
    by: HostUser,
) -> Result<Founded, ServeError> {
    let dir = &config.data;
    // First: where servers do not say which cluster they are, nothing is made.
    let new = NewCluster::of(config, &ambient.room).await?;
    let mark = begin(dir)?;
    let store = match Store::found(dir) {
        // Stopped between its record and the end: what is left to do is to say so.
        Err(StoreError::Founded { .. }) => Store::open(dir)?,
        founded => founded?,
    };
    crash::failpoint("founding.log_made");
    let ledger = Ledger::open(&store, Arc::clone(&ambient.clock))?;
    let founded = match runs::newest(&ledger, &["founded"])? {
        Some(record) => record.entry,
        None => record_founding(config, ambient, ledger, by, &new).await?,
    };
    crash::failpoint("founding.recorded");
    fs::remove_file(&mark).map_err(|source| io_error("remove", &mark, source))?;
    sync_directory(dir).map_err(StoreError::from)?;
    match founded {
        Entry::Founded { cluster, nodes, log_key, .. } => {
            let servers = new.servers();
            Ok(Founded { dir: dir.clone(), cluster, nodes, log_key, servers })
        }
        _ => Err(ServeError::Founded { dir: dir.clone(), found: "a log".to_owned() }),
    }
}

/// Marks a place that holds nothing; the mark says whose the rest is, if this is stopped on the way.
fn begin(dir: &Path) -> Result<PathBuf, ServeError> {
    private::create_directories(dir).map_err(StoreError::from)?;
    let mark = dir.join(MARK);
    if !mark.exists() {
        if let Some(found) = first_entry(dir)? {
            return Err(ServeError::Founded { dir: dir.to_owned(), found });
        }
        drop(private::create_file(&mark).map_err(StoreError::from)?);
        sync_directory(dir).map_err(StoreError::from)?;
    }
    Ok(mark)
}

async fn record_founding(
    config: &Config,
    ambient: &SystemDeps,
    ledger: Ledger,
    by: HostUser,
    new: &NewCluster,
) -> Result<Entry, ServeError> {
    let (identity, cluster, nodes) = new.create_files(ambient)?;
    let name = log_name(&identity);
    crash::failpoint("founding.laid_out");
    let signer = open_key(&config.data, &name, None, &*ambient.entropy)?;
    crash::failpoint("founding.key_made");
    let entry = Entry::Founded {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster,
        nodes,
        log_key: signer.public().to_string(),
    };
    let draft = Draft::new(None, None, entry.clone());
    ledger.signing(signer).on_host(by).append(vec![draft]).await?;
    Ok(entry)
}

/// What is to be founded: a cluster of this process, or what this control plane keeps of one that exists.
enum NewCluster {
    Embedded(Box<embedded::EmbeddedConfig>),
    Postgres(Box<PostgresConfig>, SystemAnswers),
}

impl NewCluster {
    async fn of(config: &Config, room: &Arc<dyn Room>) -> Result<Self, ServeError> {
        Ok(match &config.kernel {
            KernelSettings::Embedded { nodes, .. } => {
                Self::Embedded(Box::new(embedded_of(config, *nodes, room)))
            }
            KernelSettings::Postgres(settings) => {
                let asked = postgres_of(config, settings);
                let servers = postgres::founding::ask(&asked).await?;
                Self::Postgres(Box::new(asked), servers)
            }
        })
    }

    /// What the servers said that hold it, where it was not made in this process.
    fn servers(&self) -> Option<Vec<String>> {
        match self {
            Self::Embedded(_) => None,
            Self::Postgres(_, servers) => Some(servers.lines()),
        }
    }

    /// Makes the files of the kernel: which cluster it is, in words too, and how many nodes it has.
    fn create_files(
        &self,
        ambient: &SystemDeps,
    ) -> Result<(ClusterIdentity, String, u64), ServeError> {
        let (clock, entropy) = (&*ambient.clock, &*ambient.entropy);
        Ok(match self {
            Self::Embedded(asked) => {
                let made = EmbeddedKernel::create_files(asked, clock, entropy)?;
                (made.identity, made.cluster, made.nodes)
            }
            Self::Postgres(asked, servers) => {
                let made = postgres::founding::create_files(asked, servers, clock, entropy)?;
                (made.identity, made.cluster, made.nodes)
            }
        })
    }
}

/// Whether a founding in this place was begun and is not over.
pub(super) fn is_unfinished(dir: &Path) -> bool {
    dir.join(MARK).exists()
}

/// The embedded kernel that settings name.
pub(super) fn embedded_of(
    config: &Config,
    nodes: NodeCount,
    room: &Arc<dyn Room>,
) -> embedded::EmbeddedConfig {
    embedded::EmbeddedConfig {
        dir: config.data.join("kernel"),
        nodes,
        cluster: config.cluster.clone(),
        environment: config.environment.clone(),
        room: Arc::clone(room),
    }
}

/// The PostgreSQL kernel that settings name, with what the command line said instead of them.
pub(super) fn postgres_of(config: &Config, settings: &PostgresConfig) -> PostgresConfig {
    PostgresConfig {
        dir: config.data.join("kernel"),
        cluster: config.cluster.clone(),
        environment: config.environment.clone(),
        ..settings.clone()
    }
}

/// The first thing that a data directory holds.
pub(super) fn first_entry(dir: &Path) -> Result<Option<String>, ServeError> {
    Ok(files::first_entry(dir, &NOTHING).map_err(StoreError::from)?)
}

fn io_error(what: &str, path: &Path, source: io::Error) -> ServeError {
    ServeError::Io { what: format!("cannot {what} {}", path.display()), source }
}
