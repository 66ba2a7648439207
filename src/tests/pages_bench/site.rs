//! A whole control plane for measuring: the public router over the embedded kernel, on a log of any
//! length, with a cluster that can be shown larger than one process holds nodes.

use super::log::BenchClock;
use aerodb_control::authority::PasswordCost;
use aerodb_control::kernel::embedded::view::View;
use aerodb_control::kernel::embedded::{EmbeddedConfig, EmbeddedKernel, NodeCount, ServiceHistory};
use aerodb_control::kernel::over::Over;
use aerodb_control::kernel::{CommandKernel, KernelFuture, Unobservable};
use aerodb_control::ledger::Ledger;
use aerodb_control::ledger::note::LogSigner;
use aerodb_control::model::ambient::Entropy;
use aerodb_control::model::cluster::ClusterState;
use aerodb_control::model::text::{NodeId, PlaceName};
use aerodb_control::serve::ambient::SystemRoom;
use aerodb_control::serve::{Front, Parts, SystemDeps, assemble};
use aerodb_control::store::Store;
use aerodb_control::web::routers;
use aerodb_control::workflow::access::Access;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use axum::response::Response;
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;
use tower::ServiceExt as _;

const PASSWORD: &str = "a quiet harbour at dawn";

/// Bytes from a counter.
#[derive(Default)]
struct BenchEntropy(AtomicU64);

impl Entropy for BenchEntropy {
    fn bytes(&self) -> [u8; 32] {
        Sha256::digest(self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes()).into()
    }
}

/// The embedded kernel, whose observations show its last node many times under other names: reading
/// them costs what three nodes cost, and drawing them what so many cost.
struct Crowded {
    inner: EmbeddedKernel,
    nodes: usize,
}

impl Crowded {
    fn crowd(&self, state: ClusterState) -> ClusterState {
        let mut view = View::read(&state);
        let last = view.nodes.last().cloned().unwrap();
        for number in view.nodes.len() + 1..=self.nodes {
            let id = NodeId::parse(&format!("n{number}")).unwrap();
            let mut node = last.clone();
            node.pinned.id = id.clone();
            view.cluster.voters.push(id);
            view.nodes.push(node);
        }
        view.cluster.quorum = view.cluster.voters.len() / 2 + 1;
        view.state()
    }
}

impl Over for Crowded {
    fn inner(&self) -> &dyn CommandKernel {
        &self.inner
    }

    fn observe(&self) -> KernelFuture<'_, Result<ClusterState, Unobservable>> {
        Box::pin(async { Ok(self.crowd(self.inner().observe().await?)) })
    }
}

/// A control plane with one operator.
pub(crate) struct BenchSite {
    router: Router,
    access: Arc<Access>,
    _stop: watch::Sender<()>,
}

impl BenchSite {
    /// Over the log in this directory, which may be long, and a new cluster shown as so many nodes.
    pub(crate) async fn open(dir: &Path, nodes: usize) -> Self {
        let store = Store::open(dir).or_else(|_| Store::found(dir)).unwrap();
        let ambient = SystemDeps {
            clock: Arc::new(BenchClock::default()),
            entropy: Arc::new(BenchEntropy::default()),
            password_cost: PasswordCost::of(64, 1),
            room: Arc::new(SystemRoom),
        };
        let clock = Arc::clone(&ambient.clock);
        let name = |text: &str| PlaceName::parse(text).unwrap();
        let founding = EmbeddedConfig {
            dir: dir.join("kernel"),
            nodes: NodeCount::Exactly(3),
            cluster: name("aerodb"),
            environment: name("bench"),
            room: Arc::clone(&ambient.room),
        };
        EmbeddedKernel::create_files(&founding, &*clock, &*ambient.entropy).unwrap();
        let entropy = &*ambient.entropy;
        let inner =
            EmbeddedKernel::open(&founding, ServiceHistory::Never, Arc::clone(&clock), entropy);
        let kernel = Arc::new(Crowded { inner: inner.unwrap(), nodes });
        let signer = LogSigner::new("aerodb/bench/1", &[7; 32]).unwrap();
        let ledger = Ledger::open(&store, clock).unwrap().signing(signer);
        let identity = Over::observe(&*kernel).await.unwrap().identity;
        let assembled = assemble(Parts::new(ledger, ambient), kernel);
        let access = Arc::clone(&assembled.access);
        access.add_account("olga", "operator", PASSWORD).await.unwrap();
        let (stop, stopping) = watch::channel(());
        let site = assembled.site(Front::plain(identity, stopping));
        Self { router: routers(site).console, access, _stop: stop }
    }

    /// A new session of the operator, which is a write.
    pub(crate) async fn session(&self) -> String {
        self.session_of("olga").await
    }

    /// A session of an observer of that number: an account has ten sessions at the most.
    pub(crate) async fn observer(&self, number: usize) -> String {
        let name = format!("observer-{number}");
        self.access.add_account(&name, "observer", PASSWORD).await.unwrap();
        self.session_of(&name).await
    }

    async fn session_of(&self, name: &str) -> String {
        self.access.sign_in(name, PASSWORD).await.unwrap().token.unwrap()
    }

    /// The answer to a `GET`, with its body still to be read.
    pub(crate) async fn answer(&self, session: &str, path: &str) -> Response {
        let request = Request::get(path)
            .header(header::HOST, "127.0.0.1:7400")
            .header(header::AUTHORIZATION, format!("Bearer {session}"));
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response
    }

    /// How many bytes a page has; it is drawn whole.
    pub(crate) async fn page(&self, session: &str, path: &str) -> usize {
        let response = self.answer(session, path).await;
        response.into_body().collect().await.unwrap().to_bytes().len()
    }
}
