//! The real program in a process of its own, on free ports, with a temporary directory.

use crate::harness::{PASSWORD, confirmation};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_aerodb-control");

/// A directory with settings and a data directory, and nothing else.
pub struct ServerDir(Arc<TempDir>);

impl ServerDir {
    /// A new place with a site that has the three files that pages link to.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let package = dir.path().join("site/pkg");
        std::fs::create_dir_all(&package).expect("a directory");
        for kind in ["js", "wasm", "css"] {
            std::fs::write(package.join(format!("aerodb-control.{kind}")), "").expect("a file");
        }
        let settings = "[control]\ndata = \"data\"\nkernel = \"embedded\"\nnodes = 3\n\
            environment = \"test\"\ncluster = \"aerodb\"\ndata-api = \"127.0.0.1:0\"\n\
            reauth-minutes = 720\n\
            [package.metadata.leptos]\noutput-name = \"aerodb-control\"\nsite-root = \"site\"\n\
            site-pkg-dir = \"pkg\"\nsite-addr = \"127.0.0.1:0\"\nhash-files = false\n";
        std::fs::write(dir.path().join("Leptos.toml"), settings).expect("a file");
        Self(Arc::new(dir))
    }

    /// Adds a line to the table of the control plane's own settings.
    pub fn set(&self, line: &str) {
        let settings = std::fs::read_to_string(self.settings()).expect("the settings");
        let with = settings.replacen("[control]\n", &format!("[control]\n{line}\n"), 1);
        std::fs::write(self.settings(), with).expect("a file");
    }

    /// Founds the cluster, where there is nothing yet.
    pub fn init(&self) {
        let is_empty = |mut entries: std::fs::ReadDir| entries.next().is_none();
        if std::fs::read_dir(self.data()).map_or(true, is_empty) {
            let done = self.command(None, &["init", "--config", "Leptos.toml"], "");
            assert!(done.status.success(), "{done:?}");
        }
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// The settings.
    pub fn settings(&self) -> PathBuf {
        self.0.path().join("Leptos.toml")
    }

    /// The directory of both.
    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// A session of the first operator, of an installation that does not run.
    pub fn sign_in(&self) -> ClientSession {
        let server = self.start(None);
        let session = server.sign_in();
        server.kill();
        session
    }

    /// Starts the server; with `crash_at`, it ends itself at that point.
    pub fn start(&self, crash_at: Option<&str>) -> TestServer {
        let point = crash_at.map(|point| ("AERODB_CRASH_AT", point.into()));
        self.start_under(point).expect("the server said where it listens")
    }

    /// Starts the server under these variables; `None` when it ended before it listened.
    pub fn start_under(
        &self,
        variables: impl IntoIterator<Item = (&'static str, std::ffi::OsString)>,
    ) -> Option<TestServer> {
        self.start_at("127.0.0.1:0", variables)
    }

    /// Starts the server where it is told to listen.
    pub fn start_at(
        &self,
        listen: &str,
        variables: impl IntoIterator<Item = (&'static str, std::ffi::OsString)>,
    ) -> Option<TestServer> {
        self.init();
        let mut command = Command::new(PROGRAM);
        command.arg("serve").arg("--config").arg(self.settings());
        command.args(["--listen", listen]);
        command.env_remove("LEPTOS_SITE_ADDR").current_dir(self.folder());
        command.envs(variables);
        listening(&mut command, Stdio::null())
    }

    /// Starts the server and does not wait until it listens: what is made of it can be killed only.
    pub fn begin(
        &self,
        variables: impl IntoIterator<Item = (&'static str, std::ffi::OsString)>,
    ) -> TestServer {
        let mut command = Command::new(PROGRAM);
        command.arg("serve").arg("--config").arg(self.settings());
        command.args(["--listen", "127.0.0.1:0"]);
        command.env_remove("LEPTOS_SITE_ADDR").current_dir(self.folder());
        command.envs(variables).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("the program starts");
        TestServer { child, console: String::new(), data: String::new(), setup: None }
    }

    /// Starts the server, or gives what it said on standard error when it ended instead.
    pub fn start_or_say(&self) -> Result<TestServer, String> {
        let settings = self.settings().display().to_string();
        self.start_with(&["--config", &settings])
    }

    /// The same with these options.
    pub fn start_with(&self, options: &[&str]) -> Result<TestServer, String> {
        let said = self.folder().join("said");
        let file = std::fs::File::create(&said).expect("a file");
        let mut command = Command::new(PROGRAM);
        command.arg("serve").args(options).args(["--listen", "127.0.0.1:0"]);
        command.env_remove("LEPTOS_SITE_ADDR").current_dir(self.folder());
        let started = listening(&mut command, file.into());
        started.ok_or_else(|| std::fs::read_to_string(&said).expect("what it said"))
    }

    /// Runs a command of the program against a server, as a person in this place.
    pub fn command(&self, server: Option<&TestServer>, arguments: &[&str], input: &str) -> Output {
        use std::io::Write as _;
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.folder());
        command.env("XDG_CONFIG_HOME", self.folder().join("home"));
        if let Some(server) = server {
            command.env("AERODB_CONTROL_URL", &server.console);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        // A command that refuses its arguments never reads.
        let _ = pipe.write_all(input.as_bytes());
        drop(pipe);
        child.wait_with_output().expect("the program ends")
    }
}

/// Runs a command until it says that it is ready; `None` when it ended before.
fn listening(command: &mut Command, said: Stdio) -> Option<TestServer> {
    command.stdout(Stdio::piped()).stderr(said).stdin(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut server = TestServer { child, console: String::new(), data: String::new(), setup: None };
    while let Some(Ok(line)) = lines.next() {
        match line.split_once(": ") {
            Some(("console", url)) => url.clone_into(&mut server.console),
            Some(("data", url)) => url.clone_into(&mut server.data),
            Some(("set-up link", url)) => server.setup = Some(url.to_owned()),
            Some(("ready", _)) => break,
            _ => {}
        }
    }
    (!server.console.is_empty()).then_some(server)
}

/// A running server.
pub struct TestServer {
    child: Child,
    pub console: String,
    pub data: String,
    pub setup: Option<String>,
}

impl TestServer {
    /// Ends it as a power cut would, as far as a process can.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The number of the process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as a service manager does.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("a signal");
        assert!(sent.success());
    }

    /// Sends it a signal, if it still runs.
    pub fn try_signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        drop(Command::new("kill").args([signal, &id]).stderr(Stdio::null()).status());
    }

    /// Waits for it to end by itself; whether it ended without an error.
    pub fn ended_well(mut self) -> bool {
        self.child.wait().expect("a status").success()
    }

    /// Waits for it to end by itself.
    pub fn ended(mut self) -> bool {
        let status = self.child.wait().expect("a status");
        !status.success()
    }

    /// Makes the first operator through the set-up link, and returns a session.
    pub fn set_up(&self) -> ClientSession {
        let link = self.setup.as_ref().expect("a new installation prints a link");
        let token = link.rsplit('/').next().expect("a token");
        let fields = [("token", token), ("name", "olga"), ("password", PASSWORD)];
        let agent = agent();
        let answer = agent.post(format!("{}/setup", self.console)).send_form(fields);
        assert_eq!(answer.expect("an answer").status().as_u16(), 303);
        self.sign_in()
    }

    /// A session of the first operator.
    pub fn sign_in(&self) -> ClientSession {
        let body = json!({"name": "olga", "password": PASSWORD});
        let (status, session) = post(&format!("{}/api/v1/login", self.console), None, &body);
        assert_eq!(status, 200, "{session}");
        ClientSession(session["token"].as_str().expect("a token").to_owned())
    }

    /// `GET` as somebody.
    pub fn get(&self, session: &ClientSession, path: &str) -> (u16, Value) {
        let request = agent().get(format!("{}{path}", self.console));
        let request = request.header("authorization", format!("Bearer {}", session.0));
        read(request.call())
    }

    /// A page as somebody.
    pub fn page(&self, session: &ClientSession, path: &str) -> (u16, String) {
        let request = agent().get(format!("{}{path}", self.console));
        let request = request.header("authorization", format!("Bearer {}", session.0));
        let Ok(mut answer) = request.call() else { return (0, String::new()) };
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap_or_default())
    }

    /// `POST` with JSON as somebody. A status of 0 says that there was no answer.
    pub fn post(&self, session: &ClientSession, path: &str, body: &Value) -> (u16, Value) {
        post(&format!("{}{path}", self.console), Some(session), body)
    }

    /// Asks for an action; it has to be explained.
    pub fn request(&self, session: &ClientSession, id: &str, kind: &str, params: Value) -> Value {
        let body = json!({"action_id": id, "kind": kind, "params": params, "reason": "a drill"});
        let (status, answer) = self.post(session, "/api/v1/actions", &body);
        assert_eq!(status, 201, "{answer}");
        answer
    }

    /// Confirms what was explained.
    pub fn confirm(&self, session: &ClientSession, explained: &Value) -> (u16, Value) {
        let path = format!("/api/v1/actions/{}/confirm", explained["id"].as_str().expect("id"));
        self.post(session, &path, &confirmation(explained))
    }

    /// Reads a value through the data API.
    pub fn read(&self, key: &str) -> (u16, String) {
        let mut answer = agent().get(format!("{}/kv/{key}", self.data)).call().expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.body_mut().read_to_string().expect("text"))
    }

    /// Writes a value through the data API.
    pub fn put(&self, key: &str, value: &str) -> (u16, String) {
        let answer = agent().put(format!("{}/kv/{key}", self.data)).send(value);
        let mut answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.body_mut().read_to_string().expect("text"))
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The secret of a session.
pub struct ClientSession(pub String);

pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .build()
        .into()
}

/// `POST` with or without a session.
pub fn post(url: &str, session: Option<&ClientSession>, body: &Value) -> (u16, Value) {
    let mut request = agent().post(url);
    if let Some(session) = session {
        request = request.header("authorization", format!("Bearer {}", session.0));
    }
    read(request.send_json(body))
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> (u16, Value) {
    let Ok(mut answer) = answer else { return (0, Value::Null) };
    let status = answer.status().as_u16();
    let text = answer.body_mut().read_to_string().unwrap_or_default();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}
