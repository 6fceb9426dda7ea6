//! The calls to EC2 for one request.
//!
//! | module | holds |
//! |---|---|
//! | `base`, `connect` | what all calls have, and the SDK's clients |
//! | `changes` | how a change is asked for: once, and again only where EC2 has not looked at it |
//! | `firewalls` | groups without their rules, looked at, made and deleted |
//! | `groups` | finding groups, and what those in rules are called |
//! | `members` | who stands behind a group, and who uses it |
//! | `replace` | all rules of a group for others |
//! | `rules` | one rule made or deleted |
//! | `steps` | the calls of a replacement, and back where one fails |

mod base;
mod changes;
mod connect;
mod firewalls;
mod groups;
mod members;
mod replace;
mod rules;
mod steps;

pub(crate) use base::Client;
pub(crate) use connect::of_region;
pub(crate) use replace::Wanted;
