//! Halo's API, as its clients use it.

pub mod client;
mod feeds;
mod ghost_ports;
mod groups;
mod login;
mod objects;
mod policies;
mod publisher;
mod rules;
mod wire;
