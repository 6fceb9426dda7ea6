//! As much of JSON Schema as the OpenAPI document uses.

use serde_json::Value;

/// Fails unless the value is what the schema says. What a pattern says is left to schemathesis, which sends each example.
pub fn check(value: &Value, schema: &Value, document: &Value) -> Result<(), String> {
    let fail = |what: &str| Err(format!("{value} {what} {schema}"));
    let number = value.as_f64();
    for (keyword, wanted) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$ref" => return check(value, referred(document, wanted), document),
            "type" => match wanted {
                Value::Array(types) => types.iter().any(|one| is(value, one)),
                one => is(value, one),
            },
            "enum" => wanted.as_array().unwrap().contains(value),
            "minimum" => number.is_none_or(|number| number >= wanted.as_f64().unwrap()),
            "maximum" => number.is_none_or(|number| number <= wanted.as_f64().unwrap()),
            "minLength" => value.as_str().is_none_or(|text| text.len() >= wanted.as_u64().unwrap() as usize),
            "required" => wanted.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
            "oneOf" => wanted.as_array().unwrap().iter().filter(|one| check(value, one, document).is_ok()).count() == 1,
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|one| check(one, wanted, document))?;
                true
            }
            "properties" => {
                for (name, property) in wanted.as_object().unwrap() {
                    value.get(name).map_or(Ok(()), |value| check(value, property, document))?;
                }
                true
            }
            "additionalProperties" => {
                assert!(schema.get("properties").is_none(), "which would be additional? {schema}");
                value.as_object().into_iter().flatten().try_for_each(|(_, one)| check(one, wanted, document))?;
                true
            }
            "description" | "example" | "examples" | "format" | "pattern" | "propertyNames" => true,
            unknown => panic!("what is {unknown}?"),
        };
        if !holds {
            return fail(&format!("has not the {keyword} of"));
        }
    }
    Ok(())
}

/// What a reference within the document leads to.
pub fn referred<'a>(document: &'a Value, reference: &Value) -> &'a Value {
    let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
    document.pointer(pointer).unwrap_or_else(|| panic!("nothing is at {reference}"))
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        unknown => panic!("what is {unknown}?"),
    }
}
