//! How much clients may take of the gateway.

use std::time::Duration;

use super::settings::Settings;
use super::usage::Usage;
use super::values;

/// How much clients may take of the gateway.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long the first line and the headers of a request may take; a TLS handshake too.
    pub header_timeout: Duration,
    /// How long the body of a request may take.
    pub body_timeout: Duration,
    /// How long a connection is kept on which nothing is asked.
    pub idle_timeout: Duration,
    /// How many connections there may be.
    pub connections: usize,
    /// How many of them one peer may have.
    pub peer_connections: usize,
    /// How many bytes of requests and answers may be held for all clients together.
    pub held: usize,
    /// How large the body of a request may be, in bytes.
    pub body_size: usize,
    /// How many parameters a request may have, query and body together.
    pub parameters: usize,
    /// How long a parameter's name or value may be, in bytes.
    pub field_size: usize,
    /// How many sources a new rule may have.
    pub sources: usize,
    /// How many requests are worked on at a time for each provider of a driver.
    pub backend_requests: usize,
    /// How many requests may wait for each provider of a driver.
    pub backend_queue: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            connections: 1000,
            peer_connections: 100,
            held: 256 * 1024 * 1024,
            body_size: 1024 * 1024,
            parameters: 2_500,
            field_size: 4 * 1024,
            sources: 1_000,
            backend_requests: 64,
            backend_queue: 64,
        }
    }
}

impl Limits {
    /// Reads what was typed, and what the file has.
    pub(super) fn read(typed: &Settings, file: &Settings) -> Result<Self, Usage> {
        let default = Self::default();
        let timeout = |option, typed: Option<f64>, file, default| values::timeout(option, typed.or(file), default);
        let count = |option, typed: Option<u32>, file, default| values::count(option, typed.or(file), default);
        Ok(Self {
            header_timeout: timeout(
                "--header-timeout",
                typed.header_timeout,
                file.header_timeout,
                default.header_timeout,
            )?,
            body_timeout: timeout("--body-timeout", typed.body_timeout, file.body_timeout, default.body_timeout)?,
            idle_timeout: timeout("--idle-timeout", typed.idle_timeout, file.idle_timeout, default.idle_timeout)?,
            connections: count("--max-connections", typed.max_connections, file.max_connections, default.connections)?,
            peer_connections: count(
                "--max-peer-connections",
                typed.max_peer_connections,
                file.max_peer_connections,
                default.peer_connections,
            )?,
            held: count("--max-held", typed.max_held, file.max_held, default.held)?,
            body_size: count("--max-body", typed.max_body, file.max_body, default.body_size)?,
            parameters: count("--max-parameters", typed.max_parameters, file.max_parameters, default.parameters)?,
            field_size: count("--max-field", typed.max_field, file.max_field, default.field_size)?,
            sources: count("--max-sources", typed.max_sources, file.max_sources, default.sources)?,
            backend_requests: count(
                "--backend-requests",
                typed.backend_requests,
                file.backend_requests,
                default.backend_requests,
            )?,
            // None may have to wait.
            backend_queue: typed.backend_queue.or(file.backend_queue).map_or(default.backend_queue, values::size),
        })
    }
}
