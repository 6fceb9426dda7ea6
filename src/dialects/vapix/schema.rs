//! What is sent, held to its types. The words in which it is told what is wrong are those of the crate `jsonschema`, as a device's are.

use std::fmt;
use std::sync::LazyLock;

use actix_web::web::Bytes;
use jsonschema::Validator;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, json};

use super::types::{DataType, Member, RULE, RULE_OF_BETA, SET_RULES, Type};

/// A type as JSON Schema says it, for what is sent.
pub(super) fn schema_of(is: Type, nullable: bool) -> Value {
    let kind = |kind: &str| if nullable { json!([kind, "null"]) } else { json!(kind) };
    match is {
        Type::Boolean => json!({ "type": kind("boolean") }),
        Type::Integer(least, most) => json!({ "type": kind("integer"), "minimum": least, "maximum": most }),
        Type::Text => json!({ "type": kind("string") }),
        Type::Form(pattern) => json!({ "type": kind("string"), "pattern": pattern }),
        Type::OneOf(words) => {
            let words = words.iter().map(|word| Some(*word)).chain(nullable.then_some(None));
            json!({ "type": kind("string"), "enum": words.collect::<Vec<_>>() })
        }
        Type::Object(of) => {
            let mut schema = schema_of_object(of, |member| schema_of(member.is, member.nullable));
            if nullable && let Some(schema) = schema.as_object_mut() {
                schema.insert("type".into(), json!(["object", "null"]));
            }
            schema
        }
        Type::List(of) => json!({ "type": "array", "items": schema_of(Type::Object(of), false) }),
    }
}

fn schema_of_object(of: &DataType, schema: impl Fn(&Member) -> Value) -> Value {
    let properties: Map<_, _> = of.members.iter().map(|member| (member.name.to_owned(), schema(member))).collect();
    let required: Vec<_> = of.members.iter().filter(|member| !member.nullable).map(|member| member.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// Types that requests are held to.
pub(super) struct Schemas {
    pub(super) boolean: Validator,
    /// `setRules`, whose rules are looked at one by one.
    pub(super) set_rules: Validator,
    pub(super) rule: Validator,
    pub(super) rule_of_beta: Validator,
    /// An object whatever it has.
    pub(super) object: Validator,
}

/// All types that requests are held to; none where the crate does not take one, which a test holds against.
pub(super) static SCHEMAS: LazyLock<Option<Schemas>> = LazyLock::new(|| {
    let validator = |schema: &Value| jsonschema::validator_for(schema).ok();
    let set_rules = schema_of_object(&SET_RULES, |member| match member.is {
        Type::List(_) => json!({ "type": "array" }),
        is => schema_of(is, member.nullable),
    });
    Some(Schemas {
        boolean: validator(&schema_of(Type::Boolean, false))?,
        set_rules: validator(&set_rules)?,
        rule: validator(&schema_of(Type::Object(&RULE), false))?,
        rule_of_beta: validator(&schema_of(Type::Object(&RULE_OF_BETA), false))?,
        object: validator(&json!({ "type": "object" }))?,
    })
});

/// What is wrong with a value: where, as a JSON pointer, and why.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) why: String,
    pub(super) path: String,
}

/// The first thing that is wrong with a value of this type, which stands there in what was sent.
pub(super) fn check(validator: &Validator, value: &Value, place: &str) -> Result<(), Mismatch> {
    match validator.iter_errors(value).next() {
        Some(error) => Err(Mismatch { why: error.to_string(), path: format!("{place}{}", error.instance_path()) }),
        None => Ok(()),
    }
}

/// Reads JSON in which no member is there twice: of two, others might read the other.
pub(super) fn parse(body: &Bytes) -> Result<Value, serde_json::Error> {
    serde_json::from_slice::<Strict>(body).map(|strict| strict.0)
}

/// A value in which no member is there twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reader.deserialize(deserializer).map(Self)
    }
}

struct Reader;

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // 30.0 is the whole number 30.
        let whole = (value.fract() == 0.0 && value.abs() <= f64::from(i32::MAX)).then_some(value as i64);
        Ok(whole.map(Value::from).or_else(|| Number::from_f64(value).map(Value::Number)).unwrap_or_default())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Self)?;
            if all.contains_key(&name) {
                return Err(de::Error::custom(format_args!("duplicate field `{name}`")));
            }
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_types_are_schemas() {
        assert!(SCHEMAS.is_some());
    }

    #[test]
    fn what_is_wrong_is_told_as_devices_tell_it() {
        let schemas = SCHEMAS.as_ref().unwrap();
        let told = |validator: &Validator, value: Value| {
            let Mismatch { why, path } = check(validator, &value, "").unwrap_err();
            (why, path)
        };
        let is = |why: &str, path: &str| (why.to_owned(), path.to_owned());
        assert_eq!(told(&schemas.boolean, json!("x")), is(r#""x" is not of type "boolean""#, ""));
        let rule = |tcp_port| json!({"ruleType": "FILTER", "filter": {"policy": "DROP"}, "tcpPort": tcp_port});
        let port = is("70000 is greater than the maximum of 65535", "/tcpPort");
        assert_eq!(told(&schemas.rule, rule(70_000)), port);
        let missing = told(&schemas.set_rules, json!({"fallbackTime": 0, "defaultPolicy": "DROP"}));
        assert_eq!(missing, is(r#""rules" is a required property"#, ""));
        let policy = json!({"fallbackTime": 0, "defaultPolicy": "ALLOW", "rules": []});
        assert_eq!(
            told(&schemas.set_rules, policy),
            is(r#""ALLOW" is not one of "DROP" or "ACCEPT""#, "/defaultPolicy")
        );
    }

    #[test]
    fn no_member_may_be_there_twice() {
        let body = Bytes::from_static(br#"{"data":{"ip":null,"ip":"10.0.0.1"}}"#);
        assert!(parse(&body).unwrap_err().to_string().starts_with("duplicate field `ip`"));
        assert_eq!(parse(&Bytes::from_static(b"[1,30.0,null]")).unwrap(), json!([1, 30, null]));
    }
}
