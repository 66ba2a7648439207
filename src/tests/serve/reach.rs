//! Who can reach the server: addresses, names, and encryption by the real program with certificates
//! that are made here.

use crate::harness::PASSWORD;
use crate::serve::certified::TestCertificate;
use crate::serve::server::{ServerDir, TestServer, agent};
use aerodb_control::serve::CONNECTIONS_MAX;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};
use serde_json::Value;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// An authority of its own, and a server that it vouches for.
struct Encrypted {
    place: ServerDir,
    ca: String,
    server: TestServer,
}

impl Encrypted {
    fn start() -> Self {
        let place = ServerDir::new();
        let TestCertificate { ca, certificate, key } = TestCertificate::new();
        let file = |name: &str, text: &str, mode: u32| {
            let path = place.folder().join(name);
            std::fs::write(&path, text).expect("a file");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("ours");
        };
        file("ca.pem", &ca, 0o644);
        file("cert.pem", &certificate, 0o644);
        file("key.pem", &key, 0o600);
        place.set("tls-cert = \"cert.pem\"\ntls-key = \"key.pem\"");
        let server = place.start(None);
        Self { place, ca, server }
    }

    /// A client that trusts the authority.
    fn agent(&self) -> ureq::Agent {
        let ca = Certificate::from_pem(self.ca.as_bytes()).expect("a certificate");
        let tls = TlsConfig::builder().root_certs(RootCerts::from([ca])).build();
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .tls_config(tls)
            .build()
            .into()
    }

    /// Makes the first operator.
    fn set_up(&self) {
        let link = self.server.setup.as_ref().expect("a new installation prints a link");
        let token = link.rsplit('/').next().expect("a token");
        let fields = [("token", token), ("name", "olga"), ("password", PASSWORD)];
        let answer = self.agent().post(format!("{}/setup", self.server.console)).send_form(fields);
        assert_eq!(answer.expect("an answer").status().as_u16(), 303);
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let trusting = [&["--ca-file", "ca.pem"], arguments].concat();
        self.place.command(Some(&self.server), &trusting, input)
    }

    fn address(&self) -> &str {
        self.server.console.strip_prefix("https://").expect("an encrypted address")
    }
}

