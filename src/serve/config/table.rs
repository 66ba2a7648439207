//! The `[control]` table as it is written.

use super::kernel::PostgresTable;
use crate::identity::ClaimRole;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What stands in the `[control]` table. Every key that is not called optional has to be there, and
/// no other may be.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ControlTable {
    /// Where the cluster, the log, the accounts and the sessions are kept. Relative to the file.
    #[schemars(extend("format" = "path"))]
    pub(super) data: PathBuf,
    /// Which kernel holds the data. `embedded` is a replicated cluster inside this process; `postgres` is
    /// a cluster of PostgreSQL servers, which the table `[control.postgres]` names.
    pub(super) kernel: String,
    /// Of the embedded kernel alone: how many nodes a new cluster is founded with, 1 to 101. A cluster that
    /// exists keeps its number.
    pub(super) nodes: Option<u64>,
    /// The name of the environment. Every page, explanation and record names it.
    pub(super) environment: String,
    /// Optional: `true` draws the header and the button that confirms unlike those of every other
    /// environment, and says in words that this is production.
    #[serde(default)]
    pub(super) production: bool,
    /// The name of the cluster. Operators type it to confirm an action on the whole cluster.
    pub(super) cluster: String,
    /// Of the embedded kernel alone: where its data API listens, a loopback address and a port.
    #[schemars(with = "Option<String>")]
    pub(super) data_api: Option<SocketAddr>,
    /// Optional: the certificate that encrypts the console, and those between it and an authority, as
    /// PEM. Relative to the file. Empty means none.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub(super) tls_cert: PathBuf,
    /// Optional: the private key of the certificate, as PEM, which not everybody may read. Relative to
    /// the file. Empty means none.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub(super) tls_key: PathBuf,
    /// Optional: the names that the console answers under, besides those of this machine and the
    /// address that it listens on. The first is the one that people are told.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// Optional: `true` lets the console listen where other machines reach it without a certificate,
    /// because something in front of it encrypts.
    #[serde(default)]
    pub(super) plain_http_beyond_loopback: bool,
    /// Optional: where observers alone are served, under the rules of the console. Everything there is
    /// read; nobody can sign in and nothing that acts exists. Empty means nowhere.
    #[serde(default)]
    pub(super) observer_listen: String,
    /// Optional: for how many minutes a proof of identity is recent, 0 to 720. Signing in with a
    /// password is one. Who confirms a disruptive action later than that is asked for the password, or
    /// sent back to the provider, on the spot; with 0 the password comes with each, and a provider that
    /// makes operators stops the start.
    #[serde(default = "five_minutes")]
    pub(super) reauth_minutes: u32,
    /// Optional: the classes of actions that a second operator has to confirm too, after whoever asked:
    /// some of `control`, `maintenance`, `storage`, `diagnose`. Explanations say so. Empty means none.
    #[serde(default)]
    pub(super) second_operator: Vec<String>,
    /// Optional: the address of the console as browsers and providers call it, such as
    /// `https://console.example`, where it is not the first of the names and the port.
    #[serde(default)]
    pub(super) public_url: String,
    /// Optional: the provider of OpenID Connect that may say who somebody is, by the address that it
    /// calls itself. Empty means that none may.
    #[serde(default)]
    pub(super) openid_issuer: String,
    /// What people call the provider: it stands on the button.
    #[serde(default)]
    pub(super) openid_name: String,
    /// What the provider calls this control plane.
    #[serde(default)]
    pub(super) openid_client_id: String,
    /// The file with the secret that the provider gave to this control plane: one line, which not
    /// everybody may read. Relative to the file.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub(super) openid_client_secret_file: PathBuf,
    /// What the provider is asked for besides `openid`, so that its tokens hold the claims below.
    #[serde(default)]
    pub(super) openid_scopes: Vec<String>,
    /// The claim that names the account of somebody who comes for the first time.
    #[serde(default)]
    pub(super) openid_name_claim: String,
    /// Who has which role: rows of a claim, a value of it, and observer, operator or auditor. A claim
    /// inside another is named by its path, such as `realm_access.roles`. Whoever has none of the values
    /// has no role and is not let in.
    #[serde(default)]
    pub(super) openid_roles: Vec<ClaimRole>,
    /// Optional: `true` asks the provider for claims at its userinfo endpoint too, for those that do not
    /// put groups into the token. Where both have a claim, that of the token stands.
    #[serde(default)]
    pub(super) openid_userinfo: bool,
    /// Optional: who vouches for the certificate of the provider, as PEM, in place of the authorities
    /// that browsers trust. Relative to the file. Empty means none.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub(super) openid_ca: PathBuf,
    /// Optional: the addresses of a proxy in front of the console that may say who somebody is. Empty
    /// means that none may.
    #[serde(default)]
    pub(super) proxy_addresses: Vec<String>,
    /// The header in which the proxy names an account of this control plane.
    #[serde(default)]
    pub(super) proxy_name_header: String,
    /// The header in which the proxy sends its secret.
    #[serde(default)]
    pub(super) proxy_secret_header: String,
    /// The file with the secret of the proxy: one line of at least 32 characters, which not everybody
    /// may read. Relative to the file.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub(super) proxy_secret_file: PathBuf,
    /// Of the PostgreSQL kernel alone: a table of its own, because the key `kernel` is a word already.
    #[serde(default)]
    pub(super) postgres: Option<PostgresTable>,
}

/// As [`crate::authority::ReauthLifetime::default`].
fn five_minutes() -> u32 {
    5
}
