//! The whole settings file as a type, so that nothing in it is passed over: a key or a table that is
//! not read stops the start, and so does a variable of the environment that nothing reads.

use super::ControlTable;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The file. Every level is closed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsFile {
    pub(super) control: ControlTable,
    #[expect(
        dead_code,
        reason = "the framework reads its values; that there are no others is ours"
    )]
    package: Package,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Package {
    #[expect(dead_code, reason = "as above")]
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    #[expect(dead_code, reason = "as above")]
    leptos: LeptosTable,
}

/// What the framework reads of its table and this program uses. Keys of the framework that would
/// change nothing here, such as those for server functions, are refused like a misspelt one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(dead_code, reason = "the framework reads its values; that there are no others is ours")]
struct LeptosTable {
    /// The name of the JavaScript, WebAssembly and style files.
    output_name: String,
    /// Where the files of the site are. Relative to the file.
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
    env: Option<String>,
    /// Optional: whether the names of the files hold their hashes.
    #[serde(default)]
    hash_files: Option<bool>,
    /// Optional: the list of the hashes in those names, beside the program.
    #[serde(default)]
    hash_file: Option<String>,
}

/// Reads the file, or says in which line what cannot be read.
pub(super) fn parse(text: &str) -> Result<SettingsFile, String> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(0, |before| before.matches('\n').count());
        let wrong = text.lines().nth(line).unwrap_or_default().trim();
        let said = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        format!("line {}, {wrong:?}: {said}", line + 1)
    })
}

/// Every key of the file after the names of its tables, such as `control.nodes`, with its value.
pub(super) fn written(text: &str) -> Result<BTreeMap<String, String>, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let mut written = BTreeMap::new();
    add(&mut written, "", &table);
    Ok(written)
}

fn add(into: &mut BTreeMap<String, String>, before: &str, table: &toml::Table) {
    for (key, value) in table {
        let name = format!("{before}{key}");
        match value {
            toml::Value::Table(inner) => add(into, &format!("{name}."), inner),
            value => {
                into.insert(name, value.to_string());
            }
        }
    }
}

/// The keys of the table `[package.metadata.leptos]` with what each means, in their own order.
#[must_use]
pub fn console_keys() -> Vec<(String, String)> {
    super::keys_of(&schemars::schema_for!(LeptosTable))
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

/// Refuses a variable that begins as those that win over the console's part do, and is none of them.
pub(super) fn refuse_unread(names: impl Iterator<Item = String>) -> Result<(), String> {
    let keys: Vec<String> = console_keys()
        .into_iter()
        .map(|(key, _)| format!("LEPTOS_{}", key.replace('-', "_").to_uppercase()))
        .collect();
    let is_read = |name: &String| keys.contains(name) || OF_TOOLS.contains(&name.as_str());
    let mut unread: Vec<String> =
        names.filter(|name| name.starts_with("LEPTOS_") && !is_read(name)).collect();
    unread.sort();
    match unread.first() {
        None => Ok(()),
        Some(name) => Err(format!(
            "the environment sets {name}, which nothing reads: of this kind are read {}",
            keys.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(names: &[&str]) -> Result<(), String> {
        refuse_unread(names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn a_variable_that_nothing_reads_is_named() {
        for bad in ["LEPTOS_SITE_ADR", "LEPTOS_OBSERVER_LISTEN", "LEPTOS_"] {
            let said = judge(&["HOME", bad]).expect_err(bad);
            assert!(said.contains(&format!("sets {bad}, ")), "{said}");
            assert!(said.contains("LEPTOS_SITE_ADDR"), "{said}");
        }
        assert_eq!(judge(&["LEPTOS_SITE_ADDR", "LEPTOS_WATCH", "HOME", "PATH"]), Ok(()));
    }

    #[test]
    fn what_cannot_be_read_is_one_sentence_with_its_line() {
        let said = parse("[control]\nnodes = 3\nnodes = 4\n").map(|_| ()).expect_err("twice");
        assert!(said.starts_with("line 3, \"nodes = 4\": ") && !said.contains('\n'), "{said}");
    }
}
