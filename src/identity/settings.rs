//! What the settings say about providers and proxies, checked before the server starts.

use super::http;
use crate::http_client::files::open_secret;
use crate::model::actor::ActorRole;
use crate::model::text::{InputError, is_unsafe_char};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Longest text of a setting, in characters.
const TEXT_CHARS_MAX: usize = 300;
/// Longest secret, in characters.
const SECRET_CHARS_MAX: u64 = 4096;
/// Shortest secret that a proxy proves itself with, in characters: 128 random bits in hexadecimal.
pub(super) const SECRET_CHARS_MIN: usize = 32;
/// Rows of the list of roles.
const ROLES_MAX: usize = 200;

/// Why the settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A value that cannot be.
    #[error(transparent)]
    Value(#[from] InputError),
    /// A file that cannot be used.
    #[error("{key}: {}: {why}", path.display())]
    File {
        /// The setting that names it.
        key: &'static str,
        /// The file that the setting names.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl SettingError {
    pub(super) fn file(key: &'static str, path: &Path, why: impl Into<String>) -> Self {
        Self::File { key, path: path.to_owned(), why: why.into() }
    }
}

/// One row of the list of roles: whoever has this value in this claim has this role.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema, serde::Serialize,
)]
#[serde(deny_unknown_fields)]
pub struct ClaimRole {
    /// The claim, such as `groups`, or its path, such as `realm_access.roles`: a text or a list of texts.
    pub claim: String,
    /// The value, letter by letter.
    pub value: String,
    /// `observer`, `operator` or `auditor`.
    pub role: String,
}

/// What the settings say about a provider of OpenID Connect, as they say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenidTable {
    /// `openid-issuer`: an https address without query or fragment.
    pub issuer: String,
    /// `openid-name`: the label of the sign-in button.
    pub name: String,
    /// `openid-client-id`: as the provider registered this control plane.
    pub client_id: String,
    /// `openid-client-secret-file`, as a path.
    pub secret_file: PathBuf,
    /// `openid-scopes`: asked for besides `openid`.
    pub scopes: Vec<String>,
    /// `openid-name-claim`: the claim that becomes the account name.
    pub name_claim: String,
    /// `openid-roles`: at most 200 rows of claim, value and role.
    pub roles: Vec<ClaimRole>,
    /// `openid-userinfo`: whether claims are read from the userinfo endpoint too.
    pub userinfo: bool,
    /// `openid-ca`, as a path.
    pub ca: PathBuf,
}

/// One provider, as the settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenidSettings {
    /// The address that it calls itself. Nothing of another is believed.
    pub(super) issuer: String,
    /// What people read on the button.
    pub(super) name: String,
    /// What it calls this control plane.
    pub(super) client_id: String,
    /// The file with the secret that it knows this control plane by.
    secret_file: PathBuf,
    /// What is asked for besides `openid`.
    pub(super) scopes: Vec<String>,
    /// The claim that names a new account.
    pub(super) name_claim: String,
    /// Who has which role.
    pub(super) roles: Vec<(String, String, ActorRole)>,
    /// Whether claims are asked for besides the token.
    pub(super) userinfo: bool,
    /// Who vouches for its certificate.
    ca: Option<PathBuf>,
}

impl OpenidSettings {
    /// Each setting by its name, as a record of a start keeps it: the path of a secret, never the secret.
    #[must_use]
    pub fn recorded(&self) -> Vec<(&'static str, String)> {
        let role = |(claim, value, role): &(String, String, ActorRole)| {
            format!("{claim} = {value}: {role}")
        };
        let roles: Vec<String> = self.roles.iter().map(role).collect();
        let ca = self.ca.as_ref().map(|path| path.display().to_string());
        vec![
            ("openid-issuer", self.issuer.clone()),
            ("openid-name", self.name.clone()),
            ("openid-client-id", self.client_id.clone()),
            ("openid-client-secret-file", self.secret_file.display().to_string()),
            ("openid-scopes", self.scopes.join(" ")),
            ("openid-name-claim", self.name_claim.clone()),
            ("openid-roles", roles.join("; ")),
            ("openid-ca", ca.unwrap_or_default()),
        ]
    }
}

