//! Which kernel the settings name. What is said of one kernel is refused beside another: a key that would
//! change nothing stops the start.

use super::table::ControlTable;
use crate::kernel::embedded::NodeCount;
use crate::kernel::postgres::config::{
    DatabaseCredential, Deadlines, Encryption, NodeAddress, OwnSchema, PostgresConfig,
};
use crate::kernel::postgres::prepare::{OBSERVER_ROLE, OPERATOR_ROLE, OWN_DATABASE};
use crate::model::text::{InputError, NodeId, PlaceName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest that a node is waited for, in seconds.
const SECONDS_MAX: u64 = 600;
/// The longest name of a role or a database, in bytes: what the server keeps of one.
const NAME_BYTES_MAX: usize = 63;

/// Which kernel holds the data, and what is said of it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelSettings {
    /// A replicated cluster inside this process.
    Embedded {
        /// How many nodes a new cluster is founded with; one that exists keeps its number.
        nodes: NodeCount,
        /// Where it serves data.
        data_api: SocketAddr,
    },
    /// A cluster of PostgreSQL servers.
    Postgres(Box<PostgresConfig>),
}

/// What stands in the `[control.postgres]` table. Every key that is not called optional has to be there, and
/// no other may be.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PostgresTable {
    /// The nodes, by the names that they have here and in the connections and slots of their standbys:
    /// `{ n1 = "db1.example:5432", n2 = "db2.example:5432" }`.
    nodes: BTreeMap<String, String>,
    /// Optional: who vouches for the certificates of the nodes, as PEM. Relative to the file. Empty means
    /// that nothing is encrypted, which is allowed where every node has a loopback address.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    tls_ca: PathBuf,
    /// Optional: the database that `kernel postgres prepare` makes, or any other where it is not wanted
    /// [default: `aerodb_control`].
    #[serde(default = "own_database")]
    database: String,
    /// Optional: `present` where `kernel postgres prepare` made a database, `refused` where nobody wants one:
    /// what needs it is not offered then [default: `present`].
    #[serde(default)]
    #[schemars(with = "String")]
    own_schema: OwnSchemaWord,
    /// Optional: the role that reads [default: `aerodb_observer`].
    #[serde(default = "observer_role")]
    observer_role: String,
    /// Optional: the file with its password, one line, which nobody but its owner may read. Relative to the
    /// file. Empty means that the nodes ask it for none.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    observer_password_file: PathBuf,
    /// Optional: the role that carries out orders [default: `aerodb_operator`].
    #[serde(default = "operator_role")]
    operator_role: String,
    /// Optional: the file with its password, as above.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    operator_password_file: PathBuf,
    /// Optional: for how many seconds a connection is waited for, 1 to 600 [default: 5].
    #[serde(default = "five")]
    connect_seconds: u64,
    /// Optional: for how many seconds the answer to an observation is waited for, 1 to 600 [default: 5].
    #[serde(default = "five")]
    observe_seconds: u64,
    /// Optional: for how many seconds the answer to an order is waited for, 1 to 600. An order without one
    /// is unknown, and is not cancelled [default: 60].
    #[serde(default = "sixty")]
    order_seconds: u64,
    /// Optional: every how many seconds the cluster is looked at while somebody watches a page, 0 to 600. 0
    /// means never [default: 5].
    #[serde(default = "five")]
    watch_seconds: u64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
enum OwnSchemaWord {
    #[default]
    Present,
    Refused,
}

fn own_database() -> String {
    OWN_DATABASE.to_owned()
}

fn observer_role() -> String {
    OBSERVER_ROLE.to_owned()
}

fn operator_role() -> String {
    OPERATOR_ROLE.to_owned()
}

fn five() -> u64 {
    5
}

fn sixty() -> u64 {
    60
}

/// What a kernel is told besides its own settings.
pub(super) struct OfCluster<'a> {
    pub(super) data: &'a Path,
    pub(super) cluster: &'a PlaceName,
    pub(super) environment: &'a PlaceName,
    /// What a number of nodes means where it was said.
    pub(super) counted: fn(u64) -> NodeCount,
}

/// The kernel that the table names.
pub(super) fn settings(
    table: &ControlTable,
    of: OfCluster<'_>,
) -> Result<KernelSettings, InputError> {
    match table.kernel.as_str() {
        "embedded" => embedded(table, of.counted),
        "postgres" => postgres(table, of),
        other => Err(InputError::new("kernel", other, "embedded or postgres")),
    }
}

fn embedded(
    table: &ControlTable,
    counted: fn(u64) -> NodeCount,
) -> Result<KernelSettings, InputError> {
    if table.postgres.is_some() {
        let required = "no such table, because kernel is embedded";
        return Err(InputError::new("[control.postgres]", "a table", required));
    }
    let missing = |key: &str, what: &str| {
        InputError::new(key, "", format!("{what}, because kernel is embedded"))
    };
    let nodes = table.nodes.ok_or_else(|| missing("nodes", "a number of nodes"))?;
    let data_api = table.data_api.ok_or_else(|| missing("data-api", "an address and a port"))?;
    Ok(KernelSettings::Embedded { nodes: counted(nodes), data_api })
}

