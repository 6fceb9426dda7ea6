//! The model's types, made of parameters: all of it is checked here, before a driver is asked.

use std::borrow::Cow;
use std::collections::BTreeMap;

use deltawall_core::text::InvalidText;
use deltawall_core::{
    Account, Action, Capabilities, Cidr, Description, Direction, Filter, FirewallId, FirewallName, Group, NetworkId,
    NewFirewall, NewRule, PrefixListId, Protocol, Rule, Source,
};

use super::body::Pairs;
use super::error::{ApiError, Failure};

/// How many sources a rule may have.
pub(super) const MAX_SOURCES: usize = 1_000;

/// How much of a client's text an error message repeats, in characters, and of how many parameters the names.
const MAX_SHOWN: usize = 100;

/// The parameters of a request, in the order they were sent.
#[derive(Debug, Default)]
pub(super) struct Parameters(Pairs);

impl Parameters {
    pub(super) fn new(pairs: Pairs) -> Self {
        Self(pairs)
    }

    /// The value of a parameter; the last, if there are several.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Those that have a meaning, in the order they were sent and as they might stand in a query, and no more than a line
    /// of a log should hold.
    pub(super) fn summary(&self) -> String {
        let known = self.0.iter().filter(|(name, _)| is_known(name));
        let pairs: Vec<_> =
            known.take(MAX_SHOWN).map(|(name, value)| format!("{}={}", shown(name), shown(value))).collect();
        pairs.join("&")
    }

    fn get_not_blank(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// The value of a parameter that must be there, in the words that clients know.
    fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| {
            let mut sent: Vec<Cow<'_, str>> = Vec::new();
            for (name, _) in self.0.iter().take(MAX_SHOWN) {
                let name = shown(name);
                if !sent.contains(&name) {
                    sent.push(name);
                }
            }
            Failure::Validation.with(format!("Required parameter '{name}' not found in [{}]", sent.join(",")))
        })
    }

    /// Which firewalls to list.
    pub(super) fn filter(&self) -> Result<Filter, ApiError> {
        let id = self.get("id").filter(|id| !id.is_empty());
        Ok(Filter { id: id.map(FirewallId::new).transpose().map_err(|why| text_error("id", why))? })
    }

    pub(super) fn new_firewall(&self) -> Result<NewFirewall, ApiError> {
        let (name, description) = (self.required("name")?, self.required("description")?);
        Ok(NewFirewall {
            name: FirewallName::new(name).map_err(|why| text_error("name", why))?,
            description: Description::new(description).map_err(|why| text_error("description", why))?,
            network: self.text("vpc_id", NetworkId::new)?,
        })
    }

    pub(super) fn new_rule(&self) -> Result<NewRule, ApiError> {
        let protocol = self.protocol()?;
        let direction = self.one_of("direction", [("ingress", Direction::Ingress), ("egress", Direction::Egress)])?;
        let action = self.one_of("rule_action", [("accept", Action::Accept), ("deny", Action::Deny)])?;
        let log = self.one_of("log_rule", [("true", true), ("false", false)])?;
        let mut sources = self.groups()?;
        sources.extend(self.addresses()?);
        sources.extend(self.prefix_lists()?);
        if sources.len() > MAX_SOURCES {
            return Err(Failure::Validation.with(format!("The rule has more than {MAX_SOURCES} sources.")));
        }
        let rule = NewRule::new(protocol, sources).map_err(|why| Failure::Validation.with(why.to_string()))?;
        Ok(rule
            .with_direction(direction.unwrap_or_default())
            .with_action(action.unwrap_or_default())
            .with_log(log.unwrap_or_default())
            .with_description(self.text("description", Description::new)?))
    }

    /// Which rules to show; none where the client leaves it to the driver.
    pub(super) fn shown_rules(&self) -> Result<Option<ShownRules>, ApiError> {
        let words = [
            ("ingress", ShownRules::Only(Direction::Ingress)),
            ("egress", ShownRules::Only(Direction::Egress)),
            ("all", ShownRules::All),
        ];
        self.one_of("direction", words)
    }

    /// A parameter that may be left out or blank.
    fn text<T>(&self, name: &str, new: fn(String) -> Result<T, InvalidText>) -> Result<Option<T>, ApiError> {
        let value = self.get_not_blank(name).map(|value| new(value.to_owned()));
        value.transpose().map_err(|why| text_error(name, why))
    }

    fn protocol(&self) -> Result<Protocol, ApiError> {
        let name = self.required("protocol")?.trim();
        let has_numbers = ["tcp", "udp", "icmp", "icmpv6"].iter().any(|known| known.eq_ignore_ascii_case(name));
        let is_number = name == "-1" || name.parse::<u8>().is_ok();
        if !has_numbers && !is_number {
            let message = format!(
                "Parameter 'protocol' is '{}', and not one of tcp, udp, icmp, icmpv6, a protocol's number, or -1 for all.",
                shown(name)
            );
            return Err(Failure::Validation.with(message));
        }
        let is_given = |name| self.get_not_blank(name).is_some();
        let numbers = match has_numbers || is_given("port_from") || is_given("port_to") {
            true => Some((self.number("port_from")?, self.number("port_to")?)),
            false => None,
        };
        Protocol::from_parts(name, numbers)
            .map_err(|why| Failure::Validation.with(format!("Parameters 'port_from' and 'port_to': {why}.")))
    }

    fn number(&self, name: &str) -> Result<i32, ApiError> {
        let value = self.required(name)?.trim();
        value.parse().ok().ok_or_else(|| {
            Failure::Validation.with(format!("Parameter '{name}' is '{}', and not a whole number.", shown(value)))
        })
    }

    /// The value that one of the given words stands for, in any case; none where the parameter is not there or blank.
    fn one_of<T: Copy, const N: usize>(&self, name: &str, words: [(&str, T); N]) -> Result<Option<T>, ApiError> {
        let Some(value) = self.get_not_blank(name) else { return Ok(None) };
        let known = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
        known.map(|(_, meaning)| Some(*meaning)).ok_or_else(|| {
            let words = words.map(|(word, _)| word).join(", ");
            Failure::Validation.with(format!("Parameter '{name}' is '{}', and not one of {words}.", shown(value)))
        })
    }

    /// Every pair `groupN`, `groupNowner` in the order of N. Pairs that are blank are what a form left empty.
    fn groups(&self) -> Result<Vec<Source>, ApiError> {
        let mut pairs: BTreeMap<Number, (Option<&str>, Option<&str>)> = BTreeMap::new();
        for (name, value) in &self.0 {
            let value = Some(value.as_str()).filter(|value| !value.trim().is_empty());
            match group_parameter(name) {
                Some((number, Half::Name)) => pairs.entry(number).or_default().0 = value,
                Some((number, Half::Owner)) => pairs.entry(number).or_default().1 = value,
                None => {}
            }
        }
        let mut groups = Vec::new();
        for ((_, number), pair) in pairs {
            let missing = |missing: &str, given: &str| {
                let message = format!("Parameter '{missing}' is required, since '{given}' is there.");
                Failure::Validation.with(message)
            };
            let number = if number.is_empty() { "0" } else { &number };
            let (group, owner) = (format!("group{number}"), format!("group{number}owner"));
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
            if let Some(number) = number_after("prefix_list", name) {
                let list = PrefixListId::new(value.trim()).map_err(|why| text_error(name, why))?;
                lists.insert(number, Source::PrefixList(list));
            }
        }
        Ok(lists.into_values().collect())
    }

    /// What every parameter that is called an address holds: one CIDR, or several with commas between.
    fn addresses(&self) -> Result<Vec<Source>, ApiError> {
        let mut addresses = Vec::new();
        for (name, value) in &self.0 {
            if !is_address_parameter(name) {
                continue;
            }
            for cidr in value.split(',').map(str::trim).filter(|cidr| !cidr.is_empty()) {
                let cidr: Cidr = cidr.parse().ok().ok_or_else(|| {
                    let (name, cidr) = (shown(name), shown(cidr));
                    let message = format!(
                        "Parameter '{name}' has '{cidr}', which is not an IPv4 or IPv6 address or CIDR, such as 10.1.0.0/16 or 2001:db8::/32."
                    );
                    Failure::Validation.with(message)
                })?;
                addresses.push(Source::Address(cidr));
            }
        }
        Ok(addresses)
    }
}

