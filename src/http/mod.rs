//! From sockets to dialects and back: everything that is HTTP's and no dialect's.
//!
//! | module | holds |
//! |---|---|
//! | [`server`], [`stop`], [`control`] | the listening sockets, the workers, shutdown, signals |
//! | [`front`] | what stands before the HTTP servers: connections, TLS |
//! | [`connection`], [`heads`] | clients' connections: closed in time, and what is seen of requests' heads below HTTP |
//! | [`peers`], [`descriptors`] | who is connected, how much is held for each, and how many connections there may be |
//! | [`http2`] | HTTP/2, with bounds; HTTP/1 is actix-http's |
//! | [`serve`], [`body`], [`taken`] | one request: read, handed to its dialect, under way until its answer was taken |
//! | [`tls`] | what TLS offers to whom, and the certificate |
//! | [`admin`] | health and figures, on a listener of their own |

pub mod admin;
pub mod body;
pub mod connection;
pub mod control;
pub mod descriptors;
pub mod front;
pub mod heads;
pub mod http2;
pub mod peers;
pub mod serve;
pub mod server;
pub mod stop;
pub mod taken;
pub mod tls;

pub use server::Server;
