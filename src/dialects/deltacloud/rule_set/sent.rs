//! A rule set as it was sent, in whatever format, on its way to the model.

use deltawall_core::{
    Account, Action, AddressRange, Capabilities, Cidr, Defaults, FirewallName, Group, NewRule, PrefixListId, RuleSet,
    Source,
};

use crate::clock::Timestamp;
use crate::config::Limits;
use crate::dialects::deltacloud::change_parameters::EXPIRES_AT;
use crate::dialects::deltacloud::error::{ApiError, Failure};
use crate::dialects::deltacloud::fields::Fields;
use crate::dialects::deltacloud::new_rule::new_rule;
use crate::dialects::deltacloud::parameter::Parameter;
use crate::dialects::deltacloud::parameter_table::PROTOCOL;
use crate::text::shown;

/// What a rule has, beside its sources.
const MEMBERS: [&str; 15] = [
    "allow_protocol",
    "port_from",
    "port_to",
    "ports",
    "direction",
    "rule_action",
    "log_rule",
    "log_prefix",
    "interface",
    "states",
    "limit",
    "mac",
    "packet_type",
    "description",
    "expires_at",
];

/// What is shown of a rule and says nothing of what it is.
const SHOWN_ONLY: [&str; 5] = ["actions", "id", "href", "position", "hits"];

/// What is shown of a firewall beside its rules and its default.
pub(super) const FIREWALL_SHOWN_ONLY: [&str; 8] =
    ["actions", "id", "href", "name", "description", "owner_id", "members", "trial"];

/// A rule set that is being read.
pub(super) struct Builder<'a> {
    pub(super) limits: &'a Limits,
    can: Capabilities,
    rules: Option<Vec<NewRule>>,
    default: Option<Defaults>,
    ends: Vec<(NewRule, Timestamp)>,
}

/// A rule set, and which of its rules end by themselves, and when.
#[derive(Debug)]
pub(in crate::dialects::deltacloud) struct SentSet {
    /// The rules.
    pub(in crate::dialects::deltacloud) rules: RuleSet,
    pub(in crate::dialects::deltacloud) ends: Vec<(NewRule, Timestamp)>,
}

/// A rule as it was sent.
pub(super) struct SentRule {
    /// Which one of the set it is, the first being 1.
    number: usize,
    members: Vec<(&'static str, String)>,
    sources: Option<Vec<Source>>,
}

/// One of a rule's sources as it was sent: names and values.
#[derive(Default)]
pub(super) struct SentSource(pub(super) Vec<(String, String)>);

impl<'a> Builder<'a> {
    pub(super) fn new(limits: &'a Limits, can: Capabilities) -> Self {
        Self { limits, can, rules: None, default: None, ends: Vec::new() }
    }

    /// Begins the list of rules, which is there once.
    pub(super) fn begin_rules(&mut self) -> Result<(), ApiError> {
        match self.rules.replace(Vec::new()) {
            None => Ok(()),
            Some(_) => Err(wrong("rules is there twice.")),
        }
    }

    /// The next rule, to be filled in.
    pub(super) fn next_rule(&self) -> SentRule {
        let number = self.rules.as_ref().map_or(0, Vec::len) + 1;
        SentRule { number, members: Vec::new(), sources: None }
    }

    /// Adds a rule that is filled in.
    pub(super) fn add(&mut self, rule: SentRule) -> Result<(), ApiError> {
        let sources = || rule.sources.clone().ok_or_else(|| rule.refused("sources is missing."));
        let new = new_rule(&rule, sources, self.limits.sources, self.can)?;
        if let Some(time) = rule.parsed(&EXPIRES_AT, str::parse)? {
            self.ends.push((new.clone(), time));
        }
        self.rules.get_or_insert_default().push(new);
        Ok(())
    }

    /// Takes what happens to the rest, which is there once.
    pub(super) fn set_default(&mut self, sent: &[(String, String)]) -> Result<(), ApiError> {
        let action = |direction: &str| {
            let mut values = sent.iter().filter(|(name, _)| name == direction);
            let (Some((_, value)), None) = (values.next(), values.next()) else {
                return Err(wrong(format!("default.{direction} has to be there once.")));
            };
            let known = Action::ALL.into_iter().find(|action| value.trim().eq_ignore_ascii_case(action.name()));
            known.ok_or_else(|| {
                wrong(format!("default.{direction} is '{}', and not one of accept, deny, reject.", shown(value)))
            })
        };
        if let Some((unknown, _)) = sent.iter().find(|(name, _)| name != "ingress" && name != "egress") {
            return Err(wrong(format!("default has '{}', and may have ingress and egress.", shown(unknown))));
        }
        match self.default.replace(Defaults { ingress: action("ingress")?, egress: action("egress")? }) {
            None => Ok(()),
            Some(_) => Err(wrong("default is there twice.")),
        }
    }

    pub(super) fn finish(self) -> Result<SentSet, ApiError> {
        // A body that lacks them by mistake must not leave a firewall without rules.
        let rules = self.rules.ok_or_else(|| wrong("rules is missing. An empty list takes all rules away."))?;
        Ok(SentSet { rules: RuleSet { rules, default: self.default }, ends: self.ends })
    }
}

impl SentRule {
    /// Whether a member says nothing of what the rule is.
    pub(super) fn is_shown_only(name: &str) -> bool {
        SHOWN_ONLY.contains(&name)
    }

