//! Who asks which driver for something.

use deltawall_core::{Context, Driver};

use crate::gateway::access::Caller;

/// Who asks which driver for something.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The driver.
    pub driver: &'a dyn Driver,
    /// What it is asked with.
    pub context: &'a Context,
    /// On whose behalf.
    pub caller: &'a Caller,
    /// What for, in a word such as `create_rule`.
    pub operation: &'static str,
}
