//! How often the rules of the gateway's network namespace have changed: a number that the kernel counts up with each transaction,
//! whoever makes it (NFT_MSG_GETGEN of linux/netfilter/nf_tables.h). Where it is the same, a list would be, too.

use rustix::net::netlink::{NETFILTER, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// Who is asked about nftables (NFNL_SUBSYS_NFTABLES), and for what, with the answer to that.
const NFTABLES: u16 = 10 << 8;
const GET: u16 = NFTABLES | 16;
const ANSWER: u16 = NFTABLES | 15;

/// NLM_F_REQUEST.
const REQUEST: u16 = 1;

/// How long a message's two heads are, in bytes: `nlmsghdr` and `nfgenmsg`.
const HEADS: usize = 20;

/// The attribute with the number (NFTA_GEN_ID), and how long it is with its head.
const NUMBER: u16 = 1;
const LENGTH: usize = 8;

/// The number, if the kernel says it.
pub(crate) fn generation() -> Option<u32> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(NETFILTER)).ok()?;
    let mut asked = Vec::with_capacity(HEADS);
    asked.extend(u32::try_from(HEADS).ok()?.to_ne_bytes());
    asked.extend(GET.to_ne_bytes());
    asked.extend(REQUEST.to_ne_bytes());
    // Its number and who sends it, then the family, the version and a resource: nothing of which matters.
    asked.extend([0; 12]);
    sendto(&socket, &asked, SendFlags::empty(), &SocketAddrNetlink::new(0, 0)).ok()?;
    let mut answer = [0; 256];
    // The kernel has answered before it returns from the call above.
    let (_, length) = recv(&socket, &mut answer, RecvFlags::empty()).ok()?;
    read(answer.get(..length)?)
}

fn read(answer: &[u8]) -> Option<u32> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let mut attributes = answer.get(HEADS..).filter(|_| kind == ANSWER)?;
    loop {
        let length = usize::from(u16::from_ne_bytes(attributes.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(attributes.get(2..4)?.try_into().ok()?);
        if kind == NUMBER && length == LENGTH {
            return Some(u32::from_be_bytes(attributes.get(4..LENGTH)?.try_into().ok()?));
        }
        attributes = attributes.get(length.max(4).next_multiple_of(4)..)?;
    }
}
