//! Base backups of real servers: whole, or not there.

use crate::postgres::machine::{TestCluster, passwords};
use crate::postgres::replication::operator;
use crate::postgres_bench::binaries::Binaries;
use crate::postgres_bench::cluster::{ClusterLayout, free_ports};
use crate::postgres_bench::node::{SUPERUSER, ServerFiles, ServerNode};
use crate::postgres_bench::proxy::LinkMode;
use aerodb_control::kernel::postgres::backup::{
    BackupContents, BackupDescription, BackupFailure, BackupPlan, BaseBackupError, create_backup,
    kept, list_backups, unfinished_backups, verify_backup,
};
use aerodb_control::kernel::postgres::replication::{ReplicationClient, ReplicationError};
use aerodb_control::kernel::progress::ProgressReporter;
use aerodb_control::model::action::ActionId;
use aerodb_control::model::ambient::{RESERVE_BYTES, Room, Timestamp};
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::receipt::{LedgerRef, Receipt};
use aerodb_control::model::text::PlaceName;
use serde_json::json;
use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Room, and what happens when it is looked at: the server has begun to send by then.
struct RoomWhich<F>(F);

impl<F> fmt::Debug for RoomWhich<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomWhich")
    }
}

impl<F: Fn() -> Result<u64, String> + Send + Sync + 'static> Room for RoomWhich<F> {
    fn free_bytes(&self, _: &Path) -> Result<u64, String> {
        (self.0)()
    }
}

pub fn name(text: &str) -> PlaceName {
    PlaceName::parse(text).unwrap()
}

fn id(number: u8) -> ActionId {
    ActionId::from_bytes([number; 16])
}

fn unheard() -> ProgressReporter {
    ProgressReporter::unheard()
}

pub async fn plan(dir: &Path, client: &mut ReplicationClient, text: &str) -> BackupPlan {
    BackupPlan {
        dir: dir.join("backups"),
        name: name(text),
        action_id: id(7),
        system_identifier: client.identify_system().await.unwrap().system_identifier,
        room: Arc::new(RoomWhich(|| Ok(u64::MAX))),
        progress: Arc::new(unheard()),
    }
}

pub fn receipt(contents: &BackupContents) -> Receipt {
    let action = json!({"kind": "create_backup", "params": {"name": "b1", "node": "n1"}});
    Receipt {
        action_id: id(7),
        action: serde_json::from_value(action).unwrap(),
        generation: Some(contents.begins.timeline.into()),
        position: Some(contents.ends.lsn),
        executed_at: Timestamp::from_millis(7),
        witness: LedgerRef { seq: 1, hash: Hash::of(b"record") },
        result: "done".to_owned(),
        verification: None,
        duplicate: false,
    }
}

