//! Pages that are not what they were, and what the servers say of them.

use crate::postgres::backup::{plan, receipt};
use crate::postgres::machine::TestCluster;
use crate::postgres::replication::operator;
use crate::postgres_bench::binaries::Binaries;
use crate::postgres_bench::node::{SUPERUSER, ServerNode};
use aerodb_control::kernel::postgres::backup::{BaseBackupError, create_backup};
use aerodb_control::kernel::postgres::verify::{NodeVerifyError, verify_node};
use aerodb_control::kernel::progress::ProgressReporter;
use aerodb_control::model::action::ActionId;
use aerodb_control::model::receipt::Verification;
use aerodb_control::model::text::NodeId;
use std::fs;
use std::path::PathBuf;

/// Which of a page's bytes is another: in a row, far from the position that the page carries.
const ROW_BYTE: usize = 8_000;
const PAGE_BYTES: usize = 8_192;

/// A table of some pages, and its file.
pub fn table(node: &ServerNode) -> PathBuf {
    let make = "create table rotten as select generate_series(1, 2000) n; checkpoint";
    node.sql(SUPERUSER, make).unwrap();
    let path = "select pg_relation_filepath('rotten')";
    node.data().join(node.sql(SUPERUSER, path).unwrap())
}

pub fn rot(file: &PathBuf, pages: &[usize]) {
    let mut bytes = fs::read(file).unwrap();
    for page in pages {
        bytes[page * PAGE_BYTES + ROW_BYTE] ^= 1;
    }
    fs::write(file, bytes).unwrap();
}

async fn verified(
    cluster: &TestCluster,
    number: usize,
) -> Result<(String, Verification), NodeVerifyError> {
    let node = NodeId::parse(cluster.node(number).unwrap().name()).unwrap();
    let (id, progress) = (ActionId::from_bytes([7; 16]), ProgressReporter::unheard());
    let mut client = operator(cluster, number).await;
    let verified = verify_node(&mut client, &node, id, &progress).await;
    if verified.is_ok() {
        client.identify_system().await.expect("the session goes on");
    }
    verified
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotten_page_is_found_where_it_is_and_nowhere_else_and_no_backup_is_made_of_it() {
    let cluster = TestCluster::new();
    let file = table(cluster.node(0).unwrap());
    for number in [0, 1] {
        let (sentence, verdict) = verified(&cluster, number).await.unwrap();
        assert_eq!(verdict, Verification::Sound, "{sentence}");
    }
    rot(&file, &[1, 3]);
    let (sentence, verdict) = verified(&cluster, 0).await.unwrap();
    let Verification::Damaged { findings } = &verdict else { panic!("{sentence}") };
    let relative = file.strip_prefix(cluster.node(0).unwrap().data()).unwrap();
    let relative = relative.to_str().unwrap();
    for block in ["block 1", "block 3"] {
        let names = |finding: &&String| finding.contains(relative) && finding.contains(block);
        assert_eq!(findings.iter().filter(names).count(), 1, "{findings:?}");
    }
    assert!(sentence.starts_with("DAMAGED, pages of n1:"), "{sentence}");
    let dir = tempfile::tempdir().unwrap();
    let mut client = operator(&cluster, 0).await;
    let plan = plan(dir.path(), &mut client, "b1").await;
    let failed = create_backup(&mut client, plan.clone(), receipt).await.expect_err("rotten");
    assert!(matches!(failed.error, BaseBackupError::Rotten { .. }), "{failed}");
    assert!(failed.to_string().contains(relative) && !failed.is_renamed, "{failed}");
    assert_eq!(fs::read_dir(&plan.dir).unwrap().count(), 0, "nothing is left of it");
    let (sentence, verdict) = verified(&cluster, 1).await.unwrap();
    assert_eq!(verdict, Verification::Sound, "another node: {sentence}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_every_tablespace_are_read() {
    let cluster = TestCluster::new();
    let node = cluster.node(0).unwrap();
    let at = cluster.dir().join("elsewhere");
    assert!(Binaries::find().unwrap().command("mkdir").arg(&at).status().unwrap().success());
    let make = format!("create tablespace elsewhere location '{}'", at.display());
    node.sql(SUPERUSER, &make).unwrap();
    node.sql(SUPERUSER, "set default_tablespace = elsewhere; create table first (n int)").unwrap();
    let (sentence, verdict) = verified(&cluster, 0).await.unwrap();
    assert_eq!(verdict, Verification::Sound, "{sentence}");
    node.sql(SUPERUSER, "alter database postgres set default_tablespace = elsewhere").unwrap();
    let file = table(node);
    assert!(file.starts_with(node.data().join("pg_tblspc")), "{}", file.display());
    rot(&file, &[0]);
    let (sentence, verdict) = verified(&cluster, 0).await.unwrap();
    assert!(matches!(verdict, Verification::Damaged { .. }), "{sentence}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_row_of_pages_is_not_called_sound() {
    let cluster = TestCluster::new();
    let file = table(cluster.node(0).unwrap());
    let mut bytes = fs::read(&file).unwrap();
    bytes.truncate(bytes.len() - 100);
    fs::write(&file, bytes).unwrap();
    let (sentence, verdict) = verified(&cluster, 0).await.unwrap();
    let Verification::NotCompared { why } = verdict else { panic!("{verdict:?}: {sentence}") };
    assert!(why.contains("could not verify checksum"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_pages_carry_no_checksums_nothing_is_said_of_them() {
    let mut cluster = TestCluster::new();
    let node = cluster.node_mut(0).unwrap();
    node.stop().unwrap();
    let data = node.data().to_owned();
    let mut tool = Binaries::find().unwrap().program("pg_checksums");
    assert!(tool.arg("--disable").arg("-D").arg(&data).status().unwrap().success());
    cluster.node_mut(0).unwrap().start().unwrap();
    let refused = verified(&cluster, 0).await.expect_err("there are none");
    assert!(
        matches!(&refused, NodeVerifyError::NoChecksums { found } if found == "off"),
        "{refused}"
    );
    assert!(refused.to_string().contains("nothing was read"), "{refused}");
}
