//! The gateway's own clients, for where it holds the clouds' credentials and they do not.
//!
//! The file has a line for each: `NAME:HASH:RIGHTS:DRIVERS[:DIGESTS]`. The hash is Argon2's or bcrypt's, as `htpasswd -B` makes it;
//! rights are `read-only` or `read-write`; drivers are `*`, or `DRIVER` and `DRIVER/PROVIDER` with commas between. Digests are what
//! HTTP Digest needs, `REALM=MD5` with commas between.

mod checkers;
mod client;
mod command;
mod digest;
mod file;
mod hash;
mod list;
mod turns;

pub use client::Client;
pub use command::run;
pub use digest::{Ha1, md5};
pub use list::{Clients, Stranger};
