//! A control plane over the ladder, put together as the server does it.

use super::SPEC;
use super::port::Ladder;
use super::view::identity;
use crate::harness::{Client, ManualClock, PASSWORD, Reply};
use crate::serve::opened::ambient;
use crate::web::described::Description;
use aerodb_control::kernel::{CommandKernel, ObserveKernel as _};
use aerodb_control::ledger::{Draft, Ledger, open_key};
use aerodb_control::model::record::Entry;
use aerodb_control::model::spec::Catalogue;
use aerodb_control::serve::{Front, Parts, assemble};
use aerodb_control::web::routers;
use axum::Router;
use serde_json::Value;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use tokio::sync::watch;

pub(super) struct LadderApp {
    pub(super) ladder: Ladder,
    pub(super) olga: Client,
    pub(super) oscar: Client,
    pub(super) anna: Client,
    pub(super) console: Router,
    _stop: watch::Sender<()>,
    dir: TempDir,
}

fn described() -> &'static Description {
    static DESCRIPTION: OnceLock<Description> = OnceLock::new();
    DESCRIPTION.get_or_init(|| Description::of(Catalogue::from(&SPEC)))
}

impl LadderApp {
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let ladder = Ladder::new();
        let store = crate::records::store_in(dir.path());
        let ambient = ambient(ManualClock::new(), Arc::default());
        let clock = Arc::clone(&ambient.clock);
        let ledger = Ledger::open(&store, clock).expect("a ledger");
        let signer = open_key(dir.path(), "aerodb-control/l-7", None, &*ambient.entropy);
        let signer = signer.expect("a new key");
        let founded = Entry::Founded {
            version: "0".to_owned(),
            cluster: "staging orders".to_owned(),
            nodes: 4,
            log_key: signer.public().to_string(),
        };
        let ledger = ledger.signing(signer);
        ledger.append(vec![Draft::new(None, None, founded)]).await.expect("durable");
        let kernel: Arc<dyn CommandKernel> = Arc::new(ladder.clone());
        ledger.declare_ways_out(ladder.spec().ways_out()).await.expect("durable");
        let assembled = assemble(Parts::new(ledger, ambient), kernel);
        let access = Arc::clone(&assembled.access);
        let (stop, stopping) = watch::channel(());
        let site = assembled.site(Front::plain(identity(), stopping));
        let console = routers(site).console;
        let mut clients = Vec::new();
        for (name, role) in [("olga", "operator"), ("oscar", "observer"), ("anna", "auditor")] {
            access.add_account(name, role, PASSWORD).await.expect(name);
            let session = access.sign_in(name, PASSWORD).await.expect(name);
            clients.push(Client::described_by(described(), console.clone(), session.token));
        }
        let [olga, oscar, anna] = <[Client; 3]>::try_from(clients).ok().expect("three");
        Self { ladder, olga, oscar, anna, console, _stop: stop, dir }
    }

    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A page as its reader gets it.
    pub(super) async fn page(&self, path: &str) -> String {
        self.olga.get(path).await.expect(200).body
    }

    /// One action as the API shows it.
    pub(super) async fn action(&self, id: &str) -> Value {
        self.oscar.get(&format!("/api/v1/actions/{id}")).await.expect(200).json()
    }

    /// Asks for an action on a node.
    pub(super) async fn asks(&self, number: u8, kind: &str, params: Value) -> Reply {
        self.olga.request(number, kind, params).await
    }
}
