//! The composition root: reads the settings, opens the parts in order, and serves them.
//!
//! The only room that names a concrete kernel. The order matters: the store is locked before the
//! kernel is opened, so a second control plane on the same data stops before it touches anything,
//! and the boot record is durable before the first request is taken.

pub mod ambient;
pub mod config;

mod error;
mod host;
pub mod journal;
mod listener;
mod offline;
pub mod reach;
mod sabotage;
mod stop;
mod tls;
pub mod vouching;

pub use error::ServeError;
pub use host::HostName;
pub use listener::CONNECTIONS_MAX;
pub use offline::{access, data_dir, rotate_log_key};
pub use tls::TlsError;

use crate::authority::{PasswordCost, ProofLasts};
use crate::kernel::ObserveKernel;
use crate::kernel::embedded::{self, EmbeddedKernel};
use crate::ledger::note::LogKey;
use crate::ledger::{Draft, Ledger, LedgerReader, LogFilter, open_key};
use crate::model::ambient::{Clock, Entropy};
use crate::model::pinned::ClusterIdentity;
use crate::model::record::Entry;
use crate::observe::ReadSide;
use crate::observe::in_flight::InFlight;
use crate::store::Store;
use crate::web::{self, Site};
use crate::workflow::Workflow;
use crate::workflow::access::Access;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum_server::Handle;
use config::Config;
use journal::Journal;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stop::Stop;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long open connections may take to end when the server stops. Actions are not cut short by
/// it: they are waited for before it begins, and after it.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// What the command line may say instead of the settings file.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// The settings file.
    pub config: Option<PathBuf>,
    /// Where everything that lasts is kept.
    pub data: Option<PathBuf>,
    /// Where the console listens.
    pub listen: Option<SocketAddr>,
    /// Where observers alone are served.
    pub observer_listen: Option<SocketAddr>,
    /// Where the embedded kernel serves data.
    pub data_listen: Option<SocketAddr>,
    /// How many nodes a new cluster is founded with.
    pub nodes: Option<u64>,
    /// The name of the environment.
    pub environment: Option<String>,
    /// For how many minutes a proof of identity is recent.
    pub proof_minutes: Option<u32>,
    /// How the console can be reached.
    pub reach: reach::Asked,
    /// In which form records are told on standard error.
    pub log: journal::Lines,
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
    /// What observers alone can reach: it reads, and nothing else exists there.
    pub observers: Router,
    /// The data API of the embedded kernel.
    pub data: Router,
    /// The kernel, for drills that cut its network.
    pub kernel: Arc<EmbeddedKernel>,
    /// The path of the one-time set-up link, while no operator exists.
    pub setup_path: Option<String>,
    /// Accounts, sessions and tokens.
    pub access: Arc<Access>,
    workflow: Arc<Workflow>,
    log: LedgerReader,
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

    /// Waits until no action is running, and lets none begin any more.
    pub async fn close(&self) {
        self.workflow.close().await;
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
    // First: where nobody could be signed in as the settings say, nothing is opened or recorded.
    let vouching = config.vouching.open(config)?;
    let store = Store::open(&config.data)?;
    let ledger = Ledger::open(&store, Arc::clone(&clock))?;
    let served = last_served(&ledger)?;
    let kernel_dir = config.data.join("kernel");
    if let (Some(cluster), false) = (&served, kernel_dir.exists()) {
        return Err(ServeError::KernelLost { cluster: cluster.clone(), dir: kernel_dir });
    }
    let founding = embedded::Config {
        dir: kernel_dir,
        nodes: config.nodes,
        cluster: config.cluster.clone(),
        environment: config.environment.clone(),
    };
    let kernel = Arc::new(EmbeddedKernel::open(&founding, Arc::clone(&clock), &*entropy)?);
    let found = kernel.describe().cluster;
    if let Some(served) = served.filter(|served| *served != found) {
        return Err(ServeError::OtherCluster { served, found });
    }
    let identity = kernel.observe().await?.cluster.identity;
    let named = ledger.reader().log_key()?;
    let signer = open_key(&config.data, &log_name(&identity), named.as_ref(), &*entropy)?;
    boot(&ledger, &kernel, &signer.public()).await?;
    // Only now: a head of records before the first start has no key that the log names.
    let ledger = ledger.signing(signer);
    let in_flight = InFlight::default();
    let observer: Arc<dyn ObserveKernel> = kernel.clone();
    let read = ReadSide::new(observer, ledger.reader(), in_flight.clone(), data_address)
        .with_second_operator(&config.second_operator);
    let access =
        Access::new(ledger.clone(), Arc::clone(&clock), Arc::clone(&entropy), password_cost);
    let access = Arc::new(access.proving(config.proof_lasts));
    let commanded = sabotage::over(kernel.clone(), &ledger).await?;
    let workflow =
        Workflow::new(read.clone(), commanded, ledger.clone(), in_flight, access.authority());
    let workflow = Arc::new(workflow);
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
        writes: store.writes().clone(),
        transport: config.reach.transport(),
        vouching,
    };
    let web::Routers { console, observers } = web::routers(site);
    let addressed = |at: SocketAddr| {
        let answered: host::Names = Arc::new(config.reach.answered(at));
        from_fn_with_state(answered, host::addressed_here)
    };
    let console = console.layer(addressed(config.leptos.site_addr));
    let observers =
        observers.layer(addressed(config.observer_listen.unwrap_or(config.leptos.site_addr)));
    let data = embedded::data_api::router(Arc::clone(&kernel))
        .layer(from_fn(host::sent_by_no_other_page))
        .layer(from_fn_with_state(host::Names::default(), host::addressed_here));
    let log = ledger.reader();
    Ok(House { console, observers, data, kernel, setup_path, access, workflow, log, stop })
}

