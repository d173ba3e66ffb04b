//! The program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    taskpull::cli::main(std::env::args_os())
}
