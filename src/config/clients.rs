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
        /// Makes it the holder of an API key by this label, with an id and a secret that are made up and printed once; or of the
        /// key with this ID, whose secret comes in as passwords do
        #[arg(long, value_name = "ID", conflicts_with_all = ["digest", "totp"])]
        key: Option<Option<String>>,
        /// Gives it a time-based code beside its password, to open GhostPorts with: its secret is printed once, also as a QR code
        #[arg(long)]
        totp: bool,
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
    /// Lists the clients, a line each: name, rights, drivers, and the kind of hash with what else it has, with tabs between
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
    /// To open its own GhostPorts, and nothing of the gateway.
    #[value(name = "none")]
    Nothing,
    /// To look.
    ReadOnly,
    /// To look and to change.
    ReadWrite,
}

impl Rights {
    /// As it stands in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::ReadOnly => "read-only",
            Self::ReadWrite => "read-write",
        }
    }
}
