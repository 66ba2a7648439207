//! The script that an administrator runs once on the primary: the roles, exactly the rights that the actions
//! need, and a database of this control plane's own. It is printed and never run by this program.

use super::config::OwnSchema;
use super::spec::settings::granted_settings;
use crate::model::text::{InputError, is_unsafe_char};
use std::fmt;

/// The database of this control plane.
pub const OWN_DATABASE: &str = "aerodb_control";
/// The role that reads.
pub const OBSERVER_ROLE: &str = "aerodb_observer";
/// The role that carries out orders.
pub const OPERATOR_ROLE: &str = "aerodb_operator";
/// The role that owns the tables. Nobody logs in as it.
pub const OWNER_ROLE: &str = "aerodb_owner";
/// The role whose functions stop logins. Nobody logs in as it.
pub const FENCE_ROLE: &str = "aerodb_fence";

/// The majors that the script is for.
pub const MAJORS: std::ops::RangeInclusive<u32> = 15..=18;

/// Functions of the server that the operator's role calls, and that are otherwise a superuser's.
pub(super) const OPERATOR_FUNCTIONS: [&str; 7] = [
    "pg_create_restore_point(text)",
    "pg_promote(boolean,integer)",
    "pg_reload_conf()",
    "pg_stat_file(text,boolean)",
    "pg_switch_wal()",
    "pg_wal_replay_pause()",
    "pg_wal_replay_resume()",
];
/// The same, for both roles.
pub(super) const READING_FUNCTIONS: [&str; 1] = ["pg_show_all_file_settings()"];

/// Longest name of a role, in bytes: what the server keeps of one.
const ROLE_BYTES_MAX: usize = 63;

/// What the script is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrepareOptions {
    /// The major version; `None` prints a script that looks for itself.
    pub version: Option<u32>,
    /// The roles whose login operators may stop.
    pub logins: Vec<LoginRole>,
    /// Whether there is a database of our own.
    pub own_schema: OwnSchema,
}

/// A role of an application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoginRole(String);

impl LoginRole {
    /// Parses a name as the server keeps it, case and all.
    ///
    /// # Errors
    /// When it is empty or too long, one of the server's or of ours, or holds what has to be written by
    /// hand; the field is `logins`.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
        let is_reserved = text.starts_with("pg_") || text.starts_with("aerodb_");
        let ok = !text.is_empty()
            && text.len() <= ROLE_BYTES_MAX
            && !is_reserved
            && text.chars().all(|c| is_plain(c) && !is_unsafe_char(c));
        if ok {
            return Ok(Self(text.to_owned()));
        }
        let required = "the name of a role of an application: letters, digits and _ - . @, and neither pg_ nor aerodb_ at its beginning";
        Err(InputError::new("logins", text, required))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Statements for one database. What stands together in a transaction is done as a whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptPart {
    /// The database to be connected to.
    pub database: &'static str,
    /// What is run there, as a superuser.
    pub sql: String,
}

/// The script, part by part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrepareScript {
    /// In their order.
    pub parts: Vec<ScriptPart>,
}

/// The database that administrators have for statements that belong to none.
const MAINTENANCE: &str = "postgres";

/// Makes the script. Equal options give equal text.
///
/// # Errors
/// When there is no such major, a role is named twice, or logins are to be stopped without a database that
/// says whose.
pub fn script(options: &PrepareOptions) -> Result<PrepareScript, InputError> {
    let PrepareOptions { version, logins, own_schema } = options;
    if let Some(version) = version.filter(|version| !MAJORS.contains(version)) {
        let required = format!("{} to {}", MAJORS.start(), MAJORS.end());
        return Err(InputError::new("version", &version.to_string(), required));
    }
    let mut logins = logins.clone();
    logins.sort();
    if let Some([twice, _]) = logins.array_windows().find(|[a, b]| a == b) {
        return Err(InputError::new("logins", twice.as_str(), "each role once"));
    }
    let roles = roles(*version, &logins, *own_schema);
    let mut parts = vec![ScriptPart { database: MAINTENANCE, sql: roles }];
    match own_schema {
        OwnSchema::Present => {
            let made = format!(
                "create database {OWN_DATABASE} owner {OWNER_ROLE} template template0\n  \
                 encoding 'UTF8' locale_provider libc locale 'C';\n"
            );
            parts.push(ScriptPart { database: MAINTENANCE, sql: made });
            parts.push(ScriptPart { database: OWN_DATABASE, sql: schema(&logins) });
        }
        OwnSchema::Refused => {
            if let Some(login) = logins.first() {
                let required = "none: without a database of our own no login can be stopped";
                return Err(InputError::new("logins", login.as_str(), required));
            }
            let sql = in_transaction(&functions());
            parts.push(ScriptPart { database: MAINTENANCE, sql });
        }
    }
    Ok(PrepareScript { parts })
}

