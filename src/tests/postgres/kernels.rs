//! The kernel itself over a real cluster, without a control plane above it.

use super::kernel_config::kernel_config;
use super::machine::TestCluster;
use crate::serve::opened::SomeRoom;
use crate::still_time::{CountedEntropy, ManualClock};
use aerodb_control::kernel::postgres::config::PostgresConfig;
use aerodb_control::kernel::postgres::spec::SPEC;
use aerodb_control::kernel::postgres::{PostgresKernel, founding};
use aerodb_control::model::action::Action;
use std::sync::Arc;
use tempfile::TempDir;

/// A kernel, the cluster below it, and its own files.
pub struct PgKernel {
    pub cluster: TestCluster,
    kernel: Option<PostgresKernel>,
    config: PostgresConfig,
    _dir: TempDir,
}

impl PgKernel {
    /// Founds one over a cluster that runs.
    pub async fn over(cluster: TestCluster, change: impl FnOnce(&mut PostgresConfig)) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let mut config = kernel_config(&cluster, dir.path());
        change(&mut config);
        let (clock, entropy) = (ManualClock::new(), CountedEntropy::default());
        let answers = founding::ask(&config).await.expect("they answer");
        founding::create_files(&config, &answers, &*clock, &entropy).expect("a journal");
        let kernel = Some(started(&config));
        Self { cluster, kernel, config, _dir: dir }
    }

    /// The kernel.
    pub fn kernel(&self) -> &PostgresKernel {
        self.kernel.as_ref().expect("it is open")
    }

    /// Stops it, and starts another one on the same files.
    pub fn restart(&mut self) {
        self.kernel = None;
        self.kernel = Some(started(&self.config));
    }
}

fn started(config: &PostgresConfig) -> PostgresKernel {
    let kernel = PostgresKernel::read(config.clone(), ManualClock::new(), Arc::new(SomeRoom));
    kernel.expect("its files").start().expect("it starts")
}

/// An action of the catalogue.
pub fn action(kind: &str, params: &serde_json::Value) -> Action {
    let params = serde_json::from_value(params.clone()).expect("texts");
    SPEC.parse(kind, &params).expect("an action")
}
