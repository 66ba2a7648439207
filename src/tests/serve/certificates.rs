//! Certificates end, and are replaced while a server runs.

use crate::harness::PASSWORD;
use crate::serve::certified::TestCertificate;
use crate::serve::server::{PROGRAM, ServerDir};
use rcgen::date_time_ymd;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Lines};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStderr, Command, Stdio};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Puts a certificate and its key where the settings say.
fn put(place: &ServerDir, certified: &TestCertificate) {
    for (name, text) in [("cert.pem", &certified.certificate), ("key.pem", &certified.key)] {
        let path = place.folder().join(name);
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("ours");
    }
}

fn encrypted(certified: &TestCertificate) -> ServerDir {
    let place = ServerDir::new();
    place.set("tls-cert = \"cert.pem\"\ntls-key = \"key.pem\"");
    put(&place, certified);
    place
}

/// Whether a client that believes this authority alone is answered.
fn answers(console: &str, certified: &TestCertificate) -> bool {
    agent(certified).get(format!("{console}/healthz")).call().is_ok()
}

fn agent(certified: &TestCertificate) -> ureq::Agent {
    let ca = Certificate::from_pem(certified.ca.as_bytes()).expect("a certificate");
    let tls = TlsConfig::builder().root_certs(RootCerts::from([ca])).build();
    let builder = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    builder.max_redirects_will_error(false).tls_config(tls).build().into()
}

/// A server, and what it says on standard error.
struct ServerOutput {
    child: Child,
    console: String,
    setup: String,
    lines: Lines<BufReader<ChildStderr>>,
}

impl ServerOutput {
    fn start(place: &ServerDir) -> Self {
        place.init();
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--config"])
            .arg(place.settings())
            .args(["--listen", "127.0.0.1:0", "--json"])
            .current_dir(place.folder())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let line = said.next().expect("a line").expect("text");
        let said: Value = serde_json::from_str(&line).expect("one JSON document");
        assert_eq!(said["ready"], true);
        let text = |key: &str| said[key].as_str().expect(key).to_owned();
        let (console, setup) = (text("console"), text("setup_link"));
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        Self { child, console, setup, lines }
    }

    fn signal(&self, signal: &str) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().expect("kill").success());
    }

    /// Tells it to read its files again, and waits for a line with these words.
    fn reload(&mut self, words: &str) -> String {
        self.signal("-HUP");
        self.hears(words)
    }

    fn hears(&mut self, words: &str) -> String {
        let found = self.lines.by_ref().map_while(Result::ok).find(|line| line.contains(words));
        found.unwrap_or_else(|| panic!("it ended without: {words}"))
    }

    /// The value of a figure, for somebody who signs in for it.
    fn figure(&self, certified: &TestCertificate, name: &str) -> Option<i64> {
        let agent = agent(certified);
        let body = json!({"name": "olga", "password": PASSWORD});
        let mut session = agent.post(format!("{}/api/v1/login", self.console)).send_json(&body);
        let session = session.as_mut().expect("an answer").body_mut();
        let token = session.read_json::<Value>().expect("JSON")["token"].clone();
        let asked = agent.get(format!("{}/metrics", self.console));
        let bearer = format!("Bearer {}", token.as_str().expect("a token"));
        let mut answer = asked.header("authorization", bearer).call().expect("an answer");
        let text = answer.body_mut().read_to_string().expect("text");
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.rsplit(' ').next()?.parse().ok()
    }
}

#[test]
fn a_certificate_that_has_ended_or_not_begun_stops_the_start_and_its_dates_are_named() {
    for (from, to) in [(2020, 2021), (3000, 3001)] {
        let place = encrypted(&TestCertificate::valid(from, to));
        let settings = place.settings();
        let serve = ["serve", "--json", "--config", settings.to_str().expect("text")];
        let ended = place.command(None, &serve, "");
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        let said: Value = serde_json::from_slice(&ended.stdout).expect("one JSON document");
        let detail = said["detail"].as_str().expect("text");
        for part in ["cert.pem", &format!("{from}-01-01T"), &format!("{to}-01-01T"), "no client"] {
            assert!(detail.contains(part), "{part}: {detail}");
        }
        assert!(!place.data().exists(), "nothing was founded");
    }
}

#[test]
fn a_hangup_reloads_the_certificate_and_ends_nothing() {
    let ends = |year| TestCertificate::valid(2020, year);
    let (first, second) = (ends(3000), ends(3100));
    let place = encrypted(&first);
    let mut server = ServerOutput::start(&place);
    let token = server.setup.rsplit('/').next().expect("a token").to_owned();
    let fields = [("token", &*token), ("name", "olga"), ("password", PASSWORD)];
    agent(&first).post(format!("{}/setup", server.console)).send_form(fields).expect("set up");
    let name = "aerodb_control_certificate_expiry_timestamp_seconds";
    let seconds = |year| date_time_ymd(year, 1, 1).unix_timestamp();
    assert_eq!(server.figure(&first, name), Some(seconds(3000)));
    assert!(answers(&server.console, &first) && !answers(&server.console, &second));

    put(&place, &second);
    let line = server.reload("The certificate was reloaded");
    assert!(line.contains("3100-01-01T00:00:00.000Z"), "{line}");
    server.hears("did not change");
    assert!(answers(&server.console, &second) && !answers(&server.console, &first));
    assert_eq!(server.figure(&second, name), Some(seconds(3100)));

    // What cannot be read, does not fit or has ended changes nothing.
    put(&place, &ends(2021));
    server.reload("The certificate was not reloaded");
    put(&place, &TestCertificate { key: first.key.clone(), ..ends(3200) });
    server.reload("The certificate was not reloaded");
    assert!(answers(&server.console, &second));
    put(&place, &second);

    // Who may act changes with a start alone.
    place.set("second-operator = [\"control\"]");
    let line = server.reload("need a restart");
    assert!(line.contains("control.second-operator"), "{line}");
    place.set("second-operater = []");
    let line = server.reload("Nothing was reloaded");
    assert!(line.contains("second-operater"), "{line}");
    assert!(answers(&server.console, &second));
    server.signal("-TERM");
    assert!(server.child.wait().expect("a status").success());
}
