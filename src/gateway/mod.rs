//! Who may ask which driver: in turn, in time and audited. It knows no HTTP.
//!
//! | module | holds |
//! |---|---|
//! | [`shared`] | what all requests share |
//! | [`registry`] | the drivers there are, by name |
//! | [`access`], [`clients`] | whose credentials a cloud is asked with, and who may ask |
//! | [`keys`] | who holds an API key, and who may open GhostPorts |
//! | [`call`], [`queues`] | asking a driver, in its turn and within the time there is |
//! | [`one_at_a_time`] | changes of one firewall, one after the other |
//! | [`standing`] | where a call stands: whose turn it has |
//! | [`audit`] | the lines that changes and failed logins leave |
//! | [`metrics`], [`feed_figures`] | the figures |
//! | [`turned_away`] | the limits past which clients are turned away |

pub mod access;
pub mod audit;
pub mod call;
pub mod clients;
pub mod feed_figures;
pub mod keys;
pub mod metrics;
pub mod one_at_a_time;
pub mod queues;
pub mod registry;
pub mod shared;
pub mod standing;
pub mod turned_away;

pub use registry::Registry;
pub use shared::{Desk, Gateway};
