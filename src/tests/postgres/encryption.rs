//! Encrypted sessions: whose certificate is believed, and what is refused before a password is proven.

use crate::postgres::kernel_config::kernel_config;
use crate::postgres::machine::{CANARY, TestCluster};
use crate::postgres_bench::binaries::Binaries;
use crate::postgres_bench::node::SUPERUSER;
use crate::postgres_bench::until;
use aerodb_control::kernel::postgres::config::{Encryption, PostgresConfig};
use aerodb_control::kernel::postgres::connection::{ConnectError, Dialer};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// An authority of this name: two of one name would be told apart by their signatures alone.
fn authority(name: &str) -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// Gives the servers' user a certificate for these names, and lets a node show it.
fn encrypt(cluster: &TestCluster, number: usize, names: &[&str], issuer: &Issuer) {
    let key = KeyPair::generate().expect("a key");
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let params = CertificateParams::new(names).expect("names");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    let node = cluster.node(number).unwrap();
    let file = |name: &str, text: String| {
        let path = cluster.dir().join(format!("{}.{name}", node.name()));
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("ours");
        Binaries::find().unwrap().give(&path).unwrap();
        path.display().to_string()
    };
    let (cert, key) = (file("crt", certificate.pem()), file("key", key.serialize_pem()));
    node.sql(
        SUPERUSER,
        &format!(
            "alter system set ssl_cert_file = '{cert}'; alter system set ssl_key_file = '{key}'; \
         alter system set ssl = on; select pg_reload_conf()"
        ),
    )
    .unwrap();
    until("it encrypts", || Ok((node.sql(SUPERUSER, "show ssl")? == "on").then_some(()))).unwrap();
}

fn believes(config: &PostgresConfig, dir: &Path, issuer: &Issuer) -> Dialer {
    let ca = dir.join("ca.pem");
    fs::write(&ca, issuer.pem()).expect("a file");
    let config = PostgresConfig { encryption: Encryption::Ca(ca), ..config.clone() };
    Dialer::new(&config).expect("a dialer")
}

#[tokio::test]
async fn only_a_server_whose_certificate_names_it_is_told_who_asks() {
    let cluster = TestCluster::new();
    let dir = tempfile::tempdir().expect("a directory");
    let config = kernel_config(&cluster, dir.path());
    let (ours, other) = (authority("ours"), authority("another"));
    let host = config.nodes[0].host.clone();
    encrypt(&cluster, 0, &[&host], &ours);
    encrypt(&cluster, 1, &["elsewhere.example", "127.0.0.250"], &ours);
    let untrusted = async |dialer: &Dialer, node: usize, says: &str| {
        let tried = dialer.operator(&config.nodes[node], "test").await;
        let error = tried.expect_err(says);
        let said = error.to_string();
        assert!(matches!(error, ConnectError::Untrusted { .. }), "{error:?}");
        assert!(said.contains(says) && !said.contains(CANARY), "{said}");
    };
    untrusted(&believes(&config, dir.path(), &other), 0, "UnknownIssuer").await;
    let dialer = believes(&config, dir.path(), &ours);
    untrusted(&dialer, 1, "not valid for name").await;
    untrusted(&dialer, 2, "does not support TLS").await;
    let mut session = dialer.operator(&config.nodes[0], "test").await.expect("a session");
    let sql = "select version from pg_stat_ssl where pid = pg_backend_pid() and ssl";
    let version: String = session.query_one(sql, &[]).await.expect("it is encrypted").get(0);
    assert_eq!(version, "TLSv1.3");
    session.close().await;
    // A server that asks for no password proves that it knows none either.
    let primary = cluster.node(0).unwrap();
    let file = primary.data().join("pg_hba.conf");
    let before = fs::read_to_string(&file).expect("a file");
    fs::write(&file, "host all all 127.0.0.0/8 trust\n").expect("a file");
    primary.sql(SUPERUSER, "select pg_reload_conf()").unwrap();
    let trusts = "select count(*) from pg_hba_file_rules where auth_method = 'trust'";
    until("it trusts", || Ok((primary.sql(SUPERUSER, trusts)? == "1").then_some(()))).unwrap();
    untrusted(&dialer, 0, "did not use channel binding").await;
    fs::write(&file, before).expect("a file");
}
