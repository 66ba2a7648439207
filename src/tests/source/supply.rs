//! What the program is made of, as far as files of the project say: `make deny` asks the public list of
//! advisories too.

use crate::source::files::root;
use std::collections::BTreeSet;
use toml::{Table, Value};

fn table(file: &str) -> Table {
    let text = std::fs::read_to_string(root().join(file)).expect(file);
    text.parse().expect(file)
}

fn packages() -> Vec<Value> {
    table("Cargo.lock")["package"].as_array().expect("packages").clone()
}

#[test]
fn every_dependency_is_of_the_public_registry_and_pinned_by_its_hash() {
    let own = Some("aerodb-control");
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    let packages = packages();
    for package in packages.iter().filter(|package| package["name"].as_str() != own) {
        assert_eq!(package["source"].as_str(), Some(registry), "{package}");
        assert_eq!(package["checksum"].as_str().map(str::len), Some(64), "{package}");
    }
    assert!(packages.len() > 100, "{} packages", packages.len());
}

#[test]
fn one_provider_of_cryptography_is_there_and_no_unsafe_code_of_ours() {
    let packages = packages();
    let names: BTreeSet<_> = packages.iter().filter_map(|p| p["name"].as_str()).collect();
    let banned = table("deny.toml")["bans"]["deny"].as_array().expect("a list").clone();
    let banned: BTreeSet<_> = banned.iter().filter_map(|ban| ban["crate"].as_str()).collect();
    assert!(banned.contains("openssl") && banned.contains("aws-lc-rs"), "{banned:?}");
    let found: Vec<_> = names.intersection(&banned).collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(names.contains("rustls") && names.contains("ring"));
    let lints = &table("Cargo.toml")["lints"]["rust"];
    assert_eq!(lints["unsafe_code"].as_str(), Some("forbid"));
}

#[test]
fn every_exception_in_deny_toml_has_its_reason() {
    let deny = table("deny.toml");
    for list in [&deny["advisories"]["ignore"], &deny["bans"]["deny"]] {
        for exception in list.as_array().expect("a list") {
            let reason = exception["reason"].as_str().unwrap_or_default();
            assert!(reason.len() > 10, "{exception}");
        }
    }
}