fn postgres(table: &ControlTable, of: OfCluster<'_>) -> Result<KernelSettings, InputError> {
    let stray = |key: &str, found: String| {
        Err(InputError::new(key, &found, "absent, because kernel is postgres"))
    };
    if let Some(nodes) = table.nodes {
        return stray("nodes", nodes.to_string());
    }
    if let Some(data_api) = table.data_api {
        return stray("data-api", data_api.to_string());
    }
    let Some(own) = &table.postgres else {
        let required = "a table with the nodes, because kernel is postgres";
        return Err(InputError::new("[control.postgres]", "", required));
    };
    let OfCluster { data, cluster, environment, counted: _ } = of;
    let file = |path: &Path| Some(path.to_owned()).filter(|_| !path.as_os_str().is_empty());
    let config = PostgresConfig {
        dir: data.join("kernel"),
        cluster: cluster.clone(),
        environment: environment.clone(),
        nodes: nodes(&own.nodes)?,
        database: name("database", &own.database)?,
        observer: DatabaseCredential {
            role: name("observer-role", &own.observer_role)?,
            password_file: file(&own.observer_password_file),
        },
        operator: DatabaseCredential {
            role: name("operator-role", &own.operator_role)?,
            password_file: file(&own.operator_password_file),
        },
        encryption: file(&own.tls_ca).map_or(Encryption::Plain, Encryption::Ca),
        deadlines: Deadlines {
            connect: waited("connect-seconds", own.connect_seconds)?,
            observe: waited("observe-seconds", own.observe_seconds)?,
            order: waited("order-seconds", own.order_seconds)?,
        },
        watch: match own.watch_seconds {
            0 => None,
            seconds => Some(waited("watch-seconds", seconds)?),
        },
        own_schema: match own.own_schema {
            OwnSchemaWord::Present => OwnSchema::Present,
            OwnSchemaWord::Refused => OwnSchema::Refused,
        },
    };
    if config.observer.role == config.operator.role {
        let required = "another role than the operator's: it could do more than read";
        return Err(InputError::new("observer-role", &config.observer.role, required));
    }
    config.check()?;
    Ok(KernelSettings::Postgres(Box::new(config)))
}

fn nodes(table: &BTreeMap<String, String>) -> Result<Vec<NodeAddress>, InputError> {
    let node =
        |(id, at): (&String, &String)| NodeAddress::parse(NodeId::parse_field("nodes", id)?, at);
    table.iter().map(node).collect()
}

fn name(key: &str, text: &str) -> Result<String, InputError> {
    let is_ok =
        !text.is_empty() && text.len() <= NAME_BYTES_MAX && !text.contains(char::is_control);
    if is_ok {
        return Ok(text.to_owned());
    }
    let required = format!("a name of 1 to {NAME_BYTES_MAX} bytes without control characters");
    Err(InputError::new(key, text, required))
}

fn waited(key: &str, seconds: u64) -> Result<Duration, InputError> {
    if (1..=SECONDS_MAX).contains(&seconds) {
        return Ok(Duration::from_secs(seconds));
    }
    Err(InputError::new(key, &seconds.to_string(), format!("1 to {SECONDS_MAX}")))
}

impl KernelSettings {
    /// The settings by their names, for the record of a start. Passwords stand in files, and only the paths
    /// of these are among them.
    #[must_use]
    pub fn recorded(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Embedded { nodes: _, data_api } => vec![("data-api", data_api.to_string())],
            Self::Postgres(config) => of_postgres(config),
        }
    }
}

