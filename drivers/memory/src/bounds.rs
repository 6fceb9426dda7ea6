//! How much clients can make a driver hold.

/// How many providers of a driver can be changed. Any name makes one, and each then holds firewalls of its own.
pub const MAX_PROVIDERS: usize = 100;

/// How many bytes a driver holds of what clients have made, with all providers together: about so many, as they are counted.
pub const MAX_SIZE: usize = 64 << 20;
