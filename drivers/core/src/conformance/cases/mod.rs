//! The cases. Each gets a driver of its own.

mod at_once;
mod firewalls;
mod rules;

pub(super) use at_once::*;
pub(super) use firewalls::*;
pub(super) use rules::*;
