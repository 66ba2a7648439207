//! The command `aerodb-control`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Here and not in the library: another commit then links the program again, and compiles nothing else.
    aerodb_control::cli::main(option_env!("BUILD_COMMIT"))
}
