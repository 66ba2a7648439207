//! One control plane with its kernel, put together as `serve` does it, without listeners.

use super::network_faults::NetworkFaults;
use crate::authority::reauth::PROOF_MINUTES_MAX;
use crate::authority::{Credential, Operator, PasswordCost, ReauthLifetime};
use crate::kernel::ObserveKernel as _;
use crate::kernel::embedded::{EmbeddedConfig, EmbeddedKernel, NodeCount, ServiceHistory};
use crate::ledger::{Draft, Ledger, LedgerReader, open_key};
use crate::model::ambient::{Clock, Entropy, Room, Timestamp};
use crate::model::record::Entry;
use crate::model::text::PlaceName;
use crate::observe::QueryService;
use crate::serve::{Assembled, Parts, SystemDeps, assemble};
use crate::store::{Store, StoreError};
use crate::workflow::Workflow;
use crate::workflow::access::Access;
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A clock that the simulation moves, also backwards.
pub(super) struct SimClock(AtomicI64);

impl SimClock {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_767_225_660_000)))
    }

    pub(super) fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn name(&self) -> &'static str {
        "virtual clock"
    }
}

/// Bytes from a counter.
#[derive(Default)]
pub(super) struct SimEntropy(AtomicU64);

impl Entropy for SimEntropy {
    fn bytes(&self) -> [u8; 32] {
        Sha256::digest(self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes()).into()
    }
}

/// A disk with room.
#[derive(Debug)]
pub(super) struct SimRoom;

impl Room for SimRoom {
    fn free_bytes(&self, _: &Path) -> Result<u64, String> {
        Ok(64 << 30)
    }
}

/// The parts of one process.
pub(super) struct SimProcess {
    pub(super) workflow: Arc<Workflow>,
    pub(super) read: QueryService,
    pub(super) access: Arc<Access>,
    pub(super) kernel: Arc<EmbeddedKernel>,
    store: Store,
    ledger: Ledger,
}

impl SimProcess {
    /// Opens everything in a directory, in the order of `serve`, and records the start.
    pub(super) async fn open(
        dir: &Path,
        nodes: u64,
        clock: &Arc<SimClock>,
        entropy: &Arc<SimEntropy>,
        weather: NetworkFaults,
    ) -> Result<Self, String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let clock: Arc<dyn Clock> = clock.clone();
        let store = match Store::open(dir) {
            Err(StoreError::NotFounded { .. }) => Store::found(dir),
            opened => opened,
        };
        let store = store.map_err(|e| said(&e))?;
        let ledger = Ledger::open(&store, Arc::clone(&clock)).map_err(|e| said(&e))?;
        let config = EmbeddedConfig {
            dir: dir.join("kernel"),
            nodes: NodeCount::ToFoundWith(nodes),
            cluster: PlaceName::parse("aerodb").expect("a name"),
            environment: PlaceName::parse("simulation").expect("a name"),
            room: Arc::new(SimRoom),
        };
        let is_new = !config.dir.exists();
        if is_new {
            EmbeddedKernel::create_files(&config, &*clock, &**entropy).map_err(|e| said(&e))?;
        }
        let served = if is_new { ServiceHistory::Never } else { ServiceHistory::Before };
        let clock_of = Arc::clone(&clock);
        let opened = EmbeddedKernel::open_here(&config, served, clock_of, &**entropy, weather);
        let kernel = Arc::new(opened.map_err(|e| said(&e))?);
        let named = ledger.reader().log_key().map_err(|e| said(&e))?;
        let signer = open_key(dir, "aerodb/simulation", named.as_ref(), &**entropy);
        let signer = signer.map_err(|e| said(&e))?;
        let open = ledger.reader().open_actions().map_err(|e| said(&e))?;
        let about = kernel.describe();
        let entry = Entry::Boot {
            version: "simulation".to_owned(),
            cluster: about.cluster,
            note: about.start_note,
            interrupted: open.into_iter().map(|(id, _)| id).collect(),
            log_key: Some(signer.public().to_string()),
            settings: None,
            last_run: None,
        };
        let draft = Draft::new(None, None, entry);
        let ledger = ledger.signing(signer);
        ledger.append(vec![draft]).await.map_err(|e| said(&e))?;
        ledger.declare_ways_out(kernel.spec().ways_out()).await.map_err(|e| said(&e))?;
        // Whoever operates here is always the same: what is tried is the cluster and the log.
        let reauth_lifetime =
            ReauthLifetime::of_minutes(PROOF_MINUTES_MAX).map_err(|e| said(&e))?;
        let ambient = SystemDeps {
            clock,
            entropy: entropy.clone(),
            password_cost: PasswordCost::of(64, 1),
            room: Arc::new(SimRoom),
        };
        let parts = Parts { reauth_lifetime, ..Parts::new(ledger.clone(), ambient) };
        let Assembled { workflow, read, access, .. } = assemble(parts, kernel.clone());
        Ok(Self { workflow, read, access, kernel, store, ledger })
    }

    /// The records.
    pub(super) fn records(&self) -> LedgerReader {
        self.ledger.reader()
    }

    /// The file of the records.
    pub(super) fn records_path(&self) -> std::path::PathBuf {
        self.store.path().to_owned()
    }

    /// Who asks.
    pub(super) fn operator(&self, session: &Credential) -> Result<Operator, String> {
        self.access.operator(Some(session)).map_err(|denied| denied.to_string())
    }

    /// Waits until the writer of the store has nothing to do: it checkpoints after it has answered,
    /// and what it writes then must not meet the next event by chance.
    pub(super) async fn quiet(&self) {
        for _ in 0..2 {
            let _ = self.store.write(|_| Ok::<(), StoreError>(())).await;
        }
    }
}
