//! A control plane, put together on a directory as the server does it.

use crate::still_time::{CountedEntropy, ManualClock};
use aerodb_control::authority::reauth::PROOF_MINUTES_MAX;
use aerodb_control::authority::{PasswordCost, ReauthLifetime};
use aerodb_control::kernel::embedded::NodeCount;
use aerodb_control::model::ambient::Room;
use aerodb_control::model::record::HostUser;
use aerodb_control::model::text::PlaceName;
use aerodb_control::serve::config::{Config, KernelSettings};
use aerodb_control::serve::listen_policy::ListenPolicy;
use aerodb_control::serve::provider_settings::ProviderSettings;
use aerodb_control::serve::{self, ControlPlane, SystemDeps, found};
use aerodb_control::ui::EnvironmentClass;
use std::path::Path;
use std::sync::Arc;

/// A change of the settings that a test makes.
pub type ConfigChange = Arc<dyn Fn(&mut Config) + Send + Sync>;

/// Opens a control plane on a directory; a new one still waits for its first operator. A proof of
/// identity lasts as long as a session: tests of other things move time as they like.
pub async fn open(
    dir: &Path,
    nodes: u64,
    clock: &Arc<ManualClock>,
    entropy: &Arc<CountedEntropy>,
) -> ControlPlane {
    let as_it_is: ConfigChange = Arc::new(|_| {});
    open_as(dir, nodes, clock, entropy, &as_it_is).await
}

/// The same, with other settings.
pub async fn open_as(
    dir: &Path,
    nodes: u64,
    clock: &Arc<ManualClock>,
    entropy: &Arc<CountedEntropy>,
    change: &ConfigChange,
) -> ControlPlane {
    let ambient = ambient(clock.clone(), entropy.clone());
    let mut config = config(dir, nodes);
    change(&mut config);
    if !dir.join("control.sqlite").exists() {
        found(&config, &ambient, host_user()).await.expect("a new cluster");
    }
    serve::open(&config, ambient, Some("http://127.0.0.1:7410".to_owned())).await.expect("a house")
}

/// Why a control plane with these settings does not start. Nothing was opened.
pub async fn refused_start(change: impl FnOnce(&mut Config)) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = config(dir.path(), 3);
    change(&mut config);
    let ambient = ambient(ManualClock::new(), Arc::default());
    let refused = serve::open(&config, ambient, None).await.err().expect("it does not start");
    let left = std::fs::read_dir(dir.path()).expect("a directory").count();
    assert_eq!(left, 0, "{refused}");
    refused.to_string()
}

/// A disk on which there is always the same room.
#[derive(Debug)]
pub(crate) struct SomeRoom;

impl Room for SomeRoom {
    fn free_bytes(&self, _: &Path) -> Result<u64, String> {
        Ok(64 << 30)
    }
}

/// A disk that says this.
#[derive(Debug)]
pub(crate) struct Disk(pub Result<u64, String>);

impl Room for Disk {
    fn free_bytes(&self, _: &Path) -> Result<u64, String> {
        self.0.clone()
    }
}

/// Who founds a cluster in the tests.
pub(crate) fn host_user() -> HostUser {
    HostUser { user: "root (uid 0)".to_owned(), host: "test".to_owned(), reason: None }
}

pub(crate) fn config(dir: &Path, nodes: u64) -> Config {
    let leptos = leptos::config::LeptosOptions::builder()
        .output_name("aerodb-control")
        .site_root("target/site")
        .build();
    Config {
        leptos,
        embedded: None,
        data: dir.to_owned(),
        kernel: KernelSettings::Embedded {
            nodes: NodeCount::Exactly(nodes),
            data_api: "127.0.0.1:0".parse().expect("an address"),
        },
        environment: PlaceName::parse("test").expect("a name"),
        environment_class: EnvironmentClass::Other,
        cluster: PlaceName::parse("aerodb").expect("a name"),
        reach: ListenPolicy::default(),
        observer_listen: None,
        providers: ProviderSettings::default(),
        reauth_lifetime: ReauthLifetime::of_minutes(PROOF_MINUTES_MAX).expect("a whole session"),
        second_operator: Vec::new(),
        in_force: Vec::new(),
    }
}

pub(crate) fn ambient(clock: Arc<ManualClock>, entropy: Arc<CountedEntropy>) -> SystemDeps {
    SystemDeps { clock, entropy, password_cost: PasswordCost::of(64, 1), room: Arc::new(SomeRoom) }
}