/// The roles and what holds in every database.
fn roles(version: Option<u32>, logins: &[LoginRole], own_schema: OwnSchema) -> String {
    let mut sql = String::new();
    if own_schema == OwnSchema::Present {
        sql.push_str(&format!("create role {OWNER_ROLE} nologin;\n"));
        sql.push_str(&format!("create role {FENCE_ROLE} nologin createrole;\n"));
    }
    sql.push_str(&format!("create role {OBSERVER_ROLE} login connection limit 8;\n"));
    sql.push_str(&format!("create role {OPERATOR_ROLE} login replication connection limit 8;\n"));
    sql.push_str(&format!("grant pg_monitor to {OBSERVER_ROLE}, {OPERATOR_ROLE};\n"));
    sql.push_str(&format!("grant pg_checkpoint, pg_signal_backend to {OPERATOR_ROLE};\n"));
    // Where sessions have run out, these two still get one.
    let reserved = format!("grant pg_use_reserved_connections to {OBSERVER_ROLE}, {OPERATOR_ROLE}");
    sql.push_str(&by_version(version, Some(&reserved), None));
    let settings = granted_settings().join(",\n  ");
    sql.push_str(&format!(
        "grant alter system on parameter\n  {settings}\n  to {OPERATOR_ROLE};\n"
    ));
    for login in logins {
        let (name, role) = (literal(login.as_str()), identifier(login.as_str()));
        let sentence = literal(&format!("{role} is a superuser, whose login nobody else can stop"));
        sql.push_str(&block(&format!(
            "if (select rolsuper from pg_roles where rolname = {name}) then\n    \
             raise exception using message = {sentence};\n  end if;"
        )));
        let narrow =
            format!("grant {role} to {FENCE_ROLE} with admin true, inherit false, set false");
        let broad = format!("grant {role} to {FENCE_ROLE} with admin option");
        sql.push_str(&by_version(version, Some(&narrow), Some(&broad)));
    }
    in_transaction(&sql)
}

/// The schema, the rights on it, and the rights on functions of the server.
fn schema(logins: &[LoginRole]) -> String {
    let mut sql = format!("revoke all on database {OWN_DATABASE} from public;\n");
    sql.push_str(&format!(
        "grant connect on database {OWN_DATABASE} to {OBSERVER_ROLE}, {OPERATOR_ROLE};\n"
    ));
    sql.push_str(include_str!("prepare.sql"));
    for login in logins {
        let name = literal(login.as_str());
        sql.push_str(&format!("insert into cp.fenceable (role) values ({name});\n"));
    }
    sql.push('\n');
    sql.push_str(&functions());
    in_transaction(&sql)
}

fn functions() -> String {
    let list = |functions: &[&str]| functions.join(",\n  ");
    format!(
        "grant execute on function\n  {}\n  to {OPERATOR_ROLE};\n\
         grant execute on function\n  {}\n  to {OBSERVER_ROLE}, {OPERATOR_ROLE};\n\
         grant select on pg_file_settings to {OBSERVER_ROLE}, {OPERATOR_ROLE};\n",
        list(&OPERATOR_FUNCTIONS),
        list(&READING_FUNCTIONS),
    )
}

/// A statement of version 16 and later, and the one of those before.
fn by_version(version: Option<u32>, since_16: Option<&str>, before: Option<&str>) -> String {
    if let Some(version) = version {
        let statement = if version >= 16 { since_16 } else { before };
        statement.map_or_else(String::new, |statement| format!("{statement};\n"))
    } else {
        let run = |statement: Option<&str>| match statement {
            Some(statement) => format!("execute {};", literal(statement)),
            None => "null;".to_owned(),
        };
        block(&format!(
            "if current_setting('server_version_num')::int >= 160000 then\n    {}\n  \
                 else\n    {}\n  end if;",
            run(since_16),
            run(before)
        ))
    }
}

fn block(body: &str) -> String {
    format!("do $prepare$\nbegin\n  {body}\nend\n$prepare$;\n")
}

fn in_transaction(sql: &str) -> String {
    format!("begin;\n{sql}commit;\n")
}

