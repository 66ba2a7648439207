//! Reads the certificate and the key that encrypt connections. TLS 1.3 and nothing older.

use super::ServeError;
use super::listen_policy::TlsFiles;
use crate::http_client::files::{CredentialFileError, certificates, open_secret};
use crate::model::ambient::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// Why a certificate or a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] CredentialFileError),
    /// The two do not belong together, or the key is of a kind that is not served.
    #[error("the certificate and the key cannot be used together: {0}")]
    Unusable(rustls::Error),
    /// Its dates cannot be read.
    #[error("the certificate cannot be read: {0}")]
    Unreadable(String),
    /// No client would accept it today.
    #[error(
        "the certificate is valid from {not_before} to {not_after}, and it is {now} by the clock of this machine: no client would accept it"
    )]
    NotValidNow {
        /// From when; included.
        not_before: Timestamp,
        /// Until when; included.
        not_after: Timestamp,
        /// The time of this machine.
        now: Timestamp,
    },
}

/// A certificate and its key, ready to be served.
#[derive(Debug)]
pub(super) struct ServerCertificate {
    /// What the listeners take.
    pub(super) config: Arc<ServerConfig>,
    /// Until when the certificate is valid.
    pub(super) not_after: Timestamp,
}

/// Reads the files and checks that they belong together and are valid now.
///
/// # Errors
/// When one cannot be read, everybody can read the key, they do not fit, or the certificate is expired
/// or not yet valid.
pub(super) fn load(files: &TlsFiles, now: Timestamp) -> Result<ServerCertificate, ServeError> {
    let wrong = |path: &Path| {
        let path = path.to_owned();
        move |source: TlsError| ServeError::Tls { path, source }
    };
    let file = |path| move |error: CredentialFileError| wrong(path)(error.into());
    let chain = certificates(&files.certificate).map_err(file(&files.certificate))?;
    let key = key(&files.key).map_err(file(&files.key))?;
    let not_after = valid(&chain, now).map_err(wrong(&files.certificate))?;
    let config = config(chain, key).map_err(TlsError::Unusable).map_err(wrong(&files.key))?;
    Ok(ServerCertificate { config: Arc::new(config), not_after })
}

/// Until when the first certificate of the chain is valid: it is the one of this server. Those between
/// it and an authority are judged by clients, who may know another way.
fn valid(chain: &[CertificateDer<'_>], now: Timestamp) -> Result<Timestamp, TlsError> {
    let own = chain.first().map(AsRef::as_ref).unwrap_or_default();
    let (_, read) = x509_parser::parse_x509_certificate(own)
        .map_err(|error| TlsError::Unreadable(error.to_string()))?;
    let at = |time: x509_parser::time::ASN1Time| {
        Timestamp::from_millis(time.timestamp().saturating_mul(1_000))
    };
    let (not_before, not_after) = (at(read.validity.not_before), at(read.validity.not_after));
    // The last second counts as a whole.
    if now < not_before || now >= not_after.plus_millis(1_000) {
        return Err(TlsError::NotValidNow { not_before, not_after, now });
    }
    Ok(not_after)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, CredentialFileError> {
    let mut text = Vec::new();
    open_secret(path, "key")?.read_to_end(&mut text)?;
    match PrivateKeyDer::from_pem_slice(&text) {
        Err(pem::Error::NoItemsFound) => Err(CredentialFileError::Empty("private key")),
        read => read.map_err(CredentialFileError::Pem),
    }
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    // The limits of the listener are those of HTTP/1.1; no other protocol is spoken.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    fn files(dir: &Path, certificate: &str, key: &str) -> TlsFiles {
        let write = |name: &str, text: &str| -> PathBuf {
            let path = dir.join(name);
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("ours");
            path
        };
        TlsFiles { certificate: write("c.pem", certificate), key: write("k.pem", key) }
    }

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-31T09:45:00.000Z").expect("a time")
    }

    fn load(files: &TlsFiles) -> Result<ServerCertificate, ServeError> {
        super::load(files, now())
    }

    #[test]
    fn a_certificate_that_no_client_would_accept_today_is_refused_with_its_dates() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut params =
            rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 1, 31);
        let key = rcgen::KeyPair::generate().expect("a key");
        let made = params.self_signed(&key).expect("a certificate");
        let files = files(dir.path(), &made.pem(), &key.serialize_pem());
        let at = |text: &str| super::load(&files, Timestamp::parse(text).expect("a time"));
        for outside in ["2025-12-31T23:59:59.999Z", "2026-01-31T00:00:01.000Z"] {
            let said = at(outside).expect_err(outside).to_string();
            for part in ["c.pem", "2026-01-01T00:00:00.000Z", "2026-01-31T00:00:00.000Z", outside] {
                assert!(said.contains(part), "{part}: {said}");
            }
        }
        for inside in ["2026-01-01T00:00:00.000Z", "2026-01-31T00:00:00.999Z"] {
            let end = at(inside).expect(inside).not_after;
            assert_eq!(end.to_string(), "2026-01-31T00:00:00.000Z");
        }
    }

    #[test]
    fn files_that_do_not_fit_are_refused_and_the_one_at_fault_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let ((certificate, key), (_, other)) = (pair(), pair());
        for (first, second, file, says) in [
            ("", key.as_str(), "c.pem", "no certificate"),
            ("nonsense", &key, "c.pem", "no certificate"),
            (&certificate, "", "k.pem", "no private key"),
            (&certificate, &certificate, "k.pem", "no private key"),
            (&certificate, &other, "k.pem", "together"),
        ] {
            let said = load(&files(dir.path(), first, second)).expect_err(says).to_string();
            assert!(said.contains(file) && said.contains(says), "{said}");
        }
        let gone = TlsFiles { certificate: dir.path().join("gone"), key: dir.path().join("gone") };
        assert!(load(&gone).expect_err("no file").to_string().contains("gone"));
        load(&files(dir.path(), &certificate, &key)).expect("a pair");
    }

    #[test]
    fn a_key_that_everybody_can_read_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let (certificate, key) = pair();
        let files = files(dir.path(), &certificate, &key);
        fs::set_permissions(&files.key, Permissions::from_mode(0o644)).expect("ours");
        assert!(load(&files).expect_err("exposed").to_string().contains("mode 644"));
        // A group of its own is how some systems share keys with services.
        fs::set_permissions(&files.key, Permissions::from_mode(0o640)).expect("ours");
        load(&files).expect("a group may read it");
    }
}
