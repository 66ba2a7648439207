//! Secrets through a real server, in every place where somebody could send one: none of them comes out
//! in a line for a collector, in an answer to somebody who is refused, or in a file.

use crate::harness::{PASSWORD, confirmation, id};
use crate::serve::server::{ServerDir, agent};
use aerodb_control::ledger::KEY_FILE;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use ureq::Body;
use ureq::http::Response;

/// Everything that was sent as a secret, and every answer that refused something.
#[derive(Default)]
struct CanaryLog {
    canaries: Vec<String>,
    refused: Vec<String>,
}

impl CanaryLog {
    /// A secret that is sent nowhere else.
    fn next(&mut self, prefix: &str) -> String {
        let number = self.canaries.len().to_be_bytes();
        let canary = format!("{prefix}{}", hex::encode(Sha256::digest(number)));
        self.canaries.push(canary.clone());
        canary
    }

    /// A secret that the server made.
    fn keep(&mut self, secret: &str) -> String {
        self.canaries.push(secret.to_owned());
        secret.to_owned()
    }

    /// The status and what was answered; a refusal is kept.
    fn read(&mut self, what: &str, mut answer: Response<Body>) -> (u16, String) {
        let status = answer.status().as_u16();
        let headers = format!("{:?}", answer.headers());
        let body = answer.body_mut().read_to_string().unwrap_or_default();
        if status >= 400 {
            self.refused.push(format!("{what}: {status}\n{headers}\n{body}"));
        }
        (status, body)
    }

    /// `POST` of this text in this form, under these headers.
    fn post(
        &mut self,
        url: &str,
        media: &str,
        body: String,
        headers: &[(&str, &str)],
    ) -> (u16, String) {
        let mut request = agent().post(url).header("content-type", media);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.read(&format!("POST {media}"), request.send(body).expect("an answer"))
    }

    fn json(&mut self, url: &str, body: &Value, bearer: &str) -> (u16, Value) {
        let bearer = format!("Bearer {bearer}");
        let headers = [("authorization", bearer.as_str())];
        let (status, body) = self.post(url, "application/json", body.to_string(), &headers);
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    fn form(&mut self, url: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let body = serde_urlencoded::to_string(fields).expect("fields");
        self.post(url, "application/x-www-form-urlencoded", body, &[])
    }

    fn get(&mut self, url: &str, header: &str, value: &str) -> u16 {
        let answer = agent().get(url).header(header, value).call().expect("an answer");
        self.read(&format!("GET with {header}"), answer).0
    }
}

/// The secrets that a server makes: sessions, a token, a link and what it is exchanged for.
fn made(aviary: &mut CanaryLog, place: &ServerDir, console: &str, setup: &str) -> String {
    let token = aviary.keep(setup.rsplit('/').next().expect("a token"));
    let password = aviary.keep(PASSWORD);
    let fields = [("token", &*token), ("name", "olga"), ("password", &*password)];
    assert_eq!(aviary.form(&format!("{console}/setup"), &fields).0, 303);
    let login = json!({"name": "olga", "password": password});
    let (_, session) = aviary.json(&format!("{console}/api/v1/login"), &login, "");
    let olga = aviary.keep(session["token"].as_str().expect("a session"));
    let words = ["token", "issue", "metrics", "--config", "Leptos.toml"];
    let issued = place.command(None, &words, "");
    let said = String::from_utf8(issued.stdout).expect("text");
    let secret = said.split_whitespace().find(|word| word.starts_with("aerodb_token_"));
    aviary.keep(secret.expect("it is printed once"));
    let body = json!({"link_id": id(1), "name": "board", "scope": "cluster", "expires": "1d"});
    let (status, link) = aviary.json(&format!("{console}/api/v1/links"), &body, &olga);
    assert_eq!(status, 201, "{link}");
    let path = link["path"].as_str().expect("a path");
    let secret = aviary.keep(path.rsplit('/').next().expect("a secret"));
    let exchange = agent().post(format!("{console}/link")).send_form([("token", secret)]);
    let secret = cookie(&exchange.expect("an answer"));
    aviary.keep(&secret);
    let key = std::fs::read_to_string(place.data().join(KEY_FILE)).expect("the key of the log");
    aviary.keep(key.trim());
    olga
}

/// The secret that an answer sets as its cookie.
fn cookie(answer: &Response<Body>) -> String {
    let set = answer.headers()["set-cookie"].to_str().expect("text");
    set.split(['=', ';']).nth(1).expect("a secret").to_owned()
}

/// Passwords where one is asked for, right in form and not.
fn passwords(aviary: &mut CanaryLog, console: &str, olga: &str, explained: &Value) -> String {
    let confirm = format!("{console}/api/v1/actions/{}/confirm", id(1));
    let mut body = confirmation(explained);
    for who in [olga, "", "aerodb_token_x"] {
        body["password"] = json!(aviary.next("pw "));
        assert!(aviary.json(&confirm, &body, who).0 >= 400);
    }
    for name in ["olga", "nobody"] {
        let login = json!({"name": name, "password": aviary.next("pw ")});
        assert_eq!(aviary.json(&format!("{console}/api/v1/login"), &login, "").0, 401);
        let password = aviary.next("pw ");
        let fields = [("name", name), ("password", &*password)];
        assert_eq!(aviary.form(&format!("{console}/login"), &fields).0, 401);
    }
    let password = aviary.next("pw ");
    let fields = [("token", "spent"), ("name", "eve"), ("password", &*password)];
    assert_eq!(aviary.form(&format!("{console}/setup"), &fields).0, 410);
    // In a body that cannot be read, of another kind, with a name twice, from another site.
    for path in ["/api/v1/login", &format!("/api/v1/actions/{}/confirm", id(1))] {
        for (media, site, form) in [
            ("application/json", "same-origin", "{\"password\": \"@\""),
            ("application/json", "same-origin", "{\"password\": {\"a\": \"@\"}}"),
            ("application/json", "same-origin", "{\"password\": \"@\", \"password\": \"x\"}"),
            (
                "application/json",
                "same-origin",
                "{\"name\": \"x\", \"password\": \"@\", \"digest\": 1}",
            ),
            ("text/plain", "same-origin", "@"),
            ("application/json", "cross-site", "{\"password\": \"@\"}"),
        ] {
            let body = form.replace('@', &aviary.next("pw "));
            let bearer = format!("Bearer {olga}");
            let headers = [("authorization", &*bearer), ("sec-fetch-site", site)];
            assert!(aviary.post(&format!("{console}{path}"), media, body, &headers).0 >= 400);
        }
    }
    // The right one, and what the session is carried by from there on.
    body["password"] = json!(PASSWORD);
    body["typed_target"] = json!("not the target");
    let bearer = format!("Bearer {olga}");
    let request = agent().post(&confirm).header("authorization", bearer);
    let secret = cookie(&request.send_json(&body).expect("an answer"));
    aviary.keep(&secret)
}

/// Credentials and links that nobody gave out, in headers and in addresses.
fn credentials(aviary: &mut CanaryLog, console: &str) {
    for prefix in ["aerodb_session_", "aerodb_token_", "aerodb_stakeholder_", "aerodb_other_"] {
        for path in ["/log", "/api/v1/log", "/nowhere", "/api/v1/nowhere"] {
            let value = format!("Bearer {}", aviary.next(prefix));
            aviary.get(&format!("{console}{path}"), "authorization", &value);
        }
        let secret = aviary.next(prefix);
        let value =
            format!("aerodb_session_00000000={secret}; __Host-aerodb_session_00000000={secret}");
        aviary.get(&format!("{console}/"), "cookie", &value);
    }
    for (secret, path) in [("aerodb_link_", "link"), ("aerodb_setup_", "setup")] {
        let secret = aviary.next(secret);
        let address = format!("{console}/{path}/{secret}");
        let media = "application/x-www-form-urlencoded";
        for site in ["same-origin", "cross-site"] {
            let headers = [("sec-fetch-site", site)];
            assert!(aviary.post(&address, media, String::new(), &headers).0 >= 400);
        }
        aviary.get(&format!("{console}/api/v1/log"), "referer", &address);
    }
}

/// Every file below a directory.
fn files(dir: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), std::fs::read(path).expect("a file")));
        }
    }
    found
}

