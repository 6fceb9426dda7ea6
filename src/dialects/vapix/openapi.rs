//! The API as an OpenAPI document, of the form in which devices have theirs.

use serde_json::{Map, Value, json};

use super::schema::schema_of;
use super::types::{ABOUT, ACTIONS, ACTIVATED, DATA_TYPES, DataType, RULES, Type, VERSION};

/// The whole document.
pub(super) fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "firewall", "version": VERSION, "description": ABOUT },
        "servers": [{ "url": "/config/rest" }],
        "paths": paths(),
        "components": {
            "parameters": parameters(),
            "responses": responses(),
            "schemas": schemas(),
            "securitySchemes": {
                "basic": { "type": "http", "scheme": "basic" },
                "digest": { "type": "http", "scheme": "digest" },
            },
        },
        "security": [{ "digest": [] }, { "basic": [] }],
    })
}

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// A type, with objects by their names; those that are sent have names of their own.
fn type_of(is: Type, nullable: bool, is_sent: bool) -> Value {
    let named = |of: &DataType| reference("schemas", &name_of(of, is_sent));
    match is {
        Type::Object(of) if nullable => json!({ "oneOf": [named(of), { "type": "null" }] }),
        Type::Object(of) => named(of),
        Type::List(of) => json!({ "type": "array", "items": named(of) }),
        is => schema_of(is, nullable),
    }
}

fn name_of(of: &DataType, is_sent: bool) -> String {
    format!("datatype.{}{}", of.name, if is_sent { "-set" } else { "" })
}

fn object(properties: Map<String, Value>, required: Option<Vec<&str>>) -> Value {
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if let (Some(schema), Some(required)) = (schema.as_object_mut(), required) {
        schema.insert("required".into(), json!(required));
    }
    schema
}

fn schemas() -> Value {
    let mut all = Map::new();
    for of in DATA_TYPES {
        for is_sent in [false, true] {
            let member = |member: &super::types::Member| {
                let mut schema = type_of(member.is, member.nullable, is_sent);
                if let Some(schema) = schema.as_object_mut() {
                    schema.insert("description".into(), json!(member.about));
                }
                (member.name.to_owned(), schema)
            };
            let names = of.members.iter().map(|member| member.name).collect();
            let mut schema = object(of.members.iter().map(member).collect(), (!is_sent).then_some(names));
            if let Some(schema) = schema.as_object_mut() {
                schema.insert("description".into(), json!(of.about));
            }
            all.insert(name_of(of, is_sent), schema);
        }
    }
    let rules = RULES.iter().map(|property| (property.name.to_owned(), type_of(property.is, property.nullable, false)));
    let names = RULES.iter().map(|property| property.name).collect();
    all.insert("firewall.v1.conf.rules".into(), object(rules.collect(), Some(names)));
    let conf = Map::from_iter([("rules".to_owned(), reference("schemas", "firewall.v1.conf.rules"))]);
    all.insert("firewall.v1.conf".into(), object(conf, None));
    let activated = || (ACTIVATED.name.to_owned(), type_of(ACTIVATED.is, false, false));
    let root = Map::from_iter([activated(), ("conf".to_owned(), reference("schemas", "firewall.v1.conf"))]);
    all.insert("firewall.v1".into(), object(root, Some(vec![ACTIVATED.name])));
    all.insert("firewall.v1-set".into(), object(Map::from_iter([activated()]), None));
    all.sort_keys();
    Value::Object(all)
}

fn parameters() -> Value {
    let query = |name: &str, about: &str| json!({ "in": "query", "name": name, "description": about, "schema": { "type": "boolean" } });
    json!({
        "strict": query("strict", "Whether members that are not known are an error."),
        "recursive": query("recursive", "Whether what is below an entity is shown with it; so it is by default."),
        "importType": {
            "in": "query", "name": "importType", "description": "Of no meaning here.", "schema": { "type": "string" },
        },
        "traceId": {
            "in": "header", "name": "traceparent", "description": "The trace that the request is of, as W3C has it.",
            "schema": { "type": "string" },
        },
    })
}

