//! The OpenAPI document as tests read it, with as much of JSON Schema as it uses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::server::Server;
use crate::wire::Request;

/// The document at this path.
pub fn document(server: &Server, path: &str) -> Value {
    server.send(Request::get(path)).expect(200).json()
}

/// A method of a path, with what the document says of it.
pub struct Operation<'a> {
    document: &'a Value,
    pub path: &'a str,
    pub method: String,
    says: &'a Value,
}

pub fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().unwrap().iter();
    let all = paths.flat_map(|(path, methods)| methods.as_object().unwrap().iter().map(move |one| (path, one)));
    all.map(|(path, (method, says))| Operation { document, path, method: method.to_uppercase(), says }).collect()
}

impl<'a> Operation<'a> {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn parameters(&self) -> impl Iterator<Item = &'a Value> {
        self.says["parameters"].as_array().into_iter().flatten()
    }

    /// The names of its parameters in a header, path or query.
    pub fn names(&self, place: &str) -> BTreeSet<&'a str> {
        self.parameters().filter(|one| one["in"] == place).map(|one| one["name"].as_str().unwrap()).collect()
    }

    /// Each form of the body that it takes.
    pub fn bodies(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.says["requestBody"]["content"].as_object().into_iter().flatten()
    }

    /// The names of its parameters in a body.
    pub fn fields(&self) -> BTreeSet<&'a str> {
        let properties = self.bodies().filter_map(|(_, body)| body["schema"]["properties"].as_object());
        properties.flatten().map(|(name, _)| name.as_str()).collect()
    }

    /// The answers by their statuses.
    pub fn answers(&self) -> BTreeMap<u16, &'a Value> {
        let answers = self.says["responses"].as_object().unwrap().iter();
        let answers = answers.map(|(status, answer)| match answer.get("$ref") {
            Some(reference) => (status, referred(self.document, reference)),
            None => (status, answer),
        });
        answers.map(|(status, answer)| (status.parse().unwrap(), answer)).collect()
    }

    /// A request with its examples, but for other segments where these are given, and with more after its path.
    pub fn request(&self, segments: Option<&str>, rest: &str) -> Request {
        let mut target = format!("/api{}{rest}", self.path);
        for one in self.parameters().filter(|one| one["in"] == "path") {
            let segment = segments.unwrap_or_else(|| one["schema"]["examples"][0].as_str().unwrap());
            target = target.replace(&format!("{{{}}}", one["name"].as_str().unwrap()), segment);
        }
        let request = Request::new(&self.method, &target);
        match self.body() {
            Some(body) => request.json(&body.to_string()),
            None => request,
        }
    }

    /// The example of its body.
    pub fn body(&self) -> Option<&'a Value> {
        self.says["requestBody"]["content"]["application/json"].get("example")
    }
}

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
            "minItems" => value.as_array().is_none_or(|list| list.len() >= wanted.as_u64().unwrap() as usize),
            "additionalProperties" if *wanted == Value::Bool(false) => {
                let known = schema["properties"].as_object().unwrap();
                value.as_object().into_iter().flatten().all(|(name, _)| known.contains_key(name))
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
