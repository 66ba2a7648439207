//! `Leptos.toml`, really read: the framework's options, and our own `[control]` table above them.

mod file;
mod kernel;
mod table;

pub use file::console_keys;
pub use kernel::{KernelSettings, postgres_keys};

use super::listen_policy::{self, ListenPolicy, PlainHttp, TlsFiles};
use super::provider_settings::ProviderSettings;
use crate::authority::ReauthLifetime;
use crate::identity::OpenidTable;
use crate::identity::proxy::ProxyTable;
use crate::model::spec::ActionClass;
use crate::model::text::{InputError, PlaceName};
use crate::ui::EnvironmentClass;
use leptos::config::{LeptosOptions, get_config_from_str};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use table::ControlTable;

/// The settings of one server, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The framework's options; `site_addr` is where the console listens.
    pub leptos: LeptosOptions,
    /// Where everything that lasts is kept.
    pub data: PathBuf,
    /// Which kernel holds the data, and what is said of it alone.
    pub kernel: KernelSettings,
    /// The name of the environment.
    pub environment: PlaceName,
    /// Whether its pages look unlike those of every other one.
    pub environment_class: EnvironmentClass,
    /// The name of the cluster.
    pub cluster: PlaceName,
    /// How the console can be reached.
    pub reach: ListenPolicy,
    /// Where observers alone are served; `None` where nobody asked for it.
    pub observer_listen: Option<SocketAddr>,
    /// How long a proof of identity is recent.
    pub reauth_lifetime: ReauthLifetime,
    /// The classes of actions that two operators confirm.
    pub second_operator: Vec<ActionClass>,
    /// Who may say who somebody is, besides the accounts.
    pub providers: ProviderSettings,
    /// The file as it is written: each key after its table, with its value.
    pub written: BTreeMap<String, String>,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No file.
    #[error(
        "Leptos.toml was not found: name it with --config, start inside the project, or keep the program under it"
    )]
    NotFound,
    /// A file that does not read.
    #[error("{path}: {why}", path = path.display())]
    Bad {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A value that cannot be.
    #[error("{path}: {source}", path = path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// Which key, and what it must be.
        source: InputError,
    },
}

/// Finds the file: the one named, else `Leptos.toml` in the working directory or above it, else
/// beside the program or above it.
///
/// # Errors
/// When there is none.
pub fn find(named: Option<&Path>) -> Result<PathBuf, ConfigError> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
    let above = |start: PathBuf| {
        start.ancestors().map(|dir| dir.join("Leptos.toml")).find(|path| path.is_file())
    };
    starts.into_iter().flatten().find_map(above).ok_or(ConfigError::NotFound)
}

/// Reads the file. Paths in it are relative to the file, never to the working directory.
///
/// # Errors
/// When it cannot be read, lacks a key, has one too many in any of its tables, holds a value that
/// cannot be, or the environment sets what looks like a setting and is none.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let bad = |why: String| ConfigError::Bad { path: path.to_owned(), why };
    let value = |source: InputError| ConfigError::Value { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(|e| bad(e.to_string()))?;
    let table = file::parse(&text).map_err(bad)?.control;
    file::refuse_unread(std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()))
        .map_err(bad)?;
    let mut leptos = get_config_from_str(&text).map_err(|e| bad(e.to_string()))?;
    let absolute = path.canonicalize().map_err(|e| bad(e.to_string()))?;
    let folder = absolute.parent().unwrap_or(Path::new("/"));
    leptos.site_root = folder.join(&*leptos.site_root).to_string_lossy().into_owned().into();
    let environment = PlaceName::parse_field("environment", &table.environment).map_err(value)?;
    let cluster = PlaceName::parse_field("cluster", &table.cluster).map_err(value)?;
    let data = folder.join(&table.data);
    let of_cluster =
        kernel::OfCluster { folder, data: &data, cluster: &cluster, environment: &environment };
    Ok(Config {
        kernel: kernel::settings(&table, of_cluster).map_err(value)?,
        written: file::written(&text).map_err(bad)?,
        leptos,
        data,
        environment,
        environment_class: EnvironmentClass::of(table.production),
        cluster,
        observer_listen: observers(&table.observer_listen).map_err(value)?,
        reauth_lifetime: ReauthLifetime::of_minutes(table.reauth_minutes).map_err(value)?,
        second_operator: classes(&table.second_operator).map_err(value)?,
        providers: providers(folder, &table).map_err(bad)?,
        reach: ListenPolicy {
            names: listen_policy::names(&table.names).map_err(value)?,
            tls: tls_files(folder, &table).map_err(value)?,
            plain_http: if table.plain_http_beyond_loopback {
                PlainHttp::AnyAddress
            } else {
                PlainHttp::LoopbackOnly
            },
        },
    })
}

