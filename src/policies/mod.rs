//! Rule sets that firewalls are kept at, whatever others do to them. It knows no HTTP.
//!
//! | module | holds |
//! |---|---|
//! | [`devices`] | devices, each with a firewall that is kept at its rules, and with trials |
//! | [`account`] | Halo's policies with all that their rules name, and groups, whose firewalls are kept at them |
//! | [`feeds`] | zones of the account from lists that others publish |
//! | [`keeping`] | who looks at kept firewalls, again and again |
//! | `compiled`, `differs` | what rules of all kinds come to, and whether a firewall has them |
//! | [`cloud`], [`failure`] | where kept firewalls are and how their driver is asked, and why something was not done |

pub mod account;
pub mod cloud;
mod compiled;
pub mod devices;
mod differs;
pub mod failure;
pub mod feeds;
pub mod keeping;

pub use cloud::Asker;
pub use failure::Failure;
pub use keeping::Policies;
