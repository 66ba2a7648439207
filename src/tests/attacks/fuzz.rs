//! Generated requests and inputs: no panic, no 5xx but the specified, no answer that the description of
//! the API does not know, and no change of the cluster without a confirmed record.
//!
//! `make fuzz CASES=1000000` runs many; some thousand go with the other tests. Three in four cases go to
//! the parsers. A failure names its seed and its case; the same seed makes the same cases.

use crate::attacks::fuzz_requests::{LearnedIds, Who, request};
use crate::attacks::payloads::{PayloadRng, payload};
use crate::harness::{Client, Reply, TestApp};
use crate::kernel_words::{CATALOGUE, kinds};
use aerodb_control::kernel::COMPILED_IN;
use aerodb_control::ledger::note::{LogKey, LogSigner};
use aerodb_control::ledger::{ExpectedLog, chain, verify_file};
use aerodb_control::model::action::ActionId;
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::canonical::{Hash, canonical_json};
use aerodb_control::model::event::EventPlace;
use aerodb_control::model::log_filter::LogFilter;
use aerodb_control::model::text::{
    ActorName, InputError, NodeId, PlaceName, Reason, escape_unsafe, is_unsafe_char,
};
use aerodb_control::model::timeline::TimelineKey;
use aerodb_control::store::DATABASE_FILE;
use axum::http::header;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Requests between two looks at the cluster.
const LOOK_EVERY: usize = 100;

fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn seed() -> u64 {
    u64::try_from(setting("FUZZ_SEED", 20_261_123)).expect("a number")
}

/// Says where it stood when a case panicked.
struct CaseGuard {
    case: usize,
    what: String,
}

impl Drop for CaseGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("seed {}, case {}: {}", seed(), self.case, self.what);
        }
    }
}

/// A text for a parser: nearly right, hostile, or right.
fn text(dice: &mut PayloadRng) -> String {
    let nearly = [
        "n1",
        "olga",
        "aerodb",
        "switchover",
        "a drill",
        "12",
        "2.14.0",
        "12_2.14.0",
        "requested",
        "2026-01-01T00:00:00.000Z",
        "2026-13-01T00:00:00Z",
        "6f1c2a34-0b5d-4e6f-8a90-112233445566",
        "aerodb/x+0123abcd+AQ==",
        "\u{2014} x AAAA",
        "-9223372036854775808",
        "+1",
        "1e9",
        "x p1",
        "PRIVATE+KEY+x+0123abcd+AQ==",
        "{\"v\":1}",
        "\"",
        "\\",
    ];
    let mut text = match dice.below(4) {
        0 => payload(dice.below(96), dice.roll()),
        1 => format!("{:064x}", dice.roll()),
        _ => (*dice.pick(&nearly)).to_owned(),
    };
    for _ in 0..dice.below(3) {
        let mut characters: Vec<char> = text.chars().collect();
        let at = dice.below(characters.len() + 1);
        let chance = u32::try_from(dice.below(0x11_0000)).expect("it is small");
        match (dice.below(3), characters.get_mut(at)) {
            (0, Some(_)) => drop(characters.remove(at)),
            (1, Some(there)) => *there = char::from_u32(chance).unwrap_or('\u{0}'),
            _ => characters.insert(at, char::from_u32(chance % 0x250).unwrap_or('x')),
        }
        text = characters.into_iter().collect();
    }
    text
}

/// What a parser said of a text, and what it has to hold to.
fn held<T: std::fmt::Display>(parsed: Result<T, InputError>) -> bool {
    match parsed {
        Ok(value) => {
            assert!(!value.to_string().chars().any(is_unsafe_char), "{value}");
            true
        }
        Err(error) => {
            assert!(!error.to_string().chars().any(is_unsafe_char), "{error:?}");
            // A refusal repeats a line of what was sent, however long that was.
            assert!(error.found.chars().count() < 1_000, "{}", error.found.len());
            false
        }
    }
}

