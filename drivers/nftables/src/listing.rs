//! What the kernel has in our table, as `nft -j -n list table` says it.

use std::collections::HashMap;

use deltawall_core::Hits;
use serde::Deserialize;
use serde_json::Value;

/// All of a table.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) chains: HashMap<String, Chain>,
    /// The elements of sets.
    pub(crate) sets: HashMap<String, Vec<Value>>,
    pub(crate) limits: HashMap<String, Rate>,
    /// The names of maps, of which we make none.
    pub(crate) maps: Vec<String>,
    /// Whether the table has flags, such as one that makes it do nothing. We give it none.
    pub(crate) has_flags: bool,
}

/// A chain with its rules in their order.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Chain {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) hook: Option<String>,
    pub(crate) prio: Option<i64>,
    pub(crate) policy: Option<String>,
    #[serde(skip)]
    pub(crate) rules: Vec<Rule>,
}

/// One of nft's rules.
#[derive(Debug, Deserialize)]
pub(crate) struct Rule {
    chain: String,
    pub(crate) handle: u64,
    pub(crate) comment: Option<String>,
    /// What it matches and does, without what it has counted.
    #[serde(rename = "expr")]
    pub(crate) expressions: Vec<Value>,
    #[serde(skip)]
    pub(crate) hits: Hits,
}

/// What a rule has counted.
#[derive(Deserialize)]
struct Counter {
    packets: u64,
    bytes: u64,
}

/// A rate that rules share.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Rate {
    #[serde(default)]
    pub(crate) name: String,
    rate: u64,
    per: String,
    burst: u64,
    #[serde(default)]
    inv: bool,
}

#[derive(Deserialize)]
struct Set {
    name: String,
    #[serde(default)]
    elem: Vec<Value>,
}

#[derive(Deserialize)]
struct Whole {
    nftables: Vec<Entry>,
}

/// What of a thing matters whose name is all that is needed.
#[derive(Deserialize)]
struct Named {
    name: String,
    /// What they are, nft 1.0.6 does not say: it writes a text of its own memory.
    flags: Option<Value>,
}

/// One of these, or something that the driver does not make.
#[derive(Deserialize)]
struct Entry {
    table: Option<Named>,
    map: Option<Named>,
    chain: Option<Chain>,
    rule: Option<Rule>,
    set: Option<Set>,
    limit: Option<Rate>,
}

impl Listing {
    pub(crate) fn read(text: &[u8]) -> Result<Self, serde_json::Error> {
        let Whole { nftables } = serde_json::from_slice(text)?;
        let mut listing = Self::default();
        for Entry { table, map, chain, rule, set, limit } in nftables {
            listing.has_flags |= table.is_some_and(|table| table.flags.is_some());
            listing.maps.extend(map.map(|map| map.name));
            if let Some(chain) = chain {
                listing.chains.insert(chain.name.clone(), chain);
            }
            if let Some(mut rule) = rule {
                rule.take_count();
                let chain = listing.chains.entry(rule.chain.clone()).or_default();
                chain.rules.push(rule);
            }
            if let Some(set) = set {
                listing.sets.insert(set.name, set.elem);
            }
            if let Some(limit) = limit {
                listing.limits.insert(limit.name.clone(), limit);
            }
        }
        Ok(listing)
    }
}

impl Rule {
    /// Takes the counter out of what it does.
    fn take_count(&mut self) {
        if let Some(place) = self.expressions.iter().position(|expression| expression.get("counter").is_some()) {
            let counter = self.expressions.remove(place);
            self.hits = counter
                .get("counter")
                .and_then(|counter| Counter::deserialize(counter).ok())
                .map_or_else(Hits::default, |Counter { packets, bytes }| Hits { packets, bytes });
        }
    }
}

impl Rate {
    /// Whether it is what was asked for.
    pub(crate) fn is(&self, asked: &Value) -> bool {
        Self::deserialize(asked).is_ok_and(|asked| asked == *self)
    }
}
