//! The gateway's own clients, for where it holds the clouds' credentials and they do not.
//!
//! The file has a line for each: `NAME:HASH:RIGHTS:DRIVERS[:DIGESTS[:KEY[:TOTP]]]`. The hash is Argon2's or bcrypt's, as `htpasswd -B` makes it;
//! rights are `none`, `read-only` or `read-write`; drivers are `*`, or `DRIVER` and `DRIVER/PROVIDER` with commas between. Digests are what
//! HTTP Digest needs, `REALM=MD5` with commas between; KEY is the id of an API key, whose secret is the password; TOTP the secret of
//! time-based codes, in base32.

mod adding;
mod checkers;
mod client;
mod command;
mod digest;
mod file;
mod hash;
mod key;
mod known;
mod list;
mod random;
mod totp;
mod turns;
mod typed;

pub use client::Client;
pub use command::run;
pub use digest::{Ha1, md5};
pub use list::{Clients, Stranger};
pub use totp::Totp;
