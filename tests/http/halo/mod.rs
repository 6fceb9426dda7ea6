//! Halo's API, as its clients use it.

pub mod client;
mod drivers;
mod events;
mod feeds;
mod ghost_ports;
mod groups;
pub mod host;
mod login;
mod objects;
mod policies;
mod publisher;
mod rules;
mod together;
mod walk;
mod wire;
