//! Settings, and the contract about one of them. `ALTER SYSTEM` takes neither a parameter nor a condition,
//! so its values are written into its text, and the look comes right before it.

use super::roles::DETAIL;
use super::{ConfirmedNode, GuardedStatement, OrderPlace, StatementAct};
use crate::kernel::postgres::config::NodeAddress;
use crate::kernel::postgres::orders::refusal;
use crate::kernel::postgres::spec::facts as key;
use crate::kernel::postgres::spec::settings::WRITABLE_SETTINGS;
use crate::kernel::postgres::spec::{DEFAULT_VALUE, NONE_WORD, PostgresInvariant as Rule};
use crate::kernel::postgres::sync_rule::SyncRule;
use crate::model::receipt::KernelRefusal;
use crate::model::text::{NodeId, PlaceName};
use serde::{Deserialize, Serialize};

/// What the files hold and the server has not in force, as an observation reads it.
const FILES: &str = include_str!("../reading_files.sql");

/// What a node says of the server that it follows, but for which server that is: pairs of a name and a value
/// as they stand there. There is no secret among them: the server gives none where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::kernel::postgres) struct UpstreamPairs(Vec<(String, String)>);

/// What an upstream is written with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kernel::postgres) struct UpstreamForm {
    /// Where the new upstream answers; `None` where there is to be none.
    pub(in crate::kernel::postgres) to: Option<NodeAddress>,
    /// How the node proves who it is, and what else it says.
    pub(in crate::kernel::postgres) pairs: UpstreamPairs,
}

