//! What a change writes into the kernel.

use std::collections::{HashMap, HashSet};

use deltawall_core::{Action, Direction, Document, Hits, KeptFirewall, Rule};
use serde_json::{Value, json};

use crate::commands::Transaction;
use crate::compile::{Compiled, compile};
use crate::frame;
use crate::listing::Listing;
use crate::names::{LIVE, chain_of, comment, limit_of};
use crate::options::Options;

/// Everything, whatever is there: chains of others in our table go.
pub(crate) fn whole(document: &Document, listing: Option<&Listing>, options: &Options) -> Transaction {
    let mut transaction = Transaction::default();
    transaction.add_table();
    let chains = frame::chains(document, options);
    let of_firewalls: HashSet<String> =
        document.firewalls.iter().flat_map(|kept| Direction::ALL.map(|way| chain_of(kept.number, way))).collect();
    if let Some(listing) = listing
        && chains.iter().any(|chain| has_other_hook(listing, chain))
    {
        // A hook cannot be changed.
        transaction.delete_table();
        transaction.add_table();
        return written(transaction, document, &chains, &of_firewalls, options);
    }
    let is_ours = |name: &str| of_firewalls.contains(name) || chains.iter().any(|chain| chain.name == name);
    let others: Vec<_> = listing.into_iter().flat_map(|listing| listing.chains.keys()).collect();
    for chain in &others {
        transaction.flush_chain(chain);
    }
    // One may lead to chains.
    for map in listing.into_iter().flat_map(|listing| &listing.maps) {
        transaction.delete_map(map);
    }
    for chain in others.iter().filter(|name| !is_ours(name)) {
        transaction.delete_chain(chain);
    }
    for limit in listing.into_iter().flat_map(|listing| listing.limits.keys()) {
        transaction.delete_limit(limit);
    }
    for set in listing
        .into_iter()
        .flat_map(|listing| listing.sets.keys())
        .filter(|set| *set != LIVE || !options.marks_connections())
    {
        transaction.delete_set(set);
    }
    written(transaction, document, &chains, &of_firewalls, options)
}

fn written(
    mut transaction: Transaction,
    document: &Document,
    chains: &[frame::Chain],
    of_firewalls: &HashSet<String>,
    options: &Options,
) -> Transaction {
    // A chain has to be there before another leads to it.
    for chain in of_firewalls {
        transaction.add_chain(chain);
    }
    if options.marks_connections() {
        transaction.add_set(LIVE);
        live(&mut transaction, document, options);
    }
    let base = chains.iter().filter(|chain| chain.policy.is_none());
    for chain in base.chain(chains.iter().filter(|chain| chain.policy.is_some())) {
        frame::write(&mut transaction, chain);
    }
    for kept in &document.firewalls {
        add_rules(&mut transaction, kept, &HashMap::new(), options);
    }
    transaction
}

fn has_other_hook(listing: &Listing, chain: &frame::Chain) -> bool {
    listing.chains.get(chain.name).is_some_and(|seen| match chain.policy {
        Some(_) => {
            seen.hook.as_deref() != Some(chain.name) || seen.prio != Some(0) || seen.kind.as_deref() != Some("filter")
        }
        None => seen.hook.is_some(),
    })
}

/// The chains that lead to those of firewalls.
pub(crate) fn leading(transaction: &mut Transaction, document: &Document, options: &Options) {
    for chain in frame::chains(document, options) {
        if ["ingress", "egress"].contains(&chain.name) {
            frame::write(transaction, &chain);
        }
    }
}

/// What chains do with the rest, as far as they are there.
pub(crate) fn policies(
    transaction: &mut Transaction,
    document: &Document,
    options: &Options,
    is_there: impl Fn(&str) -> bool,
) {
    for chain in frame::chains(document, options) {
        if let Some(policy) = chain.policy.filter(|_| is_there(chain.name)) {
            transaction.add_base_chain(chain.name, policy);
        }
    }
}

/// The connections that go on.
pub(crate) fn live(transaction: &mut Transaction, document: &Document, options: &Options) {
    if options.marks_connections() {
        transaction.flush_set(LIVE);
        transaction.add_elements(LIVE, frame::live(document, options));
    }
}

/// All rules of a firewall, with what they have counted so far, into chains that have none.
pub(crate) fn add_rules(
    transaction: &mut Transaction,
    kept: &KeptFirewall,
    hits: &HashMap<u32, Hits>,
    options: &Options,
) {
    for (rule, number) in kept.firewall.rules.iter().zip(&kept.numbers) {
        let Compiled { limit, rules } = compile(rule, *number, options);
        if let Some(limit) = limit {
            transaction.add_limit(limit);
        }
        let chain = chain_of(kept.number, rule.content.direction);
        let mut hits = hits.get(number).copied();
        for part in rules {
            transaction.add_rule(&chain, Some(&named(rule)), counting(part, hits.take()));
        }
    }
}

/// One rule: before another, by its handle, or behind all.
pub(crate) fn rule(
    transaction: &mut Transaction,
    chain: &str,
    before: Option<u64>,
    (rule, number): (&Rule, u32),
    options: &Options,
) {
    let Compiled { limit, rules } = compile(rule, number, options);
    if let Some(limit) = limit {
        transaction.add_limit(limit);
    }
    for part in rules {
        match before {
            Some(before) => transaction.insert_rule(chain, before, &named(rule), counting(part, None)),
            None => transaction.add_rule(chain, Some(&named(rule)), counting(part, None)),
        }
    }
}

fn named(rule: &Rule) -> String {
    comment(rule.cloud_id.as_ref().map_or("", |id| id.as_str()))
}

/// Between what a rule matches and what it does, it counts.
fn counting((mut matched, does): (Vec<Value>, Vec<Value>), hits: Option<Hits>) -> Vec<Value> {
    matched.push(match hits {
        Some(Hits { packets, bytes }) => json!({"counter": {"packets": packets, "bytes": bytes}}),
        None => json!({"counter": null}),
    });
    matched.extend(does);
    matched
}

/// A rule's connections go on from now on.
pub(crate) fn remember(transaction: &mut Transaction, rule: &Rule, number: u32, options: &Options) {
    if options.marks_connections() && rule.content.action == Action::Accept {
        transaction.add_elements(LIVE, vec![options.marks.of(number)]);
    }
}

/// A rule's connections end, and its rate goes. The rule is gone already.
pub(crate) fn forget(transaction: &mut Transaction, rule: &Rule, number: u32, options: &Options) {
    if options.marks_connections() && rule.content.action == Action::Accept {
        transaction.delete_elements(LIVE, vec![options.marks.of(number)]);
    }
    if has_limit(rule) {
        transaction.delete_limit(&limit_of(number));
    }
}

/// The rates of a firewall's rules, which are gone already, as far as they are there.
pub(crate) fn forget_limits(transaction: &mut Transaction, kept: &KeptFirewall, is_there: impl Fn(&str) -> bool) {
    let limited = kept.firewall.rules.iter().zip(&kept.numbers).filter(|(rule, _)| has_limit(rule));
    let names = limited.map(|(_, number)| limit_of(*number));
    names.filter(|name| is_there(name)).for_each(|name| transaction.delete_limit(&name));
}

fn has_limit(rule: &Rule) -> bool {
    rule.content.conditions.as_ref().is_some_and(|conditions| conditions.limit.is_some())
}
