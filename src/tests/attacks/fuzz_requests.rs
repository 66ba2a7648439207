//! Requests made from the description of the API, from the forms of the console and for the data API,
//! with a seed: valid ones, nearly valid ones and nonsense.

use crate::attacks::payloads::{PayloadRng, encoded, payload};
use crate::web::described::document;
use aerodb_control::web::policy::{ACTS, READS};
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, header};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;

/// Who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Operator,
    Observer,
    Auditor,
    Program,
    Nobody,
    /// A client of the data API.
    Data,
}

/// Most ids that are used again.
const IDS_MAX: usize = 40;

/// What was learned from answers, to send it again: ids, and what was explained under them.
#[derive(Default)]
pub struct LearnedIds {
    explained: VecDeque<Value>,
    ids: VecDeque<String>,
}

impl LearnedIds {
    /// Learns from an answer.
    pub fn learn(&mut self, answer: &Value) {
        if let (Some(id), true) = (answer["id"].as_str(), answer["digest"].is_string()) {
            self.ids.push_back(id.to_owned());
            if answer["stage"] == "explained" {
                self.explained.push_back(answer.clone());
            }
        }
        while self.ids.len() > IDS_MAX {
            self.ids.pop_front();
        }
        while self.explained.len() > IDS_MAX {
            self.explained.pop_front();
        }
    }

    fn id(&self, dice: &mut PayloadRng) -> String {
        if self.ids.is_empty() || dice.one_in(3) {
            let (a, b) = (dice.roll(), dice.roll());
            let (c, d) = (b >> 48, b & 0xffff_ffff_ffff);
            let (one, two, three) = (a >> 32, a >> 16 & 0xffff, a & 0xfff);
            return format!("{one:08x}-{two:04x}-4{three:03x}-8{:03x}-{d:012x}", c & 0xfff);
        }
        self.ids[dice.below(self.ids.len())].clone()
    }

    /// A confirmation as an operator sends it.
    fn confirmation(&self, dice: &mut PayloadRng) -> Option<(String, Value)> {
        let explained = self.explained.get(dice.below(self.explained.len()))?;
        let path = format!("/actions/{}/confirm", explained["id"].as_str()?);
        Some((path, crate::harness::confirmation(explained)))
    }
}

/// One request, and who sends it.
pub fn request(dice: &mut PayloadRng, pool: &LearnedIds) -> (Who, Request<Body>) {
    let who = *dice.pick(&[
        Who::Operator,
        Who::Operator,
        Who::Operator,
        Who::Operator,
        Who::Observer,
        Who::Auditor,
        Who::Program,
        Who::Nobody,
    ]);
    let request = match dice.below(12) {
        0 => return (Who::Data, data(dice)),
        1..=2 => page(dice, pool),
        3..=4 => form(dice, pool),
        5..=6 => confirm(dice, pool),
        7 => plain(dice, pool),
        _ => api(dice, pool),
    };
    (who, with_headers(dice, request))
}

fn build(method: &str, uri: String, media: &str, body: Vec<u8>) -> Request<Body> {
    let request = Request::builder().method(method).uri(uri);
    let request = request.header(header::CONTENT_TYPE, media);
    request.body(Body::from(body)).expect("what is sent is encoded")
}

/// A request as an operator makes it, for something that can be done now or not.
fn plain(dice: &mut PayloadRng, pool: &LearnedIds) -> Request<Body> {
    let node = format!("n{}", 1 + dice.below(3));
    let (kind, params) = match dice.below(5) {
        0 => ("stop_writes", json!({})),
        1 => ("resume_writes", json!({})),
        2 => ("verify_node", json!({"node": node})),
        3 => ("take_checkpoint", json!({"node": node})),
        _ => ("switchover", json!({"to": node})),
    };
    let id = pool.id(dice);
    let body = json!({"action_id": id, "kind": kind, "params": params, "reason": "a drill"});
    build("POST", "/api/v1/actions".to_owned(), JSON, body.to_string().into_bytes())
}

