//! What the HTTP server and the dialects tell each other.
//!
//! | module | holds |
//! |---|---|
//! | [`exchange`] | a request, all but its body |
//! | [`refusal`] | what the server has against one |
//! | [`host`], [`page`] | the names by which the gateway is called, and whose page is behind a request |
//! | [`headers`], [`basic`] | the text of headers, credentials |
//! | [`peer`], [`forwarded`] | who counts as one, and where a client behind a proxy comes from |

pub mod basic;
pub mod exchange;
pub mod forwarded;
pub mod headers;
pub mod host;
pub mod page;
pub mod peer;
pub mod refusal;

pub use exchange::Exchange;
pub use refusal::Refusal;
