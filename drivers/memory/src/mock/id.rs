//! What the driver is called.

/// The id of this driver.
pub const ID: &str = "mock";
