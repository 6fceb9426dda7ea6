//! What a change of a firewall's rules would do.

use std::collections::HashSet;

use crate::capabilities::Capabilities;
use crate::diff::{Addition, Diff, Move};
use crate::model::{Defaults, Direction, Firewall, InvalidSources, NewRule, Position, Rule};
use crate::rule_id::RuleId;
use crate::rule_set::RuleSet;
use crate::source::{Group, Source};
use crate::traffic::{Effect, TooMuch, Traffic};

/// What a change would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The rules that are added, in the order of the new set.
    pub adds: Vec<Addition>,
    /// The rules that go, or what goes of them where they join.
    pub removes: Vec<Rule>,
    /// The rules that stay and move.
    pub moves: Vec<Move>,
    /// How many rules stay as and where they are.
    pub keeps: usize,
    /// The new default, where it changes.
    pub default: Option<Defaults>,
    /// What can pass, or come to the next firewall, and could not.
    pub opens: Vec<Traffic>,
    /// What could and no more can.
    pub closes: Vec<Traffic>,
    /// What somebody may want to know first, rule by rule.
    pub warnings: Vec<Warning>,
}

/// What a plan is held against, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits<'a> {
    /// How many sources the rules of a direction can have together.
    pub sources: Option<usize>,
    /// The groups that can be seen.
    pub groups: Option<&'a [Group]>,
}

/// Something that somebody may want to know before a change is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What kind it is of.
    pub code: WarningCode,
    /// It, in a sentence.
    pub message: String,
    /// The rule of the new set that it is about, by its index.
    pub rule: usize,
}

/// Kinds of warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WarningCode {
    /// More than half of what there is of IPv4 or IPv6 is let in that was not.
    OpenToWorld,
    /// A rule can never match.
    Shadowed,
    /// A rule adds nothing.
    Redundant,
    /// There is no room for what comes beside what goes.
    NearLimit,
    /// A group cannot be seen.
    UnseenGroup,
}

const OPEN_TO_WORLD: &str = "lets in more than half of all addresses";
const SHADOWED: &str = "can never match: rules before it decide about all that it is for";
const REDUNDANT: &str = "adds nothing: without it the same would become of all traffic";

impl Plan {
    /// What it would do to give a firewall these rules, on a driver with these capabilities.
    ///
    /// # Errors
    /// Where what it opens and closes, or the rules that do nothing, would take too long to find or too much to say. The change may be
    /// made for all that.
    pub fn new(
        before: &Firewall,
        after: &RuleSet,
        capabilities: &Capabilities,
        limits: Limits<'_>,
    ) -> Result<Self, TooMuch> {
        let Diff { adds, removes, moves, keeps } = Diff::new(before, after, capabilities);
        let was = Effect::of(before, capabilities);
        let is = Effect::of_rules(after, before.default, capabilities);
        let default = after.default.filter(|default| before.default != Some(*default));
        let stays = adds.is_empty() && removes.is_empty() && moves.is_empty() && default.is_none();
        let (opens, closes) = if stays { Default::default() } else { was.changes(&is)? };
        let mut plan = Self { adds, removes, moves, keeps, default, opens, closes, warnings: Vec::new() };
        let idle = is.idle()?;
        let of = |code, rules: Vec<usize>, what| rules.into_iter().map(move |rule| Warning::new(code, rule, what));
        let open = of(WarningCode::OpenToWorld, is.newly_open_to_world(Some(&was))?, OPEN_TO_WORLD);
        let shadowed = of(WarningCode::Shadowed, idle.shadowed, SHADOWED);
        let redundant = of(WarningCode::Redundant, idle.redundant, REDUNDANT);
        let full = limits.sources.map(|most| plan.overfull(before, most)).unwrap_or_default();
        let unseen = plan.unseen_groups(before, limits.groups);
        plan.warnings = open.chain(shadowed).chain(redundant).chain(full).chain(unseen).collect();
        plan.warnings.sort_by_key(|warning| (warning.rule, warning.code));
        Ok(plan)
    }

    /// Whether nothing would be changed.
    pub fn is_empty(&self) -> bool {
        let Self { adds, removes, moves, default, .. } = self;
        adds.is_empty() && removes.is_empty() && moves.is_empty() && default.is_none()
    }

