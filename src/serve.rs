//! The composition root: reads the settings, opens the parts in order, and serves them.
//!
//! The only room that names a concrete kernel. The order matters: the store is locked before the
//! kernel is opened, so a second control plane on the same data stops before it touches anything;
//! the kernel is read and compared with the log before it is started, so a start that has to hold
//! changes nothing in it; and the boot record is durable before the first request is taken.

pub mod ambient;
pub mod config;

mod accept;
mod announce;
mod assembly;
mod error;
mod founding;
mod hold;
mod host;
mod host_user;
mod injected_bug;
mod kernels;
pub mod listen_policy;
mod listener;
pub mod log_stream;
mod node_rights;
mod offline;
mod options;
mod preflight;
pub mod provider_settings;
mod reload;
mod restored;
mod runs;
mod stop;
mod stored_forms;
mod tls;
mod witness;

pub use accept::{Examined, accept_restored, examine, examine_with};
pub use ambient::SystemDeps;
pub use announce::Announcement;
pub use assembly::{Assembled, Front, Parts, assemble};
pub use error::ServeError;
pub use founding::{Founded, InitOptions, found, init};
pub use host::HostName;
pub use host_user::host_user;
pub use listener::{CONNECTIONS_MAX, IDLE_FOR};
pub use node_rights::{NodeRights, node_rights};
pub use offline::{access, data_dir, rotate_log_key};
pub use options::ServeOptions;
pub use preflight::{SettingsFileReport, check_settings, settings_in_force};
pub use restored::record_restored;
pub use stored_forms::stored_forms;
pub use tls::TlsError;
pub use witness::{Witnessed, witness};

use crate::kernel::CommandKernel;
use crate::kernel::embedded::{self, EmbeddedKernel};
use crate::ledger::{Ledger, open_key};
use crate::metrics::CertificateExpiry;
use crate::model::finding::Mismatch;
use crate::model::pinned::ClusterIdentity;
use crate::store::{Store, StoreError};
use crate::web;
use crate::workflow::Workflow;
use crate::workflow::access::Access;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use config::{Config, KernelSettings};
use log_stream::LogStream;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stop::Stop;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

/// How long open connections may take to end when the server stops. Actions are not cut short by
/// it: they are waited for before it begins, and after it.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// A control plane, put together and not yet listening.
pub struct ControlPlane {
    /// The console and the API.
    pub console: Router,
    /// What observers alone can reach: it reads, and nothing else exists there.
    pub observers: Router,
    /// The data API, where the kernel has one.
    pub data: Option<Router>,
    /// The kernel.
    pub kernel: Arc<dyn CommandKernel>,
    /// The same, where it is the embedded one: for drills that cut its network.
    pub embedded: Option<Arc<EmbeddedKernel>>,
    /// The path of the one-time set-up link, while no operator exists.
    pub setup_path: Option<String>,
    /// Where log and kernel do not say the same, and nothing is changed meanwhile.
    pub mismatch: Option<Mismatch>,
    /// Accounts, sessions and tokens.
    pub access: Arc<Access>,
    workflow: Arc<Workflow>,
    ledger: Ledger,
    stop: watch::Sender<()>,
    certificate: CertificateExpiry,
}

impl ControlPlane {
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

    /// Records that it stops, with where the cluster stands: an older kernel is told by that later.
    ///
    /// # Errors
    /// When it cannot be recorded. The next start then says that no record of the stop was left.
    pub async fn record_stop(&self) -> Result<(), ServeError> {
        // While something was found nothing is written, and this start left no record either.
        if self.mismatch.is_some() {
            return Ok(());
        }
        runs::stopped(&self.ledger, &*self.kernel).await
    }
}

/// Opens everything and records the start. `data_address` is what the pages name as the address of
/// the data API.
///
/// # Errors
/// When a part cannot be opened, or the start cannot be recorded.
pub async fn open(
    config: &Config,
    ambient: SystemDeps,
    data_address: Option<String>,
) -> Result<ControlPlane, ServeError> {
    // First: where nobody could be signed in as the settings say, nothing is opened or recorded.
    let providers =
        config.providers.open(config.leptos.site_addr, &config.reach, config.reauth_lifetime)?;
    let store = open_store(&config.data)?;
    let ledger = Ledger::open(&store, Arc::clone(&ambient.clock))?;
    // Nothing in the kernel changes before both were compared (C9.5).
    let compared = hold::compared(config, &ledger, &ambient).await?;
    let identity = compared.kernel.identity().clone();
    let (started, mismatch) = compared.start_or_hold(&ledger, &ambient.clock)?;
    let kernels::StartedCore { kernel, embedded } = started;
    let ledger = if mismatch.is_empty() {
        let named = ledger.reader().log_key()?;
        let name = log_name(&identity);
        let signer = open_key(&config.data, &name, named.as_ref(), &*ambient.entropy)?;
        let log_key = signer.public();
        let ledger = ledger.signing(signer);
        ledger.declare_ways_out(kernel.spec().ways_out()).await?;
        runs::started(&ledger, config, kernel.describe(), &log_key).await?;
        ledger
    } else {
        ledger
    };
    let parts = Parts {
        data_address,
        second_operator: config.second_operator.clone(),
        reauth_lifetime: config.reauth_lifetime,
        mismatch,
        ..Parts::new(ledger.clone(), ambient)
    };
    let assembled = assemble(parts, injected_bug::over(Arc::clone(&kernel), &ledger).await?);
    let (access, workflow) = (Arc::clone(&assembled.access), Arc::clone(&assembled.workflow));
    // While something was found nobody is made an operator: that there is none may be what was lost.
    let setup_path = match assembled.read.mismatch() {
        None => access.issue_setup_link().await?.map(|token| format!("/setup/{token}")),
        Some(_) => None,
    };
    let mismatch = assembled.read.mismatch().cloned();
    let (stop, stopping) = watch::channel(());
    let certificate = CertificateExpiry::default();
    let site = assembled.site(Front {
        identity,
        environment: config.environment_class,
        leptos: config.leptos.clone(),
        embedded: config.embedded.clone(),
        stopping,
        certificate: certificate.clone(),
        transport: config.reach.transport(),
        providers,
    });
    let web::Routers { console, observers } = web::routers(site);
    let addressed = |at: SocketAddr| {
        let answered: host::Names = Arc::new(config.reach.answered(at));
        from_fn_with_state(answered, host::addressed_here)
    };
    let console = console.layer(addressed(config.leptos.site_addr));
    let observers =
        observers.layer(addressed(config.observer_listen.unwrap_or(config.leptos.site_addr)));
    let data = embedded.as_ref().map(|kernel| {
        embedded::data_api::router(Arc::clone(kernel))
            .layer(from_fn(host::sent_by_no_other_page))
            .layer(from_fn_with_state(host::Names::default(), host::addressed_here))
    });
    Ok(ControlPlane {
        console,
        observers,
        data,
        kernel,
        embedded,
        setup_path,
        mismatch,
        access,
        workflow,
        ledger,
        stop,
        certificate,
    })
}

