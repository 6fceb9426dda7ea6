//! What makes of the rules that a group has those that it is to have.

use std::collections::{BTreeMap, HashMap};

use deltawall_core::{Direction, Error, ErrorKind, NewRule, Protocol, Source};

use crate::capabilities::ID;
use crate::convert::Descriptions;
use crate::grants::{Grant, Subject};

/// What is added, described anew and taken away.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) adds: Vec<Grant>,
    /// What is there and stays, as it is described and as it is to be.
    pub(crate) describes: Vec<(Grant, Grant)>,
    pub(crate) removes: Vec<Grant>,
}

impl Plan {
    /// What makes of what a group holds what is wanted, of which no two have the same subject.
    pub(crate) fn new(held: &[Grant], wanted: &[Grant]) -> Self {
        let mut left: HashMap<Subject<'_>, (usize, &Grant)> = HashMap::new();
        let mut plan = Self::default();
        for (place, grant) in held.iter().enumerate() {
            if let Some((_, twice)) = left.insert(grant.subject(), (place, grant)) {
                plan.removes.push(twice.clone());
            }
        }
        let mut kept: BTreeMap<usize, Kept<'_>> = BTreeMap::new();
        for grant in wanted {
            match left.remove(&grant.subject()) {
                Some((place, held)) => drop(kept.entry(grant.rule).or_default().insert(place, (held, grant))),
                None => plan.adds.push(grant.clone()),
            }
        }
        for (rule, kept) in kept {
            let grows = plan.adds.iter().any(|grant| grant.rule == rule);
            if grows || !says_what_is_wanted(&kept) {
                let described = kept.values().filter(|(held, wanted)| held.description != wanted.description);
                plan.describes.extend(described.map(|(held, wanted)| ((*held).clone(), (*wanted).clone())));
            }
        }
        let mut unwanted: Vec<_> = left.into_values().collect();
        unwanted.sort_unstable_by_key(|(place, _)| *place);
        plan.removes.extend(unwanted.into_iter().map(|(_, grant)| grant.clone()));
        plan
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.adds.is_empty() && self.describes.is_empty() && self.removes.is_empty()
    }
}

/// What a rule keeps of what a group holds, by its place there: as it is, and as it is wanted.
type Kept<'a> = BTreeMap<usize, (&'a Grant, &'a Grant)>;

/// EC2 describes each source, and the model each rule. So sources may say only together what their rule is to say.
fn says_what_is_wanted(kept: &Kept<'_>) -> bool {
    let mut said = Descriptions::default();
    for (held, _) in kept.values() {
        said.add(held.description.as_ref().map(|description| description.as_str()));
    }
    let said = said.together();
    kept.values().all(|(_, wanted)| wanted.description == said)
}

/// Refuses rules of which two have the same source for the same traffic: EC2 has it once, described once.
pub(crate) fn check_distinct<'a>(subjects: impl IntoIterator<Item = (usize, Subject<'a>)>) -> Result<(), Error> {
    let mut seen = HashMap::new();
    for (rule, subject) in subjects {
        let source = subject.2.to_string();
        if let Some(first) = seen.insert(subject, rule) {
            let message = format!("Rule {rule} has the source {source}, which rule {first} has for the same traffic.");
            return Err(Error::new(ErrorKind::Refused, ID, message));
        }
    }
    Ok(())
}

/// The sources of rules with their numbers, as they are said.
pub(crate) fn subjects(rules: &[(usize, NewRule)]) -> impl Iterator<Item = (usize, Subject<'_>)> {
    rules.iter().flat_map(|(number, rule)| {
        rule.sources().iter().map(move |source| (*number, (rule.direction(), rule.protocol(), source.canonical())))
    })
}

/// All sources of the rules for some traffic, of which EC2 makes one rule.
pub(crate) fn joined(rules: &[(usize, NewRule)], direction: Direction, protocol: Protocol) -> Vec<Source> {
    let of_traffic = rules.iter().filter(|(_, rule)| rule.direction() == direction && rule.protocol() == protocol);
    of_traffic.flat_map(|(_, rule)| rule.sources()).cloned().collect()
}
