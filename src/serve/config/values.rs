//! Every value judged, each by its own rule, and all that is wrong kept: who corrects a file sees it at once.

use super::base::BaseLayer;
use super::file::{ConsoleTable, SettingsFile};
use super::layers::{SettingProblem, SettingSource, SettingSources};
use super::table::ControlTable;
use super::{Config, ConfigError, SettingInForce, kernel, keys};
use crate::authority::ReauthLifetime;
use crate::identity::proxy::ProxyTable;
use crate::identity::{OpenidTable, SettingError};
use crate::kernel::embedded::NodeCount;
use crate::model::spec::ActionClass;
use crate::model::text::{InputError, PlaceName};
use crate::serve::listen_policy::{self, ListenPolicy, PlainHttp, TlsFiles};
use crate::serve::provider_settings::ProviderSettings;
use crate::ui::EnvironmentClass;
use leptos::config::LeptosOptions;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Judges every value, and keeps what is wrong with each.
pub(super) struct ValueChecker<'a> {
    pub(super) base: &'a BaseLayer,
    pub(super) sources: &'a SettingSources,
    pub(super) problems: Vec<SettingProblem>,
}

impl ValueChecker<'_> {
    /// The settings, or all that is wrong with them.
    pub(super) fn judge(mut self, file: &SettingsFile) -> Result<Config, ConfigError> {
        match self.config(file) {
            Some(config) if self.problems.is_empty() => Ok(config),
            _ => Err(ConfigError::Refused(self.problems)),
        }
    }

    /// `None` where something is wrong.
    fn config(&mut self, file: &SettingsFile) -> Option<Config> {
        let table = &file.control;
        let environment = self.keep(PlaceName::parse_field("environment", &table.environment));
        let cluster = self.keep(PlaceName::parse_field("cluster", &table.cluster));
        let data = self.keep(data(&table.data));
        let observer_listen = self.keep(observers(&table.observer_listen));
        let reauth_lifetime = self.keep(ReauthLifetime::of_minutes(table.reauth_minutes));
        let second_operator = self.keep(classes(&table.second_operator));
        let names = self.keep(listen_policy::names(&table.names));
        let tls = self.keep(tls_files(table));
        let providers = self.keep_of_provider(providers(table));
        let (environment, cluster, data) = (environment?, cluster?, data?);
        // An option is about the cluster that is there, and a setting about one that is founded.
        let counted = match self.sources.get("control.nodes") {
            Some(SettingSource::Flag(_)) => NodeCount::Exactly,
            _ => NodeCount::ToFoundWith,
        };
        let of_cluster = kernel::OfCluster {
            data: &data,
            cluster: &cluster,
            environment: &environment,
            counted,
        };
        let kernel = self.keep(kernel::settings(table, of_cluster))?;
        let leptos = file.console().options();
        Some(Config {
            in_force: self.in_force(table, &leptos),
            kernel,
            leptos,
            embedded: None,
            data,
            environment,
            environment_class: EnvironmentClass::of(table.production),
            cluster,
            observer_listen: observer_listen?,
            reauth_lifetime: reauth_lifetime?,
            second_operator: second_operator?,
            providers: providers?,
            reach: ListenPolicy {
                names: names?,
                tls: tls?,
                plain_http: if table.plain_http_beyond_loopback {
                    PlainHttp::AnyAddress
                } else {
                    PlainHttp::LoopbackOnly
                },
            },
        })
    }

    fn keep<T>(&mut self, judged: Result<T, InputError>) -> Option<T> {
        judged.map_err(|error| self.add(&error.field, error.to_string())).ok()
    }

    fn keep_of_provider<T>(&mut self, judged: Result<T, SettingError>) -> Option<T> {
        let add = |error: SettingError| {
            let key = match &error {
                SettingError::Value(error) => error.field.clone(),
                SettingError::File { key, .. } => (*key).to_owned(),
            };
            self.add(&key, error.to_string());
        };
        judged.map_err(add).ok()
    }

    /// Keeps a problem, with where the value came from that it is about.
    fn add(&mut self, key: &str, what: String) {
        let mut tables = [keys::CONTROL, keys::POSTGRES].into_iter();
        let source = tables.find_map(|table| self.sources.get(&format!("{table}.{key}")));
        let place = match source {
            Some(SettingSource::File(line)) => format!("{}, line {line}", self.base.place()),
            Some(source @ (SettingSource::Variable(_) | SettingSource::Flag(_))) => {
                source.to_string()
            }
            Some(SettingSource::Default) | None => self.base.place(),
        };
        self.problems.push(SettingProblem { place, what });
    }

    /// Every setting with its value. One that has none belongs to another kernel.
    fn in_force(&self, table: &ControlTable, leptos: &LeptosOptions) -> Vec<SettingInForce> {
        let control = toml::Table::try_from(table).expect("it was read from TOML");
        let postgres = control.get("postgres").and_then(toml::Value::as_table).cloned();
        let console = toml::Table::try_from(ConsoleTable::in_force(leptos));
        let console = console.expect("it was read from TOML");
        let in_force = |key: keys::SettingKey| {
            let value = match key.table {
                keys::CONTROL => control.get(&key.key),
                keys::POSTGRES => postgres.as_ref()?.get(&key.key),
                _ => console.get(&key.key),
            };
            let name = key.name();
            let source = self.sources.get(&name).cloned().unwrap_or(SettingSource::Default);
            Some(SettingInForce { value: value?.to_string(), name, source })
        };
        keys::all().into_iter().filter_map(in_force).collect()
    }
}

fn data(dir: &Path) -> Result<PathBuf, InputError> {
    if dir.as_os_str().is_empty() {
        return Err(InputError::new("data", "", "a folder"));
    }
    Ok(dir.to_owned())
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
fn tls_files(table: &ControlTable) -> Result<Option<TlsFiles>, InputError> {
    let is_set = |path: &Path| !path.as_os_str().is_empty();
    let (certificate, key) = (&table.tls_cert, &table.tls_key);
    match (is_set(certificate), is_set(key)) {
        (false, false) => Ok(None),
        (true, true) => Ok(Some(TlsFiles { certificate: certificate.clone(), key: key.clone() })),
        (true, false) => Err(InputError::new("tls-key", "", "named, because tls-cert is")),
        (false, true) => Err(InputError::new("tls-cert", "", "named, because tls-key is")),
    }
}

/// Who may say who somebody is. Files are named here and read when the server starts.
fn providers(table: &ControlTable) -> Result<ProviderSettings, SettingError> {
    let openid = OpenidTable {
        issuer: table.openid_issuer.clone(),
        name: table.openid_name.clone(),
        client_id: table.openid_client_id.clone(),
        secret_file: table.openid_client_secret_file.clone(),
        scopes: table.openid_scopes.clone(),
        name_claim: table.openid_name_claim.clone(),
        roles: table.openid_roles.clone(),
        userinfo: table.openid_userinfo,
        ca: table.openid_ca.clone(),
    };
    let proxy = ProxyTable {
        addresses: table.proxy_addresses.clone(),
        name_header: table.proxy_name_header.clone(),
        secret_header: table.proxy_secret_header.clone(),
        secret_file: table.proxy_secret_file.clone(),
    };
    Ok(ProviderSettings {
        openid: openid.checked()?,
        proxy: proxy.checked()?,
        public_url: Some(table.public_url.clone()).filter(|url| !url.is_empty()),
    })
}
