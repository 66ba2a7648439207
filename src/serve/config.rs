//! The settings: `Leptos.toml`, really read, with what the environment and the command line say over it.

mod base;
mod file;
mod kernel;
mod keys;
mod layers;
mod table;
mod values;

pub use kernel::KernelSettings;
pub use keys::{console_keys, control_variables, keys, postgres_keys};
pub use layers::{SettingOverride, SettingProblem, SettingSource};

use super::listen_policy::ListenPolicy;
use super::provider_settings::ProviderSettings;
use crate::authority::ReauthLifetime;
use crate::model::spec::ActionClass;
use crate::model::text::{InputError, PlaceName};
use crate::ui::EnvironmentClass;
use crate::web::EmbeddedSite;
use crate::web::render::SiteError;
use base::BaseLayer;
use layers::Layers;
use leptos::config::LeptosOptions;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use values::ValueChecker;

/// The settings of one server, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The framework's options; `site_addr` is where the console listens.
    pub leptos: LeptosOptions,
    /// The site, where the program carries it.
    pub embedded: Option<EmbeddedSite>,
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
    /// Every setting that the kernel has a use for, in the order of their tables and names.
    pub in_force: Vec<SettingInForce>,
}

/// One setting as it is in force, with where its value came from. Secrets stand in files, and only the
/// paths of these are settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingInForce {
    /// Its name after its table, such as `control.nodes`.
    pub name: String,
    /// Its value as a file would have it; paths are absolute.
    pub value: String,
    /// Where it came from.
    pub source: SettingSource,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No file, and nobody says where the data is.
    #[error(
        "no settings file was found and no data directory is named: say --data DIR, set AERODB_CONTROL_DATA, or name a file with --config"
    )]
    NoData,
    /// A file that cannot be read at all, or a folder that paths are relative to.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file or the folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What is wrong, in the order in which it was found; at least one.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<SettingProblem>),
    /// An option that names what no setting can hold.
    #[error(transparent)]
    Option(#[from] InputError),
}

/// Finds the file: the one named, else `Leptos.toml` in the working directory or above it, else
/// beside the program or above it. `None` where there is none: the settings are then those that are built in.
#[must_use]
pub fn find(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
    let above = |start: PathBuf| {
        start.ancestors().map(|dir| dir.join("Leptos.toml")).find(|path| path.is_file())
    };
    starts.into_iter().flatten().find_map(above)
}

/// Reads the settings: the options over the environment of this process, and that over the file. Paths in
/// the file are relative to the file, those in variables and options to the working directory. Without a
/// file every setting has the value that is shipped, but for the place of the data, which nobody can guess.
///
/// # Errors
/// With all that was found: a key that is missing, or that nothing reads, in any table; a value that cannot
/// be; a variable that looks like a setting and is none.
pub fn load(path: Option<&Path>, flags: &[SettingOverride]) -> Result<Config, ConfigError> {
    let named = |(name, value): (OsString, OsString)| (name.to_string_lossy().into_owned(), value);
    let variables: Vec<_> = std::env::vars_os().map(named).collect();
    load_under(path, &variables, flags)
}

/// The same, under these variables of the environment.
fn load_under(
    path: Option<&Path>,
    variables: &[(String, OsString)],
    flags: &[SettingOverride],
) -> Result<Config, ConfigError> {
    let working = std::env::current_dir();
    let working =
        working.map_err(|source| ConfigError::Unreadable { path: PathBuf::from("."), source })?;
    let base = BaseLayer::read(path, variables, flags)?;
    let all = keys::all();
    let read: Vec<String> = all.iter().map(keys::SettingKey::variable).collect();
    let mut problems = file::unread(variables.iter().map(|(name, _)| name.clone()), &read);
    let layers = Layers { base: &base, working: &working, variables, flags };
    let (file, sources) = match layers.read() {
        Ok(read) => read,
        Err(found) => {
            problems.extend(found);
            return Err(ConfigError::Refused(problems));
        }
    };
    ValueChecker { base: &base, sources: &sources, problems }.judge(&file)
}

