//! Whether the rules that come back with a policy are those that it has: they have calls of their own, and are not changed with it.

use serde_json::Value;

use super::fields::plain;
use crate::policies::account::{ChangeError, Code, Problem};

/// That the rules that were sent are those that are shown.
pub(super) fn check(sent: &Value, shown: &[Value]) -> Result<(), ChangeError> {
    let sent = match sent {
        Value::Null => return Ok(()),
        Value::Array(sent) => sent,
        _ => return Err(differs(0)),
    };
    let first = sent.iter().zip(shown).position(|(sent, shown)| !is_same(sent, shown));
    match first {
        Some(index) => Err(differs(index)),
        None if sent.len() != shown.len() => Err(differs(sent.len().min(shown.len()))),
        None => Ok(()),
    }
}

fn differs(index: usize) -> ChangeError {
    let details = "Rules are not changed with their policy: use /firewall_policies/ID/firewall_rules";
    Problem::new(format!("firewall_rules[{index}]"), "", Code::Invalid, details).into()
}

/// Whether a rule says nothing else than the one that is shown. What it leaves out is as it is.
fn is_same(sent: &Value, shown: &Value) -> bool {
    let (Some(sent), Some(shown)) = (sent.as_object(), shown.as_object()) else { return false };
    let is_known = sent.get("id").is_some_and(|id| Some(id) == shown.get("id"));
    is_known
        && sent.iter().filter(|(key, _)| *key != "url").all(|(key, sent)| match (sent, shown.get(key)) {
            (Value::Null, None) => true,
            (Value::Object(sent), Some(Value::Object(shown))) => ["id", "type", "name"]
                .into_iter()
                .all(|key| sent.get(key).is_none_or(|sent| Some(sent) == shown.get(key))),
            // An object that it has not: it is shown where it is.
            (sent, None) => !key.starts_with("firewall_") || sent.as_str().is_some_and(str::is_empty),
            (sent, Some(shown)) => sent == shown || plain(sent).eq_ignore_ascii_case(&plain(shown)),
        })
}