/// What is in a directory of backups, the unfinished among it.
fn inside(plan_dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(plan_dir).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

pub async fn refused(client: &mut ReplicationClient, plan: &BackupPlan) -> BaseBackupError {
    let failed: BackupFailure =
        create_backup(client, plan.clone(), receipt).await.expect_err("it is refused");
    assert!(!failed.is_renamed, "{failed}");
    assert!(inside(&plan.dir).is_empty(), "{failed}: {:?}", inside(&plan.dir));
    failed.error
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Unpacks an archive for the user who runs the servers, who could not read it.
fn unpacked(backup: &Path, to: &Path, binaries: &Binaries) {
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(binaries.command("mkdir").args(["-m", "700"]).arg(to));
    let archive = Stdio::from(File::open(backup.join("base.tar")).unwrap());
    run(binaries.command("tar").arg("-xf").arg("-").arg("-C").arg(to).stdin(archive));
    let manifest = Stdio::from(File::open(backup.join("backup_manifest")).unwrap());
    let write = format!("cat > {}", to.join("backup_manifest").display());
    run(binaries.command("sh").args(["-c", &write]).stdin(manifest));
    run(binaries.program("pg_verifybackup").arg(to));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_what_the_server_says_of_it_and_the_cluster_starts_from_it() {
    let cluster = TestCluster::new();
    let primary = cluster.node(0).unwrap();
    primary.sql(SUPERUSER, "create table t as select generate_series(1, 5000) n").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut made: Vec<(PathBuf, BackupDescription)> = Vec::new();
    for (number, text) in [(0, "of-n1"), (1, "of-n2")] {
        let mut client = operator(&cluster, number).await;
        let plan = plan(dir.path(), &mut client, text).await;
        let description = create_backup(&mut client, plan.clone(), receipt).await.unwrap();
        let again = client.identify_system().await.expect("the session goes on");
        assert_eq!(again.system_identifier, description.contents.system_identifier);
        let path = plan.dir.join(text);
        assert_eq!(verify_backup(&path, &unheard()).unwrap(), description);
        assert_eq!(
            kept(&plan.dir, &name(text), id(7)).unwrap(),
            Some(receipt(&description.contents))
        );
        assert_eq!(kept(&plan.dir, &name(text), id(8)).unwrap(), None, "another action's");
        assert_eq!(kept(&plan.dir, &name("none"), id(7)).unwrap(), None);
        assert_eq!((mode(&plan.dir), mode(&path)), (0o700, 0o700));
        for file in ["base.tar", "backup_manifest", "backup.json"] {
            assert_eq!(mode(&path.join(file)), 0o600, "{file}");
        }
        made.push((path, description));
    }
    let backups = dir.path().join("backups");
    let listed = list_backups(&backups).unwrap();
    let expected = made.iter().map(|(_, one)| (one.name.clone(), Some(one.clone())));
    assert_eq!(listed, expected.collect::<Vec<_>>());
    assert!(unfinished_backups(&backups).unwrap().is_empty());
    let binaries = Binaries::find().unwrap();
    for (number, (path, _)) in made.iter().enumerate() {
        let data = cluster.dir().join(format!("unpacked-{number}"));
        unpacked(path, &data, &binaries);
        let _ = fs::remove_file(data.join("standby.signal"));
        let (host, port) = ("127.0.0.1".to_owned(), free_ports("127.0.0.1", 1).unwrap()[0]);
        let settings = data.join("postgresql.conf");
        let own =
            format!("listen_addresses = '{host}'\nport = {port}\nsynchronous_standby_names = ''\n");
        let text = fs::read_to_string(&settings).unwrap() + &own;
        fs::write(&settings, text).unwrap();
        let log = cluster.dir().join(format!("unpacked-{number}.log"));
        let passwords = passwords().to_owned();
        let files = ServerFiles { name: "unpacked".to_owned(), host, port, data, log, passwords };
        let mut node = ServerNode::new(files, binaries.clone());
        node.start().unwrap();
        assert_eq!(node.sql(SUPERUSER, "select count(*) from t").unwrap(), "5000");
        node.stop().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_byte_that_is_another_in_any_file_of_a_backup_is_found_and_the_file_is_named() {
    let cluster = TestCluster::new();
    let dir = tempfile::tempdir().unwrap();
    let mut client = operator(&cluster, 0).await;
    let plan = plan(dir.path(), &mut client, "b1").await;
    let description = create_backup(&mut client, plan.clone(), receipt).await.unwrap();
    let backup = plan.dir.join("b1");
    let found = || verify_backup(&backup, &unheard());
    for file in ["base.tar", "backup_manifest", "backup.json"] {
        let path = backup.join(file);
        let whole = fs::read(&path).unwrap();
        let last = whole.len() - 1;
        for at in [0, 100, 700, last / 3, last / 2, last - 700, last - 100] {
            let mut other = whole.clone();
            other[at] ^= 1;
            fs::write(&path, &other).unwrap();
            let error = found().expect_err("one bit is another").to_string();
            assert!(error.contains(file), "{file} {at}: {error}");
        }
        let mut longer = whole.clone();
        longer.extend([0; 512]);
        for other in [&whole[..last], &whole[..last / 2], &whole[..0], &longer] {
            fs::write(&path, other).unwrap();
            let error = found().expect_err("cut, or longer").to_string();
            assert!(error.contains(file), "{file}: {error}");
        }
        fs::remove_file(&path).unwrap();
        assert!(found().expect_err("gone").to_string().contains(file));
        assert!(kept(&plan.dir, &plan.name, id(7)).is_err(), "what is damaged proves nothing");
        fs::write(&path, &whole).unwrap();
        assert_eq!(found().unwrap(), description);
    }
    let other = plan.dir.join("b2");
    fs::rename(&backup, &other).unwrap();
    let error = verify_backup(&other, &unheard()).expect_err("another name").to_string();
    assert!(error.contains("it describes the backup b1"), "{error}");
    assert_eq!(list_backups(&plan.dir).unwrap(), [(name("b2"), None)], "the name is taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_backup_may_not_be_made_nothing_is_left_of_it() {
    let cluster = TestCluster::new();
    let dir = tempfile::tempdir().unwrap();
    let mut client = operator(&cluster, 0).await;
    let plan = plan(dir.path(), &mut client, "b1").await;
    let other = BackupPlan { system_identifier: plan.system_identifier + 1, ..plan.clone() };
    let error = refused(&mut client, &other).await;
    assert!(matches!(error, BaseBackupError::OtherSystem { .. }), "{error}");
    let rooms: [(&str, Result<u64, String>); 3] = [
        ("0 bytes are free", Ok(0)),
        ("16777216 bytes are free", Ok(RESERVE_BYTES)),
        ("it is not known how many bytes are free (no answer)", Err("no answer".to_owned())),
    ];
    for (said, free) in rooms {
        let mut client = operator(&cluster, 0).await;
        let room = Arc::new(RoomWhich(move || free.clone()));
        let error = refused(&mut client, &BackupPlan { room, ..plan.clone() }).await;
        assert!(matches!(error, BaseBackupError::NoRoom(_)), "{error}");
        assert!(error.to_string().contains(said), "{error}");
        // What the server still sends is not taken for an answer.
        client.identify_system().await.expect_err("it was given up");
    }
    // What another attempt left is no backup, and goes with the next attempt.
    let left = plan.dir.join(".b1.partial");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("base.tar"), "left").unwrap();
    assert_eq!(unfinished_backups(&plan.dir).unwrap(), ["b1"]);
    assert!(list_backups(&plan.dir).unwrap().is_empty());
    create_backup(&mut client, plan.clone(), receipt).await.unwrap();
    assert_eq!(inside(&plan.dir), [plan.dir.join("b1")]);
    let taken = create_backup(&mut client, plan.clone(), receipt).await.expect_err("taken");
    assert!(matches!(taken.error, BaseBackupError::Taken { .. }) && !taken.is_renamed, "{taken}");
    verify_backup(&plan.dir.join("b1"), &unheard()).expect("it is as it was");
    // Others could read the hashes of passwords.
    fs::set_permissions(&plan.dir, fs::Permissions::from_mode(0o755)).unwrap();
    let open = BackupPlan { name: name("b2"), ..plan.clone() };
    let open = create_backup(&mut client, open, receipt).await.expect_err("others see it");
    assert!(matches!(open.error, BaseBackupError::File(_)), "{open}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tablespace_of_its_own_is_refused_and_named() {
    let cluster = TestCluster::new();
    let primary = cluster.node(0).unwrap();
    let at = cluster.dir().join("elsewhere");
    let binaries = Binaries::find().unwrap();
    assert!(binaries.command("mkdir").arg(&at).status().unwrap().success());
    let dir = tempfile::tempdir().unwrap();
    primary
        .sql(SUPERUSER, &format!("create tablespace elsewhere location '{}'", at.display()))
        .unwrap();
    let mut client = operator(&cluster, 0).await;
    let plan = plan(dir.path(), &mut client, "b1").await;
    let error = refused(&mut client, &plan).await;
    assert!(matches!(error, BaseBackupError::Tablespaces { .. }), "{error}");
    assert!(error.to_string().contains("elsewhere"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_or_falls_silent_in_the_middle_leaves_no_backup() {
    let layout = ClusterLayout { proxied: true, ..ClusterLayout::default() };
    let cluster = Arc::new(TestCluster::laid_out(layout));
    let dir = tempfile::tempdir().unwrap();
    let mut client = operator(&cluster, 0).await;
    let whole = plan(dir.path(), &mut client, "b1").await;
    let cut = Arc::clone(&cluster);
    let room = Arc::new(RoomWhich(move || {
        cut.proxy(0).unwrap().set_for("aerodb-control/test", LinkMode::Refuse);
        Ok(u64::MAX)
    }));
    let error = refused(&mut client, &BackupPlan { room, ..whole.clone() }).await;
    assert!(matches!(error, BaseBackupError::Server(ReplicationError::Lost { .. })), "{error}");
    cluster.proxy(0).unwrap().set(LinkMode::Pass);
    let mut client = operator(&cluster, 0).await;
    let killed = Arc::clone(&cluster);
    let pid = client.backend_pid();
    let room = Arc::new(RoomWhich(move || {
        let end = format!("select pg_terminate_backend({pid}, 10000)");
        killed.proxy(0).unwrap().set_for("aerodb-control/test", LinkMode::HoldAnswers);
        killed.node(0).unwrap().sql(SUPERUSER, &end).unwrap();
        killed.proxy(0).unwrap().set(LinkMode::Pass);
        Ok(u64::MAX)
    }));
    let error = refused(&mut client, &BackupPlan { room, ..whole.clone() }).await;
    assert!(matches!(error, BaseBackupError::Server(_)), "{error}");
    let mut client = operator(&cluster, 0).await;
    create_backup(&mut client, whole.clone(), receipt).await.unwrap();
}
