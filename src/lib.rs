//! deltawall: one firewall API in front of every cloud.
//!
//! | module | holds |
//! |---|---|
//! | [`config`] | what was typed, and what is valid of it |
//! | [`registry`] | the drivers there are, by name |
//! | [`server`], [`stop`], [`control`] | the listening sockets, the workers, shutdown, signals |
//! | [`front`] | what stands before the HTTP servers: connections, TLS |
//! | [`connection`], [`heads`] | clients' connections: closed in time, and what is seen of requests' heads below HTTP |
//! | [`peers`] | who is connected, and how much is held for each |
//! | [`http2`] | HTTP/2, with bounds |
//! | [`tls`] | the certificate |
//! | [`deltacloud`] | Apache Deltacloud's firewall API: requests in, answers out |
//! | [`access`], [`clients`] | whose credentials a cloud is asked with, and who may ask |
//! | [`limits`], [`descriptors`] | how many may be served at a time |
//! | [`admin`], [`metrics`] | health and figures, on a listener of their own |
//! | [`logging`], [`trace`] | the log's form, and what requests are called in it |

pub mod access;
pub mod admin;
pub mod clients;
pub mod config;
pub mod connection;
pub mod control;
pub mod deltacloud;
pub mod descriptors;
pub mod front;
pub mod heads;
pub mod http2;
pub mod limits;
pub mod logging;
pub mod metrics;
pub mod peers;
pub mod registry;
pub mod server;
pub mod stop;
pub mod tls;
pub mod trace;

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use config::{Config, Start};
use deltacloud::Gateway;
use registry::Registry;
use server::Server;

/// Why the gateway did not start, in one line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option or the configuration file is wrong.
    #[error("{0}")]
    Usage(String),
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

/// Runs the gateway until it is told to stop. The first of `arguments` is the program's own name.
///
/// # Errors
/// When it cannot start, or the server fails.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<(), Error> {
    let config = match Config::from_arguments(arguments)? {
        Start::Serve(config) => config,
        Start::Print(text) => {
            print_line(&text);
            return Ok(());
        }
        Start::Clients(command) => {
            print_line(&command.run()?);
            return Ok(());
        }
    };
    logging::start(config.log_format)?;
    let gateway = Gateway::new(Registry::from_config(&config)?, &config)?;
    Ok(Server::bind(&config, gateway)?.run(print_line)?)
}

/// A reader that has gone away is no reason to stop. Of nothing there is no line.
fn print_line(text: &str) {
    if text.is_empty() {
        return;
    }
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
}
