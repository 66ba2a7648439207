//! Who may say who somebody is, besides the accounts: as the settings name them, and opened at the start.

use super::ServeError;
use super::host::is_here;
use super::listen_policy::ListenPolicy;
use crate::authority::ReauthLifetime;
use crate::identity::openid::is_site;
use crate::identity::proxy::ProxySettings;
use crate::identity::{IdentityProviders, Openid, OpenidSettings, TrustedProxy};
use crate::model::text::InputError;
use std::net::SocketAddr;

/// The settings of a provider and of a proxy. Without any, accounts are all there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderSettings {
    /// The provider of OpenID Connect.
    pub openid: Option<OpenidSettings>,
    /// The proxy.
    pub proxy: Option<ProxySettings>,
    /// The address of the console as browsers and the provider call it, without a slash at the end.
    pub public_url: Option<String>,
}

impl ProviderSettings {
    /// Says where the console is served, where the settings do not say how others call it.
    pub(super) fn served_at(&mut self, url: String) {
        self.public_url.get_or_insert(url);
    }

    /// Reads the secrets, for a console that listens there.
    ///
    /// # Errors
    /// When one cannot be read, a proxy would send its own in the open, a provider would send browsers to
    /// an address that the console does not answer, or its operators could never prove who they are.
    pub(super) fn open(
        &self,
        address: SocketAddr,
        reach: &ListenPolicy,
        reauth_lifetime: ReauthLifetime,
    ) -> Result<IdentityProviders, ServeError> {
        let openid = match &self.openid {
            Some(settings) => {
                if settings.makes_operators() && reauth_lifetime.is_for_one_confirmation() {
                    let required = "at least 1, because openid-roles makes operators: they prove who \
                                    they are at the provider, before they confirm and never with it";
                    return Err(InputError::new("reauth-minutes", "0", required).into());
                }
                let site = self.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
                let site = site.trim_end_matches('/').to_owned();
                let host = site.split_once("://").map_or("", |(_, host)| host);
                if !is_site(&site) || !is_here(host, &reach.answered(address)) {
                    let required = "an address that begins with https:// or is of this machine, \
                                    without a path, of a name that the console answers under (names)";
                    return Err(InputError::new("public-url", &site, required).into());
                }
                Some(Openid::new(settings.clone(), site)?)
            }
            None => None,
        };
        if self.proxy.is_some() && !address.ip().is_loopback() && reach.tls.is_none() {
            return Err(ServeError::ProxyInTheOpen { address });
        }
        let proxy = self.proxy.clone().map(TrustedProxy::new).transpose()?;
        Ok(IdentityProviders { openid, proxy })
    }
}
