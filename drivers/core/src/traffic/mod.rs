//! What a firewall's rules let through, exactly.
//!
//! All traffic of a direction is a plane: protocols with their ports and ICMP types are one of its sides, the addresses of both families
//! the other. What a rule matches is rectangles in it. The first rule that matches decides; where no rule does, the firewall's default, or
//! else what [`Rest`](crate::Rest) says. On clouds whose rules have no order all of them accept, so it comes to the same.
//!
//! **Symbols.** Groups, prefix lists, interfaces, states of connections, MAC addresses, types of packets and rates cannot be told from a
//! place in the plane. Each is a symbol that holds for a packet or not, whatever its address and port, and equals only itself. A
//! packet has one interface, state, MAC address and type, or another than all that are named; all else holds or not on its own. So a
//! group may have any address, and 10.0.0.0/8 is no part of it. A rate is counted by each rule for itself: that of a rule equals
//! that of the same rule before a change, and no other.
//!
//! **Opens, closes.** Traffic opens where it comes further than before, be it through or to the next firewall, and closes where it comes
//! less far. What is said of it is never too little: each packet that opens is in it. Of services and addresses it
//! is never too much either: for all that is said there are symbols with which it opens. Of symbols only those are said that have to hold, as a
//! rule says them, not those that must not: where 0.0.0.0/0 opens beside a group that was open, it is said to open. Of a group no
//! addresses are said: it opens where it does from any. Where more than eight symbols matter to the same services and addresses, what
//! may open is said to.

mod address;
mod ask;
mod axis;
mod budget;
mod change;
mod deciding;
mod divide;
mod effect;
mod idle;
mod matched;
mod outcome;
mod packet;
mod report;
mod service;
mod space;
mod symbol;
mod text;
mod world;

pub use budget::TooMuch;
pub use effect::Effect;
pub use idle::Idle;
pub use packet::{Explanation, InvalidPacket, Packet, Verdict};
pub use service::{InvalidService, Service};
pub use text::{InvalidTraffic, Traffic};

#[cfg(test)]
mod tests;
