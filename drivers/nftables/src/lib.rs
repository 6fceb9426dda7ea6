//! The firewalls of the Linux host that the gateway runs on, in its kernel's nftables.
//!
//! | module | holds |
//! |---|---|
//! | [`driver`] | the driver: one place for each network namespace |
//! | [`options`] | what an operator chooses |
//! | `place`, `changes` | one namespace: the document, the kernel, and each change of both |
//! | `host`, `replaced` | what becomes of the document with each change |
//! | `compile`, `frame` | rules in the kernel's words, and the chains that lead to them |
//! | `write`, `mend` | what a change writes into the kernel, also where others have changed that |
//! | `observed`, `compared`, `listing` | what is in force, held to what is to be |
//! | `nft`, `commands`, `names` | running `nft`, and what things are called there |
//! | `generation` | whether anything has changed since the last look |
//! | `boot` | the file for the time before the gateway starts |
//! | `members` | the host's addresses |
//! | `capabilities`, `refusal` | what it can do, and what it refuses |

mod boot;
mod capabilities;
mod changes;
mod commands;
mod compared;
mod compile;
pub mod driver;
mod frame;
mod generation;
mod host;
mod listing;
mod members;
mod mend;
mod names;
mod nft;
mod observed;
pub mod options;
mod place;
mod refusal;
mod replaced;
mod write;

pub use capabilities::{DEVICE, HOST, ID};
pub use driver::{InvalidOptions, Nftables};
pub use options::{Connections, InvalidMarks, LetThrough, Marks, Options};
