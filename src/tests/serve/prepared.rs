//! An installation that was set up once, to be copied: most tests begin where another one would
//! have begun by setting a password.
//!
//! It also knows, for every kind of action of the catalogue, what has to be done after a start so
//! that an action of that kind passes its checks. That is searched, not written down: a new kind is
//! found, or the search says that it has no way to it.

use crate::kernel_words::{CATALOGUE, kinds};
use crate::serve::server::{ClientSession, ServerDir, TestServer};
use aerodb_control::model::action::ActionKind;
use aerodb_control::model::spec::ActionSpec;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

/// One action: its kind and its parameters.
pub type ActionStep = (ActionKind, Value);

/// How to come to an action that passes.
#[derive(Clone, Debug)]
pub struct Route {
    /// What is executed before it, after a start.
    pub before: Vec<ActionStep>,
    /// Its parameters.
    pub params: Value,
}

/// The installation.
pub struct Prepared {
    place: ServerDir,
    token: String,
    routes: BTreeMap<ActionKind, Route>,
}

/// The nodes of the prepared cluster, and two that can join it.
const NODES: [&str; 5] = ["n1", "n2", "n3", "n4", "n5"];
/// Positions in its log, which is short after a start.
const POSITIONS: [&str; 3] = ["1", "2", "3"];
/// Names of backups. Each can be taken once.
const BACKUPS: [&str; 4] = ["b1", "b2", "b3", "b4"];
/// Actions before the one that is wanted: enough for every kind that exists.
const STEPS_MAX: usize = 2;

/// The one of this process.
pub fn prepared() -> &'static Prepared {
    static MADE: OnceLock<Prepared> = OnceLock::new();
    MADE.get_or_init(Prepared::make)
}

impl Prepared {
    fn make() -> Self {
        let place = ServerDir::new();
        let server = place.start(None);
        let ClientSession(token) = server.set_up();
        server.terminate();
        assert!(server.ended_well());
        let mut made = Self { place, token, routes: BTreeMap::new() };
        let mut paths: Vec<Vec<ActionStep>> = vec![Vec::new()];
        while let Some(before) = paths.pop() {
            for (kind, params) in made.passing_after(&before) {
                let route = Route { before: before.clone(), params: params.clone() };
                let known = made.routes.get(&kind).map(|known| known.before.len());
                if known.is_none_or(|known| known > before.len()) {
                    made.routes.insert(kind, route);
                }
                if before.len() < STEPS_MAX {
                    paths.insert(0, [&before[..], &[(kind, params)]].concat());
                }
            }
            if made.routes.len() == kinds().count() {
                break;
            }
        }
        for kind in kinds() {
            assert!(made.routes.contains_key(&kind), "nothing leads to a {kind} that passes");
        }
        made
    }

    /// One action of each kind that passes its checks after a start and these steps.
    fn passing_after(&self, before: &[ActionStep]) -> Vec<ActionStep> {
        let place = self.place();
        let server = place.start(None);
        let session = self.session();
        self.walk(&server, before);
        let passing = |entry: &ActionSpec| {
            let found = candidates(entry).into_iter().find(|params| {
                explained(&server, &session, entry.kind, params)["explanation"]["checks"]
                    .as_array()
                    .is_some_and(|checks| checks.iter().all(|check| check["verdict"] == "pass"))
            });
            found.map(|params| (entry.kind, params))
        };
        CATALOGUE.actions().filter_map(passing).collect()
    }

    /// Executes steps under ids of their own.
    pub fn walk(&self, server: &TestServer, steps: &[ActionStep]) {
        for (number, (kind, params)) in steps.iter().enumerate() {
            let id = crate::harness::id(0x80 + u8::try_from(number).expect("a few steps"));
            let explained = server.request(&self.session(), &id, kind.word(), params.clone());
            let (status, done) = server.confirm(&self.session(), &explained);
            assert_eq!((status, &done["stage"]), (200, &json!("executed")), "{done}");
        }
    }

    /// A copy of it.
    pub fn place(&self) -> ServerDir {
        let place = ServerDir::new();
        copy(&self.place.data(), &place.data());
        place
    }

    /// A session of its operator, in every copy.
    pub fn session(&self) -> ClientSession {
        ClientSession(self.token.clone())
    }

    /// How to come to an action of this kind that passes.
    pub fn route(&self, kind: ActionKind) -> &Route {
        &self.routes[&kind]
    }
}

/// Everything that the parameters of a kind can be on the prepared cluster.
pub fn candidates(entry: &ActionSpec) -> Vec<Value> {
    let mut found = vec![json!({})];
    for parameter in entry.parameters {
        let values = match parameter.name {
            "node" | "to" => &NODES[..],
            "up_to" => &POSITIONS[..],
            "name" => &BACKUPS[..],
            other => panic!("say what {other} of {} can be", entry.kind),
        };
        let with = |params: &Value| {
            let with = |value: &&str| {
                let mut params = params.clone();
                params[parameter.name] = json!(value);
                params
            };
            values.iter().map(with).collect::<Vec<_>>()
        };
        found = found.iter().flat_map(with).collect();
    }
    found
}

/// What an action would be explained as now.
pub fn explained(
    server: &TestServer,
    session: &ClientSession,
    kind: ActionKind,
    params: &Value,
) -> Value {
    let mut path = format!("/api/v1/explain?kind={kind}&reason=a%20drill");
    for (name, value) in params.as_object().expect("parameters") {
        path.push_str(&format!("&{name}={}", value.as_str().expect("text")));
    }
    server.get(session, &path).1
}

/// Copies a directory with everything in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    let mode = std::fs::metadata(from).expect("a directory").permissions();
    std::fs::set_permissions(to, mode).expect("a mode");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file");
        }
    }
}

/// C12.1.
#[test]
fn every_kind_of_action_has_a_way_to_it() {
    for kind in kinds() {
        let route = prepared().route(kind);
        println!("{kind} {} after {:?}", route.params, route.before);
    }
}
