//! The model's types, made of parameters: all of it is checked here, before a driver is asked.

use std::borrow::Cow;
use std::collections::BTreeMap;

use deltawall_core::cidr::InvalidCidr;
use deltawall_core::text::{self, InvalidText};
use deltawall_core::{
    Account, Action, Capabilities, Cidr, Description, Direction, Filter, FirewallId, FirewallName, Group, Log,
    NetworkId, NewFirewall, NewRule, PrefixListId, Protocol, RuleId, Source, rule_id,
};

use super::error::{ApiError, Failure};
use super::parameter::{
    DIRECTION, FIREWALL_DESCRIPTION, GROUP, GROUP_OWNER, ID, IP_ADDRESS, LOG_RULE, NAME, PORT_FROM, PORT_TO,
    PREFIX_LIST, PROTOCOL, Parameter, RULE_ACTION, RULE_DESCRIPTION, SHOWN_DIRECTION, Syntax, VPC_ID,
};
use super::parameters::{MAX_SHOWN, Parameters};
use super::shown_rules::ShownRules;
use crate::text::shown;

impl Parameters {
    /// Which firewalls to list.
    pub(super) fn filter(&self) -> Result<Filter, ApiError> {
        let id = self.get(ID.name).filter(|id| !id.trim().is_empty());
        Ok(Filter { id: id.map(FirewallId::new).transpose().map_err(|why| text_error(ID.name, why))? })
    }

    pub(super) fn new_firewall(&self) -> Result<NewFirewall, ApiError> {
        let (name, description) = (self.required(&NAME)?, self.required(&FIREWALL_DESCRIPTION)?);
        let name = FirewallName::new(name).map_err(|why| text_error(NAME.name, why))?;
        if text::length_in_url(&name) > text::MAX_ID_IN_URL {
            return Err(invalid(NAME.name, "Parameter 'name' is too long: no URL could have it in it.".into()));
        }
        Ok(NewFirewall {
            name,
            description: Description::new(description).map_err(|why| text_error(FIREWALL_DESCRIPTION.name, why))?,
            network: self.text(&VPC_ID, NetworkId::new)?,
        })
    }

    /// A rule of so many sources at most, for a driver that can do this.
    pub(super) fn new_rule(&self, most_sources: usize, can: Capabilities) -> Result<NewRule, ApiError> {
        let protocol = self.protocol()?;
        let direction = self.one_of(&DIRECTION, [Direction::Ingress, Direction::Egress])?;
        let action = self.one_of(&RULE_ACTION, [Action::Accept, Action::Deny])?;
        let log = self.one_of(&LOG_RULE, [true, false])?;
        let mut sources = self.groups()?;
        sources.extend(self.addresses()?);
        sources.extend(self.prefix_lists()?);
        if sources.len() > most_sources {
            return Err(Failure::Validation.with(format!("The rule has more than {most_sources} sources.")));
        }
        let rule = NewRule::new(protocol, sources).map_err(|why| Failure::Validation.with(why.to_string()))?;
        let rule = rule
            .with_direction(direction.unwrap_or_default())
            .with_action(action.unwrap_or_default())
            .with_log(log.unwrap_or_default().then(Log::default))
            .with_description(self.text(&RULE_DESCRIPTION, Description::new)?);
        if !can.rules.own_ids && RuleId::length_in_url(&rule) > rule_id::MAX_IN_URL {
            let message = "The sources are too many or too long: the rule's id would be, for a URL to have it in it.";
            return Err(Failure::Validation.with(message));
        }
        Ok(rule)
    }

    /// Which rules to show; none where the client leaves it to the driver.
    pub(super) fn shown_rules(&self) -> Result<Option<ShownRules>, ApiError> {
        let meanings = [ShownRules::Only(Direction::Ingress), ShownRules::Only(Direction::Egress), ShownRules::All];
        self.one_of(&SHOWN_DIRECTION, meanings)
    }

    /// The value of a parameter that must be there, in the words that clients know.
    fn required(&self, parameter: &Parameter) -> Result<&str, ApiError> {
        let name = parameter.name;
        self.get(name).ok_or_else(|| {
            let mut sent: Vec<Cow<'_, str>> = Vec::new();
            for (name, _) in self.0.iter().take(MAX_SHOWN) {
                let name = shown(name);
                if !sent.contains(&name) {
                    sent.push(name);
                }
            }
            invalid(name, format!("Required parameter '{name}' not found in [{}]", sent.join(",")))
        })
    }

    /// A parameter that may be left out or blank.
    fn text<T>(&self, parameter: &Parameter, new: fn(String) -> Result<T, InvalidText>) -> Result<Option<T>, ApiError> {
        let value = self.get_not_blank(parameter).map(|value| new(value.to_owned()));
        value.transpose().map_err(|why| text_error(parameter.name, why))
    }

