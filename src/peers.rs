//! Who is connected, and how much is held for each: connections are counted, and so are the bytes of requests and answers.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Limits;

/// The connections there are, and how many there may be. HTTP/2 has many requests on one connection: each past the first
/// counts like a connection of its own, so that both versions of HTTP have the same limits.
#[derive(Debug)]
pub struct Connections {
    most: usize,
    most_of_a_peer: usize,
    /// How many bytes may be held for all peers together.
    most_held: usize,
    held: AtomicUsize,
    peers: Mutex<HashMap<IpAddr, Peer>>,
}

#[derive(Debug, Default)]
struct Peer {
    connections: usize,
    /// How many bytes are held for it.
    held: Arc<AtomicUsize>,
}

/// Why a connection, or one more request on it, was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There are as many connections as there may be.
    Connections,
    /// The peer has as many connections as one may have.
    PeerConnections,
    /// As much is held for the peer as may be.
    Held,
}

/// One of the connections that there may be, until it is dropped.
#[derive(Debug)]
pub struct Place {
    connections: Arc<Connections>,
    peer: IpAddr,
    /// How many bytes are held for the peer.
    held: Arc<AtomicUsize>,
}

impl Connections {
    /// None yet.
    pub fn new(limits: &Limits) -> Self {
        Self {
            most: limits.connections,
            most_of_a_peer: limits.peer_connections,
            most_held: limits.held,
            held: AtomicUsize::new(0),
            peers: Mutex::default(),
        }
    }

    /// Counts a connection, if it may be.
    ///
    /// # Errors
    /// When there are too many.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Place, Refusal> {
        let address = peer(address);
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if count(&peers) >= self.most {
            return Err(Refusal::Connections);
        }
        let peer = peers.entry(address).or_default();
        if peer.connections >= self.most_of_a_peer {
            return Err(Refusal::PeerConnections);
        }
        peer.connections += 1;
        let held = Arc::clone(&peer.held);
        drop(peers);
        Ok(Place { connections: Arc::clone(self), peer: address, held })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        count(&self.peers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many bytes are held for all peers together.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

fn count(peers: &HashMap<IpAddr, Peer>) -> usize {
    peers.values().map(|peer| peer.connections).sum()
}

impl Place {
    /// One more of the same peer's.
    ///
    /// # Errors
    /// When there are too many.
    pub fn another(&self) -> Result<Self, Refusal> {
        self.connections.admit(self.peer)
    }

    /// Counts bytes as held for the peer. It may have as many as are left for all: so one peer never has more than half of
    /// what there may be, two have a third each, and whoever comes next always finds as much as any of them has. (Network
    /// switches share their buffers so: Choudhury and Hahne, "Dynamic queue length thresholds", 1998.)
    ///
    /// # Errors
    /// When that would be too many; none are counted then.
    pub fn hold(&self, bytes: usize) -> Result<(), Refusal> {
        let of_peer = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let of_all = self.connections.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if of_peer <= self.connections.most_held.saturating_sub(of_all) {
            return Ok(());
        }
        self.release(bytes);
        Err(Refusal::Held)
    }

    /// Counts bytes as held no more.
    pub fn release(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        self.connections.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut peers = self.connections.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(peer) = peers.get_mut(&self.peer) {
            peer.connections -= 1;
            if peer.connections == 0 {
                peers.remove(&self.peer);
            }
        }
    }
}

/// Who counts as one peer: an IPv4 address, or the /64 that an IPv6 address is from, since whoever has one of its
/// addresses has them all.
pub fn peer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(connections: &Arc<Connections>, peer: &str) -> Place {
        connections.admit(peer.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_peer_never_holds_more_than_it_leaves() {
        let connections = Arc::new(Connections::new(&Limits { held: 1200, ..Limits::default() }));
        let [one, two, three] = ["192.0.2.1", "192.0.2.2", "2001:db8::1"].map(|peer| place(&connections, peer));
        one.hold(600).unwrap();
        assert_eq!(one.hold(1), Err(Refusal::Held));
        assert_eq!(two.hold(301), Err(Refusal::Held));
        two.hold(300).unwrap();
        three.hold(150).unwrap();
        assert_eq!(connections.held(), 1050);
        one.release(600);
        two.hold(100).unwrap();
        // Another connection of the same peer's has no more than the first.
        let more = place(&connections, "2001:db8::2");
        more.hold(175).unwrap();
        assert_eq!(three.hold(150), Err(Refusal::Held));
        more.release(175);
        three.hold(150).unwrap();
    }
}