/// A number of any length: how many digits it has, and which, without leading zeros. It orders as numbers do.
type Number = (usize, String);

/// Which of a firewall's rules an answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShownRules {
    All,
    Only(Direction),
}

impl ShownRules {
    /// What answers show where the client does not say.
    pub(super) fn by_default(capabilities: Capabilities) -> Self {
        if capabilities.hides_egress { Self::Only(Direction::Ingress) } else { Self::All }
    }

    /// Whether this rule is shown.
    pub(super) fn has(self, rule: &Rule) -> bool {
        match self {
            Self::All => true,
            Self::Only(direction) => rule.content.direction == direction,
        }
    }
}

enum Half {
    Name,
    Owner,
}

/// The N of `groupN` or `groupNowner`, in any case.
fn group_parameter(name: &str) -> Option<(Number, Half)> {
    let name = name.to_ascii_lowercase();
    let (group, half) = match name.strip_suffix("owner") {
        Some(group) => (group, Half::Owner),
        None => (&*name, Half::Name),
    };
    number_after("group", group).map(|number| (number, half))
}

/// The N of a parameter `prefixN`, in any case.
fn number_after(prefix: &str, name: &str) -> Option<Number> {
    let name = name.to_ascii_lowercase();
    let digits = name.strip_prefix(prefix)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let digits = digits.trim_start_matches('0');
    is_number.then(|| (digits.len(), digits.to_owned()))
}

/// Whether a parameter of this name means anything here.
pub(super) fn is_known(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "name",
        "description",
        "protocol",
        "port_from",
        "port_to",
        "direction",
        "rule_action",
        "log_rule",
        "id",
        "force_auth",
        "format",
        "vpc_id",
    ];
    NAMES.contains(&name)
        || group_parameter(name).is_some()
        || number_after("prefix_list", name).is_some()
        || is_address_parameter(name)
}

/// Whether the name starts with `ip_address` or `ip-address`, in any case.
fn is_address_parameter(name: &str) -> bool {
    name.get(.."ip_address".len())
        .is_some_and(|start| start.eq_ignore_ascii_case("ip_address") || start.eq_ignore_ascii_case("ip-address"))
}

/// As much of a client's text as an error message should repeat.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

fn text_error(name: &str, why: InvalidText) -> ApiError {
    Failure::Validation.with(format!("Parameter '{name}' {why}."))
}
