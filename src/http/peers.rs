//! Who is connected, and how much is held for each: connections are counted, and so are the bytes of requests and answers.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use deltawall_core::Room;

use crate::config::Limits;
use crate::gateway::metrics::Limit;
use crate::message::peer;

/// The connections there are, and how many there may be. HTTP/2 has many requests on one connection: each past the first
/// counts like a connection of its own, so that both versions of HTTP have the same limits.
#[derive(Debug)]
pub struct Connections {
    most: usize,
    most_of_a_peer: usize,
    all: Arc<All>,
    peers: Mutex<HashMap<IpAddr, Peer>>,
}

#[derive(Debug)]
struct Peer {
    connections: usize,
    share: Arc<Share>,
}

/// What is held for all peers together.
#[derive(Debug)]
struct All {
    /// How many bytes may be.
    most: usize,
    held: AtomicUsize,
}

/// What is held for one peer.
#[derive(Debug)]
pub struct Share {
    all: Arc<All>,
    held: AtomicUsize,
}

/// One of the connections that there may be, until it is dropped.
#[derive(Debug)]
pub struct Place {
    connections: Arc<Connections>,
    peer: IpAddr,
    share: Arc<Share>,
}

impl Connections {
    /// None yet.
    pub fn new(limits: &Limits) -> Self {
        Self {
            most: limits.connections,
            most_of_a_peer: limits.peer_connections,
            all: Arc::new(All { most: limits.held, held: AtomicUsize::new(0) }),
            peers: Mutex::default(),
        }
    }

    /// Counts a connection, if it may be.
    ///
    /// # Errors
    /// When there are too many.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Place, Limit> {
        let address = peer::of(address);
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if count(&peers) >= self.most {
            return Err(Limit::Connections);
        }
        let share = || Arc::new(Share { all: Arc::clone(&self.all), held: AtomicUsize::new(0) });
        let peer = peers.entry(address).or_insert_with(|| Peer { connections: 0, share: share() });
        if peer.connections >= self.most_of_a_peer {
            return Err(Limit::PeerConnections);
        }
        peer.connections += 1;
        let share = Arc::clone(&peer.share);
        drop(peers);
        Ok(Place { connections: Arc::clone(self), peer: address, share })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        count(&self.peers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many bytes are held for all peers together.
    pub fn held(&self) -> usize {
        self.all.held.load(Ordering::Relaxed)
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
    pub fn another(&self) -> Result<Self, Limit> {
        self.connections.admit(self.peer)
    }

    /// What is held for the peer.
    pub fn share(&self) -> &Arc<Share> {
        &self.share
    }
}

impl Room for Share {
    /// Counts bytes as held for the peer. It may have as many as are left for all: so one peer never has more than half of
    /// what there may be, and leaves as much to others. (Network switches share their buffers so: Choudhury and Hahne,
    /// "Dynamic queue length thresholds", 1998.)
    fn take(&self, bytes: usize) -> bool {
        let of_peer = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let of_all = self.all.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let is_room = of_peer <= self.all.most.saturating_sub(of_all);
        if !is_room {
            self.give_back(bytes);
        }
        is_room
    }

    fn give_back(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        self.all.held.fetch_sub(bytes, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn place(connections: &Arc<Connections>, peer: &str) -> Place {
        connections.admit(peer.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_peer_never_holds_more_than_it_leaves() {
        let connections = Arc::new(Connections::new(&Limits { held: 1200, ..Limits::default() }));
        let places = ["192.0.2.1", "192.0.2.2", "2001:db8::1"].map(|peer| place(&connections, peer));
        let [one, two, three] = places.each_ref().map(Place::share);
        assert!(one.take(600) && !one.take(1));
        assert!(!two.take(301) && two.take(300));
        assert!(three.take(150));
        assert_eq!(connections.held(), 1050);
        one.give_back(600);
        assert!(two.take(100));
        // Another connection of the same peer's has no more than the first.
        let more = place(&connections, "2001:db8::2");
        assert!(more.share().take(175) && !three.take(150));
        more.share().give_back(175);
        assert!(three.take(150));
    }
}
