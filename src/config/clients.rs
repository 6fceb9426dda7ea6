//! `deltawall clients`, as it is typed.

use std::path::PathBuf;

use clap::ValueEnum;

/// Makes and checks the file that --clients names. A password is read from standard input, or asked for at a terminal
#[derive(Debug, clap::Subcommand)]
pub enum ClientsCommand {
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
        /// Lets it prove itself by HTTP Digest to this realm of a VAPIX device, which weakens its password for who reads the file;
        /// may be given several times
        #[arg(long, value_name = "REALM", num_args = 0..=1, default_missing_value = "AXIS_ACCC8E000001")]
        digest: Vec<String>,
        /// Puts it in the place of the client that is there by this name
        #[arg(long)]
        replace: bool,
    },
    /// Removes a client
    Remove {
        /// The file
        file: PathBuf,
        /// What the client is called
        name: String,
    },
    /// Lists the clients, a line each: name, rights, drivers and the kind of hash, with tabs between
    List {
        /// The file
        file: PathBuf,
    },
    /// Checks the file, and a client's password where one is named
    Check {
        /// The file
        file: PathBuf,
        /// The client whose password comes in
        name: Option<String>,
    },
}

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Rights {
    /// To look.
    ReadOnly,
    /// To look and to change.
    ReadWrite,
}

impl Rights {
    /// As it stands in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::ReadWrite => "read-write",
        }
    }
}
