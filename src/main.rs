//! The `azfw` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    azfw::cli::run()
}
