//! `kernel postgres`: what an administrator of PostgreSQL servers runs for this program, and whether it is
//! as it has to be.

use super::Report;
use super::exit::Exit;
use super::failure::Failure;
use super::host_arguments::{OwnSchemaArgument, PrepareArguments, RightsArguments};
use super::local::{line_of, not_served, wait};
use crate::kernel::postgres::config::OwnSchema;
use crate::kernel::postgres::prepare::{PrepareOptions, script};
use crate::serve::{self, NodeRights};
use crate::text::lines::TextLines;
use serde_json::json;

/// Prints the script.
pub(super) fn prepare(options: PrepareArguments) -> Result<Report, Failure> {
    let PrepareArguments { version, logins, own_schema } = options;
    let own_schema = match own_schema {
        OwnSchemaArgument::Present => OwnSchema::Present,
        OwnSchemaArgument::Refused => OwnSchema::Refused,
    };
    let made = script(&PrepareOptions { version, logins, own_schema });
    let made = made.map_err(|error| Failure::here(Exit::Usage, format!("{error}.")))?;
    let mut text = TextLines::new();
    for line in made.to_string().lines() {
        text.line(line);
    }
    let part = |part: &crate::kernel::postgres::prepare::ScriptPart| json!({ "database": part.database, "sql": part.sql });
    let json = json!({ "parts": made.parts.iter().map(part).collect::<Vec<_>>() });
    Ok(Report { text, json: line_of(&json), exit: Exit::Done })
}

/// Says of every node what is missing and what is too much.
pub(super) fn verify(options: &RightsArguments) -> Result<Report, Failure> {
    let found = wait(serve::node_rights(options.config.as_deref()))?.map_err(not_served)?;
    let mut text = TextLines::new();
    let mut nodes = Vec::new();
    let mut is_sound = true;
    for NodeRights { node, rights } in &found {
        match rights {
            Err(why) => {
                is_sound = false;
                text.line(format!("{node}: not verified: {why}."));
                nodes.push(json!({ "node": node.id, "unread": why }));
            }
            Ok(wrong) if wrong.is_empty() => {
                text.line(format!("{node}: nothing is missing, and nothing is too much."));
                nodes.push(json!({ "node": node.id, "wrong": [] }));
            }
            Ok(wrong) => {
                is_sound = false;
                text.line(format!("{node}:"));
                let rows = wrong.iter().map(|one| {
                    vec![one.fault.word().to_owned(), one.role.clone(), one.right.clone()]
                });
                text.table("  ", &rows.collect::<Vec<_>>());
                let rows = wrong.iter().map(
                    |one| json!({ "fault": one.fault.word(), "role": one.role, "right": one.right }),
                );
                nodes.push(json!({ "node": node.id, "wrong": rows.collect::<Vec<_>>() }));
            }
        }
    }
    let exit = if is_sound { Exit::Done } else { Exit::NotSound };
    Ok(Report { text, json: line_of(&json!({ "nodes": nodes })), exit })
}