fn json_of(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

#[test]
fn over_an_encrypted_connection_the_cookie_belongs_to_the_host_and_browsers_stay_encrypted() {
    let encrypted = Encrypted::start();
    encrypted.set_up();
    let url = format!("{}/login", encrypted.server.console);
    let page = encrypted.agent().get(&url).call().expect("a page");
    assert_eq!(page.headers()["strict-transport-security"], "max-age=63072000");
    let fields = [("name", "olga"), ("password", PASSWORD)];
    let answer = encrypted.agent().post(&url).send_form(fields).expect("an answer");
    assert_eq!(answer.status().as_u16(), 303);
    let cookie = answer.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(cookie.starts_with("__Host-aerodb_session_"), "{cookie}");
    for part in ["; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let held = cookie.split(';').next().expect("a pair");
    let seen = |cookie: &str| {
        let session = format!("{}/api/v1/session", encrypted.server.console);
        let answer = encrypted.agent().get(session).header("cookie", cookie).call();
        answer.expect("an answer").status().as_u16()
    };
    assert_eq!(seen(held), 200);
    // Without the prefix anything under the same name could have set it, unencrypted.
    assert_eq!(seen(held.trim_start_matches("__Host-")), 401);
    let plain = encrypted.server.console.replace("https://", "http://");
    let unencrypted = agent().get(format!("{plain}/login")).call();
    assert!(unencrypted.is_err(), "nothing is answered unencrypted: {unencrypted:?}");
    let page = ServerDir::new().start(None);
    let page = agent().get(format!("{}/login", page.console)).call().expect("a page");
    assert!(!page.headers().contains_key("strict-transport-security"), "only where it is true");
}

#[test]
fn a_command_sends_nothing_to_a_server_that_nobody_it_trusts_vouches_for() {
    let encrypted = Encrypted::start();
    encrypted.set_up();
    let server = Some(&encrypted.server);
    let login = ["login", "olga"];
    let untrusted = encrypted.place.command(server, &login, &format!("{PASSWORD}\n"));
    assert_eq!(untrusted.status.code(), Some(10), "{untrusted:?}");
    let said = String::from_utf8_lossy(&untrusted.stderr).into_owned();
    assert!(said.contains("Nothing was sent"), "{said}");
    let nobody = ["--ca-file", "key.pem", "status"];
    assert_eq!(encrypted.place.command(server, &nobody, "").status.code(), Some(2));
    let output = encrypted.run(&login, &format!("{PASSWORD}\n"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("unencrypted"), "{output:?}");
    let asked = ["request", "stop_writes", "--reason", "a drill", "--json"];
    let asked = json_of(&encrypted.run(&asked, ""));
    let (id, digest) = (asked["id"].as_str().expect("id"), asked["digest"].as_str());
    let confirm =
        ["confirm", id, "--digest", digest.expect("a digest"), "--confirm-target", "aerodb"];
    let done = encrypted.run(&confirm, "");
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let verified = encrypted.run(&["verify-log", &encrypted.server.console], "");
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
}

/// Agrees on encryption in this version alone, and says whether the server did.
fn agrees(encrypted: &Encrypted, version: &'static SupportedProtocolVersion) -> bool {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(encrypted.ca.as_bytes()).expect("a certificate");
    roots.add(ca).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let mut client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut stream = TcpStream::connect(encrypted.address()).expect("a connection");
    while client.is_handshaking() {
        if client.complete_io(&mut stream).is_err() {
            return false;
        }
    }
    true
}

#[test]
fn no_version_older_than_tls_1_3_is_spoken() {
    let encrypted = Encrypted::start();
    assert!(!agrees(&encrypted, &rustls::version::TLS12));
    assert!(agrees(&encrypted, &rustls::version::TLS13));
}

#[test]
fn whoever_never_agrees_on_encryption_is_ended_and_keeps_nobody_out() {
    let wanted = u64::try_from(4 * CONNECTIONS_MAX).expect("a number");
    assert!(rlimit::increase_nofile_limit(wanted).expect("a limit") >= wanted);
    let encrypted = Encrypted::start();
    encrypted.set_up();
    let connect = |says: &[u8]| {
        let mut stream = TcpStream::connect(encrypted.address()).expect("a connection");
        stream.write_all(says).expect("sent");
        stream
    };
    // The head of a greeting that never comes.
    let half = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01];
    let slow: Vec<_> = [&b""[..], &half].map(connect).into();
    let mut hoard = Vec::new();
    for number in 0..CONNECTIONS_MAX + 100 {
        hoard.push(connect(if number % 2 == 0 { &half[..] } else { &b""[..] }));
    }
    let login = encrypted.run(&["login", "olga"], &format!("{PASSWORD}\n"));
    assert_eq!(login.status.code(), Some(0), "{login:?}");
    let asked = ["request", "stop_writes", "--reason", "a drill", "--json"];
    assert_eq!(json_of(&encrypted.run(&asked, ""))["stage"], "explained");
    drop(hoard);
    for mut stream in slow {
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a limit");
        let mut said = Vec::new();
        match stream.read_to_end(&mut said) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
        }
        assert!(said.len() < 100, "an alert at most");
    }
}

#[test]
fn what_is_addressed_to_another_name_is_refused_on_both_listeners() {
    let place = ServerDir::new();
    let server = place.start(None);
    for url in [format!("{}/login", server.console), format!("{}/kv/a", server.data)] {
        let answer = agent().get(&url).header("host", "evil.example").call();
        assert_eq!(answer.expect("an answer").status().as_u16(), 421, "{url}");
    }
    // A probe names the address that it was given. It hears of this process alone.
    for (path, word) in [("/healthz", "answers"), ("/readyz", "Ready")] {
        for host in ["10.1.2.3:7400", "evil.example", ""] {
            let url = format!("{}{path}", server.console);
            let mut answer = agent().get(&url).header("host", host).call().expect("an answer");
            let said = answer.body_mut().read_to_string().expect("text");
            assert!(
                answer.status().as_u16() == 200 && said.contains(word),
                "{path} {host}: {said}"
            );
        }
    }
    let url = format!("{}/healthz/../login", server.console);
    let answer = agent().get(&url).header("host", "evil.example").call();
    assert_eq!(answer.expect("an answer").status().as_u16(), 421);
    let foreign =
        agent().put(format!("{}/kv/a", server.data)).header("sec-fetch-site", "cross-site");
    assert_eq!(foreign.send("x").expect("an answer").status().as_u16(), 403);
}

#[test]
fn an_address_that_others_can_reach_is_refused_and_the_setting_that_allows_it_is_named() {
    let place = ServerDir::new();
    let settings = place.settings();
    let settings = settings.to_str().expect("text");
    let serve = |listen: &[&str]| {
        let output = place.command(None, &[&["serve", "--config", settings], listen].concat(), "");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let open = serve(&["--listen", "0.0.0.0:0"]);
    for setting in ["not encrypted", "--tls-cert", "--tls-key", "--plain-http-beyond-loopback"] {
        assert!(open.contains(setting), "{open}");
    }
    let unnamed = serve(&["--listen", "0.0.0.0:0", "--plain-http-beyond-loopback"]);
    assert!(unnamed.contains("--name"), "{unnamed}");
    // What asks nobody who they are is opened by no setting.
    let data =
        ["--data-listen", "0.0.0.0:0", "--plain-http-beyond-loopback", "--name", "a.example"];
    let data = serve(&data);
    assert!(data.contains("the data API") && data.contains("asks nobody"), "{data}");
    let gone = serve(&["--tls-cert", "gone.pem", "--tls-key", "gone.pem"]);
    assert!(gone.contains("gone.pem"), "{gone}");
    let half = ["serve", "--config", settings, "--tls-cert", "cert.pem"];
    assert_eq!(place.command(None, &half, "").status.code(), Some(2), "one without the other");
    assert!(!place.data().exists(), "nothing was founded");
}

#[test]
fn where_an_operator_said_so_it_listens_everywhere_and_answers_under_its_names_only() {
    let place = ServerDir::new();
    place.set("plain-http-beyond-loopback = true\nnames = [\"console.example\", \"10.1.2.3\"]");
    let server = place.start_at("0.0.0.0:0", []).expect("it starts");
    let port = server.console.rsplit(':').next().expect("a port");
    assert_eq!(server.console, format!("http://console.example:{port}"));
    let status = |host: &str| {
        let asked = agent().get(format!("http://127.0.0.1:{port}/login")).header("host", host);
        asked.call().expect("an answer").status().as_u16()
    };
    for elsewhere in ["evil.example", "a.console.example", "0.0.0.0", "10.1.2.4"] {
        assert_eq!(status(elsewhere), 421, "{elsewhere}");
    }
    for here in ["console.example", "Console.Example:7400", "10.1.2.3", "localhost"] {
        assert_eq!(status(here), 200, "{here}");
    }
    // Something in front encrypts, as was said: a browser keeps no session where nothing does.
    let page = agent().get(format!("http://127.0.0.1:{port}/login")).call().expect("a page");
    assert!(page.headers().contains_key("strict-transport-security"));
    let link = server.setup.as_ref().expect("a new installation prints a link");
    let fields = [("token", link.rsplit('/').next().expect("a token")), ("name", "olga")];
    let fields = fields.into_iter().chain([("password", PASSWORD)]);
    let answer = agent().post(format!("http://127.0.0.1:{port}/setup")).send_form(fields);
    let answer = answer.expect("an answer");
    let cookie = answer.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
}
