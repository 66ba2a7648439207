//! A kernel that runs what it is told and cannot say so: the embedded kernel behind a link that
//! loses its answers, without a way to resolve. Everything else is a whole control plane.

use crate::harness::{Client, ManualClock, PASSWORD};
use crate::kernel::embedded_bench::{config, founded};
use crate::serve::opened::ambient;
use aerodb_control::kernel::embedded::EmbeddedKernel;
use aerodb_control::kernel::over::Over;
use aerodb_control::kernel::{
    ApplyError, CommandKernel, KernelDescription, KernelFuture, Order, Resolution, ResolveError,
    Unobservable,
};
use aerodb_control::ledger::Ledger;
use aerodb_control::model::action::ActionId;
use aerodb_control::model::cluster::{ClusterState, ReceiptStatus};
use aerodb_control::model::event::{EventPage, EventPlace};
use aerodb_control::model::progress::{Progress, Unit};
use aerodb_control::model::receipt::Receipt;
use aerodb_control::model::session::Session;
use aerodb_control::serve::{Front, Parts, assemble};
use aerodb_control::store::Store;
use aerodb_control::web::routers;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::sync::{Notify, watch};

/// What the link does with an order and with a question about it.
#[derive(Default)]
pub struct KernelLink {
    /// The order is lost on the way to the kernel; otherwise only the answer is, on the way back.
    pub loses_orders: AtomicBool,
    /// The kernel keeps receipts that can be asked for, as an engine with a table of them would.
    pub shows_receipts: AtomicBool,
    /// Nothing gets through.
    pub is_cut: AtomicBool,
    /// An order is held up, as one that takes long, until `released` is told.
    pub holds_orders: AtomicBool,
    /// Lets the order go on that is held up.
    pub released: Notify,
    /// The order that is held up.
    pub held: watch::Sender<Option<ActionId>>,
    /// The kernel answers with the receipt of another order.
    pub mixes_up: AtomicBool,
    /// How many orders were handed over.
    pub orders: AtomicU64,
    /// How often somebody asked to resolve, which this kernel cannot.
    pub resolutions: AtomicU64,
}

impl KernelLink {
    fn is(flag: &AtomicBool) -> bool {
        flag.load(Ordering::SeqCst)
    }

    fn passes(&self) -> Result<(), Unobservable> {
        let cut = || Unobservable { why: "the link is cut".to_owned() };
        if Self::is(&self.is_cut) { Err(cut()) } else { Ok(()) }
    }
}

/// The embedded kernel behind the link.
pub struct MuteKernel {
    inner: EmbeddedKernel,
    link: Arc<KernelLink>,
}

impl Over for MuteKernel {
    fn inner(&self) -> &dyn CommandKernel {
        &self.inner
    }

    fn describe(&self) -> KernelDescription {
        KernelDescription { kind: "mute", can_resolve: false, ..self.inner().describe() }
    }

    fn observe(&self) -> KernelFuture<'_, Result<ClusterState, Unobservable>> {
        Box::pin(async {
            self.link.passes()?;
            let held = *self.link.held.borrow();
            let under_way = held.map(|action_id| Progress {
                action_id,
                doing: "reading the state".to_owned(),
                done: 40,
                total: 100,
                unit: Unit::Rows,
            });
            Ok(self.inner().observe().await?.with_under_way(under_way))
        })
    }

    fn receipt(
        &self,
        action_id: ActionId,
    ) -> KernelFuture<'_, Result<ReceiptStatus, Unobservable>> {
        Box::pin(async move {
            self.link.passes()?;
            if KernelLink::is(&self.link.shows_receipts) {
                let shown = self.inner().receipt(action_id).await?;
                return Ok(match shown {
                    ReceiptStatus::Executed { receipt } if KernelLink::is(&self.link.mixes_up) => {
                        ReceiptStatus::Executed { receipt: another(receipt) }
                    }
                    other => other,
                });
            }
            Ok(ReceiptStatus::NoneYet { action_id })
        })
    }

    fn events(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> KernelFuture<'_, Result<EventPage, Unobservable>> {
        Box::pin(async move {
            self.link.passes()?;
            self.inner().events(before, limit).await
        })
    }

    fn apply(
        &self,
        order: Order,
        session: Session,
    ) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        Box::pin(async move {
            self.link.orders.fetch_add(1, Ordering::SeqCst);
            if KernelLink::is(&self.link.holds_orders) {
                self.link.held.send_replace(Some(order.action_id()));
                self.link.released.notified().await;
                self.link.held.send_replace(None);
            }
            if !KernelLink::is(&self.link.loses_orders) {
                // It really runs; only the answer is lost.
                let answer = self.inner().apply(order, session).await;
                if KernelLink::is(&self.link.mixes_up) {
                    return answer.map(another);
                }
            }
            Err(ApplyError::Unknown { why: "the link was lost after the order".to_owned() })
        })
    }

    fn resolve<'a>(
        &'a self,
        _: ActionId,
        _: &'a Session,
    ) -> KernelFuture<'a, Result<Resolution, ResolveError>> {
        self.link.resolutions.fetch_add(1, Ordering::SeqCst);
        let why = "this kernel cannot resolve".to_owned();
        Box::pin(async { Err(Unobservable { why }.into()) })
    }
}

/// The receipt of another order.
fn another(receipt: Receipt) -> Receipt {
    Receipt { action_id: ActionId::from_random([0xee; 16]), ..receipt }
}

/// A control plane over any kernel, with Olga signed in as an operator.
pub struct App {
    pub olga: Client,
    pub store: Store,
    _stop: watch::Sender<()>,
}

impl App {
    /// In this directory, over the embedded kernel behind whatever `wrap` puts before it.
    pub async fn over<K: CommandKernel>(
        dir: &Path,
        wrap: impl FnOnce(EmbeddedKernel) -> K,
    ) -> Self {
        let store = crate::records::store_in(dir);
        let ambient = ambient(ManualClock::new(), Arc::default());
        let clock = Arc::clone(&ambient.clock);
        let inner = founded(&config(dir, 3), Arc::clone(&clock), &*ambient.entropy);
        let kernel = Arc::new(wrap(inner.expect("a kernel")));
        let ledger = Ledger::open(&store, clock).expect("a ledger");
        ledger.declare_ways_out(kernel.spec().ways_out()).await.expect("durable");
        let identity = kernel.observe().await.expect("a state").identity;
        let assembled = assemble(Parts::new(ledger, ambient), kernel);
        let access = Arc::clone(&assembled.access);
        access.add_account("olga", "operator", PASSWORD).await.expect("olga");
        let session = access.sign_in("olga", PASSWORD).await.expect("a session");
        let (stop, stopping) = watch::channel(());
        let site = assembled.site(Front::plain(identity, stopping));
        let olga = Client::new(routers(site).console, session.token);
        Self { olga, store, _stop: stop }
    }
}

/// A control plane over the kernel that cannot say what it did.
pub struct MuteApp {
    pub olga: Client,
    pub link: Arc<KernelLink>,
    pub store: Store,
    _app: App,
    _dir: TempDir,
}

impl MuteApp {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let link = Arc::new(KernelLink::default());
        let app = App::over(dir.path(), |inner| MuteKernel { inner, link: Arc::clone(&link) });
        let app = app.await;
        let (olga, store) = (app.olga.clone(), app.store.clone());
        Self { olga, link, store, _app: app, _dir: dir }
    }

    /// Sets one of the link's faults.
    pub fn set(flag: &AtomicBool) {
        flag.store(true, Ordering::SeqCst);
    }
}
