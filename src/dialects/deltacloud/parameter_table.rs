//! The parameters that there are: the one table that requests are read by and that the reference shows.

use super::change_parameters::{
    ACTION, BEFORE, CONFIRM_WITHIN, EXPIRES_AT, EXPIRES_IN, MOST, OF_FIREWALL, SINCE, STATE, UNTIL, USER, WHY,
};
use super::parameter::{Parameter, Syntax};

/// What a new firewall is made of.
pub(super) const NEW_FIREWALL: [&Parameter; 3] = [&NAME, &FIREWALL_DESCRIPTION, &VPC_ID];

/// What a new rule is made of.
pub(super) const NEW_RULE: [&Parameter; 19] = [
    &PROTOCOL,
    &PORT_FROM,
    &PORT_TO,
    &PORTS,
    &IP_ADDRESS,
    &GROUP,
    &GROUP_OWNER,
    &PREFIX_LIST,
    &DIRECTION,
    &RULE_ACTION,
    &LOG_RULE,
    &LOG_PREFIX,
    &INTERFACE,
    &STATES,
    &LIMIT,
    &MAC,
    &PACKET_TYPE,
    &POSITION,
    &RULE_DESCRIPTION,
];

/// What a rule set is made of.
pub(super) const RULE_SET: [&Parameter; 2] = [&RULE_SET_RULES, &RULE_SET_DEFAULT];

/// What else there is, in queries.
const OTHERS: [&Parameter; 22] = [
    &ID,
    &SHOWN_DIRECTION,
    &MEMBERS,
    &COUNTERS,
    &EXPLAIN,
    &DRY_RUN,
    &ALLOW_GAP,
    &FORCE_AUTH,
    &FORMAT,
    &SEEN,
    &CONFIRM_WITHIN,
    &EXPIRES_IN,
    &EXPIRES_AT,
    &WHY,
    &OF_FIREWALL,
    &STATE,
    &USER,
    &SINCE,
    &UNTIL,
    &MOST,
    &BEFORE,
    &ACTION,
];

pub(super) const NAME: Parameter = Parameter {
    name: "name",
    syntax: Syntax::Exact,
    is_required: true,
    meaning: "What the firewall is called.",
    example: "app",
};

pub(super) const FIREWALL_DESCRIPTION: Parameter = Parameter {
    name: "description",
    syntax: Syntax::Exact,
    is_required: true,
    meaning: "What the firewall is for.",
    example: "Web servers",
};

pub(super) const VPC_ID: Parameter = Parameter {
    name: "vpc_id",
    syntax: Syntax::Text,
    is_required: false,
    meaning: "The network to make it in, where the driver has networks.",
    example: "",
};

pub(super) const PROTOCOL: Parameter = Parameter {
    name: "protocol",
    syntax: Syntax::Protocol,
    is_required: true,
    meaning: "tcp, udp or icmp; where the driver has more, also icmpv6, a protocol's number, or -1 for all.",
    example: "tcp",
};

pub(super) const PORT_FROM: Parameter = Parameter {
    name: "port_from",
    syntax: Syntax::Number(-1, 65535),
    is_required: false,
    meaning: "The first port; for ICMP the type, -1 for any. tcp, udp, icmp and icmpv6 need it, others have none.",
    example: "80",
};

pub(super) const PORT_TO: Parameter = Parameter {
    name: "port_to",
    syntax: Syntax::Number(-1, 65535),
    is_required: false,
    meaning: "The last port; for ICMP the code, -1 for any. tcp, udp, icmp and icmpv6 need it, others have none.",
    example: "80",
};

pub(super) const PORTS: Parameter = Parameter {
    name: "ports",
    syntax: Syntax::List,
    is_required: false,
    meaning: "Ports in the place of port_from and port_to: one, a range, or several with commas between, such as 80,443,8000-8010. Several where the driver has lists.",
    example: "",
};

pub(super) const IP_ADDRESS: Parameter = Parameter {
    name: "ip_addressN",
    syntax: Syntax::Addresses,
    is_required: false,
    meaning: "A source: an IPv4 or IPv6 address or CIDR, where the driver has them a range such as 10.0.0.1-10.0.0.9, or several with commas between.",
    example: "10.1.0.0/16",
};