    /// Adds a member.
    pub(super) fn add(&mut self, name: &str, value: String, limits: &Limits) -> Result<(), ApiError> {
        let Some(known) = MEMBERS.into_iter().find(|known| *known == name) else {
            let message = format!("'{}' is none of {} and sources.", shown(name), MEMBERS.join(", "));
            return Err(self.refused(&message));
        };
        if self.members.iter().any(|(there, _)| *there == known) {
            return Err(self.refused(&format!("{known} is there twice.")));
        }
        if value.len() > limits.field_size {
            return Err(self.refused(&format!("{known} is longer than {} bytes.", limits.field_size)));
        }
        self.members.push((known, value));
        Ok(())
    }

    /// Begins the list of sources, which is there once.
    pub(super) fn begin_sources(&mut self) -> Result<(), ApiError> {
        match self.sources.replace(Vec::new()) {
            None => Ok(()),
            Some(_) => Err(self.refused("sources is there twice.")),
        }
    }

    /// Adds a source.
    pub(super) fn add_source(&mut self, sent: &SentSource, limits: &Limits) -> Result<(), ApiError> {
        let sources = self.sources.get_or_insert_default();
        if sources.len() >= limits.sources {
            let message = format!("The rule has more than {} sources.", limits.sources);
            return Err(self.refused(&message));
        }
        match sent.source(limits) {
            Ok(source) => {
                sources.push(source);
                Ok(())
            }
            Err(why) => {
                let number = sources.len() + 1;
                Err(self.refused(&format!("Source {number}: {why}")))
            }
        }
    }
}

impl SentSource {
    fn source(&self, limits: &Limits) -> Result<Source, String> {
        let kind = self.get("type")?;
        let names: &[&str] = match kind {
            "group" => &["type", "name", "owner"],
            "address" => &["type", "family", "address", "prefix"],
            "range" => &["type", "family", "first", "last"],
            "prefix_list" => &["type", "name"],
            _ => return Err(format!("type is '{}', and not one of group, address, range, prefix_list.", shown(kind))),
        };
        if let Some((unknown, _)) = self.0.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            return Err(format!("'{}' is none of {}.", shown(unknown), names.join(", ")));
        }
        if let Some((name, _)) = self.0.iter().find(|(_, value)| value.len() > limits.field_size) {
            return Err(format!("{name} is longer than {} bytes.", limits.field_size));
        }
        let source = match kind {
            "group" => Source::Group(Group {
                name: FirewallName::new(self.get("name")?).map_err(|why| format!("name {why}."))?,
                owner: Account::new(self.get("owner")?).map_err(|why| format!("owner {why}."))?,
            }),
            "prefix_list" => {
                Source::PrefixList(PrefixListId::new(self.get("name")?).map_err(|why| format!("name {why}."))?)
            }
            "range" => {
                let (first, last) = (self.get("first")?.trim(), self.get("last")?.trim());
                let range = AddressRange::from_parts(first, last);
                Source::Range(range.map_err(|why| format!("'{}-{}' {why}.", shown(first), shown(last)))?)
            }
            _ => Source::Address(self.cidr()?),
        };
        let family = match &source {
            Source::Address(cidr) => Some(cidr.family()),
            Source::Range(range) => Some(range.family()),
            Source::Group(_) | Source::PrefixList(_) => None,
        };
        match (self.find("family")?, family) {
            (Some(said), Some(is)) if said != is => {
                Err(format!("family is '{}', and the address is of {is}.", shown(said)))
            }
            _ => Ok(source),
        }
    }

    /// An address alone is that of one host.
    fn cidr(&self) -> Result<Cidr, String> {
        let address = self.get("address")?.trim();
        let text = match self.find("prefix")? {
            Some(prefix) => format!("{address}/{}", prefix.trim()),
            None => address.to_owned(),
        };
        text.parse().map_err(|why| format!("'{}' {why}.", shown(&text)))
    }

    fn get(&self, name: &str) -> Result<&str, String> {
        self.find(name)?.ok_or_else(|| format!("{name} is missing."))
    }

    fn find(&self, name: &str) -> Result<Option<&str>, String> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(format!("{name} is there twice.")),
            (first, None) => Ok(first.map(|(_, value)| value.as_str())),
        }
    }
}

impl Fields for SentRule {
    fn get(&self, parameter: &Parameter) -> Option<&str> {
        let name = member(parameter);
        self.members.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    fn missing(&self, parameter: &Parameter) -> ApiError {
        self.refused(&format!("{} is missing.", member(parameter)))
    }

    fn wrong(&self, parameters: &[&Parameter], what: &str) -> ApiError {
        let names: Vec<_> = parameters.iter().copied().map(member).collect();
        let space = if what.starts_with(':') { "" } else { " " };
        self.refused(&format!("{}{space}{what}.", names.join(" and ")))
    }

    fn refused(&self, why: &str) -> ApiError {
        wrong(format!("Rule {}: {why}", self.number))
    }
}

/// What a rule calls a parameter.
fn member(parameter: &Parameter) -> &'static str {
    if parameter.name == PROTOCOL.name { "allow_protocol" } else { parameter.name }
}

/// The failure of a body.
pub(super) fn wrong(why: impl Into<String>) -> ApiError {
    Failure::Validation.with(why)
}