/// One case for one parser: its number, and whether the text was taken.
fn parse(dice: &mut PayloadRng) -> (usize, bool) {
    let text = text(dice);
    let parser = dice.below(16);
    let taken = match parser {
        0 => held(NodeId::parse(&text)),
        1 => held(ActorName::parse(&text)),
        2 => held(PlaceName::parse(&text)),
        3 => held(Reason::parse(&text)),
        4 => held(ActionId::parse(&text)),
        5 => held(CATALOGUE.named(&text).map(|action| action.kind)),
        6 => held(Timestamp::parse(&text)),
        7 => held(EventPlace::parse_field("before", &text)),
        8 => held(TimelineKey::parse_field("before", &text)),
        9 => Hash::parse(&text).is_some_and(|hash| hash.to_string() == text),
        10 => {
            let shown = escape_unsafe(&text);
            assert!(!shown.chars().any(is_unsafe_char));
            assert_eq!(escape_unsafe(&shown), shown);
            true
        }
        11 => {
            let value = json!({ text.clone(): [text.clone(), {"b": 1, "a": text}] });
            let bytes = canonical_json(&value);
            assert_eq!(serde_json::from_slice::<Value>(&bytes).expect("JSON"), value);
            true
        }
        12 => filter(dice, &text),
        13 => {
            let names = ["to", "node", "name", "up_to", "force"];
            let params = BTreeMap::from([((*dice.pick(&names)).to_owned(), text)]);
            let kinds: Vec<_> = kinds().collect();
            let parsed = COMPILED_IN[0].parse(dice.pick(&kinds).word(), &params);
            held(parsed.map(|action| action.kind()))
        }
        14 => match LogKey::parse(&text) {
            Ok(key) => key.open(&text).is_ok(),
            Err(_) => LogSigner::parse(&text).is_ok(),
        },
        _ => chain::parse(text.as_bytes()).is_ok() || chain::verify([text.as_bytes()]).is_ok(),
    };
    (parser, taken)
}

/// A filter of the log reads back from the pairs that it writes.
fn filter(dice: &mut PayloadRng, text: &str) -> bool {
    let name = *dice.pick(&LogFilter::FIELDS);
    let parsed = LogFilter::parse(CATALOGUE, |asked| (asked == name).then(|| text.to_owned()));
    let Ok(filter) = parsed else { return false };
    let pairs: BTreeMap<_, _> = filter.pairs().into_iter().collect();
    let again =
        LogFilter::parse(CATALOGUE, |asked| pairs.get(asked).cloned()).expect("what it wrote");
    assert_eq!(again.pairs(), filter.pairs());
    true
}

#[test]
fn no_text_makes_a_parser_panic_or_repeat_what_is_hidden() {
    let cases = setting("FUZZ_CASES", 4_000) * 3 / 4;
    let mut taken = BTreeMap::<usize, [usize; 2]>::new();
    for case in 0..cases {
        let mut dice = PayloadRng::new(seed() ^ (case as u64).rotate_left(32));
        let mut standing = CaseGuard { case, what: "a parser".to_owned() };
        let (parser, is_taken) = parse(&mut dice);
        standing.what = format!("the parser {parser}");
        taken.entry(parser).or_default()[usize::from(is_taken)] += 1;
    }
    assert_eq!(taken.len(), 16, "every parser had a turn");
    let is_tried = |sums: &[usize; 2]| sums[0] + sums[1] > 0;
    assert!(taken.values().all(is_tried));
    println!("{cases} inputs of 16 parsers, refused and taken by each {taken:?}: 0 panics");
}

/// The facts of the cluster that only an action changes.
async fn facts(app: &TestApp) -> Value {
    let cluster = app.cluster().await;
    let names = ["epoch", "primary", "write_fence", "voters", "writes"];
    json!(names.map(|name| cluster[name].clone()))
}

/// Ids of actions in the events of the kernel, newest first, until one that was seen.
async fn acted(app: &TestApp, seen: &BTreeSet<String>) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let page = app.auditor().get("/api/v1/kernel/events?limit=200").await.expect(200).json();
    for event in page["events"].as_array().expect("events") {
        if let Some(id) = event["action_id"].as_str().filter(|id| !seen.contains(*id)) {
            ids.insert(id.to_owned());
        }
    }
    ids
}

async fn is_confirmed(app: &TestApp, id: &str) -> bool {
    let path = format!("/api/v1/log?kind=confirmed&action={id}");
    let page = app.auditor().get(&path).await.expect(200).json();
    !page["records"].as_array().expect("records").is_empty()
}

