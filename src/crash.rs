//! Named places where a test ends the process, to show what a crash there leaves behind (C6.2).
//!
//! The environment variable `AERODB_CRASH_AT` names one place. In a release build there is none:
//! [`point`] compiles to nothing.

/// Ends the process without unwinding or flushing, if `AERODB_CRASH_AT` names this place.
///
/// The names are `room.place`, such as `kernel.accepted`.
pub fn point(name: &str) {
    if cfg!(debug_assertions) && std::env::var_os("AERODB_CRASH_AT").is_some_and(|at| at == name) {
        std::process::abort();
    }
}
