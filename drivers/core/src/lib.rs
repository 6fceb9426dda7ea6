//! What the gateway and its drivers share: the model of a firewall, the ids of its rules, and the
//! [`Driver`] trait that each cloud implements. Nothing here knows HTTP, and nothing knows a cloud.
//!
//! | module | holds |
//! |---|---|
//! | [`model`] | firewalls, rules, and what is needed to make them |
//! | [`protocol`] | protocols with their ports, and ICMP types |
//! | [`source`] | where a rule's traffic comes from: CIDRs, groups, prefix lists |
//! | [`text`] | names, ids and descriptions |
//! | [`rule_id`] | the codec between a rule and its id |
//! | [`driver`] | the trait, its contract, and what a driver can do |
//! | [`error`] | the one error of all drivers |
//! | [`observer`] | what drivers tell of the calls to their clouds |
//! | [`room`] | how much a driver may hold of its cloud's answers |
//! | [`data`] | what is wrong with a file that a mock starts from |
//! | `conformance` | the tests that every driver passes (feature `conformance`) |

#![warn(missing_docs)]

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod credentials;
pub mod data;
pub mod driver;
pub mod error;
pub mod model;
pub mod observer;
pub mod protocol;
pub mod room;
pub mod rule_id;
pub mod source;
pub mod text;

pub use credentials::Credentials;
pub use data::InvalidData;
pub use driver::{Capabilities, Context, Deletion, Driver, Provider, ProviderName};
pub use error::{Error, ErrorKind};
pub use model::{Action, Direction, Filter, Firewall, NewFirewall, NewRule, Rule, RuleContent};
pub use observer::{CloudCall, Observer, Outcome};
pub use protocol::{IcmpType, PortRange, Protocol};
pub use room::Room;
pub use rule_id::{CloudRuleId, RuleId};
pub use source::{Cidr, Group, Source};
pub use text::{Account, Description, FirewallId, FirewallName, NetworkId, PrefixListId};