fn confirm(dice: &mut PayloadRng, pool: &LearnedIds) -> Request<Body> {
    let Some((path, mut body)) = pool.confirmation(dice) else { return api(dice, pool) };
    if dice.one_in(3) {
        spoil(dice, &mut body);
    }
    if dice.one_in(2) {
        return build("POST", path, FORM, fields(dice, &body));
    }
    build("POST", format!("/api/v1{path}"), JSON, body.to_string().into_bytes())
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A request of the description, by one of its operations.
fn api(dice: &mut PayloadRng, pool: &LearnedIds) -> Request<Body> {
    let paths = document()["paths"].as_object().expect("paths");
    let paths: Vec<_> = paths.iter().filter(|(path, _)| !path.ends_with("/events")).collect();
    let (template, operations) = *dice.pick(&paths);
    let operations: Vec<_> = operations.as_object().expect("operations").iter().collect();
    let (method, operation) = *dice.pick(&operations);
    let mut path = template.clone();
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().expect("a name");
        let mut value = value(dice, pool, &parameter["schema"], 0);
        if dice.one_in(6) {
            spoil(dice, &mut value);
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match parameter["in"].as_str() {
            Some("path") => {
                let text = if text.is_empty() { "x" } else { &text };
                path = path.replace(&format!("{{{name}}}"), &address(text));
            }
            Some("query") if parameter["required"] == true || dice.one_in(2) => {
                query.push(format!("{name}={}", address(&text)));
            }
            _ => {}
        }
    }
    if dice.one_in(20) {
        query.push(format!("{}={}", address(&hostile(dice)), address(&hostile(dice))));
    }
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let schema = &operation["requestBody"]["content"][JSON]["schema"];
    let body = if schema.is_null() { json!({}) } else { value(dice, pool, schema, 0) };
    let method = if dice.one_in(30) { "PATCH".to_owned() } else { method.to_uppercase() };
    if method == "GET" {
        return build("GET", path, JSON, Vec::new());
    }
    let media = if dice.one_in(6) { FORM } else { JSON };
    build(&method, path, media, written(dice, body))
}

/// A page, with a query that it has or has not.
fn page(dice: &mut PayloadRng, pool: &LearnedIds) -> Request<Body> {
    let pages: Vec<&str> =
        READS.iter().map(|(_, path, _)| *path).filter(|path| !path.starts_with("/api/")).collect();
    let mut path = (*dice.pick(&pages)).to_owned();
    for name in ["{id}", "{seq}", "{hash}", "{kind}", "{token}"] {
        if path.contains(name) {
            let text = match dice.below(4) {
                0 => pool.id(dice),
                1 => dice.below(500).to_string(),
                2 => (*dice.pick(&["n1", "n2", "switchover"])).to_owned(),
                _ => hostile(dice),
            };
            path = path.replace(name, &address(&text));
        }
    }
    let names =
        ["before", "limit", "kind", "to", "node", "reason", "next", "text", "actor", "since"];
    let mut query = Vec::new();
    for _ in 0..dice.below(3) {
        let text = match dice.below(3) {
            0 => dice.below(1_000).to_string(),
            1 => (*dice.pick(&["switchover", "n2", "olga", "/log", "2026-01-01T00:00:00Z"]))
                .to_owned(),
            _ => hostile(dice),
        };
        query.push(format!("{}={}", dice.pick(&names), address(&text)));
    }
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    build("GET", path, FORM, Vec::new())
}

/// A form of the console: the body of the same operation of the API, as fields.
fn form(dice: &mut PayloadRng, pool: &LearnedIds) -> Request<Body> {
    let forms: Vec<&str> =
        ACTS.iter().map(|(_, path, _)| *path).filter(|path| !path.starts_with("/api/")).collect();
    let template = *dice.pick(&forms);
    let operation = &document()["paths"][format!("/api/v1{template}")]["post"];
    let schema = &operation["requestBody"]["content"][JSON]["schema"];
    let mut body = if schema.is_null() { json!({}) } else { value(dice, pool, schema, 0) };
    if template == "/setup" {
        body = json!({"token": hostile(dice), "name": "eve", "password": hostile(dice)});
    }
    if dice.one_in(3) {
        spoil(dice, &mut body);
    }
    let path = template.replace("{id}", &address(&pool.id(dice)));
    let name = *dice.pick(&["metrics", "olga", "A b"]);
    let path = path.replace("{name}", &address(name));
    build("POST", path, FORM, fields(dice, &body))
}

fn data(dice: &mut PayloadRng) -> Request<Body> {
    let key = if dice.one_in(3) { hostile(dice) } else { format!("k{}", dice.below(50)) };
    let method = *dice.pick(&["GET", "PUT", "PUT", "DELETE", "POST"]);
    build(method, format!("/kv/{}", address(&key)), FORM, hostile(dice).into_bytes())
}

fn with_headers(dice: &mut PayloadRng, mut request: Request<Body>) -> Request<Body> {
    if !dice.one_in(8) {
        return request;
    }
    let names = ["cookie", "sec-fetch-site", "origin", "if-none-match", "content-type", "accept"];
    let value = match dice.below(3) {
        0 => "same-origin".to_owned(),
        1 => "cross-site".to_owned(),
        _ => hostile(dice),
    };
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        let name = *dice.pick(&names);
        request.headers_mut().insert(HeaderName::from_static(name), value);
    }
    if dice.one_in(20) && !request.uri().path().starts_with("/api/") {
        *request.method_mut() = Method::HEAD;
    }
    request
}

