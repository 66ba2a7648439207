//! The whole settings file as a type, so that nothing in it is passed over, and the variables that nothing
//! reads.

use super::layers::SettingProblem;
use super::table::ControlTable;
use leptos::config::{Env, LeptosOptions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The file. Every level is closed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsFile {
    pub(super) control: ControlTable,
    #[serde(default)]
    package: Package,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Package {
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    #[serde(default)]
    leptos: ConsoleTable,
}

/// What of the framework's table this program uses. Keys of the framework that would change nothing here,
/// such as those for server functions, are refused like a misspelt one.
#[derive(Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ConsoleTable {
    /// Optional: the name of the JavaScript, WebAssembly and style files.
    #[serde(default = "output_name")]
    output_name: String,
    /// Optional: where the files of the site are. Relative to the file.
    #[serde(default = "site_root")]
    #[schemars(extend("format" = "path"))]
    site_root: String,
    /// Optional: the folder of the site with the files whose names hold their hashes.
    #[serde(default)]
    site_pkg_dir: Option<String>,
    /// Optional: where the console and its API listen.
    #[serde(default)]
    #[schemars(with = "String")]
    site_addr: Option<SocketAddr>,
    /// Optional: the port of `cargo leptos watch`, for whoever develops the console.
    #[serde(default)]
    reload_port: Option<u16>,
    /// Optional: `PROD`, or `DEV` for whoever develops the console.
    #[serde(default)]
    #[schemars(with = "String")]
    env: Option<Env>,
    /// Optional: whether the names of the files hold their hashes.
    #[serde(default)]
    hash_files: Option<bool>,
    /// Optional: the list of the hashes in those names, beside the program.
    #[serde(default)]
    hash_file: Option<String>,
}

/// As `bundle` names them.
fn output_name() -> String {
    "aerodb-control".to_owned()
}

/// Where `bundle` puts them, below the working directory.
fn site_root() -> String {
    "target/site".to_owned()
}

impl Default for ConsoleTable {
    fn default() -> Self {
        Self {
            output_name: output_name(),
            site_root: site_root(),
            site_pkg_dir: None,
            site_addr: None,
            reload_port: None,
            env: None,
            hash_files: None,
            hash_file: None,
        }
    }
}

impl SettingsFile {
    /// The console's part.
    pub(super) fn console(&self) -> &ConsoleTable {
        &self.package.metadata.leptos
    }
}

impl ConsoleTable {
    /// The framework's options, of which those that are absent here are as the framework has them.
    pub(super) fn options(&self) -> LeptosOptions {
        let mut options = LeptosOptions::builder()
            .output_name(self.output_name.clone())
            .site_root(self.site_root.clone())
            .build();
        if let Some(folder) = &self.site_pkg_dir {
            options.site_pkg_dir = folder.clone().into();
        }
        if let Some(address) = self.site_addr {
            options.site_addr = address;
        }
        if let Some(port) = self.reload_port {
            options.reload_port = port.into();
        }
        if let Some(env) = &self.env {
            options.env = env.clone();
        }
        if let Some(hashed) = self.hash_files {
            options.hash_files = hashed;
        }
        if let Some(file) = &self.hash_file {
            options.hash_file = file.clone().into();
        }
        options
    }

    /// The table with nothing absent: what is in force.
    pub(super) fn in_force(options: &LeptosOptions) -> Self {
        Self {
            output_name: options.output_name.to_string(),
            site_root: options.site_root.to_string(),
            site_pkg_dir: Some(options.site_pkg_dir.to_string()),
            site_addr: Some(options.site_addr),
            reload_port: u16::try_from(options.reload_port).ok(),
            env: Some(options.env.clone()),
            hash_files: Some(options.hash_files),
            hash_file: Some(options.hash_file.to_string()),
        }
    }
}

/// What `cargo leptos` sets for the programs that it builds and starts. None of it is read here, and
/// none of it can be a misspelt setting.
const OF_TOOLS: [&str; 8] = [
    "LEPTOS_BIN_DIR",
    "LEPTOS_BIN_TARGET_TRIPLE",
    "LEPTOS_JS_MINIFY",
    "LEPTOS_LIB_DIR",
    "LEPTOS_RELOAD_EXTERNAL_PORT",
    "LEPTOS_RELOAD_WS_PROTOCOL",
    "LEPTOS_WASM_OPT_VERSION",
    "LEPTOS_WATCH",
];

/// The variables that begin as those do that win over the console's part, and are none of them.
pub(super) fn unread(names: impl Iterator<Item = String>, read: &[String]) -> Vec<SettingProblem> {
    let is_read = |name: &String| read.contains(name) || OF_TOOLS.contains(&name.as_str());
    let mut unread: Vec<String> =
        names.filter(|name| name.starts_with("LEPTOS_") && !is_read(name)).collect();
    unread.sort();
    let of_console: Vec<_> =
        read.iter().filter(|name| name.starts_with("LEPTOS_")).map(String::as_str).collect();
    let what = format!("nothing reads it: of this kind are read {}", of_console.join(", "));
    let problem = |name: String| SettingProblem {
        place: format!("the environment sets {name}"),
        what: what.clone(),
    };
    unread.into_iter().map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(names: &[&str]) -> Vec<String> {
        let read = ["LEPTOS_SITE_ADDR".to_owned(), "AERODB_CONTROL_DATA".to_owned()];
        let names = names.iter().map(|name| (*name).to_owned());
        unread(names, &read).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_variable_that_nothing_reads_is_named() {
        for bad in ["LEPTOS_SITE_ADR", "LEPTOS_OBSERVER_LISTEN", "LEPTOS_"] {
            let said = judge(&["HOME", bad]);
            let [said] = said.as_slice() else { panic!("{bad}: {said:?}") };
            assert!(said.contains(&format!("sets {bad}: ")), "{said}");
            assert!(said.ends_with("are read LEPTOS_SITE_ADDR"), "{said}");
        }
        assert_eq!(judge(&["LEPTOS_B", "LEPTOS_A"]).len(), 2, "each is named");
        assert!(judge(&["LEPTOS_SITE_ADDR", "LEPTOS_WATCH", "HOME", "PATH"]).is_empty());
    }
}
