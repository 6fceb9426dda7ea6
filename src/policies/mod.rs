//! Rule sets that firewalls are kept at, whatever others do to them. It knows no HTTP.
//!
//! | module | holds |
//! |---|---|
//! | [`devices`] | devices, each with a firewall that is kept at its rules, and with trials |
//! | [`keeping`] | who looks at kept firewalls, again and again |

pub mod devices;
pub mod keeping;

pub use keeping::Policies;