/// The classes that are named, each once.
fn classes(words: &[String]) -> Result<Vec<ActionClass>, InputError> {
    let parsed = words.iter().map(|word| ActionClass::parse_field("second-operator", word));
    let classes = parsed.collect::<Result<Vec<_>, _>>()?;
    let named: Vec<_> = ActionClass::ALL.into_iter().filter(|c| classes.contains(c)).collect();
    if named.len() == classes.len() {
        return Ok(named);
    }
    Err(InputError::new("second-operator", &words.join(", "), "each class at most once"))
}

fn observers(text: &str) -> Result<Option<SocketAddr>, InputError> {
    if text.is_empty() {
        return Ok(None);
    }
    let required = "an address and a port such as 127.0.0.1:7420, or nothing";
    text.parse().map(Some).map_err(|_| InputError::new("observer-listen", text, required))
}

/// Both files or none: with one of them nothing could be encrypted.
fn tls_files(folder: &Path, table: &ControlTable) -> Result<Option<TlsFiles>, InputError> {
    let is_set = |path: &Path| !path.as_os_str().is_empty();
    let (certificate, key) = (&table.tls_cert, &table.tls_key);
    match (is_set(certificate), is_set(key)) {
        (false, false) => Ok(None),
        (true, true) => {
            Ok(Some(TlsFiles { certificate: folder.join(certificate), key: folder.join(key) }))
        }
        (true, false) => Err(InputError::new("tls-key", "", "named, because tls-cert is")),
        (false, true) => Err(InputError::new("tls-cert", "", "named, because tls-key is")),
    }
}

/// Who may say who somebody is. Files are named here and read when the server starts.
fn providers(folder: &Path, table: &ControlTable) -> Result<ProviderSettings, String> {
    let is_named = |path: &Path| !path.as_os_str().is_empty();
    let file = |path: &Path| if is_named(path) { folder.join(path) } else { PathBuf::new() };
    let openid = OpenidTable {
        issuer: table.openid_issuer.clone(),
        name: table.openid_name.clone(),
        client_id: table.openid_client_id.clone(),
        secret_file: file(&table.openid_client_secret_file),
        scopes: table.openid_scopes.clone(),
        name_claim: table.openid_name_claim.clone(),
        roles: table.openid_roles.clone(),
        userinfo: table.openid_userinfo,
        ca: file(&table.openid_ca),
    };
    let proxy = ProxyTable {
        addresses: table.proxy_addresses.clone(),
        name_header: table.proxy_name_header.clone(),
        secret_header: table.proxy_secret_header.clone(),
        secret_file: file(&table.proxy_secret_file),
    };
    Ok(ProviderSettings {
        openid: openid.checked().map_err(|error| error.to_string())?,
        proxy: proxy.checked().map_err(|error| error.to_string())?,
        public_url: Some(table.public_url.clone()).filter(|url| !url.is_empty()),
    })
}

/// The keys of the table `[control]` with what each means, in the order of their names. Its table is not
/// among them: [`postgres_keys`] are.
#[must_use]
pub fn keys() -> Vec<(String, String)> {
    let mut keys = keys_of(&schemars::schema_for!(ControlTable));
    keys.retain(|(key, _)| key != "postgres");
    keys
}