    /// The first rule of each direction that there is no room for while all that goes is still there.
    fn overfull(&self, before: &Firewall, most: usize) -> Vec<Warning> {
        let first_of = |direction| {
            let of_direction = before.rules.iter().filter(|rule| rule.content.direction == direction);
            let mut held: usize = of_direction.map(|rule| rule.content.sources.len()).sum();
            self.adds.iter().filter(move |add| add.rule.direction() == direction).find(move |add| {
                held += add.rule.sources().len();
                held > most
            })
        };
        let warning = |add: &Addition| {
            let direction = add.rule.direction().name();
            Warning::new(
                WarningCode::NearLimit,
                add.index,
                &format!(
                    "may find no room: as long as all that goes is there, {direction} rules have over {most} sources"
                ),
            )
        };
        [Direction::Ingress, Direction::Egress].into_iter().filter_map(first_of).map(warning).collect()
    }

    /// The groups of new rules that cannot be seen.
    fn unseen_groups(&self, before: &Firewall, seen: Option<&[Group]>) -> Vec<Warning> {
        let seen: Option<HashSet<&Group>> = seen.map(|groups| groups.iter().collect());
        let is_unseen = |group: &Group| {
            let is_foreign = before.owner.as_ref().is_some_and(|owner| *owner != group.owner);
            is_foreign || seen.as_ref().is_some_and(|seen| !seen.contains(group))
        };
        let unseen = |source: &Source| matches!(source, Source::Group(group) if is_unseen(group));
        let of_rule = |add: &Addition| {
            let (index, sources) = (add.index, add.rule.sources().iter().filter(|source| unseen(source)));
            let warning = |source| {
                let what = format!("lets in the group {source}, of which nothing can be seen");
                Warning::new(WarningCode::UnseenGroup, index, &what)
            };
            sources.map(warning).collect::<Vec<_>>()
        };
        self.adds.iter().flat_map(of_rule).collect()
    }
}

impl Warning {
    fn new(code: WarningCode, rule: usize, what: &str) -> Self {
        Self { code, message: format!("Rule {} {what}.", rule + 1), rule }
    }
}

impl WarningCode {
    /// `open_to_world` and so on.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenToWorld => "open_to_world",
            Self::Shadowed => "shadowed",
            Self::Redundant => "redundant",
            Self::NearLimit => "near_limit",
            Self::UnseenGroup => "unseen_group",
        }
    }
}

impl RuleSet {
    /// The rules with one more.
    #[must_use]
    pub fn with(mut self, rule: NewRule, position: Position) -> Self {
        let place = match position {
            Position::At(place) => self.rules.len().min(place.get() - 1),
            Position::Last => self.rules.len(),
        };
        self.rules.insert(place, rule);
        self
    }

