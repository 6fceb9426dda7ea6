//! The firewall APIs that are spoken. This is the only list of them.

pub mod deltacloud;
pub mod dialect;

use crate::message::Exchange;
use deltacloud::Deltacloud;
use dialect::Dialect;

/// All dialects.
#[derive(Debug)]
pub struct Dialects {
    /// Those that have paths of their own, by what these begin with.
    of_paths: Vec<(&'static str, Box<dyn Dialect>)>,
    /// What answers all other paths.
    of_the_rest: Box<dyn Dialect>,
}

impl Default for Dialects {
    fn default() -> Self {
        // A second dialect is an entry here, such as `("/v1", Box::new(Halo::default()))`.
        Self { of_paths: Vec::new(), of_the_rest: Box::new(Deltacloud::default()) }
    }
}

impl Dialects {
    /// The dialect that a request is of.
    pub fn of(&self, exchange: &Exchange<'_>) -> &dyn Dialect {
        let path = exchange.http.uri().path();
        let found = self.of_paths.iter().find(|(start, _)| is_below(path, start));
        found.map_or(&*self.of_the_rest, |(_, dialect)| &**dialect)
    }
}

/// Whether a path begins with these segments.
fn is_below(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
