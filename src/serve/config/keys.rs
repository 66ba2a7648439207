//! Every setting there is, as the types that are read have it: where it stands in a file, how it is written
//! in a variable of the environment, and what it means.

use super::file::ConsoleTable;
use super::kernel::PostgresTable;
use super::table::ControlTable;

/// The table of the control plane's own settings.
pub(super) const CONTROL: &str = "control";
/// The table of the PostgreSQL kernel.
pub(super) const POSTGRES: &str = "control.postgres";
/// The table that the framework gave its name.
pub(super) const CONSOLE: &str = "package.metadata.leptos";

/// How the value of a setting is written where it is no line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueSyntax {
    /// As it is, without quotes.
    Text,
    /// The same, and it names a file or a folder.
    Path,
    /// As in the file: a number, `true`, a list, a table.
    Toml,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SettingKey {
    pub(super) table: &'static str,
    pub(super) key: String,
    pub(super) about: String,
    pub(super) syntax: ValueSyntax,
}

impl SettingKey {
    /// Its name after its table, such as `control.nodes`.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.table, self.key)
    }

    /// The variable of the environment that wins over the file.
    pub(super) fn variable(&self) -> String {
        let before = match self.table {
            CONTROL => "AERODB_CONTROL_",
            POSTGRES => "AERODB_CONTROL_POSTGRES_",
            _ => "LEPTOS_",
        };
        format!("{before}{}", self.key.replace('-', "_").to_uppercase())
    }
}

/// Every setting, in the order of the tables and of the names in them.
pub(super) fn all() -> Vec<SettingKey> {
    let tables = [
        (CONTROL, schemars::schema_for!(ControlTable)),
        (POSTGRES, schemars::schema_for!(PostgresTable)),
        (CONSOLE, schemars::schema_for!(ConsoleTable)),
    ];
    tables.iter().flat_map(|(table, schema)| of_table(table, schema)).collect()
}

fn of_table(table: &'static str, schema: &schemars::Schema) -> Vec<SettingKey> {
    let properties = schema.get("properties").and_then(|properties| properties.as_object());
    let setting = |(key, property): (&String, &serde_json::Value)| SettingKey {
        table,
        key: key.clone(),
        about: property["description"].as_str().unwrap_or_default().replace('\n', " "),
        syntax: syntax(property),
    };
    let mut keys: Vec<_> = properties.into_iter().flatten().map(setting).collect();
    // What stands in a table of its own is listed with that table.
    keys.retain(|key| key.name() != POSTGRES);
    keys.sort_by(|a, b| a.key.cmp(&b.key));
    keys
}

fn syntax(property: &serde_json::Value) -> ValueSyntax {
    let kind = &property["type"];
    let is_text = |kind: &serde_json::Value| kind == "string";
    if !is_text(kind) && !kind.as_array().is_some_and(|kinds| kinds.iter().any(is_text)) {
        return ValueSyntax::Toml;
    }
    if property["format"] == "path" { ValueSyntax::Path } else { ValueSyntax::Text }
}

/// The variables of the environment that win over a key of the control plane's own tables.
#[must_use]
pub fn control_variables() -> Vec<String> {
    all().iter().filter(|key| key.table != CONSOLE).map(SettingKey::variable).collect()
}

/// The keys of the table `[control]` with what each means, in the order of their names. Its table is not
/// among them: [`postgres_keys`] are.
#[must_use]
pub fn keys() -> Vec<(String, String)> {
    explained(CONTROL)
}

/// The keys of the table `[control.postgres]` with what each means, in the order of their names.
#[must_use]
pub fn postgres_keys() -> Vec<(String, String)> {
    explained(POSTGRES)
}

/// The keys of the table `[package.metadata.leptos]` with what each means, in the order of their names.
#[must_use]
pub fn console_keys() -> Vec<(String, String)> {
    explained(CONSOLE)
}

fn explained(table: &str) -> Vec<(String, String)> {
    all().into_iter().filter(|key| key.table == table).map(|key| (key.key, key.about)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_setting_has_one_name_and_one_variable() {
        let all = all();
        let names: BTreeSet<_> = all.iter().map(SettingKey::name).collect();
        let variables: BTreeSet<_> = all.iter().map(SettingKey::variable).collect();
        assert_eq!((names.len(), variables.len()), (all.len(), all.len()));
        for name in ["control.nodes", "control.postgres.nodes", "package.metadata.leptos.env"] {
            assert!(names.contains(name), "{name}");
        }
        assert!(!names.contains("control.postgres"), "a table is no setting");
        // Those of the commands name a server and a token, and must never be read as a setting.
        for taken in ["AERODB_CONTROL_URL", "AERODB_CONTROL_CA_FILE", "AERODB_CONTROL_TOKEN"] {
            assert!(!variables.contains(taken), "{taken}");
        }
    }

    #[test]
    fn a_path_a_text_and_anything_else_are_told_apart() {
        let all = all();
        let syntax = |name: &str| all.iter().find(|key| key.name() == name).expect(name).syntax;
        for name in ["data", "tls-cert", "openid-ca", "proxy-secret-file", "postgres.tls-ca"] {
            assert_eq!(syntax(&format!("control.{name}")), ValueSyntax::Path, "{name}");
        }
        assert_eq!(syntax("package.metadata.leptos.site-root"), ValueSyntax::Path);
        for name in ["kernel", "data-api", "observer-listen", "postgres.own-schema"] {
            assert_eq!(syntax(&format!("control.{name}")), ValueSyntax::Text, "{name}");
        }
        assert_eq!(syntax("package.metadata.leptos.site-addr"), ValueSyntax::Text);
        for name in ["nodes", "production", "names", "openid-roles", "postgres.nodes"] {
            assert_eq!(syntax(&format!("control.{name}")), ValueSyntax::Toml, "{name}");
        }
    }
}