/// A value that a schema of the description allows.
fn value(dice: &mut PayloadRng, pool: &LearnedIds, schema: &Value, depth: usize) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return match name {
            "ActionId" => json!(pool.id(dice)),
            "NodeId" => json!(format!("n{}", 1 + dice.below(4))),
            "ActorName" => json!(*dice.pick(&["olga", "oscar", "anna", "eve"])),
            "Timestamp" => json!(format!("2026-01-01T00:{:02}:00.000Z", dice.below(60))),
            "Hash" => json!(format!("{:016x}", dice.roll()).repeat(4)),
            "Reason" => {
                json!(*dice.pick(&["a drill", "lag < 5", "=1+1", "ü", "a \"b\" 'c' &amp;"]))
            }
            "EventPlace" => json!(format!("{}.{}.0", 1 + dice.below(3), dice.below(99))),
            "TimelineKey" => {
                json!(format!("{}_{}.{}.0", dice.below(99), dice.below(3), dice.below(99)))
            }
            other => value(dice, pool, &document()["components"]["schemas"][other], depth + 1),
        };
    }
    if let Some(all) = schema["enum"].as_array().or_else(|| schema["oneOf"].as_array()) {
        let one = dice.pick(all);
        return one.get("const").cloned().unwrap_or_else(|| one.clone());
    }
    match schema["type"].as_str() {
        Some("integer") => json!(*dice.pick(&[0, 1, 2, 7, 50, 200, 201, 1_000_000])),
        Some("object") if depth < 4 => object(dice, pool, schema, depth),
        _ => json!(*dice.pick(&["n1", "n2", "n3", "aerodb", "name", "12", "00/000", "x p1"])),
    }
}

fn object(dice: &mut PayloadRng, pool: &LearnedIds, schema: &Value, depth: usize) -> Value {
    let mut made = Map::new();
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        made.insert(name.clone(), value(dice, pool, schema, depth + 1));
    }
    if schema["additionalProperties"].is_object() && !dice.one_in(4) {
        let name = *dice.pick(&["to", "to", "node", "node", "name", "up_to"]);
        made.insert(name.to_owned(), value(dice, pool, &schema["additionalProperties"], depth + 1));
    }
    Value::Object(made)
}

/// Makes one thing of a value wrong.
fn spoil(dice: &mut PayloadRng, value: &mut Value) {
    let wrong = match dice.below(7) {
        0 => Value::Null,
        1 => json!(-1),
        2 => json!([1, "x"]),
        3 => json!({"a": {"b": []}}),
        4 => json!(1.5e300),
        5 => json!(""),
        _ => json!(hostile(dice)),
    };
    let Some(object) = value.as_object_mut().filter(|object| !object.is_empty()) else {
        *value = wrong;
        return;
    };
    let names: Vec<String> = object.keys().cloned().collect();
    let name = dice.pick(&names).clone();
    match dice.below(3) {
        0 => drop(object.remove(&name)),
        1 => drop(object.insert(hostile(dice), wrong)),
        _ => drop(object.insert(name, wrong)),
    }
}

/// A body as bytes, now and then cut, doubled or no JSON at all.
fn written(dice: &mut PayloadRng, mut body: Value) -> Vec<u8> {
    if dice.one_in(3) {
        spoil(dice, &mut body);
    }
    let mut text = body.to_string();
    match dice.below(24) {
        0 => {
            let mut bytes = text.into_bytes();
            bytes.truncate(dice.below(bytes.len()));
            return bytes;
        }
        1 => text = text.replacen('{', "{\"kind\":\"switchover\",", 1),
        2 => text = "[".repeat(dice.below(9_000)),
        3 => text = hostile(dice),
        _ => {}
    }
    text.into_bytes()
}

fn fields(dice: &mut PayloadRng, body: &Value) -> Vec<u8> {
    let mut pairs = Vec::new();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pair =
        |(name, value): (&String, &Value)| format!("{}={}", encoded(name), encoded(&text(value)));
    for (name, value) in body.as_object().into_iter().flatten() {
        // The parameters of an action stand in a form by their own names.
        match value {
            Value::Object(inner) => pairs.extend(inner.iter().map(pair)),
            _ => pairs.push(pair((name, value))),
        }
    }
    if dice.one_in(30) && !pairs.is_empty() {
        pairs.push(pairs[0].clone());
    }
    let mut text = pairs.join("&");
    if dice.one_in(30) {
        text.push_str("&%zz=%&=&&");
    }
    text.into_bytes()
}

/// Hostile text that fits a request line.
fn hostile(dice: &mut PayloadRng) -> String {
    let text = payload(dice.below(96), dice.roll());
    text.chars().take(400).collect()
}

fn address(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { encoded(text) }
}
