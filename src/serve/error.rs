//! Why the server did not start, or ended.

use super::config::ConfigError;
use super::tls::TlsError;
use crate::cross_check::CrossCheckError;
use crate::identity::SettingError;
use crate::kernel::Unobservable;
use crate::kernel::embedded;
use crate::kernel::postgres::PostgresOpenError;
use crate::kernel::postgres::connection::DialerError;
use crate::kernel::postgres::founding::PostgresFoundingError;
use crate::ledger::{KeyError, LedgerError};
use crate::model::refusal::Refusal;
use crate::store::{DATABASE_FILE, StoreError};
use crate::web;
use crate::workflow::log_key::RotateError;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The settings.
    #[error("the settings cannot be used: {0}")]
    Config(#[from] ConfigError),
    /// A value on the command line.
    #[error("{0}")]
    Input(#[from] crate::model::text::InputError),
    /// An address that other machines could reach, for what asks nobody who they are.
    #[error(
        "{what} would listen on {address}, which other machines can reach, and it asks nobody who they are: only 127.0.0.1 and [::1] are served"
    )]
    NotLoopback {
        /// Which listener.
        what: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// An address that other machines could reach, without a certificate.
    #[error(
        "{what} would listen on {address}, which other machines can reach, and the connection is not encrypted: name a certificate with --tls-cert and --tls-key, or say --plain-http-beyond-loopback where something in front of it encrypts"
    )]
    NotEncrypted {
        /// Which listener.
        what: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// Every address of the machine, under no name.
    #[error(
        "{what} would listen on {address}, which is every address of this machine, and answers under no name that others can use: say which with --name"
    )]
    NoName {
        /// Which listener.
        what: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// Who may say who somebody is.
    #[error("nobody could be signed in as the settings say: {0}")]
    Vouching(#[from] SettingError),
    /// A proxy would prove itself where others can read it.
    #[error(
        "a proxy may say who somebody is (proxy-addresses), and the console would listen on {address}, where what the proxy proves itself with is not encrypted on its way: name a certificate with tls-cert and tls-key, or let the console listen on 127.0.0.1 beside the proxy"
    )]
    ProxyInTheOpen {
        /// The address.
        address: SocketAddr,
    },
    /// The certificate or its key.
    #[error("{}: {source}", path.display())]
    Tls {
        /// The file at fault.
        path: PathBuf,
        /// Why.
        source: TlsError,
    },
    /// The file of the control plane.
    #[error("the ledger cannot be opened: {0}")]
    Store(#[from] StoreError),
    /// The records.
    #[error("the ledger ({DATABASE_FILE}) cannot be used: {0}")]
    Ledger(#[from] LedgerError),
    /// The key that signs the heads of the log.
    #[error("the log cannot be signed: {0}")]
    Key(#[from] KeyError),
    /// Another key for the log.
    #[error("the key of the log was not changed: {0}")]
    Rotate(#[from] RotateError),
    /// The kernel.
    #[error("the kernel cannot be opened: {0}")]
    Kernel(#[from] embedded::OpenError),
    /// The kernel of PostgreSQL servers.
    #[error("the kernel cannot be opened: {0}")]
    Postgres(#[from] PostgresOpenError),
    /// Nothing was founded over PostgreSQL servers.
    #[error(transparent)]
    PostgresFounding(#[from] PostgresFoundingError),
    /// PostgreSQL servers cannot be asked with these settings.
    #[error(transparent)]
    Dialer(#[from] DialerError),
    /// The folder is of another kernel than the settings name.
    #[error(
        "the settings name the kernel {named}, and {} is of the kernel {found}: they do not belong together", dir.display()
    )]
    OtherKernel {
        /// The kernel of the settings.
        named: &'static str,
        /// The kernel whose files were found.
        found: &'static str,
        /// The folder of the kernel.
        dir: PathBuf,
    },
    /// Log and kernel cannot be held against each other.
    #[error("log and kernel cannot be compared: {0}")]
    CrossCheck(#[from] CrossCheckError),
    /// The kernel did not answer its first question.
    #[error(transparent)]
    Unobservable(#[from] Unobservable),
    /// The ledger is there and the cluster is not. What the ledger holds about open actions could
    /// never be resolved truthfully against another one (C7.3).
    #[error(
        "the ledger ({DATABASE_FILE}) belongs to the cluster {cluster}, and {} is not there: put it back, or name another data directory; no other cluster is founded in its place", dir.display()
    )]
    KernelLost {
        /// The cluster of the ledger.
        cluster: String,
        /// Where it was.
        dir: PathBuf,
    },
    /// There is nothing to serve.
    #[error(
        "{} holds no cluster, and a start founds none: `aerodb-control init --data {}` does", dir.display(), dir.display()
    )]
    NotFounded {
        /// The data directory.
        dir: PathBuf,
    },
    /// A founding was interrupted.
    #[error(
        "the founding in {} did not come to its end, and nothing was served: `aerodb-control init --data {}` ends it", dir.display(), dir.display()
    )]
    FoundingUnfinished {
        /// The data directory.
        dir: PathBuf,
    },
    /// There is something where a cluster should be founded.
    #[error(
        "{} holds {found}: a cluster is founded in a place that holds nothing, and nothing was founded", dir.display()
    )]
    Founded {
        /// The data directory.
        dir: PathBuf,
        /// The first thing that it holds.
        found: String,
    },
    /// The directory holds something, and no log.
    #[error(
        "{} holds {found} and no log ({DATABASE_FILE}): put the log back, or name another directory; nothing is founded beside what is there", dir.display()
    )]
    LogLost {
        /// The data directory.
        dir: PathBuf,
        /// The first thing that it holds.
        found: String,
    },
    /// The ledger and the kernel are not of one cluster.
    #[error(
        "the ledger ({DATABASE_FILE}) belongs to the cluster {served}, and the folder kernel holds {found}: they do not belong together"
    )]
    OtherCluster {
        /// The cluster of the ledger.
        served: String,
        /// The cluster of the kernel.
        found: String,
    },
    /// An account or a link.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The files of the site.
    #[error(transparent)]
    Site(#[from] web::render::SiteError),
    /// A listener.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}
