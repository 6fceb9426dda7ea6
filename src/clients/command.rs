//! `deltawall clients`: making and checking the file of clients.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::hash::Hash;
use super::{Rights, Scope, checked_name, is_client, read};
use crate::Error;
use crate::config;

/// How long a password may be, in bytes.
const MAX_PASSWORD: u64 = 1024;

/// Makes and checks the file that --clients names. Passwords are read from standard input, a line each
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Adds a client, or gives it a new password, rights and drivers
    Add {
        /// The file, which is made where there is none
        file: PathBuf,
        /// What the client is called
        name: String,
        /// What it may do
        #[arg(long, value_enum)]
        rights: Rights,
        /// Where it may do that: `*`, or `DRIVER` and `DRIVER/PROVIDER` with commas between
        #[arg(long)]
        drivers: String,
    },
    /// Checks the file, and a client's password where one is named
    Check {
        /// The file
        file: PathBuf,
        /// The client whose password comes in
        name: Option<String>,
    },
}

impl Command {
    /// Does it, and says what was done.
    ///
    /// # Errors
    /// [`Error::Usage`] when the file or what was typed is wrong, [`Error::Clients`] when the password is.
    pub fn run(self) -> Result<String, Error> {
        match self {
            Self::Add { file, name, rights, drivers } => add(&file, &name, rights, &drivers),
            Self::Check { file, name: Some(name) } => check(&file, &name),
            Self::Check { file, name: None } => {
                let count = read(&file, None)?.len();
                Ok(format!("{}: clients: {count}", file.display()))
            }
        }
    }
}

fn add(file: &Path, name: &str, rights: Rights, drivers: &str) -> Result<String, Error> {
    let name = checked_name(name).map_err(Error::Usage)?;
    for scope in drivers.split(',') {
        Scope::parse(scope, None).map_err(|why| Error::Usage(format!("'{drivers}' for --drivers: {why}")))?;
    }
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(config::file_error(file, error)),
    };
    let hash = Hash::make(&password()?).map_err(Error::Clients)?;
    let rights = if rights == Rights::ReadOnly { "read-only" } else { "read-write" };
    let is_other = |line: &&str| !is_client(line) || line.split(':').next() != Some(name);
    let mut lines: Vec<_> = text.lines().filter(is_other).map(str::to_owned).collect();
    let was_there = lines.len() < text.lines().count();
    lines.push(format!("{name}:{hash}:{rights}:{drivers}"));
    replace(file, &(lines.join("\n") + "\n")).map_err(|error| config::file_error(file, error))?;
    let what = if was_there { "changed" } else { "added" };
    Ok(format!("{}: {what} {name}, {rights} on {drivers}", file.display()))
}

fn check(file: &Path, name: &str) -> Result<String, Error> {
    let known = read(file, None)?;
    let client = known.get(name).ok_or_else(|| Error::Clients(format!("{}: there is no {name}", file.display())))?;
    match client.hash.is_of(&password()?) {
        true => Ok(format!("{}: that is the password of {name}", file.display())),
        false => Err(Error::Clients(format!("{}: that is not the password of {name}", file.display()))),
    }
}

/// The first line of standard input.
fn password() -> Result<String, Error> {
    let input = io::stdin();
    if input.is_terminal() {
        eprint!("Password, which is shown as you type: ");
    }
    let mut line = String::new();
    let read = input.lock().take(MAX_PASSWORD).read_line(&mut line);
    read.map_err(|error| Error::Usage(format!("the password: {error}")))?;
    let password = line.trim_end_matches(['\r', '\n']);
    match password.is_empty() {
        true => Err(Error::Usage("there is no password on standard input".into())),
        false => Ok(password.to_owned()),
    }
}

/// Writes a file that nobody else may read, so that it is there whole or as it was.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let new = PathBuf::from(name);
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).and_then(|mut file: File| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let result = written.and_then(|()| fs::rename(&new, path));
    if result.is_err() {
        let _ = fs::remove_file(&new);
    }
    result
}
