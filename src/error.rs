//! Why the gateway ends.

use std::io::ErrorKind;
use std::process::ExitCode;

use crate::config::Usage;

/// Why the gateway did not start, or does not go on, in one line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option or the configuration file is wrong.
    #[error("{0}")]
    Usage(#[from] Usage),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Host and port, as they were given.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A client's password is not the one that was given, or there is no such client.
    #[error("{0}")]
    Clients(String),
    /// The server stopped for a reason of its own.
    #[error("the server failed: {0}")]
    Serve(#[from] std::io::Error),
}

impl Error {
    /// 2 where what was typed is wrong, else 1.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Listen { .. } | Self::Clients(_) | Self::Serve(_) => ExitCode::FAILURE,
        }
    }

    /// Whether it is that the program was told to stop a second time.
    pub fn is_second_signal(&self) -> bool {
        matches!(self, Self::Serve(error) if error.kind() == ErrorKind::Interrupted)
    }
}
