//! What is EC2's own, on the emulator that behaves as EC2: through the driver, and checked in the emulator's own record or
//! with the SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod bench;
mod failures;
mod groups;
mod members;
mod replace;
mod rollback;
mod rules;
