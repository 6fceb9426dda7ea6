//! A JSON body, read as deep as parameters go: an object of values, or of lists of values. What lies deeper is looked
//! through and not kept, since a megabyte of empty objects would take a hundred times that in memory. Names that are there
//! twice stay, and numbers are as they were written, with each of their digits.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Names and values, in the order they were sent.
pub(super) type Fields<'a> = Vec<(String, &'a RawValue)>;

/// A value of a field, or of a list in one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Null,
    Text(String),
    Boolean(&'a str),
    Number(&'a str),
    Object,
    List,
}

/// Reads a body.
///
/// # Errors
/// When it is not JSON, more follows it, or it is no object, which alone is an error of data.
pub(super) fn parse(bytes: &[u8]) -> serde_json::Result<Fields<'_>> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let fields = json.deserialize_map(Object)?;
    json.end()?;
    Ok(fields)
}

/// The values of a field: those in its list, where it is one.
///
/// # Errors
/// When a text is not Unicode.
pub(super) fn values(field: &RawValue) -> serde_json::Result<impl Iterator<Item = serde_json::Result<Value<'_>>>> {
    let values: Vec<&RawValue> = match field.get().starts_with('[') {
        true => serde_json::from_str(field.get())?,
        false => vec![field],
    };
    Ok(values.into_iter().map(value))
}

/// The digits of a number that is whole; none where it is not, or is so large that they are not sure.
pub(super) fn whole(number: &str) -> Option<String> {
    if !number.contains(['.', 'e', 'E']) {
        return Some(number.to_owned());
    }
    let number: f64 = number.parse().ok()?;
    (number.fract() == 0.0 && number.abs() < 1e15).then(|| format!("{number:.0}"))
}

/// One value.
///
/// # Errors
/// When it is a text that is not Unicode.
pub(super) fn value(value: &RawValue) -> serde_json::Result<Value<'_>> {
    let text = value.get();
    Ok(match text.as_bytes() {
        [b'n', ..] => Value::Null,
        [b'"', ..] => Value::Text(serde_json::from_str(text)?),
        [b't' | b'f', ..] => Value::Boolean(text),
        [b'{', ..] => Value::Object,
        [b'[', ..] => Value::List,
        _ => Value::Number(text),
    })
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = object.next_entry()? {
            fields.push(field);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> serde_json::Result<Vec<(String, Vec<Value<'_>>)>> {
        let fields = parse(text.as_bytes())?.into_iter();
        fields.map(|(name, field)| Ok((name, values(field)?.collect::<serde_json::Result<_>>()?))).collect()
    }

    #[test]
    fn all_is_there_as_it_was_written() {
        use Value::{Boolean, List, Null, Number, Object, Text};
        let text =
            r#" {"a":"x\n","b":[1 , -2.50, 1E400,true,null],"a": "y","c":{"d":[{}]},"e":[[1],{"f":2}], "g":[]} "#;
        let expected = [
            ("a", vec![Text("x\n".into())]),
            ("b", vec![Number("1"), Number("-2.50"), Number("1E400"), Boolean("true"), Null]),
            ("a", vec![Text("y".into())]),
            ("c", vec![Object]),
            ("e", vec![List, Object]),
            ("g", vec![]),
        ];
        assert_eq!(read(text).unwrap(), expected.map(|(name, values)| (name.to_owned(), values)));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", "{", "{}{}", r#"{"a":[{]}"#, r#"{"a":01}"#, r#"{"a":"\ud800"}"#, r#"{"a":["\ud800"]}"#] {
            assert!(!read(text).unwrap_err().is_data() || text.contains('\\'), "{text}");
        }
        for text in ["[1,{}]", " null ", "1", "\"a\"", &"[".repeat(100_000)] {
            assert!(read(text).unwrap_err().is_data(), "{text}");
        }
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(&deep).unwrap(), [("a".to_owned(), vec![Value::List])]);
    }
}
