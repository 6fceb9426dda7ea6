//! `deltawall clients`: making and checking the file of clients.

use std::path::Path;

use super::adding::{self, Grant};
use super::client::Client;
use super::file::{self, Locked, named};
use super::typed;
use crate::config::ClientsCommand;
use crate::error::Error;

/// Does what was typed, and says what was done.
///
/// # Errors
/// [`Error::Usage`] when the file or what was typed is wrong, [`Error::Clients`] when the password is, or there is no such
/// client, or the file cannot be written.
pub fn run(command: ClientsCommand) -> Result<String, Error> {
    match command {
        ClientsCommand::Add { file, name, rights, drivers, digest, key, totp, replace } => {
            adding::add(&file, &name, &Grant { rights, drivers, realms: digest, key, totp }, replace)
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

fn remove(path: &Path, name: &str) -> Result<String, Error> {
    let file = Locked::open(path)?;
    named(&file.clients()?, name).ok_or_else(|| no_such(path, name))?;
    file.write(name, None)?;
    Ok(format!("{}: removed {name}", path.display()))
}

fn check(path: &Path, name: &str) -> Result<String, Error> {
    let clients = file::read(path)?;
    let client = named(&clients, name).ok_or_else(|| no_such(path, name))?;
    let password = typed::password(false)?;
    let why = match () {
        () if client.hash.is_of(&password) => {
            return Ok(format!("{}: that is the password of {name}", path.display()));
        }
        () if client.hash.compares(&password) => "",
        () => ": bcrypt compares no more than 72 bytes, and none after a NUL",
    };
    Err(Error::Clients(format!("{}: that is not the password of {name}{why}", path.display())))
}

fn no_such(path: &Path, name: &str) -> Error {
    Error::Clients(format!("{}: there is no {name}", path.display()))
}