impl UpstreamPairs {
    /// Asks a node for the pairs of what is in force there, or else of what is written: one row with a
    /// JSON text, NULL where there are none or they are not read. A value with a password stays there.
    pub(in crate::kernel::postgres) const SQL: &'static str = "with files as materialized \
         (select setting from pg_file_settings where lower(name) = 'primary_conninfo' \
          and error is null order by seqno desc limit 1), \
         c as materialized (select coalesce(nullif(current_setting('primary_conninfo'), ''), \
          (select setting from files), '') as text) \
         select case when text <> '' \
           and text ~ $re$^\\s*(?:\\w+\\s*=\\s*(?:'[^'\\\\]*'|[^\\s'\\\\]+)(?:\\s+|$))*$$re$ \
           and text !~* $re$password\\s*=|://$re$ \
         then (select coalesce(jsonb_agg(jsonb_build_array(pair[1], pair[2]) \
             order by place), '[]') \
           from regexp_matches(text, $re$(\\w+)\\s*=\\s*('[^'\\\\]*'|[^\\s'\\\\]+)$re$, 'g') \
             with ordinality m(pair, place) \
           where lower(pair[1]) not in ('host', 'hostaddr', 'port', 'application_name')) end::text \
         from c";

    /// Reads what a node answered.
    pub(in crate::kernel::postgres) fn read(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// The same, to be kept with the order.
    pub(in crate::kernel::postgres) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A text as the server reads it back, whatever it holds.
fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// The digest of what the files hold under the name `$1`; NULL where they hold none, or a secret.
pub(in crate::kernel::postgres) const WRITTEN: &str = "(select case when setting !~* 'password' \
     then encode(sha256(convert_to(setting, 'UTF8')), 'hex') end from pg_file_settings where lower(name) = $NAME order by seqno desc limit 1)";

/// The digest of a text, as an expression.
pub(in crate::kernel::postgres) fn digest(text: &str) -> String {
    format!("encode(sha256(convert_to({text}, 'UTF8')), 'hex')")
}

/// Writes one setting, or takes it out of the file.
fn write(of: &mut GuardedStatement, setting: &str, value: Option<&str>) {
    let name = of.text(setting);
    of.fact("written", WRITTEN.replace("$NAME", &name));
    of.keep(SETTING, Some(setting));
    of.keep(WANTED, value);
    of.act = StatementAct::Alone(match value {
        Some(value) => format!("alter system set {setting} = {}", literal(value)),
        None => format!("alter system reset {setting}"),
    });
}

/// Under what name it is kept which setting was written.
pub(in crate::kernel::postgres) const SETTING: &str = "setting";
/// Under what name it is kept what was written; nothing, where the setting was taken out of the file.
pub(in crate::kernel::postgres) const WANTED: &str = "wanted";
/// Under what name it is kept what an upstream was written with, for one that is written later.
pub(in crate::kernel::postgres) const FORM: &str = "form";

/// Writes the sync rule.
pub(super) fn write_rule(
    mut of: GuardedStatement,
    on: &ConfirmedNode<'_>,
    rule: &str,
) -> Result<GuardedStatement, KernelRefusal> {
    let before = of.text(on.text_or_none(key::SYNC_RULE_WRITTEN)?.unwrap_or_default());
    let rule = if rule == NONE_WORD { "" } else { rule };
    write(&mut of, "synchronous_standby_names", Some(rule));
    of.guard(
        Rule::WithinStatement,
        format!("coalesce(f.written, {}) = {}", digest("''"), digest(&before)),
    );
    Ok(of)
}

/// Writes whom a node follows.
pub(super) fn write_upstream(
    mut of: GuardedStatement,
    node: &NodeId,
    upstream: &PlaceName,
    form: Option<&UpstreamForm>,
) -> Result<GuardedStatement, KernelRefusal> {
    if let Some(form) = form {
        of.keep(FORM, Some(&form.pairs.json()));
    }
    if upstream.as_str() == NONE_WORD {
        write(&mut of, "primary_conninfo", Some(""));
        return Ok(of);
    }
    let Some(UpstreamForm { to: Some(to), pairs }) = form else {
        let sentence = format!(
            "Neither {node} nor another node has an upstream from which the role and the rest of \
             primary_conninfo could be taken. Nothing was written."
        );
        return Err(refusal(Rule::ConninfoWithoutSecret, sentence));
    };
    let mut text = format!("host={} port={} application_name={node}", to.host, to.port);
    for (name, value) in &pairs.0 {
        text.push_str(&format!(" {name}={value}"));
    }
    write(&mut of, "primary_conninfo", Some(&text));
    Ok(of)
}

/// Writes a setting of the closed list.
pub(super) fn write_other(
    mut of: GuardedStatement,
    setting: &PlaceName,
    value: &str,
) -> Result<GuardedStatement, KernelRefusal> {
    let Some(setting) = WRITABLE_SETTINGS.iter().find(|name| **name == setting.as_str()) else {
        let sentence = format!("{setting} is no setting of the closed list. Nothing was written.");
        return Err(refusal(Rule::SettingAllowed, sentence));
    };
    write(&mut of, setting, Some(value).filter(|value| *value != DEFAULT_VALUE));
    Ok(of)
}

/// Reads the files again, where they hold what was shown and nothing else.
pub(super) fn reload(
    mut of: GuardedStatement,
    on: &ConfirmedNode<'_>,
) -> Result<GuardedStatement, KernelRefusal> {
    let pending = of.names(on.names(key::PENDING)?);
    let rule = of.text(on.text_or_none(key::SYNC_RULE_WRITTEN)?.unwrap_or_default());
    of.fact("loaded", LOADED);
    of.fact("files", format!("(\n{FILES}\n)"));
    of.guard(
        Rule::NothingElsePending,
        format!("f.files::jsonb -> 'pending' = to_jsonb({pending}::text[])"),
    );
    of.guard(Rule::NothingElsePending, format!("f.files::jsonb ->> 'sync_rule' = {rule}"));
    of.guard(Rule::SettingsReadable, "f.files::jsonb -> 'errors' = '[]'::jsonb");
    of.act = StatementAct::Call("pg_reload_conf()::text".to_owned());
    Ok(of)
}

/// When the settings in force were read, in microseconds since 1970.
pub(in crate::kernel::postgres) const LOADED: &str =
    "(extract(epoch from pg_conf_load_time()) * 1000000)::bigint";

/// Makes the rule in force a promise. Its row waits for the standbys that it names.
pub(super) fn declare_contract(
    mut of: GuardedStatement,
    on: &ConfirmedNode<'_>,
    place: &OrderPlace<'_>,
) -> Result<GuardedStatement, KernelRefusal> {
    let rule = of.text(on.text(key::SYNC_RULE)?);
    let id = of.text(place.id.to_string());
    of.fact("rule", "current_setting('synchronous_standby_names')");
    of.fact("standing", "(select count(*) from cp.contract where ended_by is null)");
    of.is_primary(Rule::OnePrimary);
    of.guard(Rule::SyncSetSatisfied, format!("f.rule = {rule} and f.rule <> ''"));
    of.guard(Rule::ContractJoint, "f.standing = 0");
    let contract = format!(
        "contract as (insert into cp.contract (rule, op_id) \
         select v.rule, {id}::uuid from v where cardinality(v.violated) = 0 returning n)"
    );
    of.writes(place, "declare_sync_contract", DETAIL, &[contract]);
    of.prepare = Some("set synchronous_commit = on".to_owned());
    Ok(of)
}

/// Ends the promise that stands.
pub(super) fn withdraw_contract(
    mut of: GuardedStatement,
    on: &ConfirmedNode<'_>,
    place: &OrderPlace<'_>,
) -> Result<GuardedStatement, KernelRefusal> {
    let promised = on.text(key::NODE_CONTRACT)?;
    let rule = of.text(promised.clone());
    let id = of.text(place.id.to_string());
    of.fact("rule", "current_setting('synchronous_standby_names')");
    of.fact("standing", "(select count(*) from cp.contract where ended_by is null)");
    of.fact(
        "promised",
        "(select rule from cp.contract where ended_by is null order by n desc limit 1)",
    );
    of.is_primary(Rule::OnePrimary);
    of.guard(Rule::RuleAsContract, format!("f.standing = 1 and f.promised = {rule}"));
    of.guard(Rule::RuleAsContract, "f.rule = f.promised");
    let contract = format!(
        "contract as (update cp.contract set ended_by = {id}::uuid where ended_by is null \
         and (select cardinality(v.violated) from v) = 0 returning n)"
    );
    of.writes(place, "withdraw_sync_contract", DETAIL, &[contract]);
    of.prepare = Some(waits_where_it_can(&promised));
    Ok(of)
}

/// The end of a contract waits for as many of its standbys as hold the contract, so that they hold the end
/// too. Where they are gone it waits for none: it would wait as every commit does that it is to set free.
fn waits_where_it_can(rule: &str) -> String {
    let Ok(rule) = SyncRule::parse(rule) else { return "set synchronous_commit = on".to_owned() };
    format!(
        "select set_config('synchronous_commit', case when (select count(*) \
           from pg_stat_replication where sync_state in ('sync', 'quorum') \
           and state = 'streaming') >= {} then 'on' else 'local' end, false)",
        rule.waits_for
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_so_that_it_ends_where_it_ends() {
        for (text, quoted) in [
            ("ANY 1 (n2, n3)", "'ANY 1 (n2, n3)'"),
            ("'; drop table t; --", "'''; drop table t; --'"),
            ("a\\'b", " E'a\\\\''b'"),
            ("", "''"),
        ] {
            assert_eq!(literal(text), quoted);
        }
    }
}
