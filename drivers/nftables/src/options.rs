//! What an operator chooses for all hosts.

use std::path::PathBuf;

/// What an operator chooses.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The network namespaces beside the gateway's own that are providers, by their names in /run/netns.
    pub namespaces: Vec<String>,
    /// Whether ingress rules also judge what the host forwards.
    pub forward: bool,
    /// What is let through before any rule.
    pub let_through: LetThrough,
    /// What becomes of connections whose rule goes.
    pub connections: Connections,
    /// The bits of a connection's mark that say which rule let it in.
    pub marks: Marks,
    /// The file that is written for the time before the gateway starts, if one is.
    pub boot_file: Option<PathBuf>,
}

/// What is let through before any rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetThrough {
    /// What the host sends to itself.
    pub loopback: bool,
    /// What belongs to a connection that was let in.
    pub established: bool,
    /// IPv6's neighbour and router discovery, without which IPv6 does not work.
    pub neighbours: bool,
    /// DHCP for the host's own addresses.
    pub dhcp: bool,
}

/// What becomes of connections whose rule goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connections {
    /// They end with it.
    #[default]
    End,
    /// They go on for as long as they like.
    Keep,
}

/// Bits of a connection's mark, all next to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks(u32);

/// Why bits are none that the driver can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be at least 8 bits next to each other, such as 0x0000ffff")]
pub struct InvalidMarks;

impl Default for LetThrough {
    fn default() -> Self {
        Self { loopback: true, established: true, neighbours: true, dhcp: true }
    }
}

impl Default for Marks {
    fn default() -> Self {
        Self(0x0000_ffff)
    }
}

impl Marks {
    /// These bits.
    ///
    /// # Errors
    /// When they are fewer than eight, or others lie between them.
    pub fn new(bits: u32) -> Result<Self, InvalidMarks> {
        let is_one_run = bits.count_ones() + bits.leading_zeros() + bits.trailing_zeros() == u32::BITS;
        if is_one_run && bits.count_ones() >= 8 { Ok(Self(bits)) } else { Err(InvalidMarks) }
    }

    /// All of them.
    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    /// The greatest number that they can say.
    pub(crate) fn most(self) -> u32 {
        self.0 >> self.0.trailing_zeros()
    }

    /// What they are where they say this number.
    pub(crate) fn of(self, number: u32) -> u32 {
        number << self.0.trailing_zeros()
    }
}

impl Options {
    /// Whether the marks of connections say which rule let them in.
    pub(crate) fn marks_connections(&self) -> bool {
        self.let_through.established && self.connections == Connections::End
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_bits_next_to_each_other() {
        for (bits, most, of_5) in [(0xffff, 0xffff, 5), (0x00ff_0000, 0xff, 0x5_0000), (u32::MAX, u32::MAX, 5)] {
            let marks = Marks::new(bits).unwrap();
            assert_eq!((marks.most(), marks.of(5)), (most, of_5), "{bits:x}");
        }
        for bits in [0, 0x7f, 0xff00_00ff, 0x5555_5555] {
            assert_eq!(Marks::new(bits), Err(InvalidMarks), "{bits:x}");
        }
    }
}
