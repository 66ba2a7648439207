//! JSON Schema of the types that are written as one text. The limits are those that the parsers know.

use crate::model::action::{Action, ActionId, ActionKind, LogPosition};
use crate::model::ambient::Timestamp;
use crate::model::canonical::Hash;
use crate::model::event::{EventKind, EventPlace};
use crate::model::invariant::InvariantId;
use crate::model::text::{
    ACTOR_NAME_CHARS_MAX, ActorName, NODE_NAME_CHARS_MAX, NodeId, PLACE_NAME_CHARS_MAX, PlaceName,
    REASON_CHARS_MAX, Reason,
};
use crate::model::timeline::TimelineKey;
use crate::model::word::WORD_BYTES_MAX;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// A word of a spec. Whoever knows the spec lists the words instead.
const WORD: &str = "^[a-z][a-z0-9_]*$";

macro_rules! text_schema {
    ($($name:ident $called:literal $description:literal { $($key:literal: $value:expr),* };)*) => {
        $(impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $called.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "description": $description,
                    $($key: $value),*
                })
            }
        })*
    };
}

text_schema! {
    ActionId "ActionId" "The identity of one request, made before it is sent and spent for ever." {
        "format": "uuid",
        "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
    };
    LogPosition "LogPosition" "A position in the log of the kernel, from 1 on, as text." {
        "pattern": "^[1-9][0-9]{0,18}$"
    };
    Timestamp "Timestamp" "An instant in UTC with three decimals. Never used for order." {
        "format": "date-time",
        "pattern": "Z$"
    };
    Hash "Hash" "A SHA-256 hash." { "pattern": "^[0-9a-f]{64}$" };
    EventPlace "EventPlace" "The place of an event: the branch of the log, the position there and a number." {
        "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$"
    };
    TimelineKey "TimelineKey" "The key of a page of the timeline: a record, and the place of an event." {
        "pattern": "^[0-9]+(_[0-9]+\\.[0-9]+\\.[0-9]+)?$"
    };
    NodeId "NodeId" "The name of a node." {
        "pattern": "^[a-z0-9][a-z0-9-]*$", "maxLength": NODE_NAME_CHARS_MAX
    };
    ActorName "ActorName" "The name of an account." {
        "pattern": "^[a-z0-9][a-z0-9._@-]*$", "maxLength": ACTOR_NAME_CHARS_MAX
    };
    PlaceName "PlaceName" "The name of a cluster, an environment or a backup." {
        "pattern": "^[a-z0-9][a-z0-9._-]*$", "maxLength": PLACE_NAME_CHARS_MAX
    };
    ActionKind "ActionKind" "The name of an action without its parameters." {
        "pattern": WORD, "maxLength": WORD_BYTES_MAX
    };
    InvariantId "Invariant" "One promise, by name." {
        "pattern": WORD, "maxLength": WORD_BYTES_MAX
    };
    EventKind "EventKind" "What kind of thing happened." {
        "pattern": WORD, "maxLength": WORD_BYTES_MAX
    };
    Reason "Reason" "One line of plain text." { "minLength": 1, "maxLength": REASON_CHARS_MAX };
}

/// An action of any kernel. Whoever knows the spec lists the actions instead.
impl JsonSchema for Action {
    fn schema_name() -> Cow<'static, str> {
        "Action".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let kind = generator.subschema_for::<ActionKind>();
        json_schema!({
            "type": "object",
            "description": "One dangerous thing, with everything that it needs. Closed: there is no other \
                way to change the cluster, and no parameter overrides a rule (C2.5).",
            "properties": {
                "kind": kind,
                "params": { "type": "object", "additionalProperties": { "type": "string" } },
            },
            "required": ["kind", "params"],
            "additionalProperties": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::InputError;

    fn pattern<T: JsonSchema>() -> String {
        let schema = schemars::schema_for!(T);
        schema.get("pattern").and_then(|p| p.as_str()).expect("a pattern").to_owned()
    }

    #[test]
    fn the_schema_of_a_name_knows_the_characters_that_the_parser_knows() {
        let check = |pattern: String, parse: fn(&str) -> Result<(), InputError>| {
            for c in ' '..='~' {
                let name = format!("a{c}");
                let class = pattern.split('[').nth(2).and_then(|p| p.split(']').next());
                let class = class.expect("a class of characters");
                let listed = class.replace("a-z", "").replace("0-9", "").contains(c)
                    || c.is_ascii_lowercase()
                    || c.is_ascii_digit();
                assert_eq!(parse(&name).is_ok(), listed, "{name:?} {pattern}");
            }
        };
        check(pattern::<NodeId>(), |text| NodeId::parse(text).map(drop));
        check(pattern::<ActorName>(), |text| ActorName::parse(text).map(drop));
        check(pattern::<PlaceName>(), |text| PlaceName::parse(text).map(drop));
    }
}
