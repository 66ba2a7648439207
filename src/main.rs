//! The command `aerodb-control`.

use aerodb_control::cli::{self, BuildInfo};
use std::process::ExitCode;

/// The site, as `make build` links it in: the flag says that there is one, the variable where. Here and not in
/// the library, and so the commit below: another site or commit links the program again, and compiles nothing
/// else.
#[cfg(site)]
const SITE: Option<&[u8]> = Some(include_bytes!(env!("BUILD_SITE")));
/// A program of cargo alone, such as one under test, serves a folder.
#[cfg(not(site))]
const SITE: Option<&[u8]> = None;

fn main() -> ExitCode {
    cli::main(BuildInfo { commit: option_env!("BUILD_COMMIT"), site: SITE })
}
