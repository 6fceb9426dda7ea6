//! Who stands behind a firewall.

use std::net::IpAddr;

/// Something that a firewall protects: a server, an interface of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What the cloud calls it, such as `i-0123456789abcdef0`.
    pub id: String,
    /// What people call it, where they do.
    pub name: Option<String>,
    /// Its addresses, private ones first.
    pub addresses: Vec<IpAddr>,
    /// What it is doing, in the cloud's word, such as `running`; none where the cloud says nothing.
    pub state: Option<String>,
}
