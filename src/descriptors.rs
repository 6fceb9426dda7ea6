//! File descriptors. Each connection takes one, and some have to be left for operators, the log and the clouds.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Limits;

/// What is open beside connections where there is one core: standard input, output and error, the listeners, what their
/// threads and those for clouds wait with, and some for operators.
const OTHERS: usize = 48;

/// What the worker of one more core waits with.
const OF_A_WORKER: usize = 4;

/// How many connections there may be: as many as the limits say, or as there are descriptors for, which the log then says.
/// The process gets as many as it needs, if that is for it to say.
pub fn connections(limits: &Limits) -> usize {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let others = OTHERS + workers * OF_A_WORKER;
    // Each request on a cloud came by a connection.
    let for_clouds = limits.backend_requests.min(limits.connections);
    let needed = limits.connections.saturating_add(for_clouds).saturating_add(others);
    let limit = raised(needed);
    if limit >= needed {
        return limits.connections;
    }
    let left = limit.saturating_sub(others);
    let connections = (left - for_clouds.min(left / 4)).min(limits.connections).max(1);
    tracing::warn!(limit, needed, connections, "there are too few file descriptors for --max-connections");
    connections
}

/// How many descriptors the process may have, once it has asked for as many as this.
fn raised(needed: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let most = |limit: Option<u64>| limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let wanted = most(maximum).min(needed);
    if most(current) >= wanted {
        return most(current);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted as u64), maximum }) {
        Ok(()) => wanted,
        Err(_) => most(current),
    }
}
