//! The fields of what is sent, in whatever spelling clients have for them.

use std::cell::RefCell;
use std::num::NonZeroUsize;

use serde_json::{Map, Value};

use crate::policies::account::edits::{PeerKind, Place, Reference};
use crate::policies::account::{ChangeError, Code, Problem};

/// The fields of an object, and what was wrong with those that were read.
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(members: &'a Map<String, Value>) -> Self {
        Self { members, problems: RefCell::default() }
    }

    /// That nothing was wrong.
    pub(super) fn end(self) -> Result<(), ChangeError> {
        let problems = self.problems.into_inner();
        if problems.is_empty() { Ok(()) } else { Err(ChangeError::Invalid(problems)) }
    }

    /// What is in a field, as it was sent.
    pub(super) fn value(&self, field: &str) -> Option<&'a Value> {
        self.members.get(field)
    }

    /// All fields.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.members.iter()
    }

    /// A text; none inside for null.
    pub(super) fn text(&self, field: &str) -> Option<Option<String>> {
        match self.members.get(field)? {
            Value::Null => Some(None),
            Value::Array(_) | Value::Object(_) => {
                self.wrong(field, "", "has to be a text");
                None
            }
            value => Some(Some(plain(value))),
        }
    }

    /// A text that is never null: nothing stands for that.
    pub(super) fn required(&self, field: &str) -> Option<String> {
        self.text(field).map(Option::unwrap_or_default)
    }

    /// Whether something is so; null says nothing.
    pub(super) fn flag(&self, field: &str) -> Option<bool> {
        match self.members.get(field)? {
            Value::Null => None,
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
            Value::String(text) if text.trim().is_empty() => None,
            other => {
                self.wrong(field, &plain(other), "has to be true or false");
                None
            }
        }
    }

    /// The id of something; none inside for none.
    pub(super) fn id(&self, field: &str) -> Option<Option<String>> {
        Some(self.text(field)?.filter(|id| !id.trim().is_empty()))
    }

    /// Something that is named in this field; none inside for any.
    pub(super) fn reference(&self, field: &str) -> Option<Option<Reference>> {
        match self.members.get(field)? {
            Value::Null => Some(None),
            Value::String(text) if text.trim().is_empty() => Some(None),
            Value::Object(members) => Some(Some(reference(members))),
            Value::Array(_) => {
                self.wrong(field, "", "has to be an id, or an object with one");
                None
            }
            value => {
                // In the old form the type stands beside the id.
                let kind = self.members.get("type").and_then(Value::as_str).map(PeerKind::read);
                Some(Some(Reference { kind, id: Some(plain(value)), ..Reference::default() }))
            }
        }
    }

    /// A place among others; none for that which it has, or behind all.
    pub(super) fn position(&self) -> Option<Place> {
        let text = self.text("position")??;
        let text = text.trim();
        let number = || text.parse().ok().and_then(NonZeroUsize::new).map(Place::At);
        match text {
            "" => None,
            _ if text.eq_ignore_ascii_case("last") => Some(Place::Last),
            _ if text.eq_ignore_ascii_case("first") => Some(Place::At(NonZeroUsize::MIN)),
            _ => {
                let place = number();
                if place.is_none() {
                    self.wrong("position", text, "has to be a number from 1 on, or \"last\"");
                }
                place
            }
        }
    }

    fn wrong(&self, field: &str, value: &str, what: &str) {
        let problem = Problem::new(field, value, Code::Invalid, format!("{field} {what}"));
        self.problems.borrow_mut().push(problem);
    }
}

fn reference(members: &Map<String, Value>) -> Reference {
    let text = |field: &str| match members.get(field) {
        None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => None,
        Some(value) => Some(plain(value)).filter(|text| !text.trim().is_empty()),
    };
    Reference {
        kind: text("type").as_deref().map(PeerKind::read),
        id: text("id"),
        name: text("name").or_else(|| text("username")),
        protocol: text("protocol"),
        port: members.contains_key("port").then(|| text("port")),
        addresses: text("ip_address"),
    }
}

/// A value that is neither a list nor an object, as text.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
