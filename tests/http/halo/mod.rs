//! Halo's API, as its clients use it.

pub mod client;
mod ghost_ports;
mod groups;
mod host;
mod login;
mod objects;
mod policies;
mod rules;
mod wire;
