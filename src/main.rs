//! The gateway's program: arguments in, exit code out.

use std::process::ExitCode;

/// A request is made of many small allocations. docs/PERFORMANCE.md has what this saves.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match deltawall::run(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("deltawall: {error}");
            error.exit_code()
        }
    }
}