    fn protocol(&self) -> Result<Protocol, ApiError> {
        let name = self.required(&PROTOCOL)?.trim();
        let has_numbers = ["tcp", "udp", "icmp", "icmpv6"].iter().any(|known| known.eq_ignore_ascii_case(name));
        let is_number = name == "-1" || name.parse::<u8>().is_ok();
        if !has_numbers && !is_number {
            let message = format!(
                "Parameter 'protocol' is '{}', and not one of tcp, udp, icmp, icmpv6, a protocol's number, or -1 for all.",
                shown(name)
            );
            return Err(invalid(PROTOCOL.name, message));
        }
        let is_given = |parameter| self.get_not_blank(parameter).is_some();
        let numbers = match has_numbers || is_given(&PORT_FROM) || is_given(&PORT_TO) {
            true => Some((self.number(&PORT_FROM)?, self.number(&PORT_TO)?)),
            false => None,
        };
        Protocol::from_parts(name, numbers)
            .map_err(|why| invalid(PORT_FROM.name, format!("Parameters 'port_from' and 'port_to': {why}.")))
    }

    fn number(&self, parameter: &Parameter) -> Result<i32, ApiError> {
        let (name, value) = (parameter.name, self.required(parameter)?.trim());
        value
            .parse()
            .ok()
            .ok_or_else(|| invalid(name, format!("Parameter '{name}' is '{}', and not a whole number.", shown(value))))
    }

    /// What the parameter's word stands for, the meanings being in the order of its words; none where it is not there
    /// or blank.
    fn one_of<T: Copy, const N: usize>(&self, parameter: &Parameter, meanings: [T; N]) -> Result<Option<T>, ApiError> {
        let (Some(value), Syntax::Word(words)) = (self.get_not_blank(parameter), parameter.syntax) else {
            return Ok(None);
        };
        let known = words.iter().zip(meanings).find(|(word, _)| word.eq_ignore_ascii_case(value));
        known.map(|(_, meaning)| Some(meaning)).ok_or_else(|| {
            let (name, words) = (parameter.name, words.join(", "));
            invalid(name, format!("Parameter '{name}' is '{}', and not one of {words}.", shown(value)))
        })
    }

    /// The groups of these pairs. Pairs that are blank are what a form left empty.
    fn groups(&self) -> Result<Vec<Source>, ApiError> {
        let not_blank = |value| Some(value).filter(|value: &&str| !value.trim().is_empty());
        let mut groups = Vec::new();
        for (number, (group, owner)) in self.group_pairs() {
            let pair = (not_blank(group), not_blank(owner));
            let missing = |missing: &str, given: &str| {
                invalid(missing, format!("Parameter '{missing}' is required, since '{given}' is there."))
            };
            let (group, owner) = (GROUP.numbered(&number), GROUP_OWNER.numbered(&number));
            match pair {
                (Some(name), Some(account)) => groups.push(Source::Group(Group {
                    name: FirewallName::new(name).map_err(|why| text_error(&group, why))?,
                    owner: Account::new(account).map_err(|why| text_error(&owner, why))?,
                })),
                (Some(_), None) => return Err(missing(&owner, &group)),
                (None, Some(_)) => return Err(missing(&group, &owner)),
                (None, None) => {}
            }
        }
        Ok(groups)
    }

    /// Every `prefix_listN`, in the order of N.
    fn prefix_lists(&self) -> Result<Vec<Source>, ApiError> {
        let mut lists = BTreeMap::new();
        for (name, value) in self.0.iter().filter(|(_, value)| !value.trim().is_empty()) {
            if let Some(number) = PREFIX_LIST.number_in(name) {
                let list = PrefixListId::new(value.trim()).map_err(|why| text_error(name, why))?;
                lists.insert(number, Source::PrefixList(list));
            }
        }
        Ok(lists.into_values().collect())
    }

    /// What every parameter that is called an address holds: one CIDR, or several with commas between.
    fn addresses(&self) -> Result<Vec<Source>, ApiError> {
        let mut addresses = Vec::new();
        for (name, value) in self.all(&IP_ADDRESS) {
            for cidr in value.split(',').map(str::trim).filter(|cidr| !cidr.is_empty()) {
                let read: Cidr = cidr.parse().map_err(|why: InvalidCidr| {
                    invalid(name, format!("Parameter '{}' has '{}', which {why}.", shown(name), shown(cidr)))
                })?;
                addresses.push(Source::Address(read));
            }
        }
        Ok(addresses)
    }
}

fn text_error(name: &str, why: InvalidText) -> ApiError {
    invalid(name, format!("Parameter '{name}' {why}."))
}

fn invalid(name: &str, message: String) -> ApiError {
    Failure::Validation.with(message).about(name)
}
