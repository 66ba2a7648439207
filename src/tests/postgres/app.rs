//! A control plane over a real cluster, put together as the server does it, and people who use it.

use super::kernel_config::kernel_config;
use super::machine::TestCluster;
use crate::harness::{Client, CountedEntropy, ManualClock, PASSWORD, Reply, id};
use crate::serve::opened::{ambient, config, host_user};
use crate::web::described::Description;
use aerodb_control::kernel::postgres::config::PostgresConfig;
use aerodb_control::kernel::postgres::spec::SPEC;
use aerodb_control::model::spec::Catalogue;
use aerodb_control::serve::config::{Config, KernelSettings};
use aerodb_control::serve::{self, ControlPlane, found};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;

fn described() -> &'static Description {
    static DESCRIPTION: OnceLock<Description> = OnceLock::new();
    DESCRIPTION.get_or_init(|| Description::of(Catalogue::from(&SPEC)))
}

/// A control plane over a cluster, with an operator, an observer and an auditor.
pub struct PgApp {
    pub cluster: TestCluster,
    pub olga: Client,
    pub oscar: Client,
    pub anna: Client,
    /// It serves for as long as it is held.
    _house: ControlPlane,
    dir: TempDir,
    asked: AtomicU8,
}

impl PgApp {
    /// Founds a control plane over a cluster that runs.
    pub async fn over(cluster: TestCluster) -> Self {
        Self::with(cluster, |_| {}).await
    }

    /// The same, with other settings of the kernel.
    pub async fn with(cluster: TestCluster, change: impl FnOnce(&mut PostgresConfig)) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        // What is founded goes to where nothing is; the passwords are beside it.
        let data = dir.path().join("data");
        std::fs::create_dir(&data).expect("a directory");
        let mut postgres = kernel_config(&cluster, dir.path());
        change(&mut postgres);
        // The kernel is of the cluster that its control plane is of.
        let config = Config {
            cluster: postgres.cluster.clone(),
            kernel: KernelSettings::Postgres(Box::new(postgres)),
            ..config(&data, 3)
        };
        let (clock, entropy) = (ManualClock::new(), Arc::new(CountedEntropy::default()));
        let ambient = || ambient(clock.clone(), entropy.clone());
        found(&config, &ambient(), host_user()).await.expect("a journal");
        let house = serve::open(&config, ambient(), None).await.expect("a control plane");
        let access = &house.access;
        let link = house.setup_path.as_ref().expect("a new one").replace("/setup/", "");
        access.redeem_setup_link(&link, "olga", PASSWORD).await.expect("the link");
        for (name, role) in [("oscar", "observer"), ("anna", "auditor")] {
            access.add_account(name, role, PASSWORD).await.expect(name);
        }
        let session = async |name: &str| {
            let answer = access.sign_in(name, PASSWORD).await.expect(name);
            Client::described_by(described(), house.console.clone(), answer.token)
        };
        let (olga, oscar, anna) =
            (session("olga").await, session("oscar").await, session("anna").await);
        Self { cluster, olga, oscar, anna, _house: house, dir, asked: AtomicU8::new(1) }
    }

    /// The folder of everything that lasts here.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Asks for an action, with what is attested.
    pub async fn asks(&self, kind: &str, params: Value, attested: Value) -> Reply {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let body = json!({
            "action_id": id(number), "kind": kind, "params": params, "attested": attested,
            "reason": "a drill",
        });
        self.olga.post("/api/v1/actions", &body).await
    }

    /// Asks for an action that the rules are not against, and confirms it; it runs as it was explained.
    pub async fn runs(&self, kind: &str, params: Value) -> Value {
        self.runs_attested(kind, params, json!({})).await
    }

    /// The same, with what is attested.
    pub async fn runs_attested(&self, kind: &str, params: Value, attested: Value) -> Value {
        let asked = format!("{kind} {params}");
        let explained = self.asks(kind, params, attested).await.expect(201).json();
        let done = self.olga.confirm(&explained).await;
        let body = done.json();
        assert_eq!(done.status.as_u16(), 200, "{asked}: {body:#}");
        assert_eq!(body["stage"], "executed", "{asked}: {:#}", body["outcome"]);
        assert_eq!(body["outcome"]["differences"], json!([]), "{asked}");
        body
    }

    /// Asks for an action that rules are against, and gives these.
    pub async fn refuses(&self, kind: &str, params: Value, attested: Value) -> Vec<String> {
        let asked = format!("{kind} {params}");
        let reply = self.asks(kind, params, attested).await;
        assert_eq!(reply.status.as_u16(), 412, "{asked}: {}", reply.body);
        let rules = reply.json()["refusal"]["invariants"].clone();
        serde_json::from_value(rules).expect("names of rules")
    }

    /// The cluster as the API shows it.
    pub async fn shows(&self) -> Value {
        self.oscar.get("/api/v1/cluster").await.expect(200).json()
    }
}
