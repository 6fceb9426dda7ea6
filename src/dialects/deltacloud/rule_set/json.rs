//! Rule sets in JSON. They are read a rule at a time, as deep as rules go: a tree of what was sent would take a hundred times
//! its length in memory.

use serde_json::value::RawValue;

use super::sent::{Builder, FIREWALL_SHOWN_ONLY, SentRule, SentSource, wrong};
use crate::dialects::deltacloud::error::ApiError;
use crate::dialects::deltacloud::fields::Fields;
use crate::dialects::deltacloud::json_body::{self, Fields as Members, Value};
use crate::dialects::deltacloud::parameter_table::{PORTS, STATES};
use crate::text::shown;

/// Reads a rule set, or a firewall with its rules.
pub(super) fn read(text: &[u8], builder: &mut Builder<'_>) -> Result<(), ApiError> {
    let members = json_body::parse(text).map_err(|error| match error.is_data() {
        true => wrong("The JSON body is not an object."),
        false => wrong(format!("The body is not JSON: {error}.")),
    })?;
    match members.as_slice() {
        [(name, firewall)] if name == "firewall" => rules(object(firewall, "firewall")?, builder),
        _ => rules(members, builder),
    }
}

fn rules(members: Members<'_>, builder: &mut Builder<'_>) -> Result<(), ApiError> {
    for (name, value) in members {
        match name.as_str() {
            "rules" => {
                builder.begin_rules()?;
                for one in list(value).ok_or_else(|| wrong("rules is not a list."))? {
                    rule(one, builder)?;
                }
            }
            "default" if value.get() != "null" => default(object(value, "default")?, builder)?,
            "default" => {}
            known if FIREWALL_SHOWN_ONLY.contains(&known) => {}
            unknown => return Err(wrong(format!("'{}' is neither rules nor default.", shown(unknown)))),
        }
    }
    Ok(())
}

fn rule(value: &RawValue, builder: &mut Builder<'_>) -> Result<(), ApiError> {
    let mut rule = builder.next_rule();
    let members = json_body::parse(value.get().as_bytes()).ok();
    let members = members.ok_or_else(|| rule.refused("It is not an object."))?;
    for (name, value) in members {
        match name.as_str() {
            "sources" => {
                rule.begin_sources()?;
                for one in list(value).ok_or_else(|| rule.refused("sources is not a list."))? {
                    let source = source(one).map_err(|why| rule.refused(&why))?;
                    rule.add_source(&source, builder.limits)?;
                }
            }
            name if SentRule::is_shown_only(name) => {}
            name => {
                if let Some(text) = listed(name, value).map_err(|why| rule.refused(&why))? {
                    rule.add(name, text, builder.limits)?;
                }
            }
        }
    }
    builder.add(rule)
}

fn source(value: &RawValue) -> Result<SentSource, String> {
    let members = json_body::parse(value.get().as_bytes()).or(Err("a source is not an object."))?;
    let mut source = SentSource::default();
    for (name, value) in members {
        if let Some(text) = text(&name, value)? {
            source.0.push((name, text));
        }
    }
    Ok(source)
}

fn default(members: Members<'_>, builder: &mut Builder<'_>) -> Result<(), ApiError> {
    let mut sent = Vec::new();
    for (name, value) in members {
        if let Some(text) = text(&name, value).map_err(|why| wrong(format!("default: {why}")))? {
            sent.push((name, text));
        }
    }
    builder.set_default(&sent)
}

fn object<'a>(value: &'a RawValue, name: &str) -> Result<Members<'a>, ApiError> {
    json_body::parse(value.get().as_bytes()).ok().ok_or_else(|| wrong(format!("{name} is not an object.")))
}

fn list(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// The text that stands for a value, which may be a list where the text is one.
fn listed(name: &str, value: &RawValue) -> Result<Option<String>, String> {
    let parts = [PORTS.name, STATES.name].contains(&name).then(|| list(value)).flatten();
    let Some(parts) = parts else { return text(name, value) };
    let parts: Result<Vec<_>, _> = parts.into_iter().map(|part| text(name, part)).collect();
    Ok(Some(parts?.into_iter().flatten().collect::<Vec<_>>().join(",")))
}

/// The text that stands for a value; none where it is as if it were not there.
fn text(name: &str, value: &RawValue) -> Result<Option<String>, String> {
    let name = shown(name);
    match json_body::value(value).ok().ok_or_else(|| format!("{name} is not Unicode."))? {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        Value::Boolean(word) => Ok(Some(word.to_owned())),
        Value::Number(number) => match json_body::whole(number) {
            Some(digits) => Ok(Some(digits)),
            None => Err(format!("{name} is a number that is not whole. Send it as text.")),
        },
        Value::Object | Value::List => Err(format!("{name} is neither text, number nor boolean.")),
    }
}