    /// The rules that a firewall has, without those that this is the id of.
    ///
    /// # Errors
    /// When another has no source, or one twice, as rules have that no client made.
    pub fn without(firewall: &Firewall, id: &RuleId<'_>) -> Result<Self, InvalidSources> {
        let rules = firewall.rules.iter().filter(|rule| !id.names(rule)).map(NewRule::of).collect::<Result<_, _>>()?;
        Ok(Self { rules, default: firewall.default })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::Order;
    use crate::model::{Action, RuleContent};
    use crate::protocol::{PortRange, Protocol};
    use crate::text::{Account, FirewallId, FirewallName};

    fn tcp(port: i32, sources: &[&str]) -> NewRule {
        let source = |text: &&str| match text.strip_prefix('@') {
            Some(name) => Source::Group(group(name)),
            None => Source::Address(text.parse().unwrap()),
        };
        let ports = PortRange::new(port, port).unwrap();
        NewRule::new(Protocol::Tcp(ports), sources.iter().map(source).collect()).unwrap()
    }

    /// `OWNER:NAME`.
    fn group(text: &str) -> Group {
        let (owner, name) = text.split_once(':').unwrap();
        Group { owner: Account::new(owner).unwrap(), name: FirewallName::new(name).unwrap() }
    }

    fn firewall(rules: &[NewRule]) -> Firewall {
        let content = |new: &NewRule| -> RuleContent { new.clone().into_content(Account::new("1").unwrap()) };
        let rule = |new| Rule { cloud_id: None, content: content(new), log: None, description: None };
        Firewall {
            id: FirewallId::new("web").unwrap(),
            name: FirewallName::new("web").unwrap(),
            description: None,
            owner: Account::new("1").ok(),
            rules: rules.iter().map(rule).collect(),
            default: None,
        }
    }

    fn warned(plan: &Plan) -> Vec<(&'static str, usize)> {
        plan.warnings.iter().map(|warning| (warning.code.name(), warning.rule)).collect()
    }

    #[test]
    fn a_new_rule_is_a_rule_set_that_has_it() {
        let before = firewall(&[tcp(1, &["10.0.0.0/8"]), tcp(2, &["10.0.0.0/8"])]);
        let now = RuleSet::of(&before).unwrap();
        let new = tcp(22, &["192.0.2.0/24"]);
        let (can, limits) = (Capabilities::default(), Limits::default());
        for (position, place) in [
            (Position::Last, 2),
            (Position::At(1.try_into().unwrap()), 0),
            (Position::At(2.try_into().unwrap()), 1),
            (Position::At(9.try_into().unwrap()), 2),
        ] {
            let after = now.clone().with(new.clone(), position);
            assert_eq!(after.rules[place], new);
            let plan = Plan::new(&before, &after, &can, limits).unwrap();
            assert_eq!((plan.adds.len(), plan.removes.len(), plan.keeps), (1, 0, 2));
            assert_eq!(plan.opens.iter().map(ToString::to_string).collect::<Vec<_>>(), ["tcp/22 from 192.0.2.0/24"]);
            assert_eq!(plan.closes, []);
        }
        let left = RuleSet::without(&before, &before.rules[0].id()).unwrap();
        let plan = Plan::new(&before, &left, &can, limits).unwrap();
        assert_eq!((plan.adds.len(), plan.removes.as_slice(), plan.keeps), (0, &before.rules[..1], 1));
        assert_eq!(plan.closes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["tcp/1 from 10.0.0.0/8"]);
    }

    #[test]
    fn a_plan_that_changes_nothing_says_so() {
        let mut before = firewall(&[tcp(1, &["10.0.0.0/8"])]);
        before.default = Some(Defaults { ingress: Action::Deny, egress: Action::Accept });
        let mut after = RuleSet::of(&before).unwrap();
        let plan = |after: &RuleSet| Plan::new(&before, after, &Capabilities::default(), Limits::default()).unwrap();
        assert!(plan(&after).is_empty());
        after.default = None;
        assert!(plan(&after).is_empty());
        after.default = Some(Defaults { ingress: Action::Reject, egress: Action::Accept });
        let rejecting = plan(&after);
        assert!(!rejecting.is_empty());
        assert_eq!((rejecting.default, rejecting.opens, rejecting.closes), (after.default, vec![], vec![]));
    }

    #[test]
    fn warnings_are_about_rules_of_the_new_set() {
        let before = firewall(&[tcp(1, &["0.0.0.0/0"]), tcp(2, &["@1:web"])]);
        let mut can = Capabilities::default();
        can.rules.order = Order::Ordered;
        let now = RuleSet::of(&before).unwrap();
        let seen = [group("1:web")];
        let limits = Limits { sources: Some(3), groups: Some(&seen) };
        for (rules, warnings) in [
            (vec![], vec![]),
            // What was open is none of this change's.
            (vec![tcp(3, &["0.0.0.0/0", "::/0"])], vec![("open_to_world", 2), ("near_limit", 2)]),
            (vec![tcp(1, &["::/0"])], vec![("open_to_world", 2)]),
            (vec![tcp(1, &["10.0.0.0/8"])], vec![("shadowed", 2)]),
            (vec![tcp(3, &["@1:db"])], vec![("unseen_group", 2)]),
            (vec![tcp(3, &["@2:web"])], vec![("unseen_group", 2)]),
            (vec![tcp(3, &["10.0.0.0/9"]), tcp(3, &["10.0.0.0/8"])], vec![("redundant", 2), ("near_limit", 3)]),
        ] {
            let mut after = now.clone();
            after.rules.extend(rules);
            let plan = Plan::new(&before, &after, &can, limits).unwrap();
            assert_eq!(warned(&plan), warnings, "{:?}", plan.warnings);
        }
        let replaced = RuleSet { rules: vec![tcp(3, &["10.0.0.1", "10.0.0.2"])], default: None };
        let plan = Plan::new(&before, &replaced, &can, limits).unwrap();
        assert_eq!(
            plan.warnings.iter().map(|warning| &*warning.message).collect::<Vec<_>>(),
            ["Rule 1 may find no room: as long as all that goes is there, ingress rules have over 3 sources."]
        );
    }
}
