//! The cases. Each gets a driver of its own.

mod at_once;
mod conditions;
mod firewalls;
mod replacing;
mod rules;

pub(super) use at_once::*;
pub(super) use conditions::*;
pub(super) use firewalls::*;
pub(super) use replacing::*;
pub(super) use rules::*;
