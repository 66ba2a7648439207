//! A whole control plane for measuring: the public router over the embedded kernel, on a log of any
//! length, with a cluster that can be shown larger than one process holds nodes.

use super::log::ManualClock;
use aerodb_control::authority::PasswordCost;
use aerodb_control::kernel::embedded::{Config, EmbeddedKernel, NodeCount, Served};
use aerodb_control::kernel::memory::MemoryPage;
use aerodb_control::kernel::{
    Answer, ApplyError, CommandKernel, KernelDescription, ObserveKernel, Order, SettleError,
    Settled, Unobservable,
};
use aerodb_control::ledger::Ledger;
use aerodb_control::ledger::note::LogSigner;
use aerodb_control::model::action::{Action, ActionId};
use aerodb_control::model::ambient::{Clock, Entropy};
use aerodb_control::model::cluster::{ClusterState, NodeState, ReceiptStatus};
use aerodb_control::model::event::{EventPage, EventPlace};
use aerodb_control::model::explanation::Checks;
use aerodb_control::model::receipt::Receipt;
use aerodb_control::model::spec::KernelSpec;
use aerodb_control::model::text::{NodeId, PlaceName};
use aerodb_control::observe::ReadSide;
use aerodb_control::observe::in_flight::InFlight;
use aerodb_control::store::Store;
use aerodb_control::web::{Site, Transport, routers};
use aerodb_control::workflow::Workflow;
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
struct Counted(AtomicU64);

impl Entropy for Counted {
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
        let ClusterState { observation, mut cluster, mut nodes, .. } = state;
        let last = nodes.last().cloned().unwrap();
        for number in nodes.len() + 1..=self.nodes {
            let id = NodeId::parse(&format!("n{number}")).unwrap();
            let mut pinned = last.pinned.clone();
            pinned.id = id.clone();
            cluster.voters.push(id);
            nodes.push(NodeState { pinned, ..last.clone() });
        }
        cluster.quorum = cluster.voters.len() / 2 + 1;
        ClusterState::new(
            observation.observed_at,
            &observation.clock,
            &observation.source,
            cluster,
            nodes,
        )
    }
}

impl ObserveKernel for Crowded {
    fn spec(&self) -> &'static KernelSpec {
        self.inner.spec()
    }

    fn offers(&self, state: &ClusterState) -> Vec<Action> {
        self.inner.offers(state)
    }

    fn describe(&self) -> KernelDescription {
        self.inner.describe()
    }

    fn observe(&self) -> Answer<'_, Result<ClusterState, Unobservable>> {
        Box::pin(async { Ok(self.crowd(self.inner.observe().await?)) })
    }

    fn receipt(&self, action_id: ActionId) -> Answer<'_, Result<ReceiptStatus, Unobservable>> {
        self.inner.receipt(action_id)
    }

    fn checks(&self, state: &ClusterState, action: &Action) -> Checks {
        self.inner.checks(state, action)
    }

    fn events(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> Answer<'_, Result<EventPage, Unobservable>> {
        self.inner.events(before, limit)
    }

    fn memory(
        &self,
        after: Option<ActionId>,
        limit: u32,
    ) -> Answer<'_, Result<MemoryPage, Unobservable>> {
        self.inner.memory(after, limit)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes()
    }
}

impl CommandKernel for Crowded {
    fn apply(&self, order: Order) -> Answer<'_, Result<Receipt, ApplyError>> {
        self.inner.apply(order)
    }

    fn settle(&self, action_id: ActionId) -> Answer<'_, Result<Settled, SettleError>> {
        self.inner.settle(action_id)
    }
}

/// A control plane with one operator.
pub(crate) struct Console {
    router: Router,
    access: Arc<Access>,
    _stop: watch::Sender<()>,
}

impl Console {
    /// Over the log in this directory, which may be long, and a new cluster shown as so many nodes.
    pub(crate) async fn open(dir: &Path, nodes: usize) -> Self {
        let store = Store::open(dir).or_else(|_| Store::found(dir)).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
        let entropy: Arc<dyn Entropy> = Arc::new(Counted::default());
        let name = |text: &str| PlaceName::parse(text).unwrap();
        let founding = Config {
            dir: dir.join("kernel"),
            nodes: NodeCount::Exactly(3),
            cluster: name("aerodb"),
            environment: name("bench"),
            room: Arc::new(aerodb_control::serve::ambient::SystemRoom),
        };
        EmbeddedKernel::lay_out(&founding, &*clock, &*entropy).unwrap();
        let inner =
            EmbeddedKernel::open(&founding, Served::Never, Arc::clone(&clock), &*entropy).unwrap();
        let kernel = Arc::new(Crowded { inner, nodes });
        let signer = LogSigner::new("aerodb/bench/1", &[7; 32]).unwrap();
        let ledger = Ledger::open(&store, Arc::clone(&clock)).unwrap().signing(signer);
        let in_flight = InFlight::default();
        let observer: Arc<dyn ObserveKernel> = kernel.clone();
        let read = ReadSide::new(observer, ledger.reader(), in_flight.clone(), None);
        let identity = kernel.observe().await.unwrap().cluster.identity;
        let cost = PasswordCost::of(64, 1);
        let access =
            Arc::new(Access::new(ledger.clone(), Arc::clone(&clock), Arc::clone(&entropy), cost));
        let authority = access.authority();
        let workflow = Workflow::new(read.clone(), kernel, ledger, in_flight, authority);
        let workflow = Arc::new(workflow);
        access.add_account("olga", "operator", PASSWORD).await.unwrap();
        let (stop, stopping) = watch::channel(());
        let leptos = leptos::config::LeptosOptions::builder().output_name("aerodb-control").build();
        let writes = store.writes().clone();
        let shared = Arc::clone(&access);
        let site = Site {
            read,
            workflow,
            access,
            identity,
            leptos,
            clock,
            entropy,
            stopping,
            writes,
            certificate: aerodb_control::measure::CertificateExpiry::default(),
            transport: Transport::Plain,
            vouching: aerodb_control::identity::Identity::default(),
        };
        Self { router: routers(site).console, access: shared, _stop: stop }
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
