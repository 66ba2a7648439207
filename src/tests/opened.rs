//! A control plane, put together on a directory as the server does it.

use crate::harness::{CountedEntropy, ManualClock};
use aerodb_control::authority::PasswordCost;
use aerodb_control::kernel::embedded::NodeCount;
use aerodb_control::model::text::PlaceName;
use aerodb_control::serve::config::Config;
use aerodb_control::serve::reach::Reach;
use aerodb_control::serve::vouching::Vouching;
use aerodb_control::serve::{Ambient, House, assemble};
use std::path::Path;
use std::sync::Arc;

/// Opens a control plane on a directory; a new one still waits for its first operator.
pub async fn open(
    dir: &Path,
    nodes: u64,
    clock: &Arc<ManualClock>,
    entropy: &Arc<CountedEntropy>,
) -> House {
    open_with(dir, nodes, clock, entropy, Vouching::default()).await
}

/// The same, where others may say who somebody is.
pub async fn open_with(
    dir: &Path,
    nodes: u64,
    clock: &Arc<ManualClock>,
    entropy: &Arc<CountedEntropy>,
    vouching: Vouching,
) -> House {
    let ambient = ambient(clock.clone(), entropy.clone());
    let config = Config { vouching, ..config(dir, nodes) };
    assemble(&config, ambient, Some("http://127.0.0.1:7410".to_owned())).await.expect("a house")
}

/// Why a control plane with these settings does not start. Nothing was opened.
pub async fn refused_start(change: impl FnOnce(&mut Config)) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = config(dir.path(), 3);
    change(&mut config);
    let ambient = ambient(ManualClock::new(), Arc::default());
    let refused = assemble(&config, ambient, None).await.err().expect("it does not start");
    let left = std::fs::read_dir(dir.path()).expect("a directory").count();
    assert_eq!(left, 0, "{refused}");
    refused.to_string()
}

fn config(dir: &Path, nodes: u64) -> Config {
    let leptos = leptos::config::LeptosOptions::builder()
        .output_name("aerodb-control")
        .site_root("target/site")
        .build();
    Config {
        leptos,
        data: dir.to_owned(),
        nodes: NodeCount::Exactly(nodes),
        environment: PlaceName::parse("test").expect("a name"),
        cluster: PlaceName::parse("aerodb").expect("a name"),
        data_api: "127.0.0.1:0".parse().expect("an address"),
        reach: Reach::default(),
        observer_listen: None,
        vouching: Vouching::default(),
    }
}

fn ambient(clock: Arc<ManualClock>, entropy: Arc<CountedEntropy>) -> Ambient {
    Ambient { clock, entropy, password_cost: PasswordCost::of(64, 1) }
}
