//! `deltawall clients`: making and checking the file of clients.

use std::io::{self, BufRead, IsTerminal, Read};
use std::path::Path;

use super::client::{Client, Scope, checked_name};
use super::digest::{Digests, checked_realm};
use super::file::{self, Locked};
use super::hash::Hash;
use crate::config::{ClientsCommand, Rights, Usage};
use crate::error::Error;

/// How long a password may be, in bytes.
const MAX_PASSWORD: usize = 1024;

/// Does what was typed, and says what was done.
///
/// # Errors
/// [`Error::Usage`] when the file or what was typed is wrong, [`Error::Clients`] when the password is, or there is no such
/// client, or the file cannot be written.
pub fn run(command: ClientsCommand) -> Result<String, Error> {
    match command {
        ClientsCommand::Add { file, name, rights, drivers, replace, digest } => {
            add(&file, &name, Grant { rights, drivers: &drivers, realms: &digest }, replace)
        }
        ClientsCommand::Remove { file, name } => remove(&file, &name),
        ClientsCommand::List { file } => {
            let lines: Vec<_> = file::read(&file)?.iter().map(Client::line).collect();
            Ok(lines.join("\n"))
        }
        ClientsCommand::Check { file, name: Some(name) } => check(&file, &name),
        ClientsCommand::Check { file, name: None } => {
            let count = file::read(&file)?.len();
            Ok(format!("{}: clients: {count}", file.display()))
        }
    }
}

/// What a client may do, and where it may prove itself by Digest.
struct Grant<'a> {
    rights: Rights,
    drivers: &'a str,
    realms: &'a [String],
}

fn add(path: &Path, name: &str, Grant { rights, drivers, realms }: Grant<'_>, replace: bool) -> Result<String, Error> {
    let name = checked_name(name).map_err(Usage)?;
    if !realms.is_empty() && !name.is_ascii() {
        return Err(Usage(format!("{name} is not ASCII: clients of Digest have no one way to send such a name")).into());
    }
    for realm in realms {
        checked_realm(realm).map_err(|why| Usage(format!("--digest: {why}")))?;
    }
    Scope::parse_all(drivers).map_err(|why| Usage(format!("'{drivers}' for --drivers: {why}")))?;
    let is_there = |file: &Locked| file.clients().map(|clients| find(&clients, name).is_some());
    // Looked at before a password is asked for, which may take long and holds up nobody.
    let may_replace = is_there(&Locked::open(path)?)?;
    if may_replace && !replace {
        agree(name)?;
    }
    let password = password(true)?;
    let hash = Hash::make(&password).map_err(Error::Clients)?;
    let digests = Digests::make(name, &password, realms);

    let file = Locked::open(path)?;
    let is_there = is_there(&file)?;
    if is_there && !replace && !may_replace {
        return Err(is_taken(name).into());
    }
    let rights = rights.name();
    let digests = if digests.is_empty() { String::new() } else { format!(":{digests}") };
    file.write(name, Some(&format!("{name}:{hash}:{rights}:{drivers}{digests}")))?;
    let what = if is_there { "changed" } else { "added" };
    Ok(format!("{}: {what} {name}, {rights} on {drivers}", path.display()))
}

fn remove(path: &Path, name: &str) -> Result<String, Error> {
    let file = Locked::open(path)?;
    find(&file.clients()?, name).ok_or_else(|| no_such(path, name))?;
    file.write(name, None)?;
    Ok(format!("{}: removed {name}", path.display()))
}

fn check(path: &Path, name: &str) -> Result<String, Error> {
    let clients = file::read(path)?;
    let client = find(&clients, name).ok_or_else(|| no_such(path, name))?;
    let password = password(false)?;
    let why = match () {
        () if client.hash.is_of(&password) => {
            return Ok(format!("{}: that is the password of {name}", path.display()));
        }
        () if client.hash.compares(&password) => "",
        () => ": bcrypt compares no more than 72 bytes, and none after a NUL",
    };
    Err(Error::Clients(format!("{}: that is not the password of {name}{why}", path.display())))
}

fn find<'a>(clients: &'a [Client], name: &str) -> Option<&'a Client> {
    clients.iter().find(|client| client.name == name)
}

fn no_such(path: &Path, name: &str) -> Error {
    Error::Clients(format!("{}: there is no {name}", path.display()))
}

fn is_taken(name: &str) -> Usage {
    Usage(format!("{name} is there already: --replace gives it another password, rights and drivers"))
}

/// Asks the person at the terminal whether another client is to be in the place of the one there is.
///
/// # Errors
/// Where it is not, or there is nobody.
fn agree(name: &str) -> Result<(), Usage> {
    if !io::stdin().is_terminal() {
        return Err(is_taken(name));
    }
    eprint!("{name} is there already. Replace it? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| Usage(error.to_string()))?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(is_taken(name)),
    }
}

/// What is typed at a terminal, twice where it is new; or else the first line of standard input.
fn password(is_new: bool) -> Result<String, Usage> {
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