/// Whether a 5xx is one that is specified, by its name.
fn is_specified(reply: &Reply, path: &str) -> bool {
    let body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let code = body["refusal"]["code"].as_str().or_else(|| body["error"].as_str());
    match code {
        // Of the console, and of the data API.
        Some(
            "kernel_unreachable" | "audit_unavailable" | "shutting_down" | "no_primary"
            | "no_quorum" | "writes_stopped" | "kernel_stopped",
        ) => true,
        _ => path == "/readyz",
    }
}

/// What a run counts.
#[derive(Default)]
struct FuzzCounts {
    by_status: BTreeMap<u16, usize>,
    by_sender: BTreeMap<Who, usize>,
    specified: usize,
    looks: usize,
    acted: BTreeSet<String>,
}

fn client(app: &TestApp, who: Who) -> Client {
    match who {
        Who::Operator => app.operator(),
        Who::Observer => app.observer(),
        Who::Auditor => app.auditor(),
        Who::Program => app.program(),
        Who::Nobody => app.anonymous(),
        Who::Data => app.data(),
    }
}

/// Whatever changed the cluster since the last look was confirmed; a freeze is lifted.
async fn look(app: &TestApp, counts: &mut FuzzCounts, before: &Value) -> Value {
    counts.looks += 1;
    let fresh = acted(app, &counts.acted).await;
    for id in &fresh {
        assert!(is_confirmed(app, id).await, "{id} acted and was never confirmed");
    }
    let now = facts(app).await;
    assert!(now == *before || !fresh.is_empty(), "it changed by itself: {before} to {now}");
    counts.acted.extend(fresh);
    let overview = app.operator().get("/api/v1/overview").await.expect(200).json();
    if let Some(seq) = overview["freeze"]["seq"].as_u64() {
        let body = json!({"freeze": seq.to_string(), "reason": "the next hundred"});
        app.operator().post("/api/v1/unfreeze", &body).await.expect(200);
    }
    now
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_makes_it_panic_or_act_without_a_confirmed_record() {
    let cases = setting("FUZZ_CASES", 4_000) / 4;
    let app = TestApp::new().await;
    let (mut pool, mut counts) = (LearnedIds::default(), FuzzCounts::default());
    let mut before = facts(&app).await;
    for case in 0..cases {
        let mut dice = PayloadRng::new(seed() ^ (case as u64).rotate_left(17));
        let (mut who, request) = request(&mut dice, &pool);
        let path = request.uri().path().to_owned();
        // A session that was ended could ask for nothing more.
        if path.ends_with("/logout") {
            who = Who::Nobody;
        }
        let what = format!("{who:?} {} {}", request.method(), request.uri());
        let standing = CaseGuard { case, what };
        // It never ends, and is tried elsewhere.
        if path == "/api/v1/events" {
            continue;
        }
        app.clock.advance_millis(100);
        let reply = client(&app, who).send(request).await;
        if reply.status.is_server_error() {
            assert!(is_specified(&reply, &path), "{}: {}", reply.status, reply.body);
            counts.specified += 1;
        }
        let media = reply.headers.get(header::CONTENT_TYPE).map(axum::http::HeaderValue::as_bytes);
        if media.is_some_and(|media| media.starts_with(b"application/json"))
            && let Ok(answer) = serde_json::from_str(&reply.body)
        {
            pool.learn(&answer);
        }
        *counts.by_status.entry(reply.status.as_u16()).or_default() += 1;
        *counts.by_sender.entry(who).or_default() += 1;
        if case % LOOK_EVERY == LOOK_EVERY - 1 {
            before = look(&app, &mut counts, &before).await;
        }
        drop(standing);
    }
    look(&app, &mut counts, &before).await;
    let expected = ExpectedLog { head: None, key: None, salt: [7; 32] };
    let log = app.dir().join(DATABASE_FILE);
    let verified = verify_file(&log, &expected, &mut |_| {}).expect("a log that verifies");
    assert!(!counts.acted.is_empty(), "some were confirmed, and acted");
    assert!(counts.by_status.len() >= 8, "{:?}", counts.by_status);
    println!(
        "{cases} requests, by status {:?}, by sender {:?}; 5xx that are specified {}, others 0; \
         panics 0; {} actions acted, each confirmed; {} looks; {} records, verified",
        counts.by_status,
        counts.by_sender,
        counts.specified,
        counts.acted.len(),
        counts.looks,
        verified.size
    );
}
