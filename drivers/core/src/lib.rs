//! What the gateway and its drivers share: the model of a firewall, the ids of its rules, and the
//! [`Driver`] trait that each cloud implements. Nothing here knows HTTP, and nothing knows a cloud.
//!
//! | module | holds |
//! |---|---|
//! | [`model`] | firewalls, rules, and what is needed to make them |
//! | [`protocol`] | protocols with their ports, and ICMP types |
//! | [`source`], [`cidr`], [`address_range`] | where a rule's traffic comes from: networks, ranges, groups, prefix lists |
//! | [`conditions`], [`limit`] | what else has to be so for a rule to match |
//! | [`text`] | names, ids and descriptions |
//! | [`rule_set`] | all rules of a firewall at once |
//! | [`traffic`] | what rules let through, what a change opens and closes |
//! | [`diff`], [`plan`] | what a change of rules does |
//! | [`member`], [`hits`] | who stands behind a firewall, and what its rules have matched |
//! | [`rule_id`] | the codec between a rule and its id |
//! | [`driver`] | the trait and its contract |
//! | [`capabilities`] | what a driver can do |
//! | [`error`] | the one error of all drivers |
//! | [`observer`] | what drivers tell of the calls to their clouds |
//! | [`room`] | how much a driver may hold of its cloud's answers |
//! | [`documents`] | where a driver keeps what its cloud does not |
//! | [`data`] | what is wrong with a file that a mock starts from |
//! | `conformance` | the tests that every driver passes (feature `conformance`) |

#![warn(missing_docs)]

pub mod address_range;
pub mod capabilities;
pub mod cidr;
pub mod conditions;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod credentials;
pub mod data;
pub mod diff;
pub mod documents;
pub mod driver;
pub mod error;
pub mod hits;
pub mod limit;
pub mod member;
pub mod model;
pub mod observer;
pub mod plan;
pub mod protocol;
pub mod room;
pub mod rule_id;
pub mod rule_set;
pub mod source;
pub mod text;
pub mod traffic;

pub use address_range::{AddressRange, InvalidAddressRange};
pub use capabilities::{
    Capabilities, ConditionCapabilities, FirewallCapabilities, Order, Replace, Rest, RuleCapabilities,
    SourceCapabilities,
};
pub use cidr::Cidr;
pub use conditions::{Conditions, InterfaceName, MacAddress, PacketType, State, States};
pub use credentials::Credentials;
pub use data::InvalidData;
pub use diff::{Addition, Diff, Move, Same};
pub use documents::{Document, Documents, KeptFirewall, NotKept};
pub use driver::{Context, Deletion, Driver, Provider, ProviderName, TO_TAKE_BACK};
pub use error::{Error, ErrorKind};
pub use hits::Hits;
pub use limit::{Limit, LimitSide, LimitUnit, Period};
pub use member::Member;
pub use model::{
    Action, Defaults, Direction, Filter, Firewall, Log, NewFirewall, NewRule, Position, Rule, RuleContent,
};
pub use observer::{CloudCall, Observer, Outcome};
pub use plan::{Limits, Plan, Warning, WarningCode};
pub use protocol::{IcmpType, PortRange, Protocol};
pub use room::Room;
pub use rule_id::RuleId;
pub use rule_set::{Replacement, RuleSet};
pub use source::{Group, Source};
pub use text::{Account, CloudRuleId, Description, FirewallId, FirewallName, LogPrefix, NetworkId, PrefixListId};
pub use traffic::{Effect, Explanation, Packet, Service, TooMuch, Traffic, Verdict};
