//! What variables and options are laid over: a settings file, or what is built in where there is none.
//!
//! A program that was installed runs without a file. What is built in is what is shipped, but for the place of
//! the data: that has to be said, because a start in the wrong folder must not find another cluster.

use super::ConfigError;
use super::layers::SettingOverride;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The setting that has no value where nobody gives it one, and its variable.
const DATA: &str = "control.data";
const DATA_VARIABLE: &str = "AERODB_CONTROL_DATA";
const KERNEL_VARIABLE: &str = "AERODB_CONTROL_KERNEL";
const BUILT_IN: &str = "[control]\nkernel = \"embedded\"\nenvironment = \"development\"\n\
    cluster = \"aerodb\"\n";
const BUILT_IN_EMBEDDED: &str = "nodes = 3\ndata-api = \"127.0.0.1:7410\"\n";
/// What the other layers are laid over: a settings file, or what is built in where there is none.
pub(super) enum BaseLayer {
    /// A file, the folder that paths in it are relative to, and what it holds.
    File {
        /// The file.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
        /// What it holds.
        text: String,
    },
    /// As if it were a file.
    BuiltIn(String),
}

impl BaseLayer {
    /// The file, or what is built in.
    ///
    /// # Errors
    /// When the file cannot be read, or there is none and nobody says where the data is.
    pub(super) fn read(
        path: Option<&Path>,
        variables: &[(String, OsString)],
        flags: &[SettingOverride],
    ) -> Result<Self, ConfigError> {
        let Some(path) = path else {
            let is_data_named = variables.iter().any(|(name, _)| name == DATA_VARIABLE)
                || flags.iter().any(|flag| flag.is_about(DATA));
            return if is_data_named {
                Ok(Self::built_in(variables))
            } else {
                Err(ConfigError::NoData)
            };
        };
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let absolute = path.canonicalize().map_err(unreadable)?;
        let folder = absolute.parent().unwrap_or(Path::new("/")).to_owned();
        Ok(Self::File { path: path.to_owned(), folder, text })
    }

    /// What is built in, for the kernel that a variable chooses: what another has no use for is refused.
    fn built_in(variables: &[(String, OsString)]) -> Self {
        let chosen = variables.iter().find(|(name, _)| name == KERNEL_VARIABLE);
        let is_embedded = chosen.is_none_or(|(_, kernel)| kernel == "embedded");
        let embedded = if is_embedded { BUILT_IN_EMBEDDED } else { "" };
        Self::BuiltIn(format!("{BUILT_IN}{embedded}"))
    }

    /// What it holds.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::File { text, .. } | Self::BuiltIn(text) => text,
        }
    }

    /// What paths in it are relative to, where it is a file.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Self::File { folder, .. } => Some(folder),
            Self::BuiltIn(_) => None,
        }
    }

    /// What it is called where something is wrong in it.
    pub(super) fn place(&self) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::BuiltIn(_) => "the settings that are built in".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, KernelSettings, SettingSource, keys, load_under};
    use super::*;
    use crate::kernel::embedded::NodeCount;
    use std::collections::BTreeMap;

    fn without_a_file(
        variables: &[(&str, &str)],
        flags: &[SettingOverride],
    ) -> Result<Config, ConfigError> {
        let variable = |(name, value): &(&str, &str)| ((*name).to_owned(), OsString::from(value));
        load_under(None, &variables.iter().map(variable).collect::<Vec<_>>(), flags)
    }

    fn data(dir: &str) -> SettingOverride {
        SettingOverride::new("--data", DATA, dir)
    }

    fn values(config: &Config) -> BTreeMap<String, String> {
        let all = config.in_force.iter();
        all.map(|setting| (setting.name.clone(), setting.value.clone())).collect()
    }

    #[test]
    fn without_a_file_the_place_of_the_data_has_to_be_said() {
        for variables in [&[][..], &[("AERODB_CONTROL_NODES", "5"), ("HOME", "/root")]] {
            let flag = SettingOverride::new("--nodes", "control.nodes", 5);
            let refused = without_a_file(variables, &[flag]).expect_err("nobody said where");
            assert!(matches!(refused, ConfigError::NoData), "{refused}");
            for named in ["--data", "AERODB_CONTROL_DATA", "--config"] {
                assert!(refused.to_string().contains(named), "{refused}");
            }
        }
        let said = without_a_file(&[("AERODB_CONTROL_DATA", "")], &[]).expect_err("nowhere");
        assert!(said.to_string().contains("data: a folder"), "{said}");
    }

    #[test]
    fn without_a_file_what_is_wrong_is_said_of_where_it_was_said() {
        let flag = SettingOverride::new("--environment", "control.environment", "Test Room");
        let said = without_a_file(&[], &[data("d"), flag]).expect_err("no name").to_string();
        assert!(said.starts_with("option, --environment: environment: "), "{said}");
        let variables = [("AERODB_CONTROL_KERNEL", "postgres")];
        let said = without_a_file(&variables, &[data("d")]).expect_err("no servers").to_string();
        assert!(said.contains("postgres") && !said.contains("nodes: absent"), "{said}");
    }

    #[test]
    fn without_a_file_the_data_is_where_it_was_said_and_nothing_came_from_a_file() {
        let here = std::env::current_dir().expect("a folder");
        let variables = [("AERODB_CONTROL_DATA", "by-variable"), ("AERODB_CONTROL_NODES", "5")];
        let config = without_a_file(&variables, &[]).expect("good");
        assert_eq!(config.data, here.join("by-variable"));
        let KernelSettings::Embedded { nodes, .. } = &config.kernel else { panic!("another") };
        assert_eq!(*nodes, NodeCount::ToFoundWith(5));
        let config = without_a_file(&variables, &[data("/by/option")]).expect("good");
        assert_eq!(config.data, Path::new("/by/option"));
        let is_of_file = |source: &SettingSource| matches!(source, SettingSource::File(_));
        assert!(!config.in_force.iter().any(|setting| is_of_file(&setting.source)));
    }

    #[test]
    fn what_is_built_in_is_what_is_shipped() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("Leptos.toml");
        let shipped = load_under(Some(&shipped), &[], &[data("/d")]).expect("good");
        let built_in = without_a_file(&[], &[data("/d")]).expect("good");
        let (shipped, built_in) = (values(&shipped), values(&built_in));
        let text = BaseLayer::built_in(&[]);
        let is_named =
            |key: &str| text.text().lines().any(|line| line.starts_with(&format!("{key} =")));
        let mut named = 0;
        for key in
            keys::all().iter().filter(|key| is_named(&key.key) && key.table != keys::POSTGRES)
        {
            named += 1;
            assert_eq!(built_in.get(&key.name()), shipped.get(&key.name()), "{}", key.name());
        }
        assert_eq!(named, text.text().matches(" = ").count(), "{}", text.text());
    }
}
