//! What is in force, held to what is to be.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use deltawall_core::{
    Account, Action, Cidr, CloudRuleId, Defaults, Description, Direction, Document, Firewall, Hits, KeptFirewall,
    Protocol, Rule, RuleContent, Source,
};
use serde_json::Value;

use crate::compile::compile;
use crate::frame::{self, Chain};
use crate::listing::{self, Listing};
use crate::names::{LIVE, chain_of, commented};
use crate::options::Options;

/// A firewall as it is in force.
#[derive(Debug)]
pub(crate) struct Observed {
    /// The firewall with the rules that are in force.
    pub(crate) firewall: Arc<Firewall>,
    /// What each of its rules is.
    pub(crate) rules: Vec<Seen>,
}

/// A rule that is in force.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) direction: Direction,
    /// Its index among those that are to be, where it is one of them.
    pub(crate) kept: Option<usize>,
    /// The handles of nft's rules that it is.
    pub(crate) handles: Vec<u64>,
    /// What these have counted.
    pub(crate) hits: Hits,
}

/// What of the description of another program's rule is shown, in bytes of nft's JSON.
const SHOWN: usize = 400;

/// What differs in the chains that lead to those of firewalls; none where nothing does.
pub(crate) fn frame_differs(listing: &Listing, document: &Document, options: &Options) -> Option<String> {
    if listing.has_flags {
        return Some("the table has flags, and may be dormant".into());
    }
    let chains = frame::chains(document, options);
    if let Some(other) = chains.iter().find(|chain| !is_so(listing, chain)) {
        return Some(format!("the chain {} is not as it was made", other.name));
    }
    let of_firewalls = document.firewalls.iter().flat_map(|kept| Direction::ALL.map(|way| chain_of(kept.number, way)));
    if let Some(gone) = of_firewalls.into_iter().find(|name| !listing.chains.contains_key(name)) {
        return Some(format!("the chain {gone} is gone"));
    }
    if options.marks_connections() {
        let numbers = listing.sets.get(LIVE).map(|set| set.iter().filter_map(number).collect::<Vec<_>>());
        let mut numbers = numbers.unwrap_or_default();
        numbers.sort_unstable();
        if numbers != frame::live(document, options) {
            return Some(format!("the set {LIVE} is not as it was made"));
        }
    }
    let hooks = |chain: &&listing::Chain| chain.hook.is_some() && !chains.iter().any(|ours| ours.name == chain.name);
    listing.chains.values().find(hooks).map(|other| format!("there is another chain {} with a hook", other.name))
}

fn number(element: &Value) -> Option<u32> {
    element.as_u64().and_then(|number| u32::try_from(number).ok())
}

fn is_so(listing: &Listing, chain: &Chain) -> bool {
    let Some(seen) = listing.chains.get(chain.name) else { return false };
    let is_base = match chain.policy {
        Some(policy) => {
            seen.policy.as_deref() == Some(policy)
                && seen.kind.as_deref() == Some("filter")
                && seen.hook.as_deref() == Some(chain.name)
                && seen.prio == Some(0)
        }
        None => seen.hook.is_none(),
    };
    is_base && seen.rules.iter().map(|rule| &rule.expressions).eq(&chain.rules)
}

/// A firewall that is in force as it is to be. What its rules are in the kernel, and what they have counted, is not known.
pub(crate) fn intact(kept: &KeptFirewall) -> Observed {
    let seen = |(place, rule): (usize, &Rule)| Seen {
        direction: rule.content.direction,
        kept: Some(place),
        handles: Vec::new(),
        hits: Hits::default(),
    };
    let rules = kept.firewall.rules.iter().enumerate().map(seen).collect();
    Observed { firewall: Arc::clone(&kept.firewall), rules }
}

/// A firewall of which nothing is in force: the table is gone, or what leads to it.
pub(crate) fn nothing(kept: &KeptFirewall) -> Observed {
    let all = Defaults { ingress: Action::Accept, egress: Action::Accept };
    let firewall =
        Firewall { rules: Vec::new(), default: kept.firewall.default.map(|_| all), ..Firewall::clone(&kept.firewall) };
    Observed { firewall: Arc::new(firewall), rules: Vec::new() }
}

/// A firewall as it is in force, where what leads to it is as it is to be.
pub(crate) fn firewall(listing: &Listing, kept: &KeptFirewall, host: &Account, options: &Options) -> Observed {
    let places: HashMap<&str, usize> = kept
        .firewall
        .rules
        .iter()
        .enumerate()
        .filter_map(|(place, rule)| Some((rule.cloud_id.as_ref()?.as_str(), place)))
        .collect();
    let [ingress, egress] = Direction::ALL.map(|direction| {
        let chain = listing.chains.get(&chain_of(kept.number, direction));
        let rules = chain.map_or(&[][..], |chain| &chain.rules);
        of_chain(rules, listing, direction, kept, &places, options)
    });
    let seen = in_order(ingress, egress);
    let is_all = seen.len() == kept.firewall.rules.len();
    if is_all && seen.iter().enumerate().all(|(index, (seen, _))| seen.kept == Some(index)) {
        let rules = seen.into_iter().map(|(seen, _)| seen).collect();
        return Observed { firewall: Arc::clone(&kept.firewall), rules };
    }
    let rules = seen.iter().filter_map(|(seen, other)| match seen.kept {
        Some(place) => kept.firewall.rules.get(place).cloned(),
        None => other.map(|rule| foreign(rule, seen.direction, kept.firewall.owner.as_ref().unwrap_or(host))),
    });
    let firewall = Firewall { rules: rules.collect(), ..Firewall::clone(&kept.firewall) };
    Observed { firewall: Arc::new(firewall), rules: seen.into_iter().map(|(seen, _)| seen).collect() }
}

