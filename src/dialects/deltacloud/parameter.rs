//! The parameters that there are: the one table that requests are read by and that the reference shows.

use std::fmt;

/// A parameter of a query or body.
#[derive(Debug)]
pub(super) struct Parameter {
    /// As clients send it, but for an `N` at its end or before `owner`, which is any number.
    pub(super) name: &'static str,
    pub(super) syntax: Syntax,
    pub(super) is_required: bool,
    /// What it means, in a sentence.
    pub(super) meaning: &'static str,
    /// A value that does for an example.
    pub(super) example: &'static str,
}

/// What the values of a parameter look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Syntax {
    /// Whatever there is.
    Any,
    /// Text without control characters, taken as it is.
    Exact,
    /// The same without the white space around it.
    Text,
    /// A whole number of this range.
    Number(i32, i32),
    /// A protocol: its name in any case, or its number.
    Protocol,
    /// One of these words, in any case.
    Word(&'static [&'static str]),
    /// Addresses or CIDRs with commas between.
    Addresses,
}

/// What a new firewall is made of.
pub(super) const NEW_FIREWALL: [&Parameter; 3] = [&NAME, &FIREWALL_DESCRIPTION, &VPC_ID];

/// What a new rule is made of.
pub(super) const NEW_RULE: [&Parameter; 11] = [
    &PROTOCOL,
    &PORT_FROM,
    &PORT_TO,
    &IP_ADDRESS,
    &GROUP,
    &GROUP_OWNER,
    &PREFIX_LIST,
    &DIRECTION,
    &RULE_ACTION,
    &LOG_RULE,
    &RULE_DESCRIPTION,
];

/// What else there is, in queries.
const OTHERS: [&Parameter; 4] = [&ID, &SHOWN_DIRECTION, &FORCE_AUTH, &FORMAT];

pub(super) const NAME: Parameter = Parameter {
    name: "name",
    syntax: Syntax::Exact,
    is_required: true,
    meaning: "What the firewall is called.",
    example: "app",
};

pub(super) const FIREWALL_DESCRIPTION: Parameter = Parameter {
    name: "description",
    syntax: Syntax::Exact,
    is_required: true,
    meaning: "What the firewall is for.",
    example: "Web servers",
};

pub(super) const VPC_ID: Parameter = Parameter {
    name: "vpc_id",
    syntax: Syntax::Text,
    is_required: false,
    meaning: "The network to make it in, where the driver has networks.",
    example: "",
};

pub(super) const PROTOCOL: Parameter = Parameter {
    name: "protocol",
    syntax: Syntax::Protocol,
    is_required: true,
    meaning: "tcp, udp or icmp; where the driver has more, also icmpv6, a protocol's number, or -1 for all.",
    example: "tcp",
};

pub(super) const PORT_FROM: Parameter = Parameter {
    name: "port_from",
    syntax: Syntax::Number(-1, 65535),
    is_required: false,
    meaning: "The first port; for ICMP the type, -1 for any. tcp, udp, icmp and icmpv6 need it, others have none.",
    example: "80",
};

pub(super) const PORT_TO: Parameter = Parameter {
    name: "port_to",
    syntax: Syntax::Number(-1, 65535),
    is_required: false,
    meaning: "The last port; for ICMP the code, -1 for any. tcp, udp, icmp and icmpv6 need it, others have none.",
    example: "80",
};

pub(super) const IP_ADDRESS: Parameter = Parameter {
    name: "ip_addressN",
    syntax: Syntax::Addresses,
    is_required: false,
    meaning: "A source: an IPv4 or IPv6 address or CIDR, or several with commas between.",
    example: "10.1.0.0/16",
};

pub(super) const GROUP: Parameter = Parameter {
    name: "groupN",
    syntax: Syntax::Exact,
    is_required: false,
    meaning: "A source: another firewall, by its name. groupNowner goes with it.",
    example: "default",
};

pub(super) const GROUP_OWNER: Parameter = Parameter {
    name: "groupNowner",
    syntax: Syntax::Exact,
    is_required: false,
    meaning: "The account that owns the firewall that groupN names.",
    example: "393485797142",
};

pub(super) const PREFIX_LIST: Parameter = Parameter {
    name: "prefix_listN",
    syntax: Syntax::Text,
    is_required: false,
    meaning: "A source: a list of networks that the cloud keeps, where the driver has them.",
    example: "",
};

pub(super) const DIRECTION: Parameter = Parameter {
    name: "direction",
    syntax: Syntax::Word(&["ingress", "egress"]),
    is_required: false,
    meaning: "Which way the traffic goes; ingress where it is left out. egress where the driver has it.",
    example: "ingress",
};

pub(super) const RULE_ACTION: Parameter = Parameter {
    name: "rule_action",
    syntax: Syntax::Word(&["accept", "deny"]),
    is_required: false,
    meaning: "What happens to the traffic; accept where it is left out. deny where the driver has it.",
    example: "accept",
};

