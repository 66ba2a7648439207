//! The keys of a provider of OpenID Connect, and tokens signed with them, well and in every wrong way.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use serde_json::{Value, json};

/// Made for these tests by `openssl genpkey`; it protects nothing.
const RSA_KEY: &[u8] = include_bytes!("provider_key.pk8");

/// How a token is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signed {
    #[default]
    Es256,
    Rs256,
    EdDsa,
    /// By a key that the provider does not show.
    ByUnknownKey,
    /// By another key, under the name of one that it shows.
    ByAnotherKey,
    /// Not at all: `"alg": "none"`.
    No,
    /// With the public key as the secret of a symmetric algorithm.
    ByPublicKey,
    /// Well, and changed afterwards.
    Changed,
    /// With a condition in the header that must be understood.
    WithCondition,
}

/// Three that it shows, and one that it does not.
pub struct ProviderKeys {
    ec: EcdsaKeyPair,
    other_ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    rsa: RsaKeyPair,
}

fn curve() -> EcdsaKeyPair {
    let (random, how) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
    let key = EcdsaKeyPair::generate_pkcs8(how, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(how, key.as_ref(), &random).expect("a key")
}

fn edwards() -> Ed25519KeyPair {
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a key")
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl ProviderKeys {
    pub fn new() -> Self {
        let rsa = RsaKeyPair::from_pkcs8(RSA_KEY).expect("a key");
        Self { ec: curve(), other_ec: curve(), ed: edwards(), rsa }
    }

    /// What it shows.
    pub fn shown(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        let rsa: PublicKeyComponents<Vec<u8>> = self.rsa.public().into();
        json!({"keys": [
            // What cannot be read here must not hide what can.
            {"kty": "EC", "crv": "secp256k1", "kid": "other", "x": "AA", "y": "AA"},
            {"kty": "unheard-of", "kid": "stranger"},
            {"kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "alg": "ES256",
             "x": b64(&point[1..33]), "y": b64(&point[33..])},
            {"kty": "RSA", "kid": "rsa", "use": "sig", "n": b64(rsa.n), "e": b64(rsa.e)},
            {"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": b64(self.ed.public_key())},
            {"kty": "RSA", "kid": "for-secrets", "use": "enc", "n": "AQAB", "e": "AQAB"},
        ]})
    }

    /// A token.
    pub fn signed(&self, how: Signed, claims: &Value) -> String {
        let header = match how {
            Signed::Es256 | Signed::ByAnotherKey | Signed::Changed => {
                json!({"alg": "ES256", "kid": "ec"})
            }
            Signed::Rs256 => json!({"alg": "RS256", "kid": "rsa"}),
            Signed::EdDsa => json!({"alg": "EdDSA", "kid": "ed"}),
            Signed::ByUnknownKey => json!({"alg": "ES256", "kid": "ec-2"}),
            Signed::No => json!({"alg": "none"}),
            Signed::ByPublicKey => json!({"alg": "HS256", "kid": "ec"}),
            Signed::WithCondition => {
                json!({"alg": "ES256", "kid": "ec", "crit": ["exp2"], "exp2": 1})
            }
        };
        let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let random = SystemRandom::new();
        let by_curve = |key: &EcdsaKeyPair| {
            key.sign(&random, message.as_bytes()).expect("signed").as_ref().to_vec()
        };
        let signature = match how {
            Signed::Es256 | Signed::Changed | Signed::WithCondition => by_curve(&self.ec),
            Signed::ByAnotherKey | Signed::ByUnknownKey => by_curve(&self.other_ec),
            Signed::EdDsa => self.ed.sign(message.as_bytes()).as_ref().to_vec(),
            Signed::Rs256 => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                let bytes = message.as_bytes();
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature).expect("signed");
                signature
            }
            Signed::No => Vec::new(),
            Signed::ByPublicKey => {
                let key =
                    ring::hmac::Key::new(ring::hmac::HMAC_SHA256, self.ec.public_key().as_ref());
                ring::hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
        };
        if how == Signed::Changed {
            let mut other = claims.clone();
            other["sub"] = json!("somebody-else");
            return format!(
                "{}.{}.{}",
                b64(header.to_string()),
                b64(other.to_string()),
                b64(signature)
            );
        }
        format!("{message}.{}", b64(signature))
    }
}
