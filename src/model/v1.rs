//! Observations and pinned facts of format 1, which version 0.1 stored: read into facts, and never
//! made. Its bytes stay where they are; what is hashed is hashed from them.
//!
//! Format 1 knew one kernel, so each of its members has one name as a fact.

use crate::model::ambient::Timestamp;
use crate::model::cluster::NodeState;
use crate::model::facts::{Fact, FactKey, Facts, Value};
use crate::model::pinned::{Freeze, InDoubt, Pinned, PinnedNode};
use crate::model::text::NodeId;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Members that held an instant and a reason, and the facts that say them now.
const SINCE: [(&str, [&str; 2]); 3] = [
    ("without_primary", ["primary_since", "primary_why"]),
    ("writes_refused", ["writes_since", "writes_why"]),
    ("unreachable", ["unreachable_since", "unreachable_why"]),
];

/// The facts of the members of an object.
pub(super) fn facts(members: impl IntoIterator<Item = (String, Json)>) -> Result<Facts, String> {
    let mut facts = Facts::default();
    for (name, json) in members {
        if let Some((_, keys)) = SINCE.iter().find(|(of, _)| *of == name) {
            since(&mut facts, *keys, json)?;
        } else if let (true, Json::Object(positions)) = (name == "positions", &json) {
            for (name, json) in positions {
                facts.set(key(name)?, fact(json.clone())?);
            }
        } else {
            facts.set(key(&name)?, fact(json)?);
        }
    }
    Ok(facts)
}

fn key(name: &str) -> Result<FactKey, String> {
    FactKey::parse(name).ok_or_else(|| format!("{name} is no key of a fact"))
}

fn fact(json: Json) -> Result<Fact<Value>, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}

/// An instant, a reason and perhaps causes; null where nothing was so.
fn since(facts: &mut Facts, keys: [&str; 2], json: Json) -> Result<(), String> {
    #[derive(Deserialize)]
    struct StoredSince {
        since: Timestamp,
        why: String,
        causes: Option<Vec<String>>,
    }
    let Json::Object(_) = &json else { return Ok(()) };
    let read: StoredSince = serde_json::from_value(json).map_err(|error| error.to_string())?;
    let [since, why] = keys;
    facts.set(key(since)?, Fact::Known(Value::Text(read.since.to_string())));
    facts.set(key(why)?, Fact::Known(Value::Text(read.why)));
    if let Some(causes) = read.causes {
        facts.set(key("unreachable_causes")?, Fact::Known(Value::Names(causes)));
    }
    Ok(())
}

/// One node of an observation.
pub(super) fn node(json: Json) -> Result<NodeState, String> {
    let Json::Object(members) = json else { return Err("a node is no object".to_owned()) };
    let (id, source, members) = taken_apart(members)?;
    Ok(NodeState { id, facts: facts(members)?, source })
}

type Apart = (NodeId, String, Map<String, Json>);

fn taken_apart(mut members: Map<String, Json>) -> Result<Apart, String> {
    let id = members.remove("id").unwrap_or_default();
    let id = serde_json::from_value(id).map_err(|error| error.to_string())?;
    let source = members.remove("source").and_then(|source| source.as_str().map(str::to_owned));
    Ok((id, source.unwrap_or_default(), members))
}

/// The pinned facts of an explanation of format 1.
#[derive(Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(rename = "PinnedFormat1"))]
pub(super) struct StoredPinned {
    cluster: Map<String, Json>,
    nodes: Vec<Map<String, Json>>,
    unresolved: Option<InDoubt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    freeze: Option<Freeze>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    second_operator: bool,
}

/// The pinned facts of an explanation, with the object that they were read from.
pub(super) fn pinned(json: Json) -> Result<Pinned, String> {
    let stored = serde_json::from_value(json.clone()).map_err(|error| error.to_string())?;
    let StoredPinned { mut cluster, nodes, unresolved: in_doubt, freeze, second_operator } = stored;
    let identity = cluster.remove("identity").unwrap_or_default();
    let identity = serde_json::from_value(identity).map_err(|error| error.to_string())?;
    let node = |members| {
        let (id, _, members) = taken_apart(members)?;
        Ok(PinnedNode { id, facts: shown(&facts(members)?) })
    };
    Ok(Pinned {
        identity,
        facts: shown(&facts(cluster)?),
        nodes: nodes.into_iter().map(node).collect::<Result<_, String>>()?,
        items: Vec::new(),
        in_doubt,
        freeze,
        second_operator,
        told: Some(Box::new(json)),
    })
}

/// What a page of that time showed of the pinned facts: each with its value, and none of since when
/// and why.
fn shown(facts: &Facts) -> BTreeMap<FactKey, crate::model::facts::FactValue> {
    let beside = |key: &str| {
        let is_beside = |word: &str| key.ends_with(word);
        ["_since", "_why", "_causes"].into_iter().any(is_beside)
    };
    facts.bound(|key| !beside(key))
}
