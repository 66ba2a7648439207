//! Checks signatures of providers with `ring`, for the crate that reads their tokens.
//!
//! What is checked is public-key signatures and nothing else: a token that names no algorithm, or one by
//! which whoever can check can also sign, is refused before a key is looked at.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as Unverified, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature::{self as of, RsaPublicKeyComponents, UnparsedPublicKey};

/// The algorithms that a token may be signed by.
pub(super) const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Nothing is ever signed here.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Says once which cryptography the crate uses. Every call after the first is refused, which is as good.
pub(super) fn install() {
    let _ = PROVIDER.install_default();
}

struct SignatureCheck {
    algorithm: Algorithm,
    key: DecodingKey,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the crate hands it over so")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    if !ALGORITHMS.contains(algorithm) {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    // A key of another kind must not be read as one of this kind.
    if algorithm.family() != key.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(Box::new(SignatureCheck { algorithm: *algorithm, key: key.clone() }))
}

impl JwtVerifier for SignatureCheck {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for SignatureCheck {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), Unverified> {
        let checked = match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                let how = rsa(self.algorithm).ok_or_else(Unverified::new)?;
                RsaPublicKeyComponents { n: bare(n), e: bare(e) }.verify(how, message, signed)
            }
            DecodingKeyKind::SecretOrDer(bytes) => {
                let how = curve(self.algorithm).ok_or_else(Unverified::new)?;
                UnparsedPublicKey::new(how, bytes).verify(message, signed)
            }
        };
        checked.map_err(|_| Unverified::new())
    }
}

/// A number without the zeros that some providers put before it.
fn bare(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn rsa(algorithm: Algorithm) -> Option<&'static of::RsaParameters> {
    match algorithm {
        Algorithm::RS256 => Some(&of::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Some(&of::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Some(&of::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Some(&of::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Some(&of::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Some(&of::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

fn curve(algorithm: Algorithm) -> Option<&'static dyn of::VerificationAlgorithm> {
    match algorithm {
        Algorithm::ES256 => Some(&of::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Some(&of::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Some(&of::ED25519),
        _ => None,
    }
}