/// What is seen, and the rule itself where another program has made it.
type Found<'a> = (Seen, Option<&'a listing::Rule>);

/// The rules of one chain.
fn of_chain<'a>(
    rules: &'a [listing::Rule],
    listing: &Listing,
    direction: Direction,
    kept: &KeptFirewall,
    places: &HashMap<&str, usize>,
    options: &Options,
) -> Vec<Found<'a>> {
    let mut seen = Vec::with_capacity(rules.len());
    let mut met = vec![false; kept.firewall.rules.len()];
    let by_comment = rules.chunk_by(|one, next| one.comment.is_some() && one.comment == next.comment);
    for group in by_comment {
        let id = group.first().and_then(|rule| rule.comment.as_deref()).and_then(commented);
        let place = id.and_then(|id| places.get(id)).copied();
        let handles = group.iter().map(|rule| rule.handle).collect();
        match place.filter(|place| is_kept(group, *place, direction, listing, kept, options)) {
            // Of one that is there twice, the second is none of ours.
            Some(place) if met.get(place) == Some(&false) => {
                if let Some(met) = met.get_mut(place) {
                    *met = true;
                }
                let hits = group.iter().fold(Hits::default(), |all, rule| together(all, rule.hits));
                seen.push((Seen { direction, kept: Some(place), handles, hits }, None));
            }
            _ => {
                seen.extend(group.iter().map(|rule| {
                    (Seen { direction, kept: None, handles: vec![rule.handle], hits: rule.hits }, Some(rule))
                }))
            }
        }
    }
    seen
}

/// What both have counted.
fn together(one: Hits, other: Hits) -> Hits {
    Hits { packets: one.packets.saturating_add(other.packets), bytes: one.bytes.saturating_add(other.bytes) }
}

fn is_kept(
    group: &[listing::Rule],
    place: usize,
    direction: Direction,
    listing: &Listing,
    kept: &KeptFirewall,
    options: &Options,
) -> bool {
    let (Some(rule), Some(number)) = (kept.firewall.rules.get(place), kept.numbers.get(place)) else { return false };
    let compiled = compile(rule, *number, options);
    let has_limit = compiled.limit.as_ref().is_none_or(|asked| {
        let name = asked.get("name").and_then(Value::as_str).unwrap_or_default();
        listing.limits.get(name).is_some_and(|limit| limit.is(asked))
    });
    let says = |(seen, (matched, does)): (&listing::Rule, &(Vec<Value>, Vec<Value>))| {
        seen.expressions.iter().eq(matched.iter().chain(does))
    };
    rule.content.direction == direction
        && has_limit
        && group.len() == compiled.rules.len()
        && group.iter().zip(&compiled.rules).all(says)
}

/// Rules of both directions in one row: those that are to be in the order in which they are to be, as far as the kernel has
/// them in it, and those of other programs before what they stand before.
fn in_order<'a>(ingress: Vec<Found<'a>>, egress: Vec<Found<'a>>) -> Vec<Found<'a>> {
    let mut row = Vec::with_capacity(ingress.len() + egress.len());
    let [mut ingress, mut egress] = [ingress, egress].map(|found| with_places(found).into_iter().rev().peekable());
    loop {
        let is_ingress_first = match (ingress.peek(), egress.peek()) {
            (Some((one, _)), Some((other, _))) => one <= other,
            (is_there, _) => is_there.is_some(),
        };
        match if is_ingress_first { ingress.next() } else { egress.next() } {
            Some((_, found)) => row.push(found),
            None => return row,
        }
    }
}

/// With each the place of the first that is to be and does not stand before it. The last comes first.
fn with_places(found: Vec<Found<'_>>) -> Vec<(usize, Found<'_>)> {
    let mut next = usize::MAX;
    let placed = found.into_iter().rev().map(|(seen, rule)| {
        next = seen.kept.unwrap_or(next);
        (next, (seen, rule))
    });
    placed.collect()
}

/// A rule that another program has made. What it matches is not read: it may be all traffic, so that it is shown as.
fn foreign(rule: &listing::Rule, direction: Direction, owner: &Account) -> Rule {
    let all = |address: IpAddr| Cidr::new(address, 0).ok().map(Source::Address);
    let does = |word: &str| rule.expressions.iter().any(|expression| expression.get(word).is_some());
    let action = match (does("drop"), does("reject")) {
        (true, _) => Action::Deny,
        (_, true) => Action::Reject,
        _ => Action::Accept,
    };
    let text = serde_json::to_string(&rule.expressions).unwrap_or_default();
    let shown: String = text.chars().take(SHOWN).collect();
    Rule {
        cloud_id: CloudRuleId::new(format!("handle-{}", rule.handle)).ok(),
        content: RuleContent {
            owner: owner.clone(),
            protocol: Protocol::Unnamed,
            direction,
            action,
            sources: [all(Ipv4Addr::UNSPECIFIED.into()), all(Ipv6Addr::UNSPECIFIED.into())]
                .into_iter()
                .flatten()
                .collect(),
            conditions: None,
        },
        log: None,
        description: Description::from_cloud(&format!("Made by another program, and not read here: {shown}")),
    }
}