/// C10.1.
#[test]
fn no_secret_comes_out_in_a_line_a_refusal_or_a_file() {
    let place = ServerDir::new();
    let mut aviary = CanaryLog::default();
    let text = crate::serve::journal::lines(&place, "json", |console, setup| {
        let olga = made(&mut aviary, &place, console, setup);
        let asked = json!({"action_id": id(1), "kind": "switchover", "params": {"to": "n2"}, "reason": "r"});
        let (status, explained) = aviary.json(&format!("{console}/api/v1/actions"), &asked, &olga);
        assert_eq!(status, 201, "{explained}");
        let olga = passwords(&mut aviary, console, &olga, &explained);
        credentials(&mut aviary, console);
        let (status, session) = aviary.json(&format!("{console}/api/v1/logout"), &json!({}), &olga);
        assert_eq!(status, 204, "{session}");
    });
    let CanaryLog { canaries, refused } = aviary;
    let lines = text.lines().count();
    assert!(
        canaries.len() >= 50 && refused.len() >= 35 && lines >= 20,
        "{} {lines}",
        canaries.len()
    );
    let mut found = Vec::new();
    for canary in &canaries {
        found.extend(text.contains(canary).then(|| format!("a line holds {canary}")));
        let told = refused.iter().filter(|answer| answer.contains(canary));
        found.extend(told.map(|answer| format!("{canary} in {answer}")));
    }
    for (path, bytes) in files(&place.data()) {
        // The key of the log is the one secret that is kept: in a file of its own.
        let is_key = path.file_name().is_some_and(|name| name == KEY_FILE);
        let held = canaries.iter().filter(|canary| holds(&bytes, canary.as_bytes()) && !is_key);
        found.extend(held.map(|canary| format!("{} holds {canary}", path.display())));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    println!("{} secrets, {} refusals, {lines} lines: 0 found", canaries.len(), refused.len());
}

fn holds(bytes: &[u8], canary: &[u8]) -> bool {
    bytes.windows(canary.len()).any(|window| window == canary)
}
