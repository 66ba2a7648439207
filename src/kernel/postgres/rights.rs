//! What the two roles of this control plane lack on a node, and what they have too much. It reads catalogues
//! and nothing else.

use super::config::OwnSchema;
use super::connection::{Connection, Row, SqlError};
use super::prepare::{FENCE_ROLE, OPERATOR_FUNCTIONS, OWNER_ROLE, READING_FUNCTIONS, literal};
use super::spec::settings::granted_settings;
use std::fmt;

/// Which way a right is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RightFault {
    /// Something that an action or an observation needs is not there.
    Lacking,
    /// Something is there that nothing needs.
    Excessive,
}

impl RightFault {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lacking => "missing",
            Self::Excessive => "too much",
        }
    }
}

/// One right that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrongRight {
    /// Which way.
    pub fault: RightFault,
    /// The role.
    pub role: String,
    /// The right, such as `alter system set wal_keep_size`.
    pub right: String,
}

impl fmt::Display for WrongRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, role, right } = self;
        write!(f, "{}: {role}: {right}", fault.word())
    }
}

/// The roles as the settings name them, and whether there is a database of our own.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedRights<'a> {
    /// The role that reads.
    pub observer: &'a str,
    /// The role that carries out orders.
    pub operator: &'a str,
    /// Whether tables and functions of ours are expected.
    pub own_schema: OwnSchema,
}

/// Reads every right that is wrong, in a fixed order: what is missing first.
///
/// # Errors
/// When the node gives no answer.
pub async fn wrong_rights(
    connection: &mut Connection,
    expected: ExpectedRights<'_>,
) -> Result<Vec<WrongRight>, SqlError> {
    let rows = connection.query(&statement(expected), &[]).await?;
    let mut wrong = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if expected.own_schema == OwnSchema::Present {
        // Where the table cannot be read, that was said already.
        let can_read = "select coalesce(has_schema_privilege(to_regnamespace('cp'), 'usage') \
                        and has_table_privilege(to_regclass('cp.fenceable'), 'select'), false)";
        if connection.query_one(can_read, &[]).await?.try_get(0).map_err(unreadable)? {
            let rows = connection.query(&fenceable_roles(), &[]).await?;
            wrong.extend(rows.iter().map(read).collect::<Result<Vec<_>, _>>()?);
        }
    }
    wrong.sort();
    wrong.dedup();
    Ok(wrong)
}

fn read(row: &Row) -> Result<WrongRight, SqlError> {
    let is_excessive: bool = row.try_get(0).map_err(unreadable)?;
    Ok(WrongRight {
        fault: if is_excessive { RightFault::Excessive } else { RightFault::Lacking },
        role: row.try_get(1).map_err(unreadable)?,
        right: row.try_get(2).map_err(unreadable)?,
    })
}

fn unreadable(error: tokio_postgres::Error) -> SqlError {
    SqlError::Lost { why: error.to_string() }
}

/// The statement behind [`wrong_rights`]: rows of whether it is too much, role and right. For whoever reads
/// it as a part of something larger.
#[must_use]
pub fn statement(expected: ExpectedRights<'_>) -> String {
    let ExpectedRights { observer, operator, own_schema } = expected;
    let mut rows = Expectations::default();
    // Without a row of `pg_roles` every right of it is unknown, and what is unknown is missing.
    for role in [observer, operator] {
        rows.needs(role, "that role, with a login", "r.rolcanlogin");
        rows.needs(role, "member of pg_monitor", "pg_has_role(r.oid, 'pg_monitor', 'usage')");
        for function in READING_FUNCTIONS {
            rows.needs_function(role, &format!("pg_catalog.{function}"));
        }
        let select = "has_table_privilege(r.oid, 'pg_catalog.pg_file_settings', 'select')";
        rows.needs(role, "select on pg_file_settings", select);
        refuse_attributes(&mut rows, role);
    }
    rows.needs(operator, "replication", "r.rolreplication");
    rows.refuses(observer, "replication", "r.rolreplication");
    for group in ["pg_checkpoint", "pg_signal_backend"] {
        let held = format!("pg_has_role(r.oid, '{group}', 'usage')");
        rows.needs(operator, &format!("member of {group}"), &held);
        rows.refuses(observer, &format!("member of {group}"), &held);
    }
    for function in OPERATOR_FUNCTIONS {
        rows.needs_function(operator, &format!("pg_catalog.{function}"));
        if function != "pg_stat_file(text,boolean)" {
            rows.refuses_function(observer, &format!("pg_catalog.{function}"));
        }
    }
    for setting in granted_settings() {
        let held = format!("has_parameter_privilege(r.oid, '{setting}', 'alter system')");
        rows.needs(operator, &format!("alter system set {setting}"), &held);
        rows.refuses(observer, &format!("alter system set {setting}"), &held);
    }
    if own_schema == OwnSchema::Present {
        own_tables(&mut rows, observer, operator);
    }
    let mut sql = format!(
        "select e.is_excess, e.role, e.what from ({}) as e (role, is_excess, what, is_so) \
         where e.is_so = e.is_excess",
        rows.sql()
    );
    sql.push_str(&format!(" union all {}", other_settings(observer, operator)));
    sql.push_str(&format!(" union all {}", by_version(observer, operator)));
    sql
}

