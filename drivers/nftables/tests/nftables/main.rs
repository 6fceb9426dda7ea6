//! The driver on a kernel, in network namespaces of each test's own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod conformance;
mod connections;
mod damage;
mod differential;
mod flood;
mod kept;
mod namespaces;
mod passing;
mod peer;
mod probe;
mod random;
mod rig;
mod rules;
mod traffic;
