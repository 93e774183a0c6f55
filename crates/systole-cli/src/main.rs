//! The binary `systole`; its code is in the library of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    systole_cli::run()
}
