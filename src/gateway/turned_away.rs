//! What clients are turned away by: limits, and requests that are none.

use std::fmt;

use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};

/// The limits past which clients are turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Connections in all, and requests past the first on one.
    Connections,
    /// Those of a peer.
    PeerConnections,
    /// Requests waiting for a driver.
    BackendQueue,
    /// The time that a body may take.
    BodyTime,
    /// The size of a body.
    BodySize,
    /// Passwords waiting to be checked.
    Logins,
    /// Bytes that are held of requests and answers.
    Held,
}

impl EncodeLabelValue for Limit {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        let name = match self {
            Self::Connections => "connections",
            Self::PeerConnections => "peer_connections",
            Self::BackendQueue => "backend_queue",
            Self::BodyTime => "body_time",
            Self::BodySize => "body_size",
            Self::Logins => "logins",
            Self::Held => "held",
        };
        name.encode(encoder)
    }
}

/// Why what a client has sent could not be read as a request. The HTTP server answers these by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no HTTP.
    Malformed,
    /// Its head took too long.
    HeadTime,
    /// Its head is too large, or has too many headers.
    HeadSize,
    /// It breaks the rules of HTTP/2, which ends the connection.
    Http2,
}

impl Unreadable {
    /// The status of the answer, or what there is in its place.
    pub fn status(self) -> &'static str {
        match self {
            Self::Malformed => "400",
            Self::HeadTime => "408",
            Self::HeadSize => "431",
            Self::Http2 => "goaway",
        }
    }
}
