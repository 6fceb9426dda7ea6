//! The driver on a kernel, in network namespaces of each test's own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod conformance;
mod differential;
mod kept;
mod namespaces;
mod random;
mod rules;
