//! Lists: which of their objects are asked for, and which page.

use serde_json::{Map, Value, json};

use super::body::pairs;
use super::error::ApiError;
use super::fields::plain;
use crate::policies::account::{Code, Problem};

/// How many objects a page has, at the most and where only the page is asked for.
const MAX_PER_PAGE: usize = 1000;
const PER_PAGE: usize = 20;

/// What a query asks for.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, Option<String>)>);

impl Query {
    pub(super) fn read(text: Option<&str>) -> Self {
        Self(pairs(text.unwrap_or_default()).collect())
    }

    /// What a parameter says.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name)?.1.as_deref()
    }

    /// Whether an object has what the query says of its fields. Parameters that it has no field for say nothing.
    fn matches(&self, object: &Map<String, Value>, ignored: &[&str]) -> bool {
        self.0.iter().filter(|(key, _)| !ignored.contains(&key.as_str())).all(|(key, value)| {
            match (object.get(key), value) {
                (None | Some(Value::Array(_) | Value::Object(_)), _) | (_, None) => true,
                (Some(known), Some(value)) => {
                    let known = if known.is_null() { String::new() } else { plain(known) };
                    known == *value || value.split(',').any(|one| one == known)
                }
            }
        })
    }

    fn number(&self, name: &str, most: usize) -> Result<Option<usize>, ApiError> {
        let Some(text) = self.value(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| (1..=most).contains(number));
        let details = format!("{name} has to be a number from 1 to {most}");
        number.map(Some).ok_or_else(|| ApiError::invalid(Problem::new(name, text, Code::Invalid, details)))
    }

    /// The list of these objects that is asked for, under this name: all, or one page. The URL is that of the list.
    pub(super) fn list(
        &self,
        name: &str,
        objects: impl Iterator<Item = Map<String, Value>>,
        url: &str,
        ignored: &[&str],
    ) -> Result<Value, ApiError> {
        if [self.value("page"), self.value("per_page")].into_iter().flatten().any(|text| !text.is_empty()) {
            return self.page(name, objects, url, ignored, (PER_PAGE, MAX_PER_PAGE));
        }
        let objects: Vec<_> = objects.filter(|object| self.matches(object, ignored)).collect();
        Ok(json!({ "count": objects.len(), name: objects }))
    }

    /// One page of these objects: of so many where nothing is asked for, and of so many at the most.
    pub(super) fn page(
        &self,
        name: &str,
        objects: impl Iterator<Item = Map<String, Value>>,
        url: &str,
        ignored: &[&str],
        (usual, most): (usize, usize),
    ) -> Result<Value, ApiError> {
        let (page, per_page) = (self.number("page", usize::MAX)?, self.number("per_page", most)?);
        let mut objects: Vec<Value> =
            objects.filter(|object| self.matches(object, ignored)).map(Value::Object).collect();
        let count = objects.len();
        let (page, per_page) = (page.unwrap_or(1), per_page.unwrap_or(usual));
        let start = (page - 1).saturating_mul(per_page).min(count);
        let end = start.saturating_add(per_page).min(count);
        objects.truncate(end);
        let mut list = json!({ "count": count, name: objects.split_off(start) });
        if end < count
            && let Some(members) = list.as_object_mut()
        {
            let next = self.next(url, page + 1, per_page);
            members.insert("pagination".into(), json!({ "next": next }));
        }
        Ok(list)
    }

    /// The URL of another page, with all else that the query says.
    fn next(&self, url: &str, page: usize, per_page: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in self.0.iter().filter(|(key, _)| !["page", "per_page"].contains(&key.as_str())) {
            query.append_pair(key, value.as_deref().unwrap_or_default());
        }
        query.append_pair("page", &page.to_string()).append_pair("per_page", &per_page.to_string());
        format!("{url}?{}", query.finish())
    }
}