pub(super) const LOG_RULE: Parameter = Parameter {
    name: "log_rule",
    syntax: Syntax::Word(&["true", "false"]),
    is_required: false,
    meaning: "Whether the cloud logs what the rule matches; false where it is left out. true where the driver has it.",
    example: "false",
};

pub(super) const RULE_DESCRIPTION: Parameter = Parameter {
    name: "description",
    syntax: Syntax::Text,
    is_required: false,
    meaning: "What the rule is for, where the driver's rules have descriptions.",
    example: "",
};

pub(super) const ID: Parameter = Parameter {
    name: "id",
    syntax: Syntax::Exact,
    is_required: false,
    meaning: "Only the firewall with this id: a list of one, or of none.",
    example: "default",
};

pub(super) const SHOWN_DIRECTION: Parameter = Parameter {
    name: "direction",
    syntax: Syntax::Word(&["ingress", "egress", "all"]),
    is_required: false,
    meaning: "Which rules to show; where it is left out, those that the driver shows by itself.",
    example: "all",
};

pub(super) const FORCE_AUTH: Parameter = Parameter {
    name: "force_auth",
    syntax: Syntax::Any,
    is_required: false,
    meaning: "With any value, the credentials are checked: 401 where they are wrong or missing.",
    example: "1",
};

pub(super) const FORMAT: Parameter = Parameter {
    name: "format",
    syntax: Syntax::Word(&["xml", "json", "html"]),
    is_required: false,
    meaning: "The format of the answer, before what Accept says.",
    example: "json",
};

/// What `format` is for pages, which have no other.
pub(super) const PAGE_FORMAT: Parameter = Parameter {
    name: "format",
    syntax: Syntax::Word(&["html"]),
    is_required: true,
    meaning: "The format of the answer. Browsers say it in Accept, and need not send it.",
    example: "html",
};

/// What `format` is where a page and a firewall may go by the same name.
pub(super) const NEW_FORMAT: Parameter = Parameter {
    name: "format",
    syntax: Syntax::Word(&["xml", "json", "html"]),
    is_required: false,
    meaning: "html for the page, xml or json for the firewall, before what Accept says.",
    example: "html",
};

/// Of the page that lists firewalls.
pub(super) const SHOWN_NAMES: Parameter = Parameter {
    name: "filter",
    syntax: Syntax::Any,
    is_required: false,
    meaning: "On the page: only firewalls whose name, id or description holds this text.",
    example: "web",
};

impl fmt::Display for Syntax {
    /// Says it in a sentence; nothing where any text will do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any | Self::Exact | Self::Text | Self::Protocol | Self::Addresses => Ok(()),
            Self::Number(first, last) => write!(f, "A whole number from {first} to {last}."),
            Self::Word(words) => write!(f, "One of {}.", words.join(", ")),
        }
    }
}

impl Parameter {
    /// Whether a client means this parameter by a name: numbered ones have any number and case, and whatever starts
    /// with `ip_address` or `ip-address` is an address.
    pub(super) fn is_meant_by(&self, name: &str) -> bool {
        match self.syntax {
            Syntax::Addresses => name.get(.."ip_address".len()).is_some_and(|start| {
                ["ip_address", "ip-address"].iter().any(|known| start.eq_ignore_ascii_case(known))
            }),
            _ if self.name.contains('N') => self.number_in(name).is_some(),
            _ => self.name == name,
        }
    }

    /// The number that a name has in the place of this parameter's `N`.
    pub(super) fn number_in(&self, name: &str) -> Option<Number> {
        let (start, end) = self.name.split_once('N')?;
        let name = name.to_ascii_lowercase();
        let digits = name.strip_prefix(start)?.strip_suffix(end)?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let digits = digits.trim_start_matches('0');
        is_number.then(|| Number { length: digits.len(), digits: digits.to_owned() })
    }

    /// A name that a client may send: the first, of those that are numbered.
    pub(super) fn first_name(&self) -> String {
        self.name.replacen('N', "1", 1)
    }

    /// The name with a number in the place of its `N`.
    pub(super) fn numbered(&self, number: &Number) -> String {
        let digits = if number.digits.is_empty() { "0" } else { &number.digits };
        self.name.replacen('N', digits, 1)
    }
}

/// A number of any length, without leading zeros. It orders as numbers do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number {
    length: usize,
    digits: String,
}

/// What the values of the parameter look like that has this name; none where there is none.
pub(super) fn syntax(name: &str) -> Option<Syntax> {
    let mut all = NEW_FIREWALL.iter().chain(&NEW_RULE).chain(&OTHERS);
    all.find(|parameter| parameter.is_meant_by(name)).map(|parameter| parameter.syntax)
}

/// Whether a parameter of this name means anything here.
pub(super) fn is_known(name: &str) -> bool {
    syntax(name).is_some()
}
