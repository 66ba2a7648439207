//! The replication protocol on encrypted connections, with somebody in the middle who has a good certificate.

use crate::postgres::hostile::patience;
use crate::postgres::machine::TestCluster;
use crate::postgres::replication::{address, credential};
use crate::postgres_bench::binaries::Binaries;
use crate::postgres_bench::node::SUPERUSER;
use crate::postgres_bench::until;
use aerodb_control::kernel::postgres::config::{Encryption, NodeAddress};
use aerodb_control::kernel::postgres::connection::ConnectError;
use aerodb_control::kernel::postgres::prepare::OPERATOR_ROLE;
use aerodb_control::kernel::postgres::replication::ReplicationClient;
use aerodb_control::kernel::postgres::tls::client_config;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Somebody whose word is believed for certificates.
struct TrialAuthority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl TrialAuthority {
    fn new(dir: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let file = dir.join(format!("{name}.pem"));
        fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), file }
    }

    /// A certificate for a host, and its key.
    fn certificate(&self, host: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

/// Lets a server encrypt, with a certificate for this host.
fn encrypts(cluster: &TestCluster, authority: &TrialAuthority, host: &str) {
    let (certificate, key) = authority.certificate(host);
    let node = cluster.node(0).unwrap();
    for (file, text) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let path = node.data().join(file);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        Binaries::find().unwrap().give(&path).unwrap();
    }
    node.sql(SUPERUSER, "alter system set ssl = off").unwrap();
    node.sql(SUPERUSER, "select pg_reload_conf()").unwrap();
    in_force(cluster, "off");
    node.sql(SUPERUSER, "alter system set ssl = on").unwrap();
    node.sql(SUPERUSER, "select pg_reload_conf()").unwrap();
    in_force(cluster, "on");
}

fn in_force(cluster: &TestCluster, ssl: &str) {
    until("the setting is in force", || {
        Ok((cluster.node(0)?.sql(SUPERUSER, "show ssl")? == ssl).then_some(()))
    })
    .unwrap();
}

async fn connect(
    cluster: &TestCluster,
    node: &NodeAddress,
    authority: &TrialAuthority,
) -> Result<ReplicationClient, ConnectError> {
    let config = client_config(&Encryption::Ca(authority.file.clone())).unwrap();
    let credential = credential(cluster.dir(), OPERATOR_ROLE);
    ReplicationClient::connect(node, &credential, config, patience(), "test").await
}

/// Takes one connection for the server, decrypts what it hears and passes it on encrypted again.
async fn in_the_middle(
    listener: TcpListener,
    server: NodeAddress,
    (certificate, key): (rcgen::Certificate, KeyPair),
    authority: PathBuf,
) -> io::Result<()> {
    let (mut client, _) = listener.accept().await?;
    let mut asked = [0; 8];
    client.read_exact(&mut asked).await?;
    client.write_all(b"S").await?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .map_err(io::Error::other)?;
    let mut client = TlsAcceptor::from(Arc::new(config)).accept(client).await?;
    let mut upstream = TcpStream::connect((server.host.as_str(), server.port)).await?;
    upstream.write_all(&asked).await?;
    upstream.read_u8().await?;
    let config = client_config(&Encryption::Ca(authority)).unwrap().unwrap();
    let name = ServerName::try_from(server.host).map_err(io::Error::other)?;
    let mut upstream = TlsConnector::from(config).connect(name, upstream).await?;
    match copy_bidirectional(&mut client, &mut upstream).await {
        // A server ends its connection without a word when it refuses.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        ended => ended.map(drop),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_goes_only_to_the_host_that_the_certificate_names_and_to_nobody_in_between() {
    let cluster = TestCluster::new();
    let dir = tempfile::tempdir().unwrap();
    let (ours, other) =
        (TrialAuthority::new(dir.path(), "ours"), TrialAuthority::new(dir.path(), "other"));
    let node = address(&cluster, 0);
    let untrusted = |found: Result<ReplicationClient, ConnectError>| match found {
        Err(ConnectError::Untrusted { why }) => why,
        other => panic!("{other:?}"),
    };
    let plain = untrusted(connect(&cluster, &node, &ours).await);
    assert!(plain.contains("does not encrypt"), "{plain}");
    encrypts(&cluster, &ours, "db.example");
    let named = untrusted(connect(&cluster, &node, &ours).await);
    assert!(named.contains("not valid for name"), "{named}");
    encrypts(&cluster, &ours, &node.host);
    let believed = untrusted(connect(&cluster, &node, &other).await);
    assert!(believed.contains("invalid peer certificate"), "{believed}");

    let mut client = connect(&cluster, &node, &ours).await.unwrap();
    client.identify_system().await.unwrap();
    let ssl = format!("select ssl from pg_stat_ssl where pid = {}", client.backend_pid());
    assert_eq!(cluster.node(0).unwrap().sql(SUPERUSER, &ssl).unwrap(), "t");

    let listener = TcpListener::bind((node.host.as_str(), 0)).await.unwrap();
    let between = NodeAddress { port: listener.local_addr().unwrap().port(), ..node.clone() };
    let good = ours.certificate(&node.host);
    let passes = tokio::spawn(in_the_middle(listener, node, good, ours.file.clone()));
    let refused = connect(&cluster, &between, &ours).await.expect_err("somebody is between");
    let ConnectError::Refused { code, message } = refused else { panic!("{refused:?}") };
    assert_eq!(code, "28000", "{message}");
    assert!(message.contains("channel binding"), "{message}");
    passes.await.unwrap().unwrap();
}