fn responses() -> Value {
    let with = |about: &str, schema: Value| json!({ "description": about, "content": { "application/json": { "schema": schema } } });
    let done = object(Map::from_iter([("status".to_owned(), json!({ "const": "success" }))]), Some(vec!["status"]));
    let failure = json!({
        "type": "object",
        "properties": {
            "status": { "const": "error" },
            "error": {
                "type": "object",
                "properties": { "code": { "type": "integer" }, "message": { "type": "string" } },
                "required": ["code", "message"],
                "additionalProperties": false,
            },
        },
        "required": ["status", "error"],
        "additionalProperties": false,
    });
    let failed = |about: &str| with(about, failure.clone());
    let mut unauthorized = failed("Nobody has said who it is, or whoever it is may not do this.");
    if let Some(content) = unauthorized.get_mut("content").and_then(Value::as_object_mut) {
        content.insert("text/html".into(), json!({ "schema": { "type": "string" } }));
    }
    json!({
        "200": with("It was done.", done.clone()),
        "201": with("It was made.", done),
        "400": failed("What was sent is not as it should be."),
        "401": unauthorized,
        "404": failed("There is nothing at this path."),
        "409": failed("It is there already."),
        "413": failed("The body is too large."),
        "414": failed("The URI is too long."),
        "500": failed("The back end has failed."),
    })
}

fn paths() -> Value {
    let mut all = Map::new();
    let root = || reference("schemas", "firewall.v1");
    let root_is_sent = || reference("schemas", "firewall.v1-set");
    let writes = |of: &dyn Fn() -> Value, about: &str, methods: &[&str]| -> Vec<(String, Value)> {
        methods.iter().map(|method| ((*method).to_owned(), write("firewall.v1", of(), about))).collect()
    };
    let about = "Shows the firewall, with its rules.";
    let item = [("get".to_owned(), read("firewall.v1", root(), about))];
    let sets = writes(&root_is_sent, "Sets what can be set of the firewall.", &["patch", "put"]);
    all.insert("/firewall/v1".into(), item.into_iter().chain(sets).collect());
    let boolean = || type_of(ACTIVATED.is, false, true);
    let item = [("get".to_owned(), read("firewall.v1", boolean(), ACTIVATED.about))];
    let sets = writes(&boolean, "Has the rules be in force, or not.", &["patch", "put"]);
    all.insert("/firewall/v1/activated".into(), item.into_iter().chain(sets).collect());
    let conf = read("firewall.v1.conf", reference("schemas", "firewall.v1.conf"), "Shows the rules.");
    all.insert("/firewall/v1/conf".into(), json!({ "get": conf }));
    let tag = "firewall.v1.conf.rules";
    all.insert(
        "/firewall/v1/conf/rules".into(),
        json!({ "get": read(tag, reference("schemas", tag), "Shows the rules.") }),
    );
    for property in &RULES {
        let value = type_of(property.is, property.nullable, false);
        let path = format!("/firewall/v1/conf/rules/{}", property.name);
        all.insert(path, json!({ "get": read(tag, value, property.about) }));
    }
    for action in &ACTIONS {
        let takes = action.takes.map_or(json!({ "type": "object", "additionalProperties": false }), |of| {
            reference("schemas", &name_of(of, true))
        });
        let item = || write("firewall.v1.conf", takes.clone(), action.about);
        let path = format!("/firewall/v1/conf/{}", action.name);
        all.insert(path, json!({ "post": item(), "patch": item(), "put": item() }));
    }
    Value::Object(all)
}

fn failures() -> impl Iterator<Item = (String, Value)> {
    let statuses = ["400", "401", "404", "413", "414", "500"];
    statuses.into_iter().map(|status| (status.to_owned(), reference("responses", status)))
}

fn read(tag: &str, data: Value, about: &str) -> Value {
    let properties = Map::from_iter([("status".to_owned(), json!({ "const": "success" })), ("data".to_owned(), data)]);
    let schema = object(properties, Some(vec!["status", "data"]));
    let shown = json!({ "description": about, "content": { "application/json": { "schema": schema } } });
    let responses: Map<_, _> = [("200".to_owned(), shown)].into_iter().chain(failures()).collect();
    json!({
        "summary": about,
        "tags": [tag],
        "parameters": [reference("parameters", "recursive"), reference("parameters", "traceId")],
        "responses": responses,
    })
}

fn write(tag: &str, data: Value, about: &str) -> Value {
    let schema = json!({ "type": "object", "properties": { "data": data }, "required": ["data"] });
    let done = [("200".to_owned(), reference("responses", "200"))];
    json!({
        "summary": about,
        "tags": [tag],
        "parameters": [reference("parameters", "strict"), reference("parameters", "traceId")],
        "requestBody": { "required": true, "content": { "application/json": { "schema": schema } } },
        "responses": done.into_iter().chain(failures()).collect::<Map<_, _>>(),
    })
}