fn keys_of(schema: &schemars::Schema) -> Vec<(String, String)> {
    let properties = schema.get("properties").and_then(|p| p.as_object());
    let about = |about: &serde_json::Value| {
        about["description"].as_str().unwrap_or_default().replace('\n', " ")
    };
    let mut keys: Vec<_> =
        properties.into_iter().flatten().map(|(key, value)| (key.clone(), about(value))).collect();
    keys.sort();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::embedded::NodeCount;

    fn load_text(text: &str) -> Result<Config, String> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("Leptos.toml");
        std::fs::write(&path, text).expect("a file");
        load(&path).map_err(|error| error.to_string())
    }

    const GOOD: &str = "[control]\ndata = \"data\"\nkernel = \"embedded\"\nnodes = 3\n\
        environment = \"test\"\ncluster = \"aerodb\"\ndata-api = \"127.0.0.1:7410\"\n\
        [package.metadata.leptos]\noutput-name = \"aerodb-control\"\nsite-root = \"site\"\n";

    #[test]
    fn a_key_that_is_missing_misspelt_or_wrong_stops_the_start_and_is_named() {
        for (from, to, names) in [
            ("nodes = 3\n", "", "nodes"),
            ("nodes = 3", "node = 3", "node"),
            ("nodes = 3", "nodes = \"three\"", "nodes"),
            ("\"embedded\"", "\"imaginary\"", "kernel"),
            ("\"test\"", "\"Test Room\"", "environment"),
            ("127.0.0.1:7410", "somewhere", "data-api"),
            ("nodes = 3", "nodes = 3\ntls-cert = \"c.pem\"", "tls-key"),
            ("nodes = 3", "nodes = 3\ntls-key = \"k.pem\"", "tls-cert"),
            ("nodes = 3", "nodes = 3\nnames = [\"a b\"]", "name"),
            ("nodes = 3", "nodes = 3\nplain-http-beyond-loopback = \"yes\"", "plain-http"),
            ("nodes = 3", "nodes = 3\nopenid-issuer = \"http://idp.example\"", "openid-issuer"),
            ("nodes = 3", "nodes = 3\nopenid-client-id = \"x\"", "openid-client-id"),
            ("nodes = 3", "nodes = 3\nproxy-addresses = [\"10.0.0.0/8\"]", "proxy-addresses"),
            ("nodes = 3", "nodes = 3\nproxy-addresses = [\"10.0.0.1\"]", "proxy-secret-file"),
            ("nodes = 3", "nodes = 3\nobserver-listen = \"7420\"", "observer-listen"),
            ("nodes = 3", "nodes = 3\nsecond-operator = [\"all\"]", "second-operator"),
            (
                "nodes = 3",
                "nodes = 3\nsecond-operator = [\"control\", \"control\"]",
                "second-operator",
            ),
            ("nodes = 3", "nodes = 3\nreauth-minutes = 721", "reauth-minutes"),
            ("nodes = 3", "nodes = 3\nreauth-minutes = -1", "reauth-minutes"),
            ("[control]", "[controll]", "controll"),
            ("[control]", "title = \"x\"\n[control]", "title"),
            ("[package.metadata.leptos]", "[package]\nname = \"x\"", "name"),
            ("[package.metadata.leptos]", "[package.metadata.leptos-options]", "leptos-options"),
            // At the end of the file a key of ours lands in the framework's table.
            ("site-root", "second-operator = [\"control\"]\nsite-root", "second-operator"),
            ("site-root", "site-adr = \"127.0.0.1:1\"\nsite-root", "site-adr"),
            ("site-root", "server-fn-prefix = \"/x\"\nsite-root", "server-fn-prefix"),
            ("site-root = \"site\"\n", "site-root = \"site\"\n[control2]\n", "control2"),
            ("site-root = \"site\"\n", "site-root = \"site\"\nhash-files = \"yes\"\n", "line 11"),
        ] {
            let error = load_text(&GOOD.replace(from, to)).expect_err(to);
            assert!(error.contains(names), "{to}: {error}");
        }
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let config = load_text(GOOD).expect("good");
        assert!(config.data.is_absolute() && config.data.ends_with("data"));
        assert!(Path::new(&*config.leptos.site_root).is_absolute());
        let KernelSettings::Embedded { nodes, .. } = &config.kernel else {
            panic!("another kernel")
        };
        assert_eq!(*nodes, NodeCount::ToFoundWith(3));
        assert!(config.reach.tls.is_none() && config.reach.names.is_empty());
        assert_eq!(config.reach.plain_http, PlainHttp::LoopbackOnly);
        assert_eq!(config.reauth_lifetime, ReauthLifetime::default(), "as the key that is absent");
        let tls = "nodes = 3\ntls-cert = \"c.pem\"\ntls-key = \"k.pem\"";
        let files = load_text(&GOOD.replace("nodes = 3", tls)).expect("good").reach.tls;
        assert!(files.is_some_and(|f| f.certificate.is_absolute() && f.key.ends_with("k.pem")));
    }
}
