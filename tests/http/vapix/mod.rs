//! The VAPIX dialect: what clients of Axis' firewall API see.

mod client;
mod documents;
mod drivers;
mod host;
mod killed;
mod login;
mod meetings;
mod pages;
mod states;
mod wire;
