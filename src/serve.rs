//! The composition root: reads the settings, opens the parts in order, and serves them.
//!
//! The only room that names a concrete kernel. The order matters: the store is locked before the
//! kernel is opened, so a second control plane on the same data stops before it touches anything,
//! and the boot record is durable before the first request is taken.

pub mod ambient;
pub mod config;

use crate::authority::PasswordCost;
use crate::kernel::embedded::{self, EmbeddedKernel};
use crate::kernel::{ObserveKernel, Unobservable};
use crate::ledger::note::LogKey;
use crate::ledger::{Draft, KeyError, Ledger, LedgerError, open_key};
use crate::model::ambient::{Clock, Entropy};
use crate::model::pinned::ClusterIdentity;
use crate::model::record::Entry;
use crate::model::refusal::Refusal;
use crate::observe::ReadSide;
use crate::observe::in_flight::InFlight;
use crate::store::{Store, StoreError};
use crate::web::{self, Site};
use crate::workflow::Workflow;
use crate::workflow::access::Access;
use axum::Router;
use config::{Config, ConfigError};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What the command line may say instead of the settings file.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// The settings file.
    pub config: Option<PathBuf>,
    /// Where everything that lasts is kept.
    pub data: Option<PathBuf>,
    /// Where the console listens.
    pub listen: Option<SocketAddr>,
    /// Where the embedded kernel serves data.
    pub data_listen: Option<SocketAddr>,
    /// How many nodes a new cluster is founded with.
    pub nodes: Option<u64>,
    /// The name of the environment.
    pub environment: Option<String>,
}

