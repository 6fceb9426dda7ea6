//! What rules have counted.

/// What a rule has matched since its cloud began to count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hits {
    /// How many packets.
    pub packets: u64,
    /// How many bytes they had, their headers included.
    pub bytes: u64,
}
