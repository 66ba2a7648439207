//! Passwords: the rule for new ones, and argon2id away from the threads that serve requests.

use super::Denied;
use super::common_passwords::is_common;
use crate::model::text::InputError;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Fewest characters of a new password. Length is the only thing that makes guessing slower.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Most characters of a new password: more than a pass phrase, less than a burden.
pub const PASSWORD_CHARS_MAX: usize = 128;
/// Hashes that are computed at once: each takes the memory of its cost.
const AT_ONCE: usize = 2;
/// Hashes that may wait for their turn. The one after them is refused.
const WAITING_MAX: usize = 16;

/// A password that may become one. It does not print itself.
#[derive(Clone)]
pub struct NewPassword(String);

impl NewPassword {
    /// Checks length and the commonest; nothing else is asked of it, and it is taken exactly as it was typed.
    /// `names` are those of what is signed in to, and of the account: they make no password either.
    ///
    /// # Errors
    /// Names the field `password` and what was wrong, and never repeats the password.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, InputError> {
        let count = text.chars().count();
        let wrong = |found: String, required: String| {
            Err(InputError { field: "password".to_owned(), found, required })
        };
        if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&count) {
            return wrong(
                format!("{count} characters"),
                format!("{PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters"),
            );
        }
        if is_common(text, names) {
            return wrong(
                "one of the commonest passwords, or made of the names of what it is for".to_owned(),
                "a password that is tried by nobody first, such as four words that do not belong together"
                    .to_owned(),
            );
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(..)")
    }
}

/// A hashed password in the PHC form, which carries its own cost. It does not print itself.
#[derive(Clone)]
pub struct HashedPassword(String);

impl HashedPassword {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HashedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedPassword(..)")
    }
}

/// What one guess costs. Argon2id with one lane.
#[derive(Clone, Debug)]
pub struct PasswordCost(Params);

impl PasswordCost {
    /// 46 MiB and one pass, one of the pairs that OWASP recommends: about 60 ms.
    pub const PRODUCTION: Self = Self::of(46 * 1024, 1);

    /// Another cost, such as a light one for tests: memory in KiB, and passes over it.
    ///
    /// # Panics
    /// When argon2 does not allow it: less than 8 KiB, or no pass.
    #[must_use]
    pub const fn of(memory_kib: u32, passes: u32) -> Self {
        match Params::new(memory_kib, passes, 1, None) {
            Ok(params) => Self(params),
            Err(_) => panic!("argon2 needs at least 8 KiB and one pass"),
        }
    }
}

#[derive(Clone)]
pub(super) struct Passwords {
    hasher: Argon2<'static>,
    /// Verified where there is no account, so that the answer takes as long.
    nobody: Arc<str>,
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("hasher", &self.hasher).finish_non_exhaustive()
    }
}

impl Passwords {
    pub(super) fn new(cost: PasswordCost) -> Self {
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.0);
        let nobody = hash(&hasher, "nobody", &[0; 16])
            .expect("a cost that was accepted, and a salt of 16 bytes, can be used");
        Self {
            hasher,
            nobody: nobody.into(),
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING_MAX)),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    pub(super) async fn hash(
        &self,
        password: NewPassword,
        random: [u8; 32],
    ) -> Result<HashedPassword, Denied> {
        let argon2 = self.hasher.clone();
        let (salt, _) = random.split_at(16);
        let salt = salt.to_vec();
        self.run(move || hash(&argon2, &password.0, &salt).map(HashedPassword)).await?
    }

    /// Compares with a stored hash, or with nobody's.
    pub(super) async fn verify(
        &self,
        stored: Option<String>,
        password: String,
    ) -> Result<bool, Denied> {
        let hasher = self.hasher.clone();
        let stored = stored.unwrap_or_else(|| self.nobody.as_ref().to_owned());
        self.run(move || {
            let parsed = PasswordHash::new(&stored).map_err(|e| Denied::Hashing(e.to_string()))?;
            // The cost is the one in the stored hash, and the comparison takes constant time.
            Ok(hasher.verify_password(password.as_bytes(), &parsed).is_ok())
        })
        .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Denied> {
        let place =
            Arc::clone(&self.places).try_acquire_owned().map_err(|_| Denied::TooManyAttempts)?;
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|e| Denied::Hashing(e.to_string()))?;
        let held: [OwnedSemaphorePermit; 2] = [place, turn];
        // The permits travel with the work: a client that goes away does not make room for more.
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(held);
            result
        });
        done.await.map_err(|e| Denied::Hashing(e.to_string()))
    }
}

fn hash(argon2: &Argon2<'_>, password: &str, salt: &[u8]) -> Result<String, Denied> {
    let hashed: PasswordHash = argon2
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(|e| Denied::Hashing(e.to_string()))?;
    Ok(hashed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_judged_by_its_length_and_by_the_list_and_is_never_repeated() {
        let long = "x1".repeat(65);
        for bad in ["", "short", "elevenchars", &long, "PassWord1234", "aaaaaaaaaaaaaa"] {
            let error = NewPassword::parse(bad, &[]).expect_err(bad);
            assert_eq!(error.field, "password");
            assert!(bad.is_empty() || !error.to_string().contains(bad), "{error}");
        }
        for good in ["a quiet river bend", "ᚠᛇᚻ᛫ᛒᛦᚦ᛫ᚠᚱᚩᚠᚢᚱ", "x y z x y z!"]
        {
            let password = NewPassword::parse(good, &[]).expect(good);
            assert_eq!(format!("{password:?}"), "NewPassword(..)");
        }
    }

    #[tokio::test]
    async fn the_hash_carries_the_production_cost() {
        let passwords = Passwords::new(PasswordCost::PRODUCTION);
        let password = NewPassword::parse("a quiet river bend", &[]).expect("long enough");
        let hashed = passwords.hash(password, [7; 32]).await.expect("hashing works");
        assert!(hashed.0.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{}", hashed.0);
        let stored = Some(hashed.0);
        assert!(!passwords.verify(stored.clone(), "a quiet river".into()).await.expect("checked"));
        assert!(passwords.verify(stored, "a quiet river bend".into()).await.expect("checked"));
    }

    #[tokio::test]
    async fn the_attempt_after_the_last_waiting_one_is_refused_and_later_ones_are_not() {
        let passwords = Passwords::new(PasswordCost::of(8, 1));
        let held = passwords.turns.clone().acquire_many_owned(2).await.expect("open");
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE + WAITING_MAX {
            let passwords = passwords.clone();
            waiting.spawn(async move { passwords.verify(None, "x".into()).await });
        }
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = passwords.verify(None, "x".into()).await;
        assert!(matches!(refused, Err(Denied::TooManyAttempts)));
        drop(held);
        while let Some(done) = waiting.join_next().await {
            done.expect("no panic").expect("had a place");
        }
        passwords.verify(None, "x".into()).await.expect("there is room again");
    }
}