impl OpenidTable {
    /// Checks what was said; `None` where no provider is named. Nothing is read here but the values.
    ///
    /// # Errors
    /// When a value cannot be, or says something of a provider while none is named.
    pub fn checked(self) -> Result<Option<OpenidSettings>, SettingError> {
        if self.issuer.is_empty() {
            self.says_nothing()?;
            return Ok(None);
        }
        // An issuer is compared letter by letter, and the standard forbids a query and a fragment.
        if !http::is_fit(&self.issuer) || self.issuer.contains('?') {
            let required = "the address of a provider, beginning with https://";
            return Err(InputError::new("openid-issuer", &self.issuer, required).into());
        }
        let secret_file = (!self.secret_file.as_os_str().is_empty()).then_some(self.secret_file);
        let missing = || InputError::new("openid-client-secret-file", "", "named");
        let roles = self.roles.iter().map(role).collect::<Result<BTreeSet<_>, _>>()?;
        if roles.is_empty() || roles.len() != self.roles.len() || roles.len() > ROLES_MAX {
            let found = format!("{} rows", self.roles.len());
            let required = "who has which role, at least one row and none twice";
            return Err(InputError::new("openid-roles", &found, required).into());
        }
        for scope in &self.scopes {
            word("openid-scopes", scope)?;
        }
        Ok(Some(OpenidSettings {
            name: line("openid-name", &self.name)?,
            client_id: word("openid-client-id", &self.client_id)?,
            secret_file: secret_file.ok_or_else(missing)?,
            name_claim: word("openid-name-claim", &self.name_claim)?,
            roles: roles.into_iter().collect(),
            userinfo: self.userinfo,
            issuer: self.issuer,
            scopes: self.scopes,
            ca: Some(self.ca).filter(|path| !path.as_os_str().is_empty()),
        }))
    }

    /// Refuses what would have no effect.
    fn says_nothing(self) -> Result<(), InputError> {
        let unnamed = "absent, because openid-issuer names no provider";
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let roles = if self.roles.is_empty() { "" } else { "rows" };
        let userinfo = if self.userinfo { "true" } else { "" };
        for (key, said) in [
            ("openid-client-id", &*self.client_id),
            ("openid-client-secret-file", &*path(&self.secret_file)),
            ("openid-roles", roles),
            ("openid-userinfo", userinfo),
            ("openid-ca", &*path(&self.ca)),
        ] {
            if !said.is_empty() {
                return Err(InputError::new(key, said, unnamed));
            }
        }
        Ok(())
    }
}

impl OpenidSettings {
    /// Whether any row of the list makes an operator.
    #[must_use]
    pub fn makes_operators(&self) -> bool {
        self.roles.iter().any(|(_, _, role)| *role == ActorRole::Operator)
    }

    /// The secret, and who vouches for the provider, from their files.
    pub(super) fn read(&self) -> Result<(String, ureq::tls::RootCerts), SettingError> {
        let secret = secret("openid-client-secret-file", &self.secret_file)?;
        Ok((secret, http::roots(self.ca.as_deref())?))
    }
}

fn role(row: &ClaimRole) -> Result<(String, String, ActorRole), InputError> {
    let claim = word("openid-roles", &row.claim)?;
    let value = line("openid-roles", &row.value)?;
    let wrong = |error: InputError| InputError::new("openid-roles", &row.role, error.required);
    Ok((claim, value, ActorRole::parse(&row.role).map_err(wrong)?))
}

/// A text without white space.
fn word(key: &str, text: &str) -> Result<String, InputError> {
    let is_word = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && c != '"');
    if is_word && text.len() <= TEXT_CHARS_MAX {
        return Ok(text.to_owned());
    }
    Err(InputError::new(key, text, "one word of visible characters"))
}

