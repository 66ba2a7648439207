//! Encrypted connections to PostgreSQL: the authorities are those of one file, the name of the host has
//! to stand in the certificate, and the proof of the password is bound to that certificate.

use super::config::Encryption;
use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client;

/// Why the file of the authorities cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct AuthorityFileError {
    /// The file.
    path: PathBuf,
    /// What is wrong with it.
    why: String,
}

/// What connections are encrypted with; `None` where they are not.
///
/// # Errors
/// When the file of the authorities cannot be read, or holds no certificate.
pub fn client_config(
    encryption: &Encryption,
) -> Result<Option<Arc<ClientConfig>>, AuthorityFileError> {
    match encryption {
        Encryption::Plain => Ok(None),
        Encryption::Ca(path) => {
            let wrong = |why: String| AuthorityFileError { path: path.clone(), why };
            let roots = authorities(path).map_err(wrong)?;
            let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| wrong(error.to_string()))?
                .with_root_certificates(roots)
                .with_no_client_auth();
            Ok(Some(Arc::new(config)))
        }
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let text = std::fs::read(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| format!("it is not PEM: {error}"))?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(roots) }
}

/// Encrypts one connection to one host.
#[derive(Clone, Debug)]
pub struct Encryptor {
    config: Option<Arc<ClientConfig>>,
    host: String,
}

impl Encryptor {
    /// For a host; without `config` it refuses.
    #[must_use]
    pub fn new(config: Option<Arc<ClientConfig>>, host: &str) -> Self {
        Self { config, host: host.to_owned() }
    }

    /// Agrees on keys with the host, and sees that its certificate is good and names it.
    ///
    /// # Errors
    /// When it is not, or the proof of a password could not be bound to it. No password was sent.
    pub async fn encrypt(self, stream: TcpStream) -> io::Result<EncryptedStream> {
        let config = self.config.ok_or_else(|| refused("no authority is named to believe"))?;
        let host = ServerName::try_from(self.host).map_err(refused)?;
        let stream = TlsConnector::from(config).connect(host, stream).await?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let own = chain.first().ok_or_else(|| refused("the server showed no certificate"))?;
        let end_point = end_point(own).map_err(refused)?;
        Ok(EncryptedStream { stream, end_point })
    }
}

fn refused(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl TlsConnect<TcpStream> for Encryptor {
    type Stream = EncryptedStream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<EncryptedStream>> + Send>>;

    fn connect(self, stream: TcpStream) -> Self::Future {
        Box::pin(self.encrypt(stream))
    }
}

/// An encrypted connection, and what binds a proof to it.
#[derive(Debug)]
pub struct EncryptedStream {
    stream: client::TlsStream<TcpStream>,
    end_point: Vec<u8>,
}

impl EncryptedStream {
    /// The hash of the server's certificate, `tls-server-end-point` of RFC 5929.
    #[must_use]
    pub fn end_point(&self) -> &[u8] {
        &self.end_point
    }
}

impl TlsStream for EncryptedStream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::tls_server_end_point(self.end_point.clone())
    }
}

impl AsyncRead for EncryptedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for EncryptedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The hash that RFC 5929 names for a certificate: the one of its signature, SHA-256 in place of those that
/// are broken.
///
/// # Errors
/// A sentence, where the certificate cannot be read or its signature names no hash.
fn end_point(certificate: &CertificateDer<'_>) -> Result<Vec<u8>, String> {
    let (_, read) = x509_parser::parse_x509_certificate(certificate)
        .map_err(|error| format!("the certificate of the server cannot be read: {error}"))?;
    let signed = read.signature_algorithm.algorithm.to_id_string();
    let hash: &'static Algorithm = match signed.as_str() {
        // RSA with MD5, SHA-1 and SHA-256; ECDSA with SHA-1 and SHA-256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => &SHA256,
        // RSA and ECDSA with SHA-384.
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => &SHA384,
        // RSA and ECDSA with SHA-512.
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => &SHA512,
        other => {
            return Err(format!(
                "the certificate of the server is signed with {other}, which names no hash to bind a password to: have it signed with RSA or ECDSA and SHA-256, SHA-384 or SHA-512"
            ));
        }
    };
    Ok(digest(hash, certificate).as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    fn certificate(signed: &'static SignatureAlgorithm) -> rcgen::Certificate {
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
        let key = KeyPair::generate_for(signed).expect("a key");
        params.self_signed(&key).expect("a certificate")
    }

    #[test]
    fn what_a_password_is_bound_to_is_the_hash_that_the_certificate_was_signed_with() {
        let ed25519 = certificate(&rcgen::PKCS_ED25519);
        let said = end_point(ed25519.der()).expect_err("it names no hash");
        assert!(said.contains("1.3.101.112"), "{said}");
        assert!(end_point(&CertificateDer::from(vec![1, 2, 3])).is_err());
        let of_256 = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        let hash = digest(&SHA256, of_256.der());
        assert_eq!(end_point(of_256.der()).expect("SHA-256"), hash.as_ref());
        let of_384 = certificate(&rcgen::PKCS_ECDSA_P384_SHA384);
        let hash = digest(&SHA384, of_384.der());
        assert_eq!(end_point(of_384.der()).expect("SHA-384"), hash.as_ref());
    }

    #[test]
    fn a_file_without_an_authority_is_refused_by_its_name() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("ca.pem");
        let config = || client_config(&Encryption::Ca(path.clone()));
        for text in [None, Some(""), Some("nonsense")] {
            if let Some(text) = text {
                std::fs::write(&path, text).expect("a file");
            }
            let said = config().expect_err("no authority").to_string();
            assert!(said.contains("ca.pem: it "), "{said}");
        }
        std::fs::write(&path, certificate(&rcgen::PKCS_ECDSA_P256_SHA256).pem()).expect("a file");
        assert!(config().expect("an authority").is_some());
        assert!(client_config(&Encryption::Plain).expect("none").is_none());
    }
}
