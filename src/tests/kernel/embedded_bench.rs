//! A real embedded kernel in a temporary directory, with a clock that a test moves.

use crate::kernel::contract::Bench;
use crate::serve::opened::SomeRoom;
use aerodb_control::kernel::CommandKernel;
use aerodb_control::kernel::embedded::{
    EmbeddedConfig, EmbeddedKernel, NodeCount, OpenError, ServiceHistory,
};
use aerodb_control::model::ambient::{Clock, Entropy, Timestamp};
use aerodb_control::model::text::PlaceName;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;

/// The time at which every test begins.
pub(crate) const BEGINNING: i64 = 1_769_852_700_000;

pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn name(&self) -> &'static str {
        "test clock"
    }
}

pub(crate) struct FixedEntropy(pub(crate) u8);

impl Entropy for FixedEntropy {
    fn bytes(&self) -> [u8; 32] {
        [self.0; 32]
    }
}

pub(crate) struct Embedded {
    kernel: Option<Arc<EmbeddedKernel>>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) dir: TempDir,
    pub(crate) nodes: u64,
}

pub(crate) fn config(dir: &Path, nodes: u64) -> EmbeddedConfig {
    EmbeddedConfig {
        dir: dir.join("kernel"),
        nodes: NodeCount::Exactly(nodes),
        cluster: PlaceName::parse("aerodb").unwrap(),
        environment: PlaceName::parse("test").unwrap(),
        room: Arc::new(SomeRoom),
    }
}

/// A new cluster, laid out and started for the first time.
pub(crate) fn founded(
    config: &EmbeddedConfig,
    clock: Arc<dyn Clock>,
    entropy: &dyn Entropy,
) -> Result<EmbeddedKernel, OpenError> {
    EmbeddedKernel::create_files(config, &*clock, entropy)?;
    EmbeddedKernel::open(config, ServiceHistory::Never, clock, entropy)
}

impl Embedded {
    pub(crate) fn found(nodes: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(BEGINNING)));
        let asked: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let kernel = founded(&config(dir.path(), nodes), asked, &FixedEntropy(1));
        Self { kernel: Some(Arc::new(kernel.unwrap())), clock, dir, nodes }
    }

    pub(crate) fn open(&mut self) -> Result<(), OpenError> {
        let config = config(self.dir.path(), self.nodes);
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        self.kernel = Some(Arc::new(EmbeddedKernel::open(
            &config,
            ServiceHistory::Before,
            clock,
            &FixedEntropy(1),
        )?));
        Ok(())
    }

    pub(crate) fn close(&mut self) {
        let kernel = self.kernel.take().expect("it is open");
        assert_eq!(Arc::strong_count(&kernel), 1, "nobody else holds the kernel");
    }

    pub(crate) fn own(&self) -> &Arc<EmbeddedKernel> {
        self.kernel.as_ref().expect("it is open")
    }
}

impl Bench for Embedded {
    fn kernel(&self) -> &dyn CommandKernel {
        self.own().as_ref()
    }

    fn restart(&mut self) {
        self.close();
        self.clock.advance(1000);
        self.open().unwrap();
    }
}
