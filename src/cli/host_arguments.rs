//! What the commands on this machine are told: the server, its founding, what is done beside it, and where
//! the data is.

use crate::kernel::postgres::prepare::LoginRole;
use crate::model::text::Reason;
use clap::{Args, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What is said of a server instead of its settings file. An option wins over a variable of the environment,
/// and that over the file.
#[derive(Args, Debug)]
pub(super) struct SettingsArguments {
    /// The settings [default: Leptos.toml here or in a folder above, else what is built in].
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Where the cluster, the log and the accounts are kept.
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Where the console and its API listen.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
    /// Where observers alone are served: everything is read there and nothing else exists.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) observer_listen: Option<SocketAddr>,
    /// Where the data API of the embedded kernel listens.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) data_listen: Option<SocketAddr>,
    /// The certificate that encrypts the console, and those between it and an authority, as PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// The private key of the certificate, as PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// A name that the console answers under besides those of this machine; several may be said.
    #[arg(long = "name", value_name = "NAME")]
    pub(super) names: Vec<String>,
    /// Let the console listen where other machines reach it without a certificate, because something
    /// in front of it encrypts.
    #[arg(long)]
    pub(super) plain_http_beyond_loopback: bool,
    /// For how many minutes a proof of identity is recent; 0 asks for the password with each.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(0..=720))]
    pub(super) reauth_minutes: Option<u32>,
    /// How many nodes the cluster has; another number is refused.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=101))]
    pub(super) nodes: Option<u64>,
    /// The name of the environment, such as production.
    #[arg(long, value_name = "NAME")]
    pub(super) environment: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct ServeArguments {
    #[command(flatten)]
    pub(super) settings: SettingsArguments,
    /// In which form every record is told on standard error while it runs.
    #[arg(long, value_enum, default_value_t = LogLines::Text)]
    pub(super) log: LogLines,
}

/// The form of the lines that a server writes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogLines {
    /// None.
    Off,
    /// Lines for people.
    Text,
    /// One JSON object to a line.
    Json,
}

/// What is asked about the settings of a server, while none starts.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print every setting as `serve` with these options would have it, and where its value came from: an
    /// option, a variable of the environment, the file, or none of them.
    Show(Box<SettingsArguments>),
    /// Say all that is wrong with a settings file, under the variables of this environment. The files that
    /// it names are read; nothing is started, and no server is asked.
    Check {
        /// The settings file.
        file: PathBuf,
    },
}

/// Where a command that works without a server finds its data.
#[derive(Args, Debug)]
pub(super) struct DataArguments {
    /// The settings [default: Leptos.toml here or in a folder above, else what is built in].
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The data directory [default: as the settings say].
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
}

/// What `init` is told. The settings say what is not named here.
#[derive(Args, Debug)]
pub(super) struct InitArguments {
    #[command(flatten)]
    pub(super) place: DataArguments,
    /// How many nodes the cluster gets, 1 to 101 [default: as the settings say].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=101))]
    pub(super) nodes: Option<u64>,
    /// The name of the environment, such as production [default: as the settings say].
    #[arg(long, value_name = "NAME")]
    pub(super) environment: Option<String>,
    /// Why; the record keeps it.
    #[arg(long, value_name = "TEXT", value_parser = Reason::parse)]
    pub(super) reason: Option<Reason>,
}

/// What `accept` is told.
#[derive(Args, Debug)]
pub(super) struct AcceptArguments {
    #[command(flatten)]
    pub(super) place: DataArguments,
    /// Why it is accepted, in one line.
    #[arg(long, value_name = "TEXT", value_parser = Reason::parse)]
    pub(super) reason: Reason,
    /// The name of the cluster; asked for on the terminal, or read as one line of standard input,
    /// after what was found is shown.
    #[arg(long = "confirm-target", value_name = "CLUSTER")]
    pub(super) typed: Option<String>,
}

/// What is done to a kernel without a server.
#[derive(Debug, Subcommand)]
pub(super) enum KernelCommand {
    /// Make a new cluster from a backup of the embedded kernel, in a data directory that is empty.
    Restore(RestoreArguments),
    /// The roles and rights that this program needs on PostgreSQL servers.
    #[command(subcommand)]
    Postgres(PostgresCommand),
}

/// What is done about PostgreSQL servers without a control plane.
#[derive(Debug, Subcommand)]
pub(super) enum PostgresCommand {
    /// Print the SQL that an administrator runs once on the primary, with psql. It runs nothing.
    Prepare(PrepareArguments),
    /// Say which rights the two roles lack on each node, and which they have too much. It reads only.
    Verify(RightsArguments),
}

#[derive(Args, Debug)]
pub(super) struct PrepareArguments {
    /// The major version of the servers, 15 to 18 [default: a script that looks for itself].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(15..=18))]
    pub(super) version: Option<u32>,
    /// The roles of applications whose login operators may stop, with commas between them.
    #[arg(long, value_name = "ROLES", value_delimiter = ',', value_parser = LoginRole::parse)]
    pub(super) logins: Vec<LoginRole>,
    /// Whether a database of this control plane is made. `refused` leaves out what needs one.
    #[arg(long, value_enum, default_value_t = OwnSchemaArgument::Present)]
    pub(super) own_schema: OwnSchemaArgument,
}

/// As the setting own-schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum OwnSchemaArgument {
    /// It is made.
    Present,
    /// Nobody wants one.
    Refused,
}

#[derive(Args, Debug)]
pub(super) struct RightsArguments {
    /// The settings [default: Leptos.toml here or in a folder above, else what is built in].
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct RestoreArguments {
    /// The directory of the backup.
    #[arg(value_name = "BACKUP")]
    pub(super) backup: PathBuf,
    /// The data directory of the new cluster.
    #[arg(long, value_name = "DIR")]
    pub(super) into: PathBuf,
    /// How many nodes it gets; as many as the cluster was founded with when it is absent.
    #[arg(long, value_name = "N")]
    pub(super) nodes: Option<u64>,
    /// Why; the record keeps it.
    #[arg(long, value_name = "TEXT", value_parser = Reason::parse)]
    pub(super) reason: Option<Reason>,
}
