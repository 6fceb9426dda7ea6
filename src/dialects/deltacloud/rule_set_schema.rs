//! What a rule set is, for the OpenAPI document.

use std::io;

use serde_json::{Value, json};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{ContentBuilder, Required};

use super::parameter_table::{
    DIRECTION, INTERFACE, LIMIT, LOG_PREFIX, LOG_RULE, MAC, PACKET_TYPE, PORT_FROM, PORT_TO, PORTS, PROTOCOL,
    RULE_ACTION, RULE_DESCRIPTION, RULE_SET_DEFAULT, RULE_SET_RULES, STATES,
};

/// What stands for a rule set in XML.
const XML_EXAMPLE: &str = "<rules>\n  <rule>\n    <allow_protocol>tcp</allow_protocol>\n    <port_from>80</port_from>\n    \
                           <port_to>80</port_to>\n    <sources>\n      <source address='10.1.0.0' prefix='16' type='address' />\n    \
                           </sources>\n  </rule>\n</rules>\n";

/// The body that has a rule set, with this as its example.
///
/// # Errors
/// When it cannot be described, which is our own fault.
pub(super) fn body(example: &str) -> io::Result<RequestBody> {
    let example: Value = serde_json::from_str(example)?;
    let json = ContentBuilder::new().schema(Some(schema(rule_set())?)).example(Some(example)).build();
    let xml =
        ContentBuilder::new().schema(Some(schema(json!({ "type": "string" }))?)).example(Some(XML_EXAMPLE.into()));
    let body = RequestBodyBuilder::new()
        .description(Some(
            "The rule set in the form in which GET shows a firewall: what says nothing of what a rule is, such as its id, may be \
             there and is passed over. XML has rules or firewall at its root.",
        ))
        .required(Some(Required::True))
        .content("application/json", json)
        .content("application/xml", xml.build());
    Ok(body.build())
}

fn schema(value: Value) -> io::Result<Schema> {
    Ok(serde_json::from_value(value)?)
}

fn rule_set() -> Value {
    let action = json!({ "type": "string", "enum": ["accept", "deny", "reject"] });
    json!({
        "type": "object",
        "required": ["rules"],
        "additionalProperties": false,
        "properties": {
            "rules": { "type": "array", "items": rule(), "description": RULE_SET_RULES.meaning },
            "default": {
                "type": ["object", "null"],
                "required": ["ingress", "egress"],
                "additionalProperties": false,
                "properties": { "ingress": action, "egress": action },
                "description": RULE_SET_DEFAULT.meaning,
            },
        },
    })
}

fn rule() -> Value {
    let number = |meaning| json!({ "type": ["integer", "string", "null"], "description": meaning });
    let flag = |meaning| json!({ "type": ["boolean", "string", "null"], "description": meaning });
    json!({
        "type": "object",
        "required": ["allow_protocol", "sources"],
        "additionalProperties": false,
        "properties": {
            "id": {},
            "href": {},
            "position": {},
            "hits": {},
            "expires_at": {},
            "allow_protocol": text(PROTOCOL.meaning),
            "port_from": number(PORT_FROM.meaning),
            "port_to": number(PORT_TO.meaning),
            "ports": list(PORTS.meaning),
            "sources": { "type": "array", "minItems": 1, "items": source() },
            "direction": text(DIRECTION.meaning),
            "rule_action": text(RULE_ACTION.meaning),
            "log_rule": flag(LOG_RULE.meaning),
            "log_prefix": text(LOG_PREFIX.meaning),
            "interface": text(INTERFACE.meaning),
            "states": list(STATES.meaning),
            "limit": text(LIMIT.meaning),
            "mac": text(MAC.meaning),
            "packet_type": text(PACKET_TYPE.meaning),
            "description": text(RULE_DESCRIPTION.meaning),
        },
    })
}

fn source() -> Value {
    let of = |kind: &str, required: Value, properties: Value| {
        let mut properties = properties;
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("type".into(), json!({ "type": "string", "enum": [kind] }));
        }
        json!({ "type": "object", "required": required, "additionalProperties": false, "properties": properties })
    };
    let family = json!({ "type": ["string", "null"], "enum": ["ipv4", "ipv6", null] });
    let any = json!({ "type": ["string", "integer", "boolean"] });
    let prefix = json!({ "type": ["string", "integer", "null"] });
    json!({
        "oneOf": [
            of("address", json!(["type", "address"]), json!({ "family": family, "address": any, "prefix": prefix })),
            of("range", json!(["type", "first", "last"]), json!({ "family": family, "first": any, "last": any })),
            of("group", json!(["type", "name", "owner"]), json!({ "name": any, "owner": any })),
            of("prefix_list", json!(["type", "name"]), json!({ "name": any })),
        ],
    })
}

/// The same, or a list of such.
fn list(meaning: &str) -> Value {
    json!({ "type": ["string", "integer", "boolean", "null", "array"], "description": meaning })
}

/// What may also be a number or a boolean that stands for its text, or nothing.
fn text(meaning: &str) -> Value {
    json!({ "type": ["string", "integer", "boolean", "null"], "description": meaning })
}
