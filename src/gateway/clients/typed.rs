//! What a person types at a terminal, or a program writes.

use std::io::{self, BufRead, IsTerminal, Read};

use crate::config::Usage;

/// How long a password may be, in bytes.
const MAX_PASSWORD: usize = 1024;

/// Whether a person at the terminal says yes. Where there is nobody, nobody does.
pub(super) fn agrees(question: &str) -> Result<bool, Usage> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| Usage(error.to_string()))?;
    Ok(["y", "Y", "yes"].contains(&answer.trim()))
}

/// What is typed at a terminal, twice where it is new; or else the first line of standard input.
pub(super) fn password(is_new: bool) -> Result<String, Usage> {
    let unreadable = |error: io::Error| Usage(format!("the password: {error}"));
    let password = if io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ").map_err(unreadable)?;
        if is_new && rpassword::prompt_password("The same again: ").map_err(unreadable)? != password {
            return Err(Usage("the two passwords are not the same".into()));
        }
        password.into_bytes()
    } else {
        first_line().map_err(unreadable)?
    };
    match password.len() {
        0 => Err(Usage("there is no password on standard input".into())),
        1..=MAX_PASSWORD => {
            String::from_utf8(password).map_err(|error| unreadable(io::Error::other(error.utf8_error())))
        }
        _ => Err(Usage(format!("a password has no more than {MAX_PASSWORD} bytes"))),
    }
}

/// The first line of standard input, or enough of it to be too long.
fn first_line() -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    io::stdin().lock().take(MAX_PASSWORD as u64 + 2).read_until(b'\n', &mut line)?;
    for end in [b'\n', b'\r'] {
        line.pop_if(|last| *last == end);
    }
    Ok(line)
}
