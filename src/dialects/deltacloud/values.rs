//! The model's types, made of parameters: all of it is checked here, before a driver is asked.

use std::borrow::Cow;
use std::collections::BTreeMap;

use deltawall_core::address_range::InvalidAddressRange;
use deltawall_core::cidr::InvalidCidr;
use deltawall_core::text::{self, InvalidText};
use deltawall_core::{
    Account, Capabilities, Description, Direction, Filter, FirewallId, FirewallName, Group, NetworkId, NewFirewall,
    NewRule, Packet, Position, PrefixListId, Source,
};

use super::error::{ApiError, Failure};
use super::fields::Fields;
use super::new_rule::new_rule;
use super::parameter::Parameter;
use super::parameter_table::{
    EXPLAIN, FIREWALL_DESCRIPTION, GROUP, GROUP_OWNER, ID, IP_ADDRESS, NAME, POSITION, PREFIX_LIST, SHOWN_DIRECTION,
    VPC_ID,
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
        let sources = || {
            let mut sources = self.groups()?;
            sources.extend(self.addresses()?);
            sources.extend(self.prefix_lists()?);
            Ok(sources)
        };
        new_rule(self, sources, most_sources, can)
    }

    /// Where a new rule is to stand.
    pub(super) fn position(&self) -> Result<Position, ApiError> {
        let read = |text: &str| match text.eq_ignore_ascii_case("last") {
            true => Ok(Position::Last),
            false => text.parse().map(Position::At).or(Err("is neither a place, the first being 1, nor last")),
        };
        Ok(self.parsed(&POSITION, read)?.unwrap_or_default())
    }

    /// What becomes of which packet the client asks, if it does.
    pub(super) fn packet(&self) -> Result<Option<Packet>, ApiError> {
        self.parsed(&EXPLAIN, str::parse)
    }

    /// Whether this is `true`, and not left out or `false`. Nothing is taken for either: what a client did not mean to be done
    /// may be done otherwise.
    pub(super) fn is_true(&self, parameter: &Parameter) -> Result<bool, ApiError> {
        match Fields::get(self, parameter).map(str::trim) {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(value) => Err(self.wrong(&[parameter], &format!("is '{}', and not one of true, false", shown(value)))),
        }
    }

    /// Which rules to show; none where the client leaves it to the driver.
    pub(super) fn shown_rules(&self) -> Result<Option<ShownRules>, ApiError> {
        let meanings = [ShownRules::Only(Direction::Ingress), ShownRules::Only(Direction::Egress), ShownRules::All];
        self.one_of(&SHOWN_DIRECTION, meanings)
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

    /// What every parameter that is called an address holds: one CIDR or range, or several with commas between.
    fn addresses(&self) -> Result<Vec<Source>, ApiError> {
        let mut addresses = Vec::new();
        for (name, value) in self.all(&IP_ADDRESS) {
            for text in value.split(',').map(str::trim).filter(|text| !text.is_empty()) {
                let read = address(text).map_err(|why| {
                    invalid(name, format!("Parameter '{}' has '{}', which {why}.", shown(name), shown(text)))
                })?;
                addresses.push(read);
            }
        }
        Ok(addresses)
    }
}

/// A source by its addresses.
fn address(text: &str) -> Result<Source, String> {
    match text.contains('-') {
        true => text.parse().map(Source::Range).map_err(|why: InvalidAddressRange| why.to_string()),
        false => text.parse().map(Source::Address).map_err(|why: InvalidCidr| why.to_string()),
    }
}

impl Fields for Parameters {
    fn get(&self, parameter: &Parameter) -> Option<&str> {
        self.get(parameter.name)
    }

    /// In the words that clients know.
    fn missing(&self, parameter: &Parameter) -> ApiError {
        let name = parameter.name;
        let mut sent: Vec<Cow<'_, str>> = Vec::new();
        for (name, _) in self.0.iter().take(MAX_SHOWN) {
            let name = shown(name);
            if !sent.contains(&name) {
                sent.push(name);
            }
        }
        invalid(name, format!("Required parameter '{name}' not found in [{}]", sent.join(",")))
    }

    fn wrong(&self, parameters: &[&Parameter], what: &str) -> ApiError {
        let names: Vec<_> = parameters.iter().map(|parameter| format!("'{}'", parameter.name)).collect();
        let s = if names.len() == 1 { "" } else { "s" };
        let space = if what.starts_with(':') { "" } else { " " };
        let failure = Failure::Validation.with(format!("Parameter{s} {}{space}{what}.", names.join(" and ")));
        parameters.first().map_or(failure.clone(), |first| failure.about(first.name))
    }

    fn refused(&self, why: &str) -> ApiError {
        Failure::Validation.with(why)
    }
}

fn text_error(name: &str, why: InvalidText) -> ApiError {
    invalid(name, format!("Parameter '{name}' {why}."))
}

fn invalid(name: &str, message: String) -> ApiError {
    Failure::Validation.with(message).about(name)
}
