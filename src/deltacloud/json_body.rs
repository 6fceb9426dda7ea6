//! A JSON body, read as deep as parameters go: an object of values, or of lists of values. What lies deeper is looked
//! through and not kept, since a megabyte of empty objects would take a hundred times that in memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads a body. An object or list that is not kept is an empty one.
///
/// # Errors
/// When it is not JSON, or more follows it.
pub(super) fn parse(bytes: &[u8]) -> serde_json::Result<Value> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = Depth::Body.deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

/// How deep a value lies.
#[derive(Clone, Copy)]
enum Depth {
    Body,
    Field,
    Item,
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        match self {
            Self::Field => {
                while let Some(item) = list.next_element_seed(Self::Item)? {
                    items.push(item);
                }
            }
            Self::Body | Self::Item => while list.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        match self {
            Self::Body => {
                while let Some(name) = object.next_key()? {
                    fields.insert(name, object.next_value_seed(Self::Field)?);
                }
            }
            Self::Field | Self::Item => while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {},
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_deeper_than_parameters_go_is_not_kept() {
        let read =
            |text: &str| parse(text.as_bytes()).map(|value| value.to_string()).map_err(|error| error.to_string());
        for (text, kept) in [
            (r#"{"a":"x","b":[1,-2,0.5,1e30,true,null],"a":"y"}"#, r#"{"a":"y","b":[1,-2,0.5,1e+30,true,null]}"#),
            (r#"{"a":{"b":1},"c":[[1],{"d":2}]}"#, r#"{"a":{},"c":[[],{}]}"#),
            (r#"[1,{"a":2}]"#, "[]"),
            (" null ", "null"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(kept), "{text}");
        }
        for text in ["", "{", "{}{}", r#"{"a":[{]}"#, r#"{"a":"\ud800"}"#, r#"{"a":1e999}"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
