//! The words of nft's JSON, as libnftables-json(5) has them.
//!
//! Texts of clients are in two places alone, the prefix of what is logged and the name of an interface, and go through a JSON
//! library: nft's own syntax has no way to write a quote in a text.

use serde_json::{Value, json};

/// The only table that the driver touches.
pub(crate) const TABLE: &str = "deltawall";

/// One transaction.
#[derive(Debug, Default)]
pub(crate) struct Transaction(Vec<Value>);

impl Transaction {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add_table(&mut self) {
        self.0.push(json!({"add": {"table": {"family": "inet", "name": TABLE}}}));
    }

    pub(crate) fn delete_table(&mut self) {
        self.0.push(json!({"delete": {"table": {"family": "inet", "name": TABLE}}}));
    }

    pub(crate) fn add_chain(&mut self, name: &str) {
        self.0.push(json!({"add": {"chain": in_table(name)}}));
    }

    /// A chain that packets come to by themselves. Where it is there, it gets this policy.
    pub(crate) fn add_base_chain(&mut self, name: &str, policy: &str) {
        let chain = json!({
            "family": "inet", "table": TABLE, "name": name, "type": "filter", "hook": name, "prio": 0, "policy": policy,
        });
        self.0.push(json!({"add": {"chain": chain}}));
    }

    pub(crate) fn flush_chain(&mut self, name: &str) {
        self.0.push(json!({"flush": {"chain": in_table(name)}}));
    }

    pub(crate) fn delete_chain(&mut self, name: &str) {
        self.0.push(json!({"delete": {"chain": in_table(name)}}));
    }

    /// A rule behind all others of its chain.
    pub(crate) fn add_rule(&mut self, chain: &str, comment: Option<&str>, expressions: Vec<Value>) {
        self.0.push(json!({"add": {"rule": rule(chain, comment, expressions)}}));
    }

    /// A rule before the one with this handle.
    pub(crate) fn insert_rule(&mut self, chain: &str, before: u64, comment: &str, expressions: Vec<Value>) {
        let mut rule = rule(chain, Some(comment), expressions);
        if let Some(rule) = rule.as_object_mut() {
            rule.insert("handle".into(), before.into());
        }
        self.0.push(json!({"insert": {"rule": rule}}));
    }

    pub(crate) fn delete_rule(&mut self, chain: &str, handle: u64) {
        self.0.push(json!({"delete": {"rule": {"family": "inet", "table": TABLE, "chain": chain, "handle": handle}}}));
    }

    /// A set of marks.
    pub(crate) fn add_set(&mut self, name: &str) {
        self.0.push(json!({"add": {"set": {"family": "inet", "table": TABLE, "name": name, "type": "mark"}}}));
    }

    pub(crate) fn flush_set(&mut self, name: &str) {
        self.0.push(json!({"flush": {"set": in_table(name)}}));
    }

    pub(crate) fn delete_map(&mut self, name: &str) {
        self.0.push(json!({"delete": {"map": in_table(name)}}));
    }

    pub(crate) fn delete_set(&mut self, name: &str) {
        self.0.push(json!({"delete": {"set": in_table(name)}}));
    }

    pub(crate) fn add_elements(&mut self, set: &str, elements: Vec<u32>) {
        self.elements("add", set, elements);
    }

    pub(crate) fn delete_elements(&mut self, set: &str, elements: Vec<u32>) {
        self.elements("delete", set, elements);
    }

    fn elements(&mut self, verb: &str, set: &str, elements: Vec<u32>) {
        if !elements.is_empty() {
            let elements = json!({"family": "inet", "table": TABLE, "name": set, "elem": elements});
            self.0.push(json!({verb: {"element": elements}}));
        }
    }

    pub(crate) fn add_limit(&mut self, limit: Value) {
        self.0.push(json!({"add": {"limit": limit}}));
    }

    pub(crate) fn delete_limit(&mut self, name: &str) {
        self.0.push(json!({"delete": {"limit": in_table(name)}}));
    }

    /// What `nft -j -f -` reads.
    pub(crate) fn into_text(self) -> String {
        json!({"nftables": self.0}).to_string()
    }
}

fn in_table(name: &str) -> Value {
    json!({"family": "inet", "table": TABLE, "name": name})
}

fn rule(chain: &str, comment: Option<&str>, expressions: Vec<Value>) -> Value {
    match comment {
        Some(comment) => {
            json!({"family": "inet", "table": TABLE, "chain": chain, "expr": expressions, "comment": comment})
        }
        None => json!({"family": "inet", "table": TABLE, "chain": chain, "expr": expressions}),
    }
}

/// Whether two are equal.
pub(crate) fn matches(left: Value, right: impl Into<Value>) -> Value {
    json!({"match": {"op": "==", "left": left, "right": right.into()}})
}

/// Whether two are not.
pub(crate) fn differs(left: Value, right: impl Into<Value>) -> Value {
    json!({"match": {"op": "!=", "left": left, "right": right.into()}})
}

pub(crate) fn payload(protocol: &str, field: &str) -> Value {
    json!({"payload": {"protocol": protocol, "field": field}})
}

pub(crate) fn meta(key: &str) -> Value {
    json!({"meta": {"key": key}})
}

pub(crate) fn ct(key: &str) -> Value {
    json!({"ct": {"key": key}})
}

pub(crate) fn goto(chain: &str) -> Value {
    json!({"goto": {"target": chain}})
}

pub(crate) fn jump(chain: &str) -> Value {
    json!({"jump": {"target": chain}})
}

/// Lets it through, whatever stands behind.
pub(crate) fn accept() -> Value {
    json!({"accept": null})
}

/// Lets nothing through, and tells nobody.
pub(crate) fn drop() -> Value {
    json!({"drop": null})
}

/// Lets nothing through, and tells the sender that somebody forbids it.
pub(crate) fn reject() -> Value {
    json!({"reject": {"type": "icmpx", "expr": ADMIN_PROHIBITED}})
}

/// What `nft -n` says for `admin-prohibited`.
const ADMIN_PROHIBITED: u32 = 3;
