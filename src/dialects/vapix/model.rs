//! The API as a model, of the form that the framework of such devices has.

use serde_json::{Map, Value, json};

use super::types::{ABOUT, ACTIONS, ACTIVATED, DATA_TYPES, DataType, Property, RULES, Type, VERSION};

/// The whole document.
pub(super) fn document() -> Value {
    let admin = || json!({ "roles": ["admin"] });
    let actions = ACTIONS.iter().map(|action| {
        let takes = action.takes.map_or("empty", |of| of.name);
        let action_of = json!({
            "short_description": action.about,
            "request_data_type": takes,
            "response_data_type": "empty",
            "operations": { "trigger": admin() },
        });
        (action.name.to_owned(), action_of)
    });
    let rules = entity("The rules, in force and tried.", properties(&RULES), Map::new(), Map::new());
    let rules = Map::from_iter([("rules".to_owned(), rules)]);
    let conf = entity("The rules, and what is done to them.", Map::new(), rules, actions.collect());
    let conf = Map::from_iter([("conf".to_owned(), conf)]);
    json!({
        "id": "com.axis.firewall.v1",
        "version": VERSION,
        "name": "firewall",
        "state": "released",
        "short_description": ABOUT,
        "description": ABOUT,
        "export_import": false,
        "root_entity": entity(ABOUT, properties(std::slice::from_ref(&ACTIVATED)), conf, Map::new()),
        "data_types": data_types(),
    })
}

fn entity(
    about: &str,
    properties: Map<String, Value>,
    entities: Map<String, Value>,
    actions: Map<String, Value>,
) -> Value {
    json!({
        "short_description": about,
        "collection": "singleton",
        "dynamic_support": false,
        "properties": properties,
        "entities": entities,
        "actions": actions,
        "operations": { "get": { "roles": ["admin"] } },
    })
}

fn properties(all: &[Property]) -> Map<String, Value> {
    let admin = || json!({ "roles": ["admin"] });
    let of = |property: &Property| {
        let mut operations = Map::from_iter([("get".to_owned(), admin())]);
        if property.writable {
            operations.insert("set".to_owned(), admin());
        }
        let shown = json!({
            "short_description": property.about,
            "data_type": name(property.is),
            "nullable": property.nullable,
            "dynamic_support": false,
            "operations": operations,
        });
        (property.name.to_owned(), shown)
    };
    all.iter().map(of).collect()
}

fn data_types() -> Map<String, Value> {
    let of = |of: &&DataType| {
        let members = of.members.iter().map(|member| {
            let mut shown = constraints(member.is);
            shown.insert("short_description".to_owned(), json!(member.about));
            shown.insert("data_type".to_owned(), json!(name(member.is)));
            shown.insert("nullable".to_owned(), json!(member.nullable));
            (member.name.to_owned(), Value::Object(shown))
        });
        let members: Map<_, _> = members.collect();
        (of.name.to_owned(), json!({ "short_description": of.about, "type": "complex", "members": members }))
    };
    DATA_TYPES.iter().map(of).collect()
}

/// What a type is called.
pub(super) fn name(is: Type) -> String {
    match is {
        Type::Boolean => "boolean".into(),
        Type::Integer(..) => "integer".into(),
        Type::Text | Type::Form(_) | Type::OneOf(_) => "string".into(),
        Type::Object(of) => of.name.into(),
        Type::List(of) => format!("array of {}", of.name),
    }
}

fn constraints(is: Type) -> Map<String, Value> {
    let pairs = match is {
        Type::Integer(least, most) => vec![("minimum", json!(least)), ("maximum", json!(most))],
        Type::Form(pattern) => vec![("pattern", json!(pattern))],
        Type::OneOf(words) => vec![("enum", json!(words))],
        Type::Boolean | Type::Text | Type::Object(_) | Type::List(_) => Vec::new(),
    };
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