/// Why the server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The settings.
    #[error("the settings cannot be used: {0}")]
    Config(#[from] ConfigError),
    /// A value on the command line.
    #[error("{0}")]
    Input(#[from] crate::model::text::InputError),
    /// An address that other machines could reach.
    #[error(
        "{what} would listen on {address}, which other machines can reach, and the connection is not encrypted: only 127.0.0.1 and [::1] are served"
    )]
    NotLoopback {
        /// Which listener.
        what: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// The file of the control plane.
    #[error("the ledger cannot be opened: {0}")]
    Store(#[from] StoreError),
    /// The records.
    #[error("the ledger cannot be used: {0}")]
    Ledger(#[from] LedgerError),
    /// The key that signs the heads of the log.
    #[error("the log cannot be signed: {0}")]
    Key(#[from] KeyError),
    /// The kernel.
    #[error("the kernel cannot be opened: {0}")]
    Kernel(#[from] embedded::OpenError),
    /// The kernel did not answer its first question.
    #[error(transparent)]
    Unobservable(#[from] Unobservable),
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

/// Time, randomness and the price of a password, as the server and the tests choose them.
#[derive(Clone)]
pub struct Ambient {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of ids and secrets.
    pub entropy: Arc<dyn Entropy>,
    /// How much work it is to check a password.
    pub password_cost: PasswordCost,
}

impl Ambient {
    /// The real ones.
    fn of_this_machine() -> Self {
        Self {
            clock: Arc::new(ambient::SystemClock),
            entropy: Arc::new(ambient::SystemEntropy),
            password_cost: PasswordCost::PRODUCTION,
        }
    }
}

/// A control plane, put together and not yet listening.
pub struct House {
    /// The console and the API.
    pub console: Router,
    /// The data API of the embedded kernel.
    pub data: Router,
    /// The kernel, for drills that cut its network.
    pub kernel: Arc<EmbeddedKernel>,
    /// The path of the one-time set-up link, while no operator exists.
    pub setup_path: Option<String>,
    /// Accounts, sessions and tokens.
    pub access: Arc<Access>,
    workflow: Arc<Workflow>,
    stop: watch::Sender<()>,
}

impl House {
    /// Ends the streams of events, so that the listeners can close.
    pub fn stop_streams(&self) {
        self.stop.send_replace(());
    }

    /// Waits until no action is running.
    pub async fn quiet(&self) {
        self.workflow.quiet().await;
    }
}

/// Opens everything and records the start. `data_address` is what the pages name as the address of
/// the data API.
///
/// # Errors
/// When a part cannot be opened, or the start cannot be recorded.
pub async fn assemble(
    config: &Config,
    ambient: Ambient,
    data_address: Option<String>,
) -> Result<House, ServeError> {
    let Ambient { clock, entropy, password_cost } = ambient;
    let store = Store::open(&config.data)?;
    let founding = embedded::Config {
        dir: config.data.join("kernel"),
        nodes: config.nodes,
        cluster: config.cluster.clone(),
        environment: config.environment.clone(),
    };
    let kernel = Arc::new(EmbeddedKernel::open(&founding, Arc::clone(&clock), &*entropy)?);
    let ledger = Ledger::open(&store, Arc::clone(&clock))?;
    let identity = kernel.observe().await?.cluster.identity;
    let named = ledger.reader().log_key()?;
    let signer = open_key(&config.data, &log_name(&identity), named.as_ref(), &*entropy)?;
    boot(&ledger, &kernel, &signer.public()).await?;
    // Only now: a head of records before the first start has no key that the log names.
    let ledger = ledger.signing(signer);
    let in_flight = InFlight::default();
    let observer: Arc<dyn ObserveKernel> = kernel.clone();
    let read = ReadSide::new(observer, ledger.reader(), in_flight.clone(), data_address);
    let workflow = Workflow::new(read.clone(), kernel.clone(), ledger.clone(), in_flight);
    let workflow = Arc::new(workflow);
    let access = Arc::new(Access::new(
        ledger.clone(),
        Arc::clone(&clock),
        Arc::clone(&entropy),
        password_cost,
    ));
    let setup_path = access.issue_setup_link().await?.map(|token| format!("/setup/{token}"));
    let (stop, stopping) = watch::channel(());
    let site = Site {
        read,
        workflow: Arc::clone(&workflow),
        access: Arc::clone(&access),
        identity,
        leptos: config.leptos.clone(),
        clock,
        entropy,
        stopping,
    };
    let console = web::router(site);
    Ok(House {
        console,
        data: embedded::data_api::router(Arc::clone(&kernel)),
        kernel,
        setup_path,
        access,
        workflow,
        stop,
    })
}

/// The name of the log in its signed heads: no other cluster has the same id.
fn log_name(identity: &ClusterIdentity) -> String {
    format!("aerodb/{}/{}", identity.cluster, identity.id)
}

/// Records that a control plane started, with which key it signs the log from here on, and what an earlier one left open. The open actions are
/// listed and left alone (C6.3).
async fn boot(
    ledger: &Ledger,
    kernel: &EmbeddedKernel,
    log_key: &LogKey,
) -> Result<(), ServeError> {
    let about = kernel.describe();
    let interrupted = ledger.reader().open_actions()?.into_iter().map(|(id, _)| id).collect();
    let entry = Entry::Boot {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster: about.cluster,
        note: about.start_note,
        interrupted,
        log_key: Some(log_key.to_string()),
    };
    let draft = Draft { actor: None, action_id: None, entry, blobs: Vec::new() };
    ledger.append(vec![draft]).await?;
    Ok(())
}

/// Where everything that lasts is kept, by the settings and the command line.
///
/// # Errors
/// When there are no settings and no directory was named.
pub fn data_dir(config: Option<&Path>, data: Option<&Path>) -> Result<PathBuf, ServeError> {
    match data {
        Some(data) => Ok(data.to_owned()),
        None => Ok(config::load(&config::find(config)?)?.data),
    }
}

/// The accounts in a data directory, for a command that runs beside the server or without one.
///
/// # Errors
/// When the directory cannot be opened.
pub fn access(config: Option<&Path>, data: Option<&Path>) -> Result<Access, ServeError> {
    let store = Store::open_beside(&data_dir(config, data)?)?;
    let ambient = Ambient::of_this_machine();
    let ledger = Ledger::open(&store, Arc::clone(&ambient.clock))?;
    Ok(Access::new(ledger, ambient.clock, ambient.entropy, ambient.password_cost))
}

/// Serves until the process is told to stop. Prints where, and the set-up link where there is one.
///
/// # Errors
/// When it cannot start, or a listener fails.
pub async fn run(options: ServeOptions) -> Result<(), ServeError> {
    let mut config = config::load(&config::find(options.config.as_deref())?)?;
    apply(&mut config, options)?;
    web::render::check_site(&config.leptos)?;
    let console = listen("the console", config.leptos.site_addr).await?;
    let data = listen("the data API", config.data_api).await?;
    let console_at = local(&console, "the console")?;
    let data_at = local(&data, "the data API")?;
    let ambient = Ambient::of_this_machine();
    let house = assemble(&config, ambient, Some(format!("http://{data_at}"))).await?;
    announce(&house, console_at, data_at);
    let (close, closing) = watch::channel(());
    let closed = |mut closing: watch::Receiver<()>| async move {
        // An error means that the sender is gone, which is the end too.
        let _ = closing.changed().await;
    };
    let console_task = tokio::spawn(
        axum::serve(console, house.console.clone())
            .with_graceful_shutdown(closed(closing.clone()))
            .into_future(),
    );
    let data_task = tokio::spawn(
        axum::serve(data, house.data.clone()).with_graceful_shutdown(closed(closing)).into_future(),
    );
    stop_signal().await;
    house.stop_streams();
    close.send_replace(());
    // An action that was confirmed runs to its end before the process goes (C6.2).
    house.quiet().await;
    let _ = tokio::join!(console_task, data_task);
    Ok(())
}

/// Lays the command line over the settings file.
fn apply(config: &mut Config, options: ServeOptions) -> Result<(), ServeError> {
    if let Some(data) = options.data {
        config.data = data;
    }
    if let Some(listen) = options.listen {
        config.leptos.site_addr = listen;
    }
    if let Some(listen) = options.data_listen {
        config.data_api = listen;
    }
    if let Some(nodes) = options.nodes {
        config.nodes = nodes;
    }
    if let Some(name) = options.environment {
        config.environment = crate::model::text::PlaceName::parse_field("environment", &name)?;
    }
    Ok(())
}

async fn listen(what: &'static str, address: SocketAddr) -> Result<TcpListener, ServeError> {
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback { what, address });
    }
    TcpListener::bind(address).await.map_err(|source| ServeError::Io {
        what: format!("{what} cannot listen on {address}"),
        source,
    })
}

fn local(listener: &TcpListener, what: &str) -> Result<SocketAddr, ServeError> {
    listener
        .local_addr()
        .map_err(|source| ServeError::Io { what: format!("the address of {what}"), source })
}

fn announce(house: &House, console: SocketAddr, data: SocketAddr) {
    let mut out = std::io::stdout().lock();
    let mut lines = format!("console: http://{console}\ndata: http://{data}\n");
    lines.push_str(&format!("kernel: {}\n", house.kernel.describe().start_note));
    if let Some(path) = &house.setup_path {
        lines.push_str(&format!("set-up link: http://{console}{path}\n"));
    }
    lines.push_str("ready: press Ctrl-C to stop\n");
    // A closed standard output must not keep the server from serving.
    let _ = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate()).expect("a signal handler can be installed");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = term.recv() => {}
    }
}
