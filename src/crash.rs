//! Named points at which a test ends the process, to show what a stop at that instant leaves behind.

/// Ends the process at once if `AERODB_CRASH_AT` names this point. Release builds hold no such point.
pub fn point(name: &str) {
    #[cfg(debug_assertions)]
    if std::env::var("AERODB_CRASH_AT").is_ok_and(|at| at == name) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}
