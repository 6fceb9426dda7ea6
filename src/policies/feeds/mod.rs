//! Zones from lists that others publish. A list that cannot be had, or that is none, leaves the last good one in force.
//!
//! | module | holds |
//! |---|---|
//! | [`list`] | what a list says |
//! | `fetch` | having it: from a file, or over HTTPS |
//! | [`feed`] | a feed: what has become of it, and looking at it again and again |

pub mod feed;
mod fetch;
pub mod list;

pub use feed::Feed;