/// A name as the server keeps it, quoted.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text, quoted; backslashes mean themselves.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl fmt::Display for PrepareScript {
    /// As `psql` reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(INTRODUCTION)?;
        let mut connected = "";
        for part in &self.parts {
            if connected != part.database {
                writeln!(f, "\n\\connect {}", part.database)?;
                connected = part.database;
            }
            write!(f, "\n{}", part.sql)?;
        }
        f.write_str(CONCLUSION)
    }
}

const INTRODUCTION: &str = "\
-- What aerodb-control needs on a PostgreSQL cluster. Run it once, on the primary, as a superuser,
-- with psql: standbys get it by replication. It changes nothing that exists, and stops at the first
-- error; a part between `begin` and `commit` is done as a whole or not at all.
\\set ON_ERROR_STOP on
set standard_conforming_strings = on;
";

const CONCLUSION: &str = "
-- Now give the two roles that log in their passwords, here, so that no file and no history holds
-- them:
--   \\password aerodb_observer
--   \\password aerodb_operator
-- Put each into a file of mode 0600 on the host of the control plane, and name these files in the
-- settings.
-- Each node has to let both roles in from there, in pg_hba.conf with scram-sha-256:
-- aerodb_observer and aerodb_operator to the database, and aerodb_operator to `replication`.
-- Then `aerodb-control kernel postgres verify` says what is missing, and what is too much.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn options(version: Option<u32>, logins: &[&str]) -> PrepareOptions {
        let logins = logins.iter().map(|name| LoginRole::parse(name).expect("a name")).collect();
        PrepareOptions { version, logins, own_schema: OwnSchema::Present }
    }

    fn printed(version: Option<u32>, logins: &[&str]) -> String {
        script(&options(version, logins)).expect("a script").to_string()
    }

    #[test]
    fn what_is_no_role_of_an_application_is_refused() {
        let long = "x".repeat(64);
        for bad in [
            "",
            "pg_monitor",
            "aerodb_fence",
            "a b",
            "a'b",
            "a\"b",
            "a;b",
            "$x$",
            "a\u{202e}",
            &long,
        ] {
            assert_eq!(LoginRole::parse(bad).expect_err(bad).field, "logins");
        }
        let twice = script(&options(None, &["app", "web", "app"])).expect_err("twice");
        assert!(twice.found.contains("app"), "{twice}");
        for version in [14, 19] {
            let refused = script(&options(Some(version), &[])).expect_err("no such major");
            assert_eq!(refused.field, "version");
        }
        let refused = PrepareOptions { own_schema: OwnSchema::Refused, ..options(None, &["app"]) };
        assert_eq!(script(&refused).expect_err("no table says so").field, "logins");
    }

    #[test]
    fn equal_options_give_equal_text_in_whatever_order_roles_are_named() {
        assert_eq!(printed(Some(15), &["web", "App"]), printed(Some(15), &["App", "web"]));
        assert!(printed(None, &["App-1"]).contains("values ('App-1')"));
        assert!(printed(Some(15), &["App-1"]).contains("grant \"App-1\" to aerodb_fence"));
    }

    #[test]
    fn nothing_that_is_a_shell_a_file_or_everything_is_granted() {
        for version in [None, Some(15), Some(16), Some(17), Some(18)] {
            let text = printed(version, &["app"]);
            for bad in [
                "archive_command",
                "restore_command",
                "pg_read_file",
                "pg_write_server",
                "pg_execute",
                "superuser login",
                "bypassrls",
                "pg_write_all",
                "pg_read_all_data",
                "grant all",
            ] {
                assert!(!text.contains(bad), "{bad}: {text}");
            }
        }
    }

    #[test]
    fn a_script_for_one_major_holds_the_statements_of_that_one_alone() {
        let (old, new) = (printed(Some(15), &["app"]), printed(Some(16), &["app"]));
        assert!(!old.contains("pg_use_reserved_connections") && old.contains("with admin option"));
        assert!(new.contains("pg_use_reserved_connections") && new.contains("inherit false"));
        assert!(!new.contains("with admin option") && !new.contains("server_version_num"));
        let any = printed(None, &["app"]);
        assert!(any.contains("server_version_num") && any.contains("with admin option"));
    }

    #[test]
    fn without_a_database_of_its_own_it_makes_none_and_no_role_that_fences() {
        let refused = PrepareOptions { own_schema: OwnSchema::Refused, ..options(None, &[]) };
        let text = script(&refused).expect("a script").to_string();
        for absent in ["create database", "cp.", FENCE_ROLE, OWNER_ROLE] {
            assert!(!text.contains(absent), "{absent}: {text}");
        }
        assert!(text.contains("pg_promote"), "{text}");
    }
}
