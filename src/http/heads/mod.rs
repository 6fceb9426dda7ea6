//! What is seen of requests' heads on their way to the HTTP server.
//!
//! When a head began that has not ended is told by none of the servers, once a connection has had its first. In HTTP/1 an
//! offer to change to another protocol is also taken out of it: the server would close the connection behind its answer, or
//! take all that follows for a body, and can be told neither (actix-http 3.20, h1/codec.rs and h1/decoder.rs). RFC 9110,
//! section 7.8, lets a server ignore such an offer.

mod blocks;
mod lines;

use tokio::time::Instant;

pub use blocks::Blocks;
pub use lines::Lines;

/// The heads that come on a connection.
#[derive(Debug)]
pub enum Heads {
    /// As HTTP/1 has them.
    Http1(Box<Lines>),
    /// As HTTP/2 has them.
    Http2(Blocks),
}

impl Heads {
    /// When the head began that has not ended.
    pub fn since(&self) -> Option<Instant> {
        match self {
            Self::Http1(lines) => lines.since,
            Self::Http2(blocks) => blocks.since,
        }
    }

    /// When the last head of HTTP/1 began, if it was not told before.
    pub fn take_beginning(&mut self) -> Option<Instant> {
        match self {
            Self::Http1(lines) => lines.beginning.take(),
            Self::Http2(_) => None,
        }
    }

    /// Follows bytes that have come, and takes offers of another protocol out of them.
    pub fn follow(&mut self, bytes: &mut [u8]) {
        match self {
            Self::Http1(lines) => lines.follow(bytes),
            Self::Http2(blocks) => blocks.follow(bytes),
        }
    }
}
