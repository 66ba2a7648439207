//! Others on the network: how they are asked over HTTP, and the files that say whom to believe.
//!
//! One question is one request on one connection: nothing is sent twice, no redirection is followed, no
//! proxy stands between (C2.4, C7.2). What is asked, and of whom, is for those who ask to say.

pub mod files;

use rustls::pki_types::CertificateDer;
use std::net::IpAddr;
use std::time::Duration;
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// What asks. `connect` is how long a connection may take, `answer` how long a whole answer; only `roots`
/// vouch for a certificate.
#[must_use]
pub fn agent(roots: RootCerts, connect: Duration, answer: Duration) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        // A pooled connection may be dead; a fresh one makes "refused" mean "not sent".
        .max_idle_connections(0)
        .timeout_connect(Some(connect))
        .timeout_global(Some(answer))
        .user_agent(concat!("aerodb-control/", env!("CARGO_PKG_VERSION")))
        .accept("application/json")
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .build();
    Agent::new_with_config(config)
}

/// The authorities that vouch for a certificate: these and nobody else, or without any those that browsers
/// trust.
#[must_use]
pub fn roots(certificates: Option<&[CertificateDer<'static>]>) -> RootCerts {
    let Some(certificates) = certificates else { return RootCerts::WebPki };
    let owned = |der: &CertificateDer<'_>| Certificate::from_der(der).to_owned();
    RootCerts::from(certificates.iter().map(owned))
}

/// Whether the certificate of the other end was not accepted: before anything was sent to it.
#[must_use]
pub fn is_untrusted(error: &std::io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

/// Whether what is sent to this address stays on this machine. A name that only begins like an address of
/// this machine is a name.
#[must_use]
pub fn stays_here(address: &str) -> bool {
    let uri = address.parse::<Uri>().ok();
    let Some(host) = uri.as_ref().and_then(Uri::host) else { return false };
    let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || number.is_ok_and(|number| number.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loopback_host_stays_here() {
        for elsewhere in [
            "",
            "nonsense",
            "http://",
            "http://10.0.0.1:7400",
            "http://localhost.example",
            "http://127.idp.example/",
            "http://127.0.0.1.idp.example/",
            "http://[::2]",
        ] {
            assert!(!stays_here(elsewhere), "{elsewhere}");
        }
        for here in ["http://127.0.0.1:7400", "http://127.8.9.1", "http://[::1]", "https://[::1]:1"]
        {
            assert!(stays_here(here), "{here}");
        }
        assert!(stays_here("http://localhost/path"));
    }
}