fn of_postgres(config: &PostgresConfig) -> Vec<(&'static str, String)> {
    let file =
        |path: Option<&PathBuf>| path.map_or_else(String::new, |path| path.display().to_string());
    let ca = match &config.encryption {
        Encryption::Plain => None,
        Encryption::Ca(path) => Some(path),
    };
    let seconds = |duration: Duration| duration.as_secs().to_string();
    let nodes: Vec<_> = config.nodes.iter().map(ToString::to_string).collect();
    let own_schema = match config.own_schema {
        OwnSchema::Present => "present",
        OwnSchema::Refused => "refused",
    };
    vec![
        ("kernel", "postgres".to_owned()),
        ("postgres.nodes", nodes.join(", ")),
        ("postgres.tls-ca", file(ca)),
        ("postgres.database", config.database.clone()),
        ("postgres.own-schema", own_schema.to_owned()),
        ("postgres.observer-role", config.observer.role.clone()),
        ("postgres.observer-password-file", file(config.observer.password_file.as_ref())),
        ("postgres.operator-role", config.operator.role.clone()),
        ("postgres.operator-password-file", file(config.operator.password_file.as_ref())),
        ("postgres.connect-seconds", seconds(config.deadlines.connect)),
        ("postgres.observe-seconds", seconds(config.deadlines.observe)),
        ("postgres.order-seconds", seconds(config.deadlines.order)),
        ("postgres.watch-seconds", seconds(config.watch.unwrap_or_default())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::config::{load, postgres_keys};

    const POSTGRES: &str = "[control]\ndata = \"data\"\nkernel = \"postgres\"\n\
        environment = \"test\"\ncluster = \"aerodb\"\n[control.postgres]\n\
        nodes = { n2 = \"127.0.0.1:2\", n1 = \"127.0.0.1:1\" }\n\
        operator-password-file = \"secrets/operator\"\n\
        [package.metadata.leptos]\noutput-name = \"aerodb-control\"\nsite-root = \"site\"\n";

    fn load_text(text: &str) -> Result<KernelSettings, String> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("Leptos.toml");
        std::fs::write(&path, text).expect("a file");
        load(Some(&path), &[]).map(|config| config.kernel).map_err(|error| error.to_string())
    }

    fn postgres(text: &str) -> Box<PostgresConfig> {
        match load_text(text).expect("good") {
            KernelSettings::Postgres(config) => config,
            KernelSettings::Embedded { .. } => panic!("another kernel"),
        }
    }

    #[test]
    fn what_is_said_of_another_kernel_or_cannot_be_is_refused_by_its_name() {
        for (from, to, names) in [
            ("\"postgres\"", "\"embedded\"", "[control.postgres]"),
            ("kernel = \"postgres\"", "kernel = \"postgres\"\nnodes = 3", "nodes: absent"),
            (
                "kernel = \"postgres\"",
                "kernel = \"postgres\"\ndata-api = \"127.0.0.1:1\"",
                "data-api: absent",
            ),
            ("n1 = \"127.0.0.1:1\"", "n1 = \"127.0.0.1\"", "nodes"),
            ("n1 = \"127.0.0.1:1\"", "N1 = \"127.0.0.1:1\"", "nodes"),
            ("n1 = \"127.0.0.1:1\"", "n1 = \"127.0.0.1:2\"", "another address"),
            ("n1 = \"127.0.0.1:1\"", "n1 = \"10.0.0.1:1\"", "tls-ca"),
            ("nodes = {", "node = {", "node"),
            ("operator-password-file", "operator-password", "operator-password"),
            (
                "operator-password-file",
                "observe-seconds = 0\noperator-password-file",
                "observe-sec",
            ),
            ("operator-password-file", "order-seconds = 601\noperator-password-file", "order-sec"),
            ("operator-password-file", "own-schema = \"no\"\noperator-password-file", "own-schema"),
            (
                "operator-password-file",
                "observer-role = \"aerodb_operator\"\noperator-password-file",
                "observer-role",
            ),
            ("operator-password-file", "database = \"\"\noperator-password-file", "database"),
        ] {
            let error = load_text(&POSTGRES.replace(from, to)).expect_err(to);
            assert!(error.contains(names), "{to}: {error}");
        }
        let (before, after) = POSTGRES.split_once("[control.postgres]").expect("two parts");
        let (_, after) = after.split_once("[package").expect("two parts");
        let error = load_text(&format!("{before}[package{after}")).expect_err("no nodes");
        assert!(error.contains("[control.postgres]"), "{error}");
    }

    #[test]
    fn nodes_are_in_the_order_of_their_names_and_files_beside_the_settings() {
        let config = postgres(POSTGRES);
        let nodes: Vec<_> = config.nodes.iter().map(ToString::to_string).collect();
        assert_eq!(nodes, ["n1 at 127.0.0.1:1", "n2 at 127.0.0.1:2"]);
        let file = config.operator.password_file.as_ref().expect("a file");
        assert!(file.is_absolute() && file.ends_with("secrets/operator"));
        assert_eq!(
            (config.observer.role.as_str(), &config.observer.password_file),
            (OBSERVER_ROLE, &None)
        );
        assert_eq!(config.encryption, Encryption::Plain);
        assert_eq!(config.watch, Some(Duration::from_secs(5)));
        let never = POSTGRES.replace("operator-p", "watch-seconds = 0\noperator-p");
        assert_eq!(postgres(&never).watch, None);
        let far = POSTGRES.replace("operator-p", "tls-ca = \"ca.pem\"\noperator-p");
        let far = postgres(&far.replace("127.0.0.1:1", "db1.example:5432"));
        assert!(matches!(&far.encryption, Encryption::Ca(path) if path.is_absolute()));
    }

    #[test]
    fn every_key_is_on_record_and_no_password_is() {
        let settings = KernelSettings::Postgres(postgres(POSTGRES));
        let recorded = settings.recorded();
        for (key, _) in postgres_keys() {
            let name = format!("postgres.{key}");
            assert!(recorded.iter().any(|(recorded, _)| *recorded == name), "{key}");
        }
        assert_eq!(recorded.len(), postgres_keys().len() + 1, "and the kernel");
    }
}
