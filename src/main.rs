//! The gateway's program: arguments in, exit code out.

use std::process::ExitCode;

use deltawall::{Error, logging};

fn main() -> ExitCode {
    let ended = deltawall::run(std::env::args_os());
    let error = ended.as_ref().err();
    logging::finish(error);
    error.map_or(ExitCode::SUCCESS, Error::exit_code)
}
