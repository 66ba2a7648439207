//! The command `aerodb-control`: parses the command line, runs one command, ends with its code.

use std::process::ExitCode;

fn main() -> ExitCode {
    aerodb_control::cli::main()
}
