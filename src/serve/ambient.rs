//! The real clock, the real source of randomness and the real disk: the only place where they are touched.

use crate::authority::PasswordCost;
use crate::files;
use crate::model::ambient::{Clock, Entropy, Room, Timestamp};
use std::path::Path;
use std::sync::Arc;

/// The clock of the machine, in UTC.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes in as an argument")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A clock before 1970 is shown as it is: wrong, and plainly so.
        let millis = since.map_or(0, |elapsed| elapsed.as_millis());
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    fn name(&self) -> &'static str {
        "system clock, UTC"
    }
}

/// The random source of the operating system.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        bytes
    }
}

/// The file systems of the machine.
#[derive(Debug)]
pub struct SystemRoom;

impl Room for SystemRoom {
    fn free_bytes(&self, dir: &Path) -> Result<u64, String> {
        files::free_bytes(dir).map_err(|error| error.to_string())
    }
}

/// Time, randomness, room and the price of a password, as the server and the tests choose them.
#[derive(Clone)]
pub struct SystemDeps {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of ids and secrets.
    pub entropy: Arc<dyn Entropy>,
    /// How much work it is to check a password.
    pub password_cost: PasswordCost,
    /// How much can still be written.
    pub room: Arc<dyn Room>,
}

impl SystemDeps {
    /// The real ones.
    pub(super) fn of_this_machine() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            password_cost: PasswordCost::PRODUCTION,
            room: Arc::new(SystemRoom),
        }
    }
}
