//! The sign-ins that were begun and not ended: kept here and not in the browser, few, and not for long.

use super::authn_error::AuthnError;
use super::http::Endpoints;
use crate::model::ambient::{Entropy, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use subtle::ConstantTimeEq as _;

/// How long a sign-in may take, in milliseconds.
pub(super) const LASTS_MS: i64 = 10 * 60 * 1000;
/// Sign-ins that wait at the same time. The next one takes the place of the oldest.
pub(super) const WAITING_MAX: usize = 1000;

/// The secrets of one sign-in. They do not print themselves.
pub(super) struct Secrets {
    /// In a cookie of the browser that began.
    pub(super) browser: String,
    /// Goes to the provider and comes back: the answer belongs to this question.
    pub(super) state: String,
    /// Comes back inside the token: the token was made for this question.
    pub(super) nonce: String,
    /// Shown to the provider with the code: whoever began is who ends (RFC 7636).
    pub(super) verifier: String,
}

impl Secrets {
    pub(super) fn new(entropy: &dyn Entropy) -> Self {
        let drawn = || URL_SAFE_NO_PAD.encode(entropy.bytes());
        Self { browser: drawn(), state: drawn(), nonce: drawn(), verifier: drawn() }
    }

    /// What the provider is told of the verifier (S256).
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }
}

/// What somebody wants of a sign-in.
#[derive(Clone, Debug, Default)]
pub struct SignInRequest {
    /// Where to go afterwards.
    pub next: Option<String>,
    /// To prove anew who they are, also where the provider knows them already (C3.1).
    pub anew: bool,
    /// To be asked who they are, because somebody signed out in this browser: whoever sits down there is
    /// not signed in by what the provider remembers of the one before.
    pub after_sign_out: bool,
}

/// One sign-in that waits for the answer of the provider.
pub(super) struct LoginFlow {
    pub(super) secrets: Secrets,
    /// Where the provider is asked, as it said when the sign-in began.
    pub(super) endpoints: Endpoints,
    pub(super) wanted: SignInRequest,
    pub(super) began_at: Timestamp,
}

impl LoginFlow {
    pub(super) fn new(
        secrets: Secrets,
        endpoints: Endpoints,
        wanted: SignInRequest,
        began_at: Timestamp,
    ) -> Self {
        Self { secrets, endpoints, wanted, began_at }
    }

    fn is_good(&self, now: Timestamp) -> bool {
        self.began_at <= now && now < self.began_at.plus_millis(LASTS_MS)
    }
}

/// The sign-ins that wait, by the hash of the secret in the browser: a guesser learns nothing from how
/// long a look-up takes.
#[derive(Default)]
pub(super) struct Pending(Mutex<BTreeMap<[u8; 32], LoginFlow>>);

impl Pending {
    /// Lets a sign-in wait. Those whose time is over are forgotten.
    pub(super) fn put(&self, waiting: LoginFlow, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, other| other.is_good(now));
        if all.len() >= WAITING_MAX {
            let oldest = all.iter().min_by_key(|(_, other)| other.began_at).map(|(key, _)| *key);
            oldest.map(|key| all.remove(&key));
        }
        all.insert(key(&waiting.secrets.browser), waiting);
    }

    /// Takes the sign-in that this browser began, if the answer is the one to it. It is used up by that,
    /// whatever comes of it.
    pub(super) fn take(
        &self,
        browser: &str,
        state: &str,
        now: Timestamp,
    ) -> Result<LoginFlow, AuthnError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.remove(&key(browser)).filter(|waiting| waiting.is_good(now));
        let is_answer = |waiting: &LoginFlow| {
            bool::from(waiting.secrets.state.as_bytes().ct_eq(state.as_bytes()))
        };
        found.filter(is_answer).ok_or(AuthnError::Spent)
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending(..)")
    }
}

fn key(browser: &str) -> [u8; 32] {
    Sha256::digest(browser.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct SequenceEntropy(AtomicU64);

    impl Entropy for SequenceEntropy {
        fn bytes(&self) -> [u8; 32] {
            Sha256::digest(self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()).into()
        }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_767_225_660_000 + millis)
    }

    fn begun(pending: &Pending, entropy: &SequenceEntropy, millis: i64) -> (String, String) {
        let secrets = Secrets::new(entropy);
        let pair = (secrets.browser.clone(), secrets.state.clone());
        pending.put(
            LoginFlow::new(secrets, Endpoints::default(), SignInRequest::default(), at(millis)),
            at(millis),
        );
        pair
    }

    #[test]
    fn a_sign_in_is_taken_once_by_its_own_browser_with_its_own_answer_and_in_time() {
        let (pending, entropy) = (Pending::default(), SequenceEntropy(AtomicU64::new(0)));
        let (one, of_one) = begun(&pending, &entropy, 0);
        let (two, of_two) = begun(&pending, &entropy, 0);
        let taken =
            |browser: &str, state: &str, millis| pending.take(browser, state, at(millis)).map(drop);
        assert_eq!(taken("", &of_one, 1), Err(AuthnError::Spent), "no cookie");
        assert_eq!(taken("elsewhere", &of_one, 1), Err(AuthnError::Spent));
        assert_eq!(taken(&two, &of_one, 1), Err(AuthnError::Spent), "the answer to another");
        assert_eq!(taken(&two, &of_two, 1), Err(AuthnError::Spent), "and that used it up");
        assert_eq!(taken(&one, &of_one, 1), Ok(()));
        assert_eq!(taken(&one, &of_one, 1), Err(AuthnError::Spent), "once");
        let (late, of_late) = begun(&pending, &entropy, 0);
        assert_eq!(taken(&late, &of_late, LASTS_MS), Err(AuthnError::Spent), "too late");
        let (early, of_early) = begun(&pending, &entropy, 0);
        assert_eq!(taken(&early, &of_early, -1), Err(AuthnError::Spent), "the clock went back");
        let (last, of_last) = begun(&pending, &entropy, 0);
        assert_eq!(taken(&last, &of_last, LASTS_MS - 1), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_gives_way() {
        let (pending, entropy) = (Pending::default(), SequenceEntropy(AtomicU64::new(0)));
        let (oldest, of_oldest) = begun(&pending, &entropy, 0);
        let (second, of_second) = begun(&pending, &entropy, 1);
        for _ in 0..WAITING_MAX - 1 {
            begun(&pending, &entropy, 2);
        }
        assert_eq!(pending.0.lock().expect("open").len(), WAITING_MAX);
        assert!(pending.take(&oldest, &of_oldest, at(3)).is_err());
        assert!(pending.take(&second, &of_second, at(3)).is_ok());
        begun(&pending, &entropy, LASTS_MS + 2);
        assert_eq!(pending.0.lock().expect("open").len(), 1, "what ended is forgotten");
    }

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        let secrets = Secrets {
            browser: String::new(),
            state: String::new(),
            nonce: String::new(),
            verifier,
        };
        assert_eq!(secrets.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
