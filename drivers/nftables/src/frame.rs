//! The chains that packets come to, and that lead to those of firewalls.
//!
//! ```text
//! input    what is let through before any rule; to ingress     (forward, too, where that is asked for)
//! output   the same; to egress
//! ingress  to each firewall's own chain in their order; then the default       egress alike
//! accepted where rules that accept go: only packets of who began a connection say which rule let it in
//! ```

use deltawall_core::{Action, Defaults, Direction, Document};
use serde_json::{Value, json};

use crate::commands::{self, Transaction, ct, jump, matches, meta, payload};
use crate::compile::{ESTABLISHED, RELATED, mark, verdict};
use crate::names::{ACCEPTED, LIVE, chain_of};
use crate::options::Options;

/// The number of the default for ingress, and behind it that for egress. Rules have greater ones.
const DEFAULT_NUMBER: u32 = 1;

/// The greatest number that is no rule's.
pub(crate) const RESERVED: u32 = 2;

/// A chain as it has to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chain {
    pub(crate) name: &'static str,
    /// Where packets come to it by themselves: what happens to those that it lets pass to its end.
    pub(crate) policy: Option<&'static str>,
    pub(crate) rules: Vec<Vec<Value>>,
}

/// What the host's own firewall does with the rest.
fn defaults(document: &Document) -> Defaults {
    let default = document.firewalls.iter().find_map(|kept| kept.firewall.default);
    default.unwrap_or(Defaults { ingress: Action::Accept, egress: Action::Accept })
}

/// The chains, those that others lead to first.
pub(crate) fn chains(document: &Document, options: &Options) -> Vec<Chain> {
    let Defaults { ingress, egress } = defaults(document);
    let mut chains = vec![
        Chain { name: ACCEPTED, policy: None, rules: accepted(options) },
        Chain { name: "ingress", policy: None, rules: led(document, Direction::Ingress, ingress, options) },
        Chain { name: "egress", policy: None, rules: led(document, Direction::Egress, egress, options) },
        Chain { name: "input", policy: Some(policy(ingress)), rules: input(options) },
        Chain { name: "output", policy: Some(policy(egress)), rules: output(options) },
    ];
    if options.forward {
        let mut rules: Vec<_> = established(options).into_iter().collect();
        rules.push(vec![jump("ingress")]);
        chains.push(Chain { name: "forward", policy: Some(policy(ingress)), rules });
    }
    chains
}

/// The numbers whose connections go on, in their order.
pub(crate) fn live(document: &Document, options: &Options) -> Vec<u32> {
    let Defaults { ingress, egress } = defaults(document);
    let defaults = (DEFAULT_NUMBER..).zip([ingress, egress]).filter(|(_, default)| *default == Action::Accept);
    let rules = document.firewalls.iter().flat_map(|kept| kept.firewall.rules.iter().zip(&kept.numbers));
    let rules = rules.filter(|(rule, _)| rule.content.action == Action::Accept).map(|(_, number)| *number);
    let mut live: Vec<_> =
        defaults.map(|(number, _)| number).chain(rules).map(|number| options.marks.of(number)).collect();
    live.sort_unstable();
    live
}

/// Writes a chain anew.
pub(crate) fn write(transaction: &mut Transaction, chain: &Chain) {
    match chain.policy {
        Some(policy) => transaction.add_base_chain(chain.name, policy),
        None => transaction.add_chain(chain.name),
    }
    transaction.flush_chain(chain.name);
    for rule in &chain.rules {
        transaction.add_rule(chain.name, None, rule.clone());
    }
}

/// So that nothing passes where a chain is emptied from outside, unless everything may.
fn policy(default: Action) -> &'static str {
    match default {
        Action::Accept => "accept",
        Action::Deny | Action::Reject => "drop",
    }
}

fn accepted(options: &Options) -> Vec<Vec<Value>> {
    const REPLY: u32 = 1;
    let forget = vec![matches(ct("direction"), REPLY), mark(0, options)];
    let forgets = options.marks_connections().then_some(forget);
    forgets.into_iter().chain([vec![commands::accept()]]).collect()
}

fn led(document: &Document, direction: Direction, default: Action, options: &Options) -> Vec<Vec<Value>> {
    let number = match direction {
        Direction::Ingress => DEFAULT_NUMBER,
        Direction::Egress => DEFAULT_NUMBER + 1,
    };
    let firewalls = document.firewalls.iter().map(|kept| vec![jump(&chain_of(kept.number, direction))]);
    firewalls.chain([verdict(default, number, options)]).collect()
}

fn established(options: &Options) -> Option<Vec<Value>> {
    if !options.let_through.established {
        return None;
    }
    let states = json!({"match": {"op": "in", "left": ct("state"), "right": [ESTABLISHED, RELATED]}});
    let ours = match options.marks.bits() {
        u32::MAX => ct("mark"),
        bits => json!({"&": [ct("mark"), bits]}),
    };
    let is_live = options.marks_connections().then(|| matches(ours, format!("@{LIVE}")));
    Some([states].into_iter().chain(is_live).chain([commands::accept()]).collect())
}

/// IPv6's discovery of routers and neighbours (RFC 4861): messages that only come from the same link.
fn neighbours() -> Vec<Value> {
    let kinds = json!({"range": [133, 136]});
    vec![matches(payload("icmpv6", "type"), kinds), matches(payload("ip6", "hoplimit"), 255), commands::accept()]
}

/// DHCP from one port to another.
fn dhcp(from: u16, to: u16) -> Vec<Value> {
    vec![matches(payload("udp", "sport"), from), matches(payload("udp", "dport"), to), commands::accept()]
}

fn input(options: &Options) -> Vec<Vec<Value>> {
    let by_itself = vec![matches(meta("iifname"), "lo"), commands::accept()];
    before_rules(options, by_itself, [(67, 68), (547, 546)], "ingress")
}

fn output(options: &Options) -> Vec<Vec<Value>> {
    let to_itself = vec![matches(meta("oifname"), "lo"), commands::accept()];
    before_rules(options, to_itself, [(68, 67), (546, 547)], "egress")
}

fn before_rules(options: &Options, loopback: Vec<Value>, ports: [(u16, u16); 2], to: &str) -> Vec<Vec<Value>> {
    let let_through = options.let_through;
    let mut rules = Vec::new();
    rules.extend(let_through.loopback.then_some(loopback));
    if let_through.neighbours {
        rules.push(neighbours());
    }
    if let_through.dhcp {
        rules.extend(ports.map(|(from, to)| dhcp(from, to)));
    }
    rules.extend(established(options));
    rules.push(vec![jump(to)]);
    rules
}
