//! File descriptors. Each connection takes one, and some have to be left for operators, the log and the clouds.

use std::io;
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Limits;

/// What is open where there is one core and nobody has connected: standard input, output and error, the listeners, and what
/// their threads and those for clouds wait with.
const OPEN: usize = 30;

/// What the worker of one more core waits with.
const OF_A_WORKER: usize = 4;

/// What is left for operators and for files that are read anew.
const SPARE: usize = 16;

/// How many connections there may be: as many as the limits say, or as there are descriptors for, which the log then says.
/// The process gets as many as it needs, if that is for it to say.
///
/// # Errors
/// When there are too few to serve anybody.
pub fn connections(limits: &Limits) -> io::Result<usize> {
    let open = OPEN + thread::available_parallelism().map_or(1, usize::from) * OF_A_WORKER;
    // Each request on a cloud came by a connection.
    let for_clouds = limits.backend_requests.min(limits.connections);
    let needed = limits.connections.saturating_add(for_clouds).saturating_add(open + SPARE);
    let limit = raised(needed);
    if limit >= needed {
        return Ok(limits.connections);
    }
    let least = open + SPARE + 1;
    let Some(left) = limit.checked_sub(open + SPARE).filter(|left| *left > 0) else {
        let why = format!("it needs {least} file descriptors at least, and may have {limit}");
        return Err(io::Error::other(why));
    };
    let connections = (left - for_clouds.min(left / 4)).min(limits.connections);
    tracing::warn!(limit, needed, connections, "there are too few file descriptors for --max-connections");
    Ok(connections)
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