pub(super) const GROUP: Parameter = Parameter {
    name: "groupN",
    syntax: Syntax::Exact,
    is_required: false,
    meaning: "A source: another firewall, by its name. groupNowner goes with it.",
    example: "default",
};

pub(super) const GROUP_OWNER: Parameter = Parameter {
    name: "groupNowner",
    syntax: Syntax::Exact,
    is_required: false,
    meaning: "The account that owns the firewall that groupN names.",
    example: "393485797142",
};

pub(super) const PREFIX_LIST: Parameter = Parameter {
    name: "prefix_listN",
    syntax: Syntax::Text,
    is_required: false,
    meaning: "A source: a list of networks that the cloud keeps, where the driver has them.",
    example: "",
};

pub(super) const DIRECTION: Parameter = Parameter {
    name: "direction",
    syntax: Syntax::Word(&["ingress", "egress"]),
    is_required: false,
    meaning: "Which way the traffic goes; ingress where it is left out. egress where the driver has it.",
    example: "ingress",
};

pub(super) const RULE_ACTION: Parameter = Parameter {
    name: "rule_action",
    syntax: Syntax::Word(&["accept", "deny", "reject"]),
    is_required: false,
    meaning: "What happens to the traffic; accept where it is left out. deny and reject, which tells the sender, where the driver has them.",
    example: "accept",
};

pub(super) const LOG_RULE: Parameter = Parameter {
    name: "log_rule",
    syntax: Syntax::Word(&["true", "false"]),
    is_required: false,
    meaning: "Whether the cloud logs what the rule matches; false where it is left out. true where the driver has it.",
    example: "false",
};

pub(super) const LOG_PREFIX: Parameter = Parameter {
    name: "log_prefix",
    syntax: Syntax::Exact,
    is_required: false,
    meaning: "What the lines of the log begin with, where the driver has it: at most 64 bytes. log_rule need not be there then.",
    example: "",
};

pub(super) const INTERFACE: Parameter = Parameter {
    name: "interface",
    syntax: Syntax::Text,
    is_required: false,
    meaning: "Only traffic that comes in by this interface, for egress goes out by it, where the driver has interfaces.",
    example: "",
};

pub(super) const STATES: Parameter = Parameter {
    name: "states",
    syntax: Syntax::List,
    is_required: false,
    meaning: "Only packets of connections in one of these states, where the driver has them: new, established, related, with commas between.",
    example: "",
};

pub(super) const LIMIT: Parameter = Parameter {
    name: "limit",
    syntax: Syntax::Text,
    is_required: false,
    meaning: "Only so much traffic, where the driver has limits: 20/minute, or 'beyond 100/second of new connections, burst 50'.",
    example: "",
};

pub(super) const MAC: Parameter = Parameter {
    name: "mac",
    syntax: Syntax::Text,
    is_required: false,
    meaning: "Only traffic from this hardware address, for egress to it, where the driver has them.",
    example: "",
};

pub(super) const PACKET_TYPE: Parameter = Parameter {
    name: "packet_type",
    syntax: Syntax::Word(&["unicast", "broadcast", "multicast"]),
    is_required: false,
    meaning: "Only packets for one, for all on the link or for a group of receivers, where the driver can tell.",
    example: "",
};

pub(super) const POSITION: Parameter = Parameter {
    name: "position",
    syntax: Syntax::Text,
    is_required: false,
    meaning: "Which place the rule gets, where the order of rules matters: 1 is the first, and last is where it is left out.",
    example: "",
};

pub(super) const RULE_DESCRIPTION: Parameter = Parameter {
    name: "description",
    syntax: Syntax::Text,
    is_required: false,
    meaning: "What the rule is for, where the driver's rules have descriptions.",
    example: "",
};

pub(super) const ID: Parameter = Parameter {
    name: "id",
    syntax: Syntax::Exact,
    is_required: false,
    meaning: "Only the firewall with this id: a list of one, or of none.",
    example: "default",
};

pub(super) const SHOWN_DIRECTION: Parameter = Parameter {
    name: "direction",
    syntax: Syntax::Word(&["ingress", "egress", "all"]),
    is_required: false,
    meaning: "Which rules to show; where it is left out, those that the driver shows by itself.",
    example: "all",
};

