//! The command `aerodb-control`.

use std::process::ExitCode;

fn main() -> ExitCode {
    aerodb_control::cli::main()
}