/// A text of one line.
fn line(key: &str, text: &str) -> Result<String, InputError> {
    let is_line = !text.trim().is_empty() && !text.chars().any(is_unsafe_char);
    if is_line && text.chars().count() <= TEXT_CHARS_MAX {
        return Ok(text.to_owned());
    }
    Err(InputError::new(key, text, "one line of visible characters"))
}

/// Reads a secret of a file: its one line, which no other account of the machine can read.
pub(super) fn secret(key: &'static str, path: &Path) -> Result<String, SettingError> {
    let wrong = |why: String| SettingError::file(key, path, why);
    let file = open_secret(path, "secret").map_err(|error| wrong(error.to_string()))?;
    let mut text = String::new();
    let read = file.take(SECRET_CHARS_MAX + 2).read_to_string(&mut text);
    read.map_err(|error| wrong(error.to_string()))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() || text.len() > 4096 || !line.chars().all(|c| c.is_ascii_graphic()) {
        return Err(wrong(
            "it must hold one line of visible characters, and nothing else".to_owned(),
        ));
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    fn table() -> OpenidTable {
        OpenidTable {
            issuer: "https://idp.example/realm".to_owned(),
            name: "Example".to_owned(),
            client_id: "aerodb".to_owned(),
            secret_file: "secret".into(),
            scopes: vec!["profile".to_owned()],
            name_claim: "preferred_username".to_owned(),
            roles: vec![row("groups", "dba", "operator")],
            userinfo: false,
            ca: PathBuf::new(),
        }
    }

    fn row(claim: &str, value: &str, role: &str) -> ClaimRole {
        ClaimRole { claim: claim.into(), value: value.into(), role: role.into() }
    }

    #[test]
    fn a_setting_that_cannot_be_or_would_do_nothing_is_refused_and_named() {
        type TableChange = fn(&mut OpenidTable);
        let cases: [(TableChange, &str); 12] = [
            (|t| t.issuer = "http://idp.example".into(), "openid-issuer"),
            (|t| t.issuer = "idp.example".into(), "openid-issuer"),
            (|t| t.issuer = "https://idp.example/?x".into(), "openid-issuer"),
            (|t| t.client_id.clear(), "openid-client-id"),
            (|t| t.client_id = "a b".into(), "openid-client-id"),
            (|t| t.secret_file = PathBuf::new(), "openid-client-secret-file"),
            (|t| t.name.clear(), "openid-name"),
            (|t| t.name_claim.clear(), "openid-name-claim"),
            (|t| t.scopes.push("a b".into()), "openid-scopes"),
            (|t| t.roles.clear(), "openid-roles"),
            (|t| t.roles.push(row("groups", "dba", "operator")), "openid-roles"),
            (|t| t.roles.push(row("groups", "dba", "owner")), "openid-roles"),
        ];
        for (change, names) in cases {
            let mut bad = table();
            change(&mut bad);
            let said = bad.checked().expect_err(names).to_string();
            assert!(said.starts_with(names), "{names}: {said}");
        }
        assert!(table().checked().expect("good").is_some());
        let mut unnamed = table();
        unnamed.issuer.clear();
        assert!(unnamed.checked().expect_err("no effect").to_string().contains("client-id"));
        assert_eq!(OpenidTable::default().checked(), Ok(None));
    }

    #[test]
    fn a_secret_is_one_line_that_others_cannot_read() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secret");
        let written = |text: &str, mode| {
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
            secret("openid-client-secret-file", &path)
        };
        for bad in ["", "\n", "two\nlines", "a b", "\u{1b}[2J", &"x".repeat(5000)] {
            let said = written(bad, 0o600).expect_err("no secret").to_string();
            assert!(said.contains("one line") && !said.contains("two"), "{said}");
        }
        assert!(written("secret\n", 0o604).expect_err("exposed").to_string().contains("mode 604"));
        assert_eq!(written("secret\n", 0o640).as_deref(), Ok("secret"));
        assert_eq!(written("secret", 0o600).as_deref(), Ok("secret"));
    }
}