impl Config {
    /// The same, of a program that carries its site: what the settings say of a folder is then not used.
    ///
    /// # Errors
    /// When what it carries is no site.
    pub fn carrying(mut self, site: Option<&'static [u8]>) -> Result<Self, SiteError> {
        if let Some(archive) = site {
            let site = EmbeddedSite::read(archive)?;
            site.named_in(&mut self.leptos);
            self.embedded = Some(site);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::embedded::NodeCount;
    use crate::serve::listen_policy::PlainHttp;

    fn load_text(text: &str) -> Result<Config, String> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("Leptos.toml");
        std::fs::write(&path, text).expect("a file");
        load(Some(&path), &[]).map_err(|error| error.to_string())
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
            ("nodes = 3", "nodes = 3\nnodes = 4", "line 5, \"nodes\": "),
            ("data = \"data\"", "data = \"\"", "data: a folder"),
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

    /// The settings of a text under variables and options, which are relative to another folder than it.
    fn layered(
        text: &str,
        variables: &[(&str, &str)],
        flags: &[SettingOverride],
    ) -> Result<Config, Vec<SettingProblem>> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("Leptos.toml");
        std::fs::write(&path, text).expect("a file");
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect();
        load_under(Some(&path), &variables, flags).map_err(|error| match error {
            ConfigError::Refused(problems) => problems,
            other => panic!("{other}"),
        })
    }

    fn in_force(config: &Config, name: &str) -> (String, SettingSource) {
        let found = config.in_force.iter().find(|setting| setting.name == name).expect(name);
        (found.value.clone(), found.source.clone())
    }

    #[test]
    fn an_option_wins_over_a_variable_and_that_over_the_file_whatever_the_setting() {
        let named = |text: &str| format!("\"{text}\"");
        let variables = [
            ("AERODB_CONTROL_ENVIRONMENT", "staging"),
            ("AERODB_CONTROL_CLUSTER", "blue"),
            ("AERODB_CONTROL_NAMES", "[\"a.example\", \"b.example\"]"),
            ("AERODB_CONTROL_NODES", "5"),
            ("AERODB_CONTROL_PRODUCTION", "true"),
            ("LEPTOS_SITE_ADDR", "127.0.0.1:1"),
        ];
        let flags = [
            SettingOverride::new("--environment", "control.environment", "drill"),
            SettingOverride::new("--nodes", "control.nodes", 7),
        ];
        let config = layered(GOOD, &variables, &flags).expect("good");
        let variable = |name: &str| SettingSource::Variable(name.to_owned());
        for (name, wanted) in [
            ("control.environment", (named("drill"), SettingSource::Flag("--environment"))),
            ("control.nodes", ("7".to_owned(), SettingSource::Flag("--nodes"))),
            ("control.cluster", (named("blue"), variable("AERODB_CONTROL_CLUSTER"))),
            ("control.production", ("true".to_owned(), variable("AERODB_CONTROL_PRODUCTION"))),
            ("control.kernel", (named("embedded"), SettingSource::File(3))),
            ("control.reauth-minutes", ("5".to_owned(), SettingSource::Default)),
            ("package.metadata.leptos.hash-files", ("false".to_owned(), SettingSource::Default)),
            (
                "package.metadata.leptos.site-addr",
                (named("127.0.0.1:1"), variable("LEPTOS_SITE_ADDR")),
            ),
        ] {
            assert_eq!(in_force(&config, name), wanted, "{name}");
        }
        assert_eq!((config.environment.as_str(), config.cluster.as_str()), ("drill", "blue"));
        assert_eq!(config.reach.names.len(), 2);
        assert_eq!(config.leptos.site_addr.port(), 1);
        let nodes = |config: &Config| match &config.kernel {
            KernelSettings::Embedded { nodes, .. } => *nodes,
            KernelSettings::Postgres(_) => panic!("another kernel"),
        };
        assert_eq!(nodes(&config), NodeCount::Exactly(7), "an option is about what is there");
        let config = layered(GOOD, &variables, &[]).expect("good");
        assert_eq!(nodes(&config), NodeCount::ToFoundWith(5), "a variable is not");
        let of_postgres = |setting: &SettingInForce| setting.name.starts_with("control.postgres");
        assert!(!config.in_force.iter().any(of_postgres), "they belong to another kernel");
    }

    #[test]
    fn a_variable_may_bring_what_the_file_lacks_and_a_table_of_its_own() {
        let text = GOOD.replace("nodes = 3\n", "").replace("data-api = \"127.0.0.1:7410\"\n", "");
        let problems = layered(&text, &[("AERODB_CONTROL_NODES", "3")], &[]).expect_err("one more");
        assert!(
            problems.iter().all(|problem| problem.what.starts_with("data-api")),
            "{problems:?}"
        );
        let variables = [
            ("AERODB_CONTROL_KERNEL", "postgres"),
            ("AERODB_CONTROL_POSTGRES_NODES", "{ n1 = \"127.0.0.1:1\" }"),
            ("AERODB_CONTROL_POSTGRES_OPERATOR_PASSWORD_FILE", "secret"),
        ];
        let config = layered(&text, &variables, &[]).expect("good");
        let KernelSettings::Postgres(postgres) = &config.kernel else { panic!("another kernel") };
        let file = postgres.operator.password_file.as_ref().expect("a file");
        let here = std::env::current_dir().expect("a folder");
        assert_eq!(file, &here.join("secret"), "no file says what else it would be relative to");
        assert_eq!(in_force(&config, "control.postgres.watch-seconds").0, "5");
    }

    #[test]
    fn what_is_wrong_is_said_whole_and_where_it_was_said() {
        let text = GOOD
            .replace("[control]", "[control]\nnod = 1\noperator-password = \"hunter2\"")
            .replace("site-root", "sit = 1\nsite-root");
        let problems = layered(&text, &[("LEPTOS_SIT", "x")], &[]).expect_err("four");
        let said = problems.iter().map(ToString::to_string).collect::<Vec<_>>();
        let [variable, first, second, third] = said.as_slice() else { panic!("{said:?}") };
        assert!(variable.starts_with("the environment sets LEPTOS_SIT: "), "{variable}");
        assert!(first.contains("line 2, \"nod\": control.nod is no setting"), "{first}");
        assert!(second.contains("line 3, \"operator-password\": "), "{second}");
        assert!(third.contains("package.metadata.leptos.sit is no setting"), "{third}");
        assert!(!said.concat().contains("hunter2"), "a secret in the wrong place is not repeated");

        let text = GOOD.replace("\"test\"", "\"A B\"").replace("\"aerodb\"", "\"\"");
        let flag = SettingOverride::new("--environment", "control.environment", "C D");
        let variables =
            [("AERODB_CONTROL_SECOND_OPERATOR", "[\"all\"]"), ("AERODB_CONTROL_NAMES", "[\"\"]")];
        let said = |flags: &[SettingOverride]| -> Vec<String> {
            let problems = layered(&text, &variables, flags).expect_err("four");
            problems.iter().map(ToString::to_string).collect()
        };
        let [environment, cluster, second, names] = &said(&[])[..] else { panic!("four") };
        assert!(environment.contains("Leptos.toml, line 5: environment: "), "{environment}");
        assert!(cluster.contains("Leptos.toml, line 6: cluster: "), "{cluster}");
        let place = "environment, AERODB_CONTROL_SECOND_OPERATOR: second-operator: ";
        assert!(second.starts_with(place), "{second}");
        assert!(names.contains("name"), "{names}");
        let [environment, ..] = &said(&[flag])[..] else { panic!("four") };
        assert!(environment.starts_with("option, --environment: environment: "), "{environment}");
    }

    #[test]
    fn a_variable_holds_one_value_of_the_form_that_its_setting_has() {
        for (name, value) in [
            ("AERODB_CONTROL_NODES", "three"),
            ("AERODB_CONTROL_NODES", ""),
            ("AERODB_CONTROL_NODES", "3\nproduction = true"),
            ("AERODB_CONTROL_NODES", "3\n[control]\nproduction = true"),
            ("AERODB_CONTROL_NODES", "\"3\""),
            ("AERODB_CONTROL_NAMES", "console.example"),
            ("AERODB_CONTROL_NAMES", "[1]"),
            ("AERODB_CONTROL_PRODUCTION", "yes"),
            ("AERODB_CONTROL_DATA_API", "somewhere"),
            ("LEPTOS_SITE_ADDR", "somewhere"),
            ("LEPTOS_ENV", "TEST"),
        ] {
            let problems = layered(GOOD, &[(name, value)], &[]).expect_err(value);
            let [problem] = problems.as_slice() else { panic!("{name}={value}: {problems:?}") };
            assert_eq!(problem.place, format!("environment, {name}"), "{value}: {problem}");
        }
        // A text is a text, whatever a file would make of it.
        let quoted =
            layered(GOOD, &[("AERODB_CONTROL_DATA", "a\"\nnodes = 9")], &[]).expect("good");
        assert!(quoted.data.to_string_lossy().ends_with("a\"\nnodes = 9"));
        assert_eq!(in_force(&quoted, "control.nodes").0, "3");
    }
}