/// The cluster that the ledger belongs to: the one that the last start served.
fn last_served(ledger: &Ledger) -> Result<Option<String>, ServeError> {
    let boots = LogFilter { kind: Some("boot"), ..LogFilter::default() };
    let last = ledger.reader().page(None, 1, &boots)?.records.into_iter().next();
    Ok(last.and_then(|stored| match stored.record.entry {
        Entry::Boot { cluster, .. } => Some(cluster),
        _ => None,
    }))
}

/// The name of the log in its signed heads: no other cluster has the same id.
fn log_name(identity: &ClusterIdentity) -> String {
    format!("aerodb/{}/{}", identity.cluster, identity.id)
}

/// Records that a control plane started, with which key it signs the log from here on, and what an
/// earlier one left open. The open actions are listed and left alone (C6.3).
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
    let draft = Draft::new(None, None, entry);
    ledger.append(vec![draft]).await?;
    Ok(())
}

/// Serves until the process is told to stop. Prints where, and the set-up link where there is one.
///
/// # Errors
/// When it cannot start, or a listener fails.
pub async fn run(options: ServeOptions) -> Result<(), ServeError> {
    let mut config = config::load(&config::find(options.config.as_deref())?)?;
    journal::begin(options.log);
    apply(&mut config, options)?;
    web::render::check_site(&config.leptos)?;
    config.reach.permits("the console", config.leptos.site_addr)?;
    let tls = config.reach.tls.as_ref().map(tls::load).transpose()?;
    let console = listen("the console", config.leptos.site_addr).await?;
    // It asks nobody who they are, so no setting opens it.
    if !config.data_api.ip().is_loopback() {
        let (what, address) = ("the data API", config.data_api);
        return Err(ServeError::NotLoopback { what, address });
    }
    let data = listen("the data API", config.data_api).await?;
    let observers = match config.observer_listen {
        Some(address) => {
            config.reach.permits("the console of observers", address)?;
            Some(listen("the console of observers", address).await?)
        }
        None => None,
    };
    let console_at = local(&console, "the console")?;
    let data_at = local(&data, "the data API")?;
    let observers_at =
        observers.as_ref().map(|o| local(o, "the console of observers")).transpose()?;
    config.vouching.served_at(reach::console_url(&config, console_at));
    let ambient = Ambient::of_this_machine();
    let house = assemble(&config, ambient, Some(format!("http://{data_at}"))).await?;
    // Before anybody hears that it is ready: a signal that comes then must not end it half way.
    let mut stop = Stop::new();
    let (told_console, told_observers) = (
        reach::console_url(&config, console_at),
        observers_at.map(|at| reach::console_url(&config, at)),
    );
    announce(&house, &told_console, data_at, told_observers.as_deref());
    let told = Journal::from_last_start(house.log.clone()).follow(house.log.commits());
    let told = tokio::spawn(told);
    let handle = Handle::new();
    let parts = [
        (Some(console), &house.console, tls.clone()),
        (Some(data), &house.data, None),
        (observers, &house.observers, tls),
    ];
    let parts: Vec<_> =
        parts.into_iter().filter_map(|(at, r, tls)| Some((at?, r.clone(), tls))).collect();
    let each = listener::connections_each(parts.len());
    let mut tasks = JoinSet::new();
    for (at, router, tls) in parts {
        tasks.spawn(listener::serve(at, router, each, handle.clone(), tls));
    }
    stop.told().await;
    house.stop_streams();
    handle.graceful_shutdown(None);
    // An action that was confirmed runs to its end before the process goes (C6.2).
    house.close().await;
    // A client that sends half a request must not hold up the stop, nor a second signal.
    tokio::select! {
        () = async { while tasks.join_next().await.is_some() {} } => {}
        () = stop.told() => {}
        _ = tokio::time::timeout(STOP_GRACE, std::future::pending::<()>()) => {}
    }
    tasks.abort_all();
    told.abort();
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
    if let Some(listen) = options.observer_listen {
        config.observer_listen = Some(listen);
    }
    if let Some(nodes) = options.nodes {
        config.nodes = embedded::NodeCount::Exactly(nodes);
    }
    if let Some(name) = options.environment {
        config.environment = crate::model::text::PlaceName::parse_field("environment", &name)?;
    }
    if let Some(minutes) = options.proof_minutes {
        config.proof_lasts = ProofLasts::of_minutes(minutes)?;
    }
    options.reach.over(&mut config.reach)?;
    Ok(())
}

async fn listen(what: &'static str, address: SocketAddr) -> Result<TcpListener, ServeError> {
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

fn announce(house: &House, console: &str, data: SocketAddr, observers: Option<&str>) {
    let mut out = std::io::stdout().lock();
    let mut lines = format!("console: {console}\ndata: http://{data}\n");
    if let Some(observers) = observers {
        lines.push_str(&format!("observers: {observers}\n"));
    }
    lines.push_str(&format!("kernel: {}\n", house.kernel.describe().start_note));
    if let Some(path) = &house.setup_path {
        lines.push_str(&format!("set-up link: {console}{path}\n"));
    }
    lines.push_str("ready: press Ctrl-C to stop\n");
    // A closed standard output must not keep the server from serving.
    let _ = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
}