/// What makes a role more than it has to be, whatever it is used for.
fn refuse_attributes(rows: &mut Expectations, role: &str) {
    rows.refuses_superuser(role);
    for (attribute, column) in [
        ("createrole", "r.rolcreaterole"),
        ("createdb", "r.rolcreatedb"),
        ("bypassrls", "r.rolbypassrls"),
    ] {
        rows.refuses(role, attribute, column);
    }
    for group in [
        "pg_execute_server_program",
        "pg_read_all_data",
        "pg_read_server_files",
        "pg_write_all_data",
        "pg_write_server_files",
    ] {
        let held = format!("pg_has_role(r.oid, '{group}', 'member')");
        rows.refuses(role, &format!("member of {group}"), &held);
    }
    for function in [
        "pg_ls_dir(text)",
        "pg_read_binary_file(text)",
        "pg_read_file(text)",
        "lo_export(oid,text)",
        "lo_import(text)",
    ] {
        rows.refuses_function(role, &format!("pg_catalog.{function}"));
    }
}

/// The rights on what `prepare` made.
fn own_tables(rows: &mut Expectations, observer: &str, operator: &str) {
    const TABLES: [&str; 5] = ["receipt", "fenceable", "stopped_login", "contract", "branch"];
    const FUNCTIONS: [&str; 2] =
        ["cp.stop_logins(uuid,text[],bigint,text)", "cp.resume_logins(uuid,text[],bigint,text)"];
    let table = |table: &str, right: &str| {
        format!("has_table_privilege(r.oid, to_regclass('cp.{table}'), '{right}')")
    };
    let column = |table: &str, column: &str, right: &str| {
        format!("has_column_privilege(r.oid, to_regclass('cp.{table}'), '{column}', '{right}')")
    };
    for role in [observer, operator] {
        let usage = "has_schema_privilege(r.oid, to_regnamespace('cp'), 'usage')";
        rows.needs(role, "usage on schema cp", usage);
        let create = "has_schema_privilege(r.oid, to_regnamespace('cp'), 'create')";
        rows.refuses(role, "create on schema cp", create);
        for name in TABLES {
            rows.needs(role, &format!("select on cp.{name}"), &table(name, "select"));
            for right in ["delete", "truncate", "trigger"] {
                rows.refuses(role, &format!("{right} on cp.{name}"), &table(name, right));
            }
        }
        rows.refuses(role, "update on cp.receipt", &table("receipt", "update"));
        for name in ["fenceable", "stopped_login"] {
            rows.refuses(role, &format!("insert on cp.{name}"), &table(name, "insert"));
        }
        for group in [OWNER_ROLE, FENCE_ROLE] {
            let held = format!(
                "pg_has_role(r.oid, (select g.oid from pg_roles g where g.rolname = '{group}'), \
                 'member')"
            );
            rows.refuses(role, &format!("member of {group}"), &held);
        }
    }
    for name in ["receipt", "branch"] {
        rows.needs(operator, &format!("insert on cp.{name}"), &table(name, "insert"));
        rows.refuses(observer, &format!("insert on cp.{name}"), &table(name, "insert"));
    }
    for (name, right) in [("rule", "insert"), ("op_id", "insert"), ("ended_by", "update")] {
        let held = column("contract", name, right);
        rows.needs(operator, &format!("{right} of {name} on cp.contract"), &held);
        rows.refuses(observer, &format!("{right} of {name} on cp.contract"), &held);
    }
    for function in FUNCTIONS {
        rows.needs_function(operator, function);
        rows.refuses_function(observer, function);
    }
    rows.needs(FENCE_ROLE, "createrole", "r.rolcreaterole");
    for role in [OWNER_ROLE, FENCE_ROLE] {
        rows.needs(role, "that role, without a login", "not r.rolcanlogin");
        rows.refuses_superuser(role);
    }
}

