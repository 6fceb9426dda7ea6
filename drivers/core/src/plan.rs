//! What a change of a firewall's rules would do.

use std::collections::HashSet;

use crate::capabilities::{Capabilities, Replace};
use crate::diff::{Addition, Diff, Move};
use crate::model::{Defaults, Direction, Firewall, InvalidSources, NewRule, Position, Rule};
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
    /// The rule of the new set that it is about, by its index; none where it is about what no rule of it decides.
    pub rule: Option<usize>,
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
    /// Something that has to stay open or closed would not.
    Guard,
}

const OPEN_TO_WORLD: &str = "lets in more than half of all addresses";
const OPEN_WITHOUT_A_RULE: &str =
    "More than half of all addresses come further than before, with what has denied them gone or the default changed.";
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
        Self::of(Diff::new(before, after, capabilities), before, after, capabilities, limits)
    }

    /// The same where it is known which rules come and go: of rules that say the same, a comparison cannot tell which one is meant.
    ///
    /// # Errors
    /// As those of [`Plan::new`].
    pub fn of(
        diff: Diff,
        before: &Firewall,
        after: &RuleSet,
        capabilities: &Capabilities,
        limits: Limits<'_>,
    ) -> Result<Self, TooMuch> {
        let Diff { adds, removes, moves, keeps } = diff;
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
        let full = limits.sources.map(|most| plan.overfull(before, after, most, capabilities)).unwrap_or_default();
        let unseen = plan.unseen_groups(before, limits.groups);
        plan.warnings = open.chain(shadowed).chain(redundant).chain(full).chain(unseen).collect();
        if plan.opens_to_the_world_without_a_rule() {
            let message = OPEN_WITHOUT_A_RULE.to_owned();
            plan.warnings.push(Warning { code: WarningCode::OpenToWorld, message, rule: None });
        }
        plan.warnings.sort_by_key(|warning| (warning.rule, warning.code));
        Ok(plan)
    }

    /// Whether nothing would be changed.
    pub fn is_empty(&self) -> bool {
        let Self { adds, removes, moves, default, .. } = self;
        adds.is_empty() && removes.is_empty() && moves.is_empty() && default.is_none()
    }

    /// Whether something opens to most of a family that no new rule is to blame for: a rule that denied it goes, or the default
    /// changes.
    fn opens_to_the_world_without_a_rule(&self) -> bool {
        let is_blamed = self.warnings.iter().any(|warning| warning.code == WarningCode::OpenToWorld);
        !is_blamed && self.opens.iter().any(Traffic::is_from_the_world)
    }

    /// The first rule of each direction that there is no room for. Where rules are replaced in steps, all that goes is still there.
    fn overfull(&self, before: &Firewall, after: &RuleSet, most: usize, can: &Capabilities) -> Vec<Warning> {
        if can.rules.replace != Replace::Add {
            return overfull_at_last(after, most);
        }
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
        Self { code, message: format!("Rule {} {what}.", rule + 1), rule: Some(rule) }
    }
}

/// The first rule of each direction by which there are more sources than there may be.
fn overfull_at_last(after: &RuleSet, most: usize) -> Vec<Warning> {
    let first_of = |direction: Direction| {
        let mut held = 0;
        let mut of_direction = after.rules.iter().enumerate().filter(|(_, rule)| rule.direction() == direction);
        let (index, _) = of_direction.find(|(_, rule)| {
            held += rule.sources().len();
            held > most
        })?;
        let what = format!("finds no room: with it {} rules have over {most} sources", direction.name());
        Some(Warning::new(WarningCode::NearLimit, index, &what))
    };
    [Direction::Ingress, Direction::Egress].into_iter().filter_map(first_of).collect()
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
            Self::Guard => "guard",
        }
    }
}

impl RuleSet {
    /// The rules with one more.
    #[must_use]
    pub fn with(mut self, rule: NewRule, position: Position) -> Self {
        self.rules.insert(position.index(self.rules.len()), rule);
        self
    }

    /// The rules that a firewall has, without the one of this index.
    ///
    /// # Errors
    /// When another has no source, or one twice, as rules have that no client made.
    pub fn without(firewall: &Firewall, index: usize) -> Result<Self, InvalidSources> {
        let others = firewall.rules.iter().enumerate().filter(|(other, _)| *other != index);
        let rules = others.map(|(_, rule)| NewRule::of(rule)).collect::<Result<_, _>>()?;
        Ok(Self { rules, default: firewall.default })
    }
}

#[cfg(test)]
mod tests;
