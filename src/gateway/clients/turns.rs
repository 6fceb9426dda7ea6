//! Whose password is checked next. To check one is meant to take long, so who sends many must not hold up others.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// How many may wait.
const MAX_WAITING: usize = 64;

/// How many of them may be of one peer.
const MAX_OF_A_PEER: usize = 16;

/// So many have their turn at a time. Of those who wait, one of each peer has it after one of the other.
#[derive(Debug)]
pub(super) struct Turns {
    most: usize,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    /// How many have their turn.
    taken: usize,
    /// Who waits of each peer. The peer that is next comes first.
    peers: VecDeque<(IpAddr, VecDeque<oneshot::Sender<()>>)>,
}

/// A turn, or a place among those who wait for one, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Arc<Turns>,
    is_taken: bool,
    called: oneshot::Receiver<()>,
}

impl Turns {
    /// So many at a time.
    pub(super) fn new(most: usize) -> Self {
        Self { most, line: Mutex::default() }
    }

    /// A turn of this peer's; none where too many wait.
    pub(super) async fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Turn> {
        let mut turn = self.line_up(peer)?;
        if !turn.is_taken {
            turn.is_taken = (&mut turn.called).await.is_ok();
        }
        turn.is_taken.then_some(turn)
    }

    fn line_up(self: &Arc<Self>, peer: IpAddr) -> Option<Turn> {
        let (call, called) = oneshot::channel();
        let mut line = self.lock();
        let is_taken = line.taken < self.most;
        match is_taken {
            true => line.taken += 1,
            false => line.wait(peer, call)?,
        }
        drop(line);
        Some(Turn { turns: Arc::clone(self), is_taken, called })
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Has one more wait, if it may.
    fn wait(&mut self, peer: IpAddr, call: oneshot::Sender<()>) -> Option<()> {
        let of_peer = self.peers.iter().position(|(known, _)| *known == peer);
        let count = of_peer.and_then(|index| self.peers.get(index)).map_or(0, |(_, waiting)| waiting.len());
        if count >= MAX_OF_A_PEER {
            return None;
        }
        if self.peers.iter().map(|(_, waiting)| waiting.len()).sum::<usize>() >= MAX_WAITING {
            // Whoever has the most gives one up to who has fewer.
            let (_, most) = self.peers.iter_mut().max_by_key(|(_, waiting)| waiting.len())?;
            if most.len() <= count + 1 {
                return None;
            }
            most.pop_back();
        }
        match of_peer.and_then(|index| self.peers.get_mut(index)) {
            Some((_, waiting)) => waiting.push_back(call),
            None => self.peers.push_back((peer, VecDeque::from([call]))),
        }
        Some(())
    }

    /// Calls those who are next.
    fn call(&mut self, most: usize) {
        while self.taken < most {
            let Some((peer, mut waiting)) = self.peers.pop_front() else { return };
            let next = waiting.pop_front();
            if !waiting.is_empty() {
                self.peers.push_back((peer, waiting));
            }
            if next.is_some_and(|next| next.send(()).is_ok()) {
                self.taken += 1;
            }
        }
    }

    /// Forgets those who have gone.
    fn tidy(&mut self) {
        for (_, waiting) in &mut self.peers {
            waiting.retain(|call| !call.is_closed());
        }
        self.peers.retain(|(_, waiting)| !waiting.is_empty());
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut line = self.turns.lock();
        // It may have been called, and gone before it heard so.
        if self.is_taken || self.called.try_recv().is_ok() {
            line.taken -= 1;
            line.call(self.turns.most);
        } else {
            self.called.close();
            line.tidy();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    type Entering<'a> = Pin<Box<dyn Future<Output = Option<Turn>> + 'a>>;

    fn peer(number: u8) -> IpAddr {
        [192, 0, 2, number].into()
    }

    /// Somebody who has come, and waits or not.
    fn enter(turns: &Arc<Turns>, number: u8) -> (Entering<'_>, Poll<Option<Turn>>) {
        let mut entering: Entering<'_> = Box::pin(turns.enter(peer(number)));
        let first = look(&mut entering);
        (entering, first)
    }

    fn look(entering: &mut Entering<'_>) -> Poll<Option<Turn>> {
        entering.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    fn turn(poll: Poll<Option<Turn>>) -> Turn {
        match poll {
            Poll::Ready(Some(turn)) => turn,
            other => panic!("it is no turn: {other:?}"),
        }
    }

    #[test]
    fn peers_take_turns() {
        let turns = Arc::new(Turns::new(1));
        let mut at_work = turn(enter(&turns, 1).1);
        let mut waiting: Vec<_> = [1, 1, 1, 2, 2, 3].map(|number| (number, enter(&turns, number).0)).into();
        let mut order = Vec::new();
        while !waiting.is_empty() {
            drop(at_work);
            let mut called: Vec<_> = waiting.iter_mut().map(|(_, entering)| look(entering)).collect();
            let index = called.iter().position(Poll::is_ready).unwrap();
            at_work = turn(called.swap_remove(index));
            assert!(called.iter().all(Poll::is_pending), "one at a time");
            order.push(waiting.remove(index).0);
        }
        assert_eq!(order, [1, 2, 3, 1, 2, 1]);
        drop(at_work);
        assert_eq!(turns.lock().taken, 0);
    }

    #[test]
    fn a_peer_has_a_part_of_the_places() {
        let turns = Arc::new(Turns::new(1));
        let at_work = turn(enter(&turns, 1).1);
        let mut waiting = Vec::new();
        for number in 1..=4 {
            for _ in 0..MAX_OF_A_PEER {
                waiting.push(enter(&turns, number).0);
            }
            assert!(matches!(enter(&turns, number).1, Poll::Ready(None)));
        }
        // All places are taken, of which one is given up to who has none.
        let mut late = enter(&turns, 5).0;
        let given_up = waiting.iter_mut().map(look).filter(Poll::is_ready).count();
        assert_eq!(given_up, 1);
        drop(at_work);
        waiting.clear();
        drop(turn(look(&mut late)));
        assert_eq!(turns.lock().taken, 0);
    }

    #[test]
    fn who_goes_leaves_no_place_taken() {
        let turns = Arc::new(Turns::new(1));
        let at_work = turn(enter(&turns, 1).1);
        let gone = enter(&turns, 1).0;
        let called = enter(&turns, 2).0;
        let mut last = enter(&turns, 3).0;
        drop(gone);
        assert_eq!(turns.lock().peers.len(), 2);
        drop(at_work);
        // It was called, and goes without having looked.
        drop(called);
        drop(turn(look(&mut last)));
        let line = turns.lock();
        assert_eq!((line.taken, line.peers.len()), (0, 0));
    }
}
