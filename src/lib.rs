//! deltawall: one firewall API in front of every cloud.
//!
//! From top to bottom, as `docs/ARCHITECTURE.md` has its floors:
//!
//! | module | holds |
//! |---|---|
//! | [`mod@http`] | sockets, connections, TLS, bodies, the line of the log: everything that is HTTP's and no dialect's |
//! | [`dialects`] | the firewall APIs that are spoken: requests in, answers out |
//! | [`policies`] | rule sets that firewalls are kept at |
//! | [`changes`] | what is done to firewalls: made, or only told |
//! | [`store`] | what outlives a restart: the journal, what ends by itself, sealed credentials |
//! | [`gateway`] | who may ask which driver: in turn, in time and audited; the figures |
//! | [`message`] | what the HTTP server and the dialects tell each other |
//! | [`logging`], [`trace`], [`text`] | the log's form, what requests are called in it, and how much it repeats |
//! | [`clock`] | what time it is |
//! | [`error`] | why the gateway ends |
//! | [`config`] | what was typed, and what is valid of it |

pub mod changes;
pub mod clock;
pub mod config;
pub mod dialects;
pub mod error;
pub mod gateway;
pub mod http;
pub mod logging;
pub mod message;
pub mod policies;
pub mod store;
pub mod text;
pub mod trace;

use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;

use deltawall_core::Documents;

use crate::changes::documents::StoredDocuments;
use crate::changes::guards::Guards;
use crate::changes::{Changes, Parts};
use crate::clock::SystemClock;
use crate::config::{Config, Kept, LetThrough, Start, Usage};
use crate::gateway::{Gateway, Registry, clients};
use crate::http::Server;
use crate::policies::Policies;
use crate::store::opening::{self, Opened};

pub use crate::error::Error;

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
        Start::Check(config) => {
            print_line(&check(&config)?);
            return Ok(());
        }
        Start::Clients(command) => {
            print_line(&clients::run(command)?);
            return Ok(());
        }
    };
    logging::start(config.log_format, config.log_level)?;
    let (changes, policies) = take_up(&config)?;
    Ok(Server::bind(&config, changes, policies)?.run(print_line)?)
}

/// The changes that are kept, and what was begun of them taken up again, once what drivers keep is in force; and what firewalls are kept at.
fn take_up(config: &Config) -> Result<(Arc<Changes>, Arc<Policies>), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let changes = changes_of(config, runtime.block_on(opening::open(&config.kept))?)?;
    runtime.block_on(changes.gateway().registry.start());
    runtime.block_on(changes.start()).map_err(|why| Usage(format!("--state: {why}")))?;
    let policies = Arc::new(Policies::new(config, &changes)?);
    runtime.block_on(policies.start());
    Ok((changes, policies))
}

/// All drivers and clients that the configuration names, before anything is put in force.
fn changes_of(config: &Config, opened: Opened) -> Result<Arc<Changes>, Error> {
    let Opened { store, key } = opened;
    let documents: Arc<dyn Documents> = Arc::new(StoredDocuments(Arc::clone(&store)));
    let gateway = Arc::new(Gateway::new(Registry::from_config(config, &documents)?, config)?);
    let (clock, mut guards) = (Arc::new(SystemClock::default()), Guards::new(config.guards.clone()));
    // Of a port that the system chooses nobody knows before it has.
    if config.serves_this_host() && config.nftables.guard && config.port != 0 {
        let passes_loopback = config.nftables.let_through.contains(&LetThrough::Loopback);
        guards = guards.with_own_port(deltawall_nftables::ID, config.port, passes_loopback);
    }
    let is_on = !config.guards.is_empty() || store.is_durable();
    let parts = Parts { gateway, store, key, clock, guards, keep: config.kept.time };
    Ok(Arc::new(Changes::new(parts, is_on)))
}

/// Does what the start does before it listens, with a store in memory: what is kept, and what is in force, stay as they are.
fn check(config: &Config) -> Result<String, Error> {
    opening::check(&config.kept)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let changes = changes_of(config, runtime.block_on(opening::open(&Kept::default()))?)?;
    Policies::new(config, &changes)?;
    Server::check(config)?;
    let (gateway, Config { hostname, port, .. }) = (changes.gateway(), config);
    let (driver, drivers) = (gateway.default_driver.id(), gateway.registry.names());
    Ok(format!("deltawall would listen on {hostname}:{port} with driver {driver}, and have {drivers}"))
}

/// A reader that has gone away is no reason to stop. Of nothing there is no line.
fn print_line(text: &str) {
    if text.is_empty() {
        return;
    }
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
}
