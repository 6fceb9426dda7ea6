//! The file of clients: what its lines say, and how it is written.

use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use super::client::Client;
use crate::config::{self, Usage};
use crate::error::Error;

/// The clients in a file, in its order.
///
/// # Errors
/// [`Usage`] when it cannot be read, or the gateway would not take it.
pub(super) fn read(path: &Path) -> Result<Vec<Client>, Usage> {
    parse(path, &config::read(path)?)
}

/// The clients in the text of a file.
///
/// # Errors
/// [`Usage`] when the gateway would not take it.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<Client>, Usage> {
    let (mut clients, mut names, mut keys) = (Vec::new(), HashSet::new(), HashSet::new());
    for (number, line) in text.lines().enumerate().filter(|(_, line)| is_client(line)) {
        let wrong = |why: String| config::file_error(path, format!("line {}: {why}", number + 1));
        let client = Client::parse(line).map_err(wrong)?;
        if !names.insert(client.name.clone()) {
            return Err(wrong("there is another line for this client".into()));
        }
        if client.key().is_some_and(|id| !keys.insert(id.to_owned())) {
            return Err(wrong("there is another line with this id of a key".into()));
        }
        clients.push(client);
    }
    // What is left of a line may give more than the line did: `ec2` is more than `ec2/eu-west-1`.
    match text.is_empty() || text.ends_with('\n') {
        true => Ok(clients),
        false => Err(config::file_error(path, "its last line has no end, so it may have been cut off")),
    }
}

/// The client of this name.
pub(super) fn named<'a>(clients: &'a [Client], name: &str) -> Option<&'a Client> {
    clients.iter().find(|client| client.name == name)
}

/// Whether a line is neither blank nor a comment.
fn is_client(line: &str) -> bool {
    !line.trim().is_empty() && !line.starts_with('#')
}

/// The file, which no other of these commands changes until this is dropped.
pub(super) struct Locked {
    /// What was typed.
    path: PathBuf,
    /// The file itself, where that is a link.
    real: PathBuf,
    /// Where the file is. It is what is locked: the file is another one after each change.
    directory: File,
    text: String,
    /// Whose the file is, where there is one.
    before: Option<Metadata>,
}

impl Locked {
    /// Waits for those who change it now. A file that is not there has nothing in it.
    ///
    /// # Errors
    /// [`Usage`] when it cannot be read.
    pub(super) fn open(path: &Path) -> Result<Self, Usage> {
        let open = || {
            let (real, directory) = place(path)?;
            let directory = File::open(directory)?;
            directory.lock()?;
            let (text, before) = match fs::metadata(&real) {
                Ok(before) if !before.is_file() => return Err(io::Error::other("it is not a file")),
                Ok(before) => (fs::read_to_string(&real)?, Some(before)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => (String::new(), None),
                Err(error) => return Err(error),
            };
            Ok(Self { path: path.to_owned(), real, directory, text, before })
        };
        open().map_err(|error| config::file_error(path, error))
    }

    /// The clients in it, in their order.
    ///
    /// # Errors
    /// [`Usage`] when the gateway would not take it.
    pub(super) fn clients(&self) -> Result<Vec<Client>, Usage> {
        parse(&self.path, &self.text)
    }

    /// Writes it without the line of this client, and with this line at its end. It is there whole or as it was, and whose it
    /// was; nobody else may read a new one.
    ///
    /// # Errors
    /// [`Error::Clients`] when it is as it was.
    pub(super) fn write(&self, without: &str, with: Option<&str>) -> Result<(), Error> {
        let is_other = |line: &&str| !is_client(line) || line.split(':').next() != Some(without);
        let lines = self.text.lines().filter(is_other).chain(with);
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        self.replace(&text).map_err(|error| Error::Clients(format!("{}: {error}", self.path.display())))
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let directory = self.real.parent().unwrap_or(Path::new("/"));
        // Only we may read it as long as it is nobody's.
        let mut new = tempfile::Builder::new().prefix(".clients").tempfile_in(directory)?;
        new.write_all(text.as_bytes())?;
        if let Some(before) = &self.before {
            let made = new.as_file().metadata()?;
            if (made.uid(), made.gid()) != (before.uid(), before.gid()) {
                fchown(new.as_file(), Some(before.uid()), Some(before.gid()))
                    .map_err(|error| io::Error::new(error.kind(), format!("its owner cannot be kept: {error}")))?;
            }
            new.as_file().set_permissions(before.permissions())?;
        }
        new.as_file().sync_all()?;
        new.persist(&self.real)?;
        self.directory.sync_all()
    }
}

/// The file that a path leads to, and the directory that this is in.
fn place(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let real = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if path.is_symlink() {
                return Err(io::Error::other("it is a link to nothing"));
            }
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            fs::canonicalize(directory)?.join(path.file_name().ok_or(error)?)
        }
        real => real?,
    };
    let directory = real.parent().unwrap_or(Path::new("/")).to_owned();
    Ok((real, directory))
}