/// Every setting that one of the roles may write and no action does: `archive_command` is a shell.
fn other_settings(observer: &str, operator: &str) -> String {
    let listed: Vec<_> = granted_settings().into_iter().map(literal).collect();
    format!(
        "select true, r.rolname::text, 'alter system set ' || p.parname \
         from pg_roles r, pg_parameter_acl p \
         where r.rolname in ({}, {}) and not r.rolsuper and p.parname not in ({}) \
         and has_parameter_privilege(r.oid, p.parname, 'alter system')",
        literal(observer),
        literal(operator),
        listed.join(", ")
    )
}

/// What servers before 16 do not know.
fn by_version(observer: &str, operator: &str) -> String {
    format!(
        "select false, r.rolname::text, 'member of ' || g.rolname \
         from pg_roles r, pg_roles g where r.rolname in ({}, {}) \
         and g.rolname = 'pg_use_reserved_connections' and not pg_has_role(r.oid, g.oid, 'usage')",
        literal(observer),
        literal(operator)
    )
}

/// Roles whose login is to be stopped, and cannot be.
fn fenceable_roles() -> String {
    format!(
        "select false, f.role::text, case when r.oid is null then 'that role exists' \
         when r.rolsuper then 'is no superuser, whose login nobody else can stop' \
         else 'admin option for {FENCE_ROLE}' end \
         from cp.fenceable f left join pg_roles r on r.rolname = f.role \
         where r.oid is null or r.rolsuper or not exists (select from pg_auth_members m \
         join pg_roles g on g.oid = m.member where m.roleid = r.oid and g.rolname = '{FENCE_ROLE}' \
         and m.admin_option)"
    )
}

/// What is asked of each role: the SQL of a truth about `r`, the row of the role.
#[derive(Default)]
struct Expectations {
    rows: Vec<(String, Vec<String>)>,
}

impl Expectations {
    fn needs(&mut self, role: &str, what: &str, is_so: &str) {
        self.add(role, false, what, is_so);
    }

    /// A superuser has every right there is: that alone is said of it.
    fn refuses(&mut self, role: &str, what: &str, is_so: &str) {
        self.add(role, true, what, &format!("not r.rolsuper and ({is_so})"));
    }

    fn refuses_superuser(&mut self, role: &str) {
        self.add(role, true, "superuser", "r.rolsuper");
    }

    fn needs_function(&mut self, role: &str, function: &str) {
        self.needs(role, &format!("execute {}", short(function)), &executes(function));
    }

    fn refuses_function(&mut self, role: &str, function: &str) {
        self.refuses(role, &format!("execute {}", short(function)), &executes(function));
    }

    fn add(&mut self, role: &str, is_excess: bool, what: &str, is_so: &str) {
        let row = format!("({is_excess}, {}, {is_so})", literal(what));
        match self.rows.iter_mut().find(|(of, _)| of == role) {
            Some((_, rows)) => rows.push(row),
            None => self.rows.push((role.to_owned(), vec![row])),
        }
    }

    /// One list of values for each role: a server plans that at once, and a query for each row for most of
    /// a second. What is not known is missing, and not too much.
    fn sql(&self) -> String {
        let of_role = |(role, rows): &(String, Vec<String>)| {
            format!(
                "select named.role, e.is_excess, e.what, coalesce(e.is_so, false) \
                 from (values ({})) as named (role) \
                 left join pg_roles r on r.rolname = named.role \
                 cross join lateral (values {}) as e (is_excess, what, is_so)",
                literal(role),
                rows.join(", ")
            )
        };
        self.rows.iter().map(of_role).collect::<Vec<_>>().join(" union all ")
    }
}

fn executes(function: &str) -> String {
    format!("has_function_privilege(r.oid, to_regprocedure('{function}'), 'execute')")
}

fn short(function: &str) -> &str {
    function.strip_prefix("pg_catalog.").unwrap_or(function)
}