/// Opens the log. A start founds none: what is there may be what is left of a cluster, of its log, or of
/// a restore that was stopped.
fn open_store(dir: &Path) -> Result<Store, ServeError> {
    if founding::is_unfinished(dir) {
        return Err(ServeError::FoundingUnfinished { dir: dir.to_owned() });
    }
    match Store::open(dir) {
        Err(StoreError::NotFounded { .. }) => Err(match founding::first_entry(dir)? {
            None => ServeError::NotFounded { dir: dir.to_owned() },
            Some(found) => ServeError::LogLost { dir: dir.to_owned(), found },
        }),
        opened => Ok(opened?),
    }
}

/// The name of the log in its signed heads: no other cluster has the same id.
fn log_name(identity: &ClusterIdentity) -> String {
    format!("aerodb/{}/{}", identity.cluster, identity.id)
}

/// Serves until the process is told to stop. Prints where, and the set-up link where there is one.
///
/// # Errors
/// When it cannot start, or a listener fails.
pub async fn run(options: ServeOptions) -> Result<(), ServeError> {
    let path = config::find(options.config.as_deref());
    let mut config = config::load(path.as_deref(), &options.overrides)?.carrying(options.site)?;
    log_stream::begin(options.log);
    // Before anything is opened: by itself the signal would end the process half way.
    let reload = stop::Reload::new().map_err(|source| ServeError::Io {
        what: "the signal to reload cannot be listened for".to_owned(),
        source,
    })?;
    let ambient = SystemDeps::of_this_machine();
    let (clock, announcement) = (Arc::clone(&ambient.clock), options.announcement);
    let preflight = preflight::of(&config, clock.now());
    if let Some(refused) = preflight.refused.into_iter().next() {
        return Err(refused);
    }
    let certified = preflight.certified;
    let tls = certified.as_ref().map(|own| RustlsConfig::from_config(Arc::clone(&own.config)));
    let console = listen("the console", config.leptos.site_addr).await?;
    let data = match &config.kernel {
        KernelSettings::Postgres(_) => None,
        KernelSettings::Embedded { data_api, .. } => Some(listen("the data API", *data_api).await?),
    };
    let observers = match config.observer_listen {
        Some(address) => Some(listen("the console of observers", address).await?),
        None => None,
    };
    let console_at = local(&console, "the console")?;
    let data_at = data.as_ref().map(|data| local(data, "the data API")).transpose()?;
    let observers_at =
        observers.as_ref().map(|o| local(o, "the console of observers")).transpose()?;
    config.providers.served_at(config.reach.url(console_at));
    offline::private(&config.data)?;
    let house = open(&config, ambient, data_at.map(|at| format!("http://{at}"))).await?;
    // Before anybody hears that it is ready: a signal that comes then must not end it half way.
    let mut stop = Stop::new();
    let (told_console, told_observers) =
        (config.reach.url(console_at), observers_at.map(|at| config.reach.url(at)));
    announce::announce(announcement, &house, &told_console, data_at, told_observers.as_deref());
    let expiry = house.certificate.clone();
    if let Some(certified) = &certified {
        expiry.set(certified.not_after.millis() / 1_000);
    }
    let in_force = reload::values(&config.in_force);
    let overrides = options.overrides;
    let reloader = reload::Reloader { path, overrides, in_force, tls: tls.clone(), expiry, clock };
    let reloading = tokio::spawn(reloader.follow(reload));
    let log = house.ledger.reader();
    let (end, ended) = oneshot::channel::<()>();
    let told = LogStream::from_last_start(log.clone(), house.kernel.spec().into())
        .follow(log.commits(), async { drop(ended.await) });
    let told = tokio::spawn(told);
    let handle = Handle::new();
    let parts = [
        (Some(console), Some(&house.console), tls.clone()),
        (data, house.data.as_ref(), None),
        (observers, Some(&house.observers), tls),
    ];
    let parts: Vec<_> =
        parts.into_iter().filter_map(|(at, r, tls)| Some((at?, r?.clone(), tls))).collect();
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
    let recorded = house.record_stop().await;
    // The last records are told too.
    drop(end);
    let _ = told.await;
    reloading.abort();
    recorded?;
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