pub(super) const MEMBERS: Parameter = Parameter {
    name: "members",
    syntax: Syntax::Flag,
    is_required: false,
    meaning: "With true, who stands behind the firewall is shown, too, where the driver can tell.",
    example: "false",
};

pub(super) const COUNTERS: Parameter = Parameter {
    name: "counters",
    syntax: Syntax::Flag,
    is_required: false,
    meaning: "With true, what each rule has matched is shown, too, where the driver counts that.",
    example: "false",
};

pub(super) const EXPLAIN: Parameter = Parameter {
    name: "explain",
    syntax: Syntax::Packet,
    is_required: false,
    meaning: "In the place of the firewall: what becomes of a packet, such as tcp/443 from 203.0.113.9, or to an address for egress, and by which rule.",
    example: "",
};

pub(super) const DRY_RUN: Parameter = Parameter {
    name: "dry_run",
    syntax: Syntax::Flag,
    is_required: false,
    meaning: "With true, nothing is changed, and the answer is the plan: what would be.",
    example: "false",
};

pub(super) const ALLOW_GAP: Parameter = Parameter {
    name: "allow_gap",
    syntax: Syntax::Flag,
    is_required: false,
    meaning: "With true, rules may be removed before others are added, where there is no room for both: what both sets accept may be closed for a moment.",
    example: "false",
};

/// What stands in the body of a rule set: no parameter, but described as they are.
pub(super) const RULE_SET_RULES: Parameter = Parameter {
    name: "rules",
    syntax: Syntax::Any,
    is_required: true,
    meaning: "All rules that the firewall is to have, in their order, each in the form in which GET shows it.",
    example: "[…]",
};

/// The same.
pub(super) const RULE_SET_DEFAULT: Parameter = Parameter {
    name: "default",
    syntax: Syntax::Any,
    is_required: false,
    meaning: "What happens to the rest, where the firewall has a default: an action for ingress and one for egress. Where it is left out, it stays as it is.",
    example: "",
};

pub(super) const FORCE_AUTH: Parameter = Parameter {
    name: "force_auth",
    syntax: Syntax::Any,
    is_required: false,
    meaning: "With any value, the credentials are checked: 401 where they are wrong or missing.",
    example: "1",
};

pub(super) const FORMAT: Parameter = Parameter {
    name: "format",
    syntax: Syntax::Word(&["xml", "json", "html"]),
    is_required: false,
    meaning: "The format of the answer, before what Accept says.",
    example: "json",
};

/// What `format` is for pages, which have no other.
pub(super) const PAGE_FORMAT: Parameter = Parameter {
    name: "format",
    syntax: Syntax::Word(&["html"]),
    is_required: true,
    meaning: "The format of the answer. Browsers say it in Accept, and need not send it.",
    example: "html",
};

/// What `format` is where a page and a firewall may go by the same name.
pub(super) const NEW_FORMAT: Parameter = Parameter {
    name: "format",
    syntax: Syntax::Word(&["xml", "json", "html"]),
    is_required: false,
    meaning: "html for the page, xml or json for the firewall, before what Accept says.",
    example: "html",
};

/// Of the page that lists firewalls.
pub(super) const SHOWN_NAMES: Parameter = Parameter {
    name: "filter",
    syntax: Syntax::Any,
    is_required: false,
    meaning: "On the page: only firewalls whose name, id or description holds this text.",
    example: "web",
};

/// Of forms on pages, which send no `If-Match`. What no page has sent has none.
pub(super) const SEEN: Parameter = Parameter {
    name: "seen",
    syntax: Syntax::Exact,
    is_required: false,
    meaning: "What the firewall was when the page was made: where it has changed since, nothing is done.",
    example: "",
};

/// What the values of the parameter look like that has this name; none where there is none.
pub(super) fn syntax(name: &str) -> Option<Syntax> {
    let mut all = NEW_FIREWALL.iter().chain(&NEW_RULE).chain(&OTHERS);
    all.find(|parameter| parameter.is_meant_by(name)).map(|parameter| parameter.syntax)
}

/// Whether a parameter of this name means anything here.
pub(super) fn is_known(name: &str) -> bool {
    syntax(name).is_some()
}
