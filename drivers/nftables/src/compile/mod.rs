//! Rules in the kernel's words. Each rule is as many of nft's as it needs, which all do the same, so that a packet meets one of them.
//!
//! What is written here is exactly what `nft -j -n list` says of it afterwards, so that a comparison of both shows what others
//! have changed. A test holds every kind of rule to that.

mod addresses;
mod rule;

pub(crate) use rule::{Compiled, ESTABLISHED, RELATED, compile, mark, verdict};
