//! The rules of a Linux host, whose kernel keeps them in nftables.
//!
//! Rules have an order and ids of their own. One firewall, `device`, is the host's own: it is always there, is tried last, and
//! has a default for each direction. The others are tried before it, in the order in which they were made; what none of a
//! firewall's rules matches is left to the next.

mod bounds;
mod cloud;
mod data;
mod host;
mod refusal;

pub use bounds::ID;
pub use data::SAMPLE_DATA;
pub use host::{Host, MockNftables};
