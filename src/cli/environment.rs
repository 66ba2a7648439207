//! The variables of the environment that the command line reads, and the refusal of those that it
//! does not: a misspelt one would lead a command to another control plane than the one meant.

use super::exit::Exit;
use super::failure::Failure;
use crate::serve::config::control_variables;

/// Which control plane commands talk to, in place of `--url`.
pub(super) const URL: &str = "AERODB_CONTROL_URL";
/// Who may have signed its certificate, in place of `--ca-file`.
pub(super) const CA_FILE: &str = "AERODB_CONTROL_CA_FILE";
/// The token that commands carry, in place of the session of `login`.
pub(super) const TOKEN: &str = "AERODB_CONTROL_TOKEN";

/// All that are read: those of the commands, those of the settings, and by a debug build the switches of the
/// tests (see [`crash`](crate::crash)).
fn is_read(name: &str, settings: &[String]) -> bool {
    [URL, CA_FILE, TOKEN].contains(&name)
        || settings.iter().any(|setting| setting == name)
        || (cfg!(debug_assertions) && ["AERODB_CRASH_AT", "AERODB_SABOTAGE"].contains(&name))
}

/// Whether Kubernetes sets it for every container beside a service called `aerodb-control`: nobody
/// wrote it, so nobody can have misspelt it.
fn is_of_kubernetes(name: &str) -> bool {
    let rest = name.strip_prefix("AERODB_CONTROL_").unwrap_or_default();
    ["SERVICE_HOST", "SERVICE_PORT", "PORT"].iter().any(|word| {
        rest.strip_prefix(word).is_some_and(|end| end.is_empty() || end.starts_with('_'))
    })
}

/// Refuses to run under a variable of ours that nothing reads.
pub(super) fn refuse_unread() -> Result<(), Failure> {
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    match unread(names) {
        None => Ok(()),
        Some(name) => Err(Failure::here(
            Exit::Usage,
            format!(
                "The environment sets {name}, which nothing reads: of this kind are read {URL}, \
                 {CA_FILE}, {TOKEN}, and one variable for each setting, such as \
                 AERODB_CONTROL_DATA. Nothing was done."
            ),
        )),
    }
}

/// The first in the order of names.
fn unread(names: impl Iterator<Item = String>) -> Option<String> {
    let ours: Vec<String> = names.filter(|name| name.starts_with("AERODB_")).collect();
    if ours.is_empty() {
        return None;
    }
    let settings = control_variables();
    ours.into_iter().filter(|name| !is_read(name, &settings) && !is_of_kubernetes(name)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_is_found_and_one_of_kubernetes_is_not() {
        let judge = |names: &[&str]| unread(names.iter().map(|name| (*name).to_owned()));
        for bad in ["AERODB_CONTROL_URI", "AERODB_URL", "AERODB_CONTROL_TOKENS", "AERODB_"] {
            assert_eq!(judge(&["HOME", bad, URL]).as_deref(), Some(bad));
        }
        // A setting of the console is named after its framework, and no setting looks like a service.
        assert_eq!(
            judge(&["AERODB_CONTROL_SITE_ADDR"]).as_deref(),
            Some("AERODB_CONTROL_SITE_ADDR")
        );
        assert_eq!(judge(&["AERODB_CONTROL_DATA", "AERODB_CONTROL_POSTGRES_TLS_CA"]), None);
        assert!(!control_variables().iter().any(|name| is_of_kubernetes(name)));
        let set = ["AERODB_CONTROL_SERVICE_HOST", "AERODB_CONTROL_PORT_7400_TCP_ADDR"];
        assert_eq!(judge(&[&set[..], &[URL, CA_FILE, TOKEN, "LEPTOS_X"]].concat()), None);
    }
}
