//! The settings of a server: what options say of them, and the commands that show and judge them.

use super::Report;
use super::exit::Exit;
use super::failure::Failure;
use super::host_arguments::{InitArguments, SettingsArguments};
use super::local::{line_of, not_served};
use crate::model::text::InputError;
use crate::serve::config::{SettingInForce, SettingOverride, SettingProblem, SettingSource};
use crate::serve::{self, ServeError, SettingsFileReport};
use crate::text::lines::TextLines;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What the options say, over the file and the environment.
pub(super) fn overrides(said: &SettingsArguments) -> Result<Vec<SettingOverride>, Failure> {
    let site_addr = "package.metadata.leptos.site-addr";
    let address = |flag, name, at: Option<std::net::SocketAddr>| {
        at.map(|at| SettingOverride::new(flag, name, at.to_string()))
    };
    let mut all = Vec::new();
    all.extend(path("--data", "control.data", said.data.as_ref())?);
    all.extend(address("--listen", site_addr, said.listen));
    all.extend(address("--observer-listen", "control.observer-listen", said.observer_listen));
    all.extend(address("--data-listen", "control.data-api", said.data_listen));
    all.extend(path("--tls-cert", "control.tls-cert", said.tls_cert.as_ref())?);
    all.extend(path("--tls-key", "control.tls-key", said.tls_key.as_ref())?);
    if !said.names.is_empty() {
        all.push(SettingOverride::new("--name", "control.names", said.names.clone()));
    }
    if said.plain_http_beyond_loopback {
        let name = "control.plain-http-beyond-loopback";
        all.push(SettingOverride::new("--plain-http-beyond-loopback", name, true));
    }
    all.extend(said.reauth_minutes.map(|minutes| {
        SettingOverride::new("--reauth-minutes", "control.reauth-minutes", i64::from(minutes))
    }));
    all.extend(nodes(said.nodes));
    all.extend(environment(said.environment.as_ref()));
    Ok(all)
}

/// The same, of a founding.
pub(super) fn overrides_of_init(said: &InitArguments) -> Result<Vec<SettingOverride>, Failure> {
    let data = path("--data", "control.data", said.place.data.as_ref())?;
    let rest = nodes(said.nodes).into_iter().chain(environment(said.environment.as_ref()));
    Ok(data.into_iter().chain(rest).collect())
}

fn path(
    flag: &'static str,
    name: &'static str,
    path: Option<&PathBuf>,
) -> Result<Option<SettingOverride>, Failure> {
    let wrong = |error: InputError| Failure::here(Exit::Usage, format!("{error}."));
    path.map(|path| SettingOverride::path(flag, name, path)).transpose().map_err(wrong)
}

fn nodes(nodes: Option<u64>) -> Option<SettingOverride> {
    // Its limit is far below.
    let nodes = nodes.map(|nodes| i64::try_from(nodes).unwrap_or(i64::MAX));
    nodes.map(|nodes| SettingOverride::new("--nodes", "control.nodes", nodes))
}

fn environment(name: Option<&String>) -> Option<SettingOverride> {
    name.map(|name| SettingOverride::new("--environment", "control.environment", name.clone()))
}

/// Every setting with its value, and where that came from.
pub(super) fn show(said: &SettingsArguments) -> Result<Report, Failure> {
    let shown = serve::settings_in_force(said.config.as_deref(), &overrides(said)?);
    let (file, settings) = shown.map_err(|error| not_served(ServeError::Config(error)))?;
    let mut text = TextLines::new();
    let file = file.map(|file| file.display().to_string());
    text.line(format!("file: {}", file.as_deref().unwrap_or("none")));
    let row = |SettingInForce { name, value, source }: &SettingInForce| {
        vec![name.clone(), value.clone(), source.to_string()]
    };
    text.table("", &settings.iter().map(row).collect::<Vec<_>>());
    let json = |SettingInForce { name, value, source }: &SettingInForce| json!({ "name": name, "value": value, "source": source_of(source) });
    let settings: Vec<_> = settings.iter().map(json).collect();
    let json = json!({ "file": file, "settings": settings });
    Ok(Report { text, json: line_of(&json), exit: Exit::Done })
}

fn source_of(source: &SettingSource) -> Value {
    match source {
        SettingSource::Default => json!({ "from": "default" }),
        SettingSource::File(line) => json!({ "from": "file", "line": line }),
        SettingSource::Variable(name) => json!({ "from": "environment", "name": name }),
        SettingSource::Flag(flag) => json!({ "from": "option", "name": flag }),
    }
}

/// All that is wrong with a settings file; nothing is started.
pub(super) fn check(file: &Path, site: Option<&'static [u8]>) -> Report {
    let SettingsFileReport { variables, problems } = serve::check_settings(file, site);
    let mut text = TextLines::new();
    for problem in &problems {
        text.line(problem.to_string());
    }
    let count = problems.len();
    let found = match count {
        0 => format!("{}: a start would accept these settings.", file.display()),
        1 => "1 problem. Nothing was started.".to_owned(),
        _ => format!("{count} problems. Nothing was started."),
    };
    text.line(found);
    if !variables.is_empty() {
        text.line(format!("The environment wins over the file here: {}.", variables.join(", ")));
    }
    let problem =
        |SettingProblem { place, what }: &SettingProblem| json!({ "place": place, "what": what });
    let json = json!({
        "file": file.display().to_string(),
        "variables": variables,
        "problems": problems.iter().map(problem).collect::<Vec<_>>(),
    });
    let exit = if problems.is_empty() { Exit::Done } else { Exit::Usage };
    Report { text, json: line_of(&json), exit }
}
