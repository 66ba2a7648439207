//! A primary that is lost at any moment and in any way: whatever was seen, and whatever people say, a promotion
//! that was allowed has every row that a client was told of.
//!
//! The people of these runs are wrong as often as they are right: they testify that the old primary is out
//! while it lives and nobody sees it.

use super::app::PgApp;
use super::failover::{every_word, with_control_data};
use super::load::{RowsByClient, lost, make_table, rows_on};
use super::machine::{CANARY, NODES, TestCluster};
use crate::fault_panel::Rng;
use crate::faults::campaign::number;
use crate::postgres_bench::cluster::ClusterLayout;
use crate::postgres_bench::node::SUPERUSER;
use crate::postgres_bench::proxy::LinkMode;
use crate::postgres_bench::template::APP;
use crate::postgres_bench::until;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinHandle;

const CLIENTS: usize = 4;
const RULES: [&str; 5] =
    ["ANY 1 (n2, n3)", "FIRST 1 (n2, n3)", "FIRST 2 (n2, n3)", "FIRST 1 (n2)", ""];

/// How the primary is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PrimaryLoss {
    Killed,
    /// It recovers from a crash, goes on, and is killed.
    CrashedThenKilled,
    StoppedInOrder,
    /// It stands still, and goes on after somebody else was promoted.
    StandsStill,
    /// It lives, clients reach it, and neither its standbys nor the console do.
    CutOff,
}

const LOSSES: [PrimaryLoss; 5] = [
    PrimaryLoss::Killed,
    PrimaryLoss::CrashedThenKilled,
    PrimaryLoss::StoppedInOrder,
    PrimaryLoss::StandsStill,
    PrimaryLoss::CutOff,
];

/// Clients that write into the first node, one row after another, and count what they are told.
struct RowWriters {
    told: Arc<Vec<AtomicU64>>,
    tasks: Vec<JoinHandle<()>>,
}

