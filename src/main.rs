//! The gateway's program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    match deltawall::run(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("deltawall: {error}");
            error.exit_code()
        }
    }
}
