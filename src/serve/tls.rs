//! Reads the certificate and the key that encrypt connections. TLS 1.3 and nothing older.

use super::ServeError;
use super::reach::TlsFiles;
use crate::outside::files::{FileError, certificates, open_secret};
use axum_server::tls_rustls::RustlsConfig;
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
    File(#[from] FileError),
    /// The two do not belong together, or the key is of a kind that is not served.
    #[error("the certificate and the key cannot be used together: {0}")]
    Unusable(rustls::Error),
}

/// Reads the files and checks that they belong together.
///
/// # Errors
/// When one cannot be read, everybody can read the key, or they do not fit.
pub(super) fn load(files: &TlsFiles) -> Result<RustlsConfig, ServeError> {
    let wrong = |path: &Path| {
        let path = path.to_owned();
        move |source: TlsError| ServeError::Tls { path, source }
    };
    let file = |path| move |error: FileError| wrong(path)(error.into());
    let chain = certificates(&files.certificate).map_err(file(&files.certificate))?;
    let key = key(&files.key).map_err(file(&files.key))?;
    let config = config(chain, key).map_err(TlsError::Unusable).map_err(wrong(&files.key))?;
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, FileError> {
    let mut text = Vec::new();
    open_secret(path, "key")?.read_to_end(&mut text)?;
    match PrivateKeyDer::from_pem_slice(&text) {
        Err(pem::Error::NoItemsFound) => Err(FileError::Empty("private key")),
        read => read.map_err(FileError::Pem),
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
