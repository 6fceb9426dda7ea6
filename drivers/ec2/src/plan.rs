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
                None => plan.adds.push(grant.clone()),
                Some((place, held)) => {
                    kept.entry(grant.rule).or_default().insert(place, (held, grant));
                }
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
            let message = format!("The source {source} of rule {rule} is one of rule {first} for the same traffic.");
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use aws_sdk_ec2::types::SecurityGroup;
    use deltawall_core::Description;
    use proptest::prelude::*;

    use super::*;

    /// A source by its number: its rule's port, direction and address.
    type Number = u8;

    /// Rules with texts that describe them, and their sources, of which none is in two.
    fn rules() -> impl Strategy<Value = Vec<NewRule>> {
        let text = prop::sample::select(vec![None, Some("a"), Some("b"), Some("a; b")]);
        let rule = (text, prop::collection::btree_set(0..24_u8, 1..6));
        prop::collection::vec(rule, 0..6).prop_map(|rules| {
            let mut taken = BTreeSet::new();
            let of_rule = |(text, numbers): (Option<&str>, BTreeSet<Number>)| {
                let traffic = numbers.first().unwrap() / 6;
                let sources = numbers.into_iter().filter(|number| number / 6 == traffic && taken.insert(*number));
                let sources = sources.map(|n| Source::Address(format!("10.0.{n}.0/24").parse().unwrap()));
                let port = i32::from(traffic / 2);
                let protocol = Protocol::from_parts("tcp", Some((port, port))).unwrap();
                let direction = if traffic % 2 == 0 { Direction::Ingress } else { Direction::Egress };
                let rule = NewRule::new(protocol, sources.collect()).ok()?.with_direction(direction);
                Some(rule.with_description(text.map(|text| Description::new(text).unwrap())))
            };
            rules.into_iter().filter_map(of_rule).collect()
        })
    }

    fn grants(rules: &[NewRule]) -> Vec<Grant> {
        let group = SecurityGroup::builder().owner_id("1").build();
        let of_rule = |(number, rule): (usize, &NewRule)| Grant::wanted(number, rule, &HashMap::new(), &group).unwrap();
        (1..).zip(rules).flat_map(of_rule).collect()
    }

    /// What a group holds after a plan, which must go with what it holds before.
    fn carried_out(plan: &Plan, mut held: Vec<Grant>) -> Vec<Grant> {
        let place = |held: &[Grant], grant: &Grant| held.iter().position(|held| held.subject() == grant.subject());
        for grant in &plan.adds {
            assert_eq!(place(&held, grant), None, "{grant} is there");
            held.push(grant.clone());
        }
        for (before, after) in &plan.describes {
            let place = place(&held, before).unwrap();
            assert_eq!(held[place].description, before.description);
            held[place].description.clone_from(&after.description);
        }
        for grant in &plan.removes {
            held.remove(place(&held, grant).unwrap());
        }
        held
    }

    proptest! {
        #[test]
        fn a_plan_makes_of_any_rules_any_others(held in rules(), wanted in rules()) {
            let (held, asked) = (grants(&held), grants(&wanted));
            let plan = Plan::new(&held, &asked);
            let both = |grant: &Grant| [&held, &asked].iter().all(|all| all.iter().any(|one| one.subject() == grant.subject()));
            prop_assert!(!plan.adds.iter().chain(&plan.removes).any(both), "what both have is neither added nor taken away");
            let made = carried_out(&plan, held.clone());
            prop_assert_eq!(made.len(), asked.len());
            for (number, rule) in (1..).zip(&wanted) {
                let is_of_rule = |made: &&Grant| asked.iter().any(|one| one.rule == number && one.subject() == made.subject());
                let of_rule: Vec<_> = made.iter().filter(is_of_rule).collect();
                prop_assert_eq!(of_rule.len(), rule.sources().len());
                let mut said = Descriptions::default();
                of_rule.iter().for_each(|grant| said.add(grant.description.as_ref().map(|text| text.as_str())));
                prop_assert_eq!(said.together(), rule.description().cloned());
            }
            prop_assert!(Plan::new(&made, &asked).is_empty(), "nothing is left to do");
        }
    }
}