impl RowWriters {
    fn start(app: &PgApp) -> Self {
        let told: Arc<Vec<AtomicU64>> = Arc::new((0..CLIENTS).map(|_| AtomicU64::new(0)).collect());
        let (host, port) = app.cluster.node(0).unwrap().address();
        let mut config = tokio_postgres::Config::new();
        config.host(host).port(port).user(APP).dbname(APP).password(format!("{APP}-{CANARY}"));
        let write = |client: usize| {
            let (config, told) = (config.clone(), Arc::clone(&told));
            tokio::spawn(async move {
                // A session that was lost is made again, as applications do.
                loop {
                    let Ok((session, connection)) = config.connect(tokio_postgres::NoTls).await
                    else {
                        tokio::task::yield_now().await;
                        continue;
                    };
                    tokio::spawn(connection);
                    let row = format!("insert into written (client) values ({client})");
                    while session.batch_execute(&row).await.is_ok() {
                        told[client].fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        };
        Self { tasks: (0..CLIENTS).map(write).collect(), told: Arc::clone(&told) }
    }

    fn told(&self) -> RowsByClient {
        let one = |(client, count): (usize, &AtomicU64)| {
            (u32::try_from(client).expect("few"), count.load(Ordering::SeqCst))
        };
        self.told.iter().enumerate().map(one).collect()
    }

    fn count(&self) -> u64 {
        self.told().values().sum()
    }

    fn until(&self, rows: u64) {
        until("clients write", || Ok((self.count() >= rows).then_some(()))).expect("they do");
    }
}

impl Drop for RowWriters {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// What came of one run.
#[derive(Default)]
struct LossFigures {
    promoted: u64,
    rejected: u64,
    rows: u64,
    by: BTreeMap<String, u64>,
}

/// Does an action where the rules allow it; whether it ran.
async fn tries(app: &PgApp, kind: &str, params: Value, attested: Value) -> bool {
    let explained = app.asks(kind, params, attested).await;
    if explained.status.as_u16() != 201 {
        return false;
    }
    app.olga.confirm(&explained.json()).await.json()["stage"] == "executed"
}

fn one_of<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    let place = rng.below(u64::try_from(of.len()).unwrap());
    of[usize::try_from(place).unwrap()]
}

/// Something that went wrong before, and that nobody repaired.
fn trouble(app: &PgApp, rng: &mut Rng, loss: PrimaryLoss) {
    let modes = [LinkMode::Refuse, LinkMode::Stall, LinkMode::HoldAnswers, LinkMode::HoldRequests];
    // A server that is stopped in order waits for standbys that are silent, longer than anybody here.
    let mode =
        if loss == PrimaryLoss::StoppedInOrder { LinkMode::Refuse } else { one_of(rng, &modes) };
    match rng.below(4) {
        0 => app.cluster.proxy(0).unwrap().set_for("n2", mode),
        1 => app.cluster.proxy(0).unwrap().set_for("n3", mode),
        _ => {}
    }
}

fn lose(app: &mut PgApp, loss: PrimaryLoss, writers: &RowWriters) -> Value {
    let proxy = app.cluster.proxy(0).unwrap();
    match loss {
        PrimaryLoss::StandsStill => app.cluster.node_mut(0).unwrap().pause().unwrap(),
        PrimaryLoss::CutOff => proxy.set(LinkMode::Refuse),
        PrimaryLoss::Killed => app.cluster.node_mut(0).unwrap().kill().unwrap(),
        PrimaryLoss::CrashedThenKilled => {
            app.cluster.node(0).unwrap().crash().unwrap();
            let before = writers.count();
            // Where a commit waits for a standby that is gone, nobody is told of any more.
            drop(until("they go on", || Ok((writers.count() > before).then_some(()))));
            app.cluster.node_mut(0).unwrap().kill().unwrap();
        }
        PrimaryLoss::StoppedInOrder => app.cluster.node_mut(0).unwrap().stop().unwrap(),
    }
    match loss {
        PrimaryLoss::StandsStill | PrimaryLoss::CutOff => every_word(),
        _ => {
            let said = app.cluster.node(0).unwrap().control_data().unwrap();
            with_control_data(said.get(..3000).unwrap_or(&said))
        }
    }
}

async fn run(seed: u64, figures: &mut LossFigures) {
    let mut rng = Rng::seeded(seed);
    let (rule, loss) = (one_of(&mut rng, &RULES), one_of(&mut rng, &LOSSES));
    let what = format!("seed {seed}: {rule:?}, {loss:?}");
    let layout =
        ClusterLayout { sync_rule: rule.to_owned(), proxied: true, ..ClusterLayout::default() };
    let mut app = PgApp::over(TestCluster::laid_out(layout)).await;
    make_table(app.cluster.node(0).unwrap());
    let declared = !rule.is_empty()
        && rng.below(4) > 0
        && tries(&app, "declare_sync_contract", json!({"node": "n1"}), json!({})).await;
    let writers = RowWriters::start(&app);
    writers.until(20 + rng.below(300));
    trouble(&app, &mut rng, loss);
    let word = lose(&mut app, loss, &writers);
    let mut promoted = Vec::new();
    for _ in 0..3 {
        for (number, node) in NODES.iter().enumerate().skip(1) {
            let act = rng.below(4);
            if act == 0 {
                tries(&app, "checkpoint", json!({"node": node}), json!({})).await;
            } else if act < 3 {
                let none = json!({"node": node, "upstream": "none"});
                tries(&app, "write_upstream", none, json!({})).await;
                tries(&app, "reload", json!({"node": node}), json!({})).await;
            }
            if tries(&app, "promote", json!({"node": node}), word.clone()).await {
                promoted.push(number);
            } else {
                figures.rejected += 1;
            }
        }
    }
    assert!(promoted.len() <= 1, "{what}: {promoted:?}");
    if loss == PrimaryLoss::StandsStill {
        app.cluster.node_mut(0).unwrap().go_on().unwrap();
        // Whoever has been waiting since is answered now, or never.
        tries(&app, "checkpoint", json!({"node": "n1"}), json!({})).await;
    }
    let told = writers.told();
    drop(writers);
    figures.rows += told.values().sum::<u64>();
    let Some(number) = promoted.first() else { return };
    figures.promoted += 1;
    *figures.by.entry(format!("{loss:?}")).or_default() += 1;
    let there = rows_on(app.cluster.node(*number).unwrap());
    assert_eq!(lost(&told, &there), 0, "{what}: contract {declared}, told {told:?}, {there:?}");
    let recovers = app.cluster.node(*number).unwrap().sql(SUPERUSER, "select pg_is_in_recovery()");
    assert_eq!(recovers.unwrap(), "f", "{what}");
}

/// C2.2, C7.1.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_promoted_after_any_loss_has_every_row_that_a_client_was_told_of() {
    let (runs, seed) = (number("CAMPAIGN_RUNS", 6), number("CAMPAIGN_SEED", 20_261_130));
    let mut figures = LossFigures::default();
    for run_number in 0..runs {
        run(seed + run_number, &mut figures).await;
    }
    let LossFigures { promoted, rejected, rows, by } = figures;
    println!(
        "{runs} runs from seed {seed}: {rows} rows were told, {promoted} promotions {by:?}, \
         {rejected} attempts rejected, no row lost"
    );
    assert!(promoted > 0 && rejected > 0, "{promoted} promoted, {rejected} rejected");
}
