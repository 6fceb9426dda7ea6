//! Firewalls in memory: the reference implementations of [`Driver`](deltawall_core::Driver), and what CI systems test their
//! clients against. They need no cloud, and what they hold is lost when they stop.
//!
//! | module | holds |
//! |---|---|
//! | [`mock`] | the rules of EC2's security groups, error for error |
//! | [`nftables`] | the rules of a Linux host, where they have an order |
//! | `cloud` | what these two say of themselves |
//! | `memory`, `firewalls` | the driver, and what it holds for each provider |
//! | `kept` | which rules of a set are there already |
//! | `bounds`, `denied` | how much there may be, and what both refuse |
//! | `data`, `size` | what both read of a file, and how many bytes firewalls take |

mod bounds;
mod cloud;
mod data;
mod denied;
mod firewalls;
mod kept;
mod memory;
pub mod mock;
pub mod nftables;
mod size;

pub use bounds::{MAX_PROVIDERS, MAX_SIZE};
pub use data::SAMPLE_LOGIN;
pub use memory::Memory;

/// EC2's security groups in memory.
pub type Mock = Memory<mock::Groups>;

/// A Linux host's firewalls in memory.
pub type MockNftables = Memory<nftables::Host>;
