//! The types of what is sent and answered, as a table: requests are held to it, and the documents of the API are made of it.

/// The version of the API that is advertised, which is that of AXIS OS 12.11.
pub(super) const VERSION: &str = "1.1.2";

/// What the API is for, in its documents.
pub(super) const ABOUT: &str = "The firewall of the device: which incoming traffic it accepts, drops and limits.";

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    /// `true` or `false`.
    Boolean,
    /// A whole number between these.
    Integer(i64, i64),
    /// Any text.
    Text,
    /// A text that has the form of this regular expression.
    Form(&'static str),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// An object.
    Object(&'static DataType),
    /// Any number of objects.
    List(&'static DataType),
}

/// A type that is an object.
#[derive(Debug)]
pub(super) struct DataType {
    /// What it is called.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) about: &'static str,
    /// Its members, in alphabetical order.
    pub(super) members: &'static [Member],
}

/// A member of an object.
#[derive(Debug)]
pub(super) struct Member {
    /// What it is called.
    pub(super) name: &'static str,
    /// Its type.
    pub(super) is: Type,
    /// Whether it may be null, or left out of what is sent.
    pub(super) nullable: bool,
    /// What it is.
    pub(super) about: &'static str,
}

const fn member(name: &'static str, is: Type, about: &'static str) -> Member {
    Member { name, is, nullable: false, about }
}

const fn nullable(name: &'static str, is: Type, about: &'static str) -> Member {
    Member { name, is, nullable: true, about }
}

/// What happens to traffic.
pub(super) const POLICY: Type = Type::OneOf(&["DROP", "ACCEPT"]);

/// How long a trial may be, in seconds.
pub(super) const SECONDS: Type = Type::Integer(0, i32::MAX as i64);

const PORT: Type = Type::Integer(1, u16::MAX as i64);
const NUMBER: Type = Type::Integer(1, u16::MAX as i64);
const PORT_TYPE: Type = Type::OneOf(&["TCP", "UDP", "BOTH"]);
const MAC: Type = Type::Form("^(?:(?:[0-9A-Fa-f]{2}:){5}|(?:[0-9A-Fa-f]{2}-){5})[0-9A-Fa-f]{2}$");

static FILTER: DataType = DataType {
    name: "Filter",
    about: "What a rule of type FILTER does.",
    members: &[member("policy", POLICY, "What happens to traffic that the rule matches.")],
};

static IP_RANGE: DataType = DataType {
    name: "IpRange",
    about: "Addresses from one to another, both included.",
    members: &[
        member("end", Type::Text, "The last address."),
        member("start", Type::Text, "The first address, of the same family."),
    ],
};

static LIMIT: DataType = DataType {
    name: "Limit",
    about: "How much there may be of some traffic. What is beyond it is dropped, and what is within it goes on to the next rule.",
    members: &[
        member("amount", NUMBER, "How many in each period."),
        member("burst", NUMBER, "How many may come at once before that counts."),
        member("period", Type::OneOf(&["SECOND", "MINUTE", "HOUR", "DAY"]), "How long a period is."),
        member("unit", Type::OneOf(&["NEWCONNECTIONS", "PACKETS"]), "What is counted."),
    ],
};

static PORT_OBJECT: DataType = DataType {
    name: "Port",
    about: "A port of the device.",
    members: &[
        member("portNum", PORT, "Its number."),
        member("portType", PORT_TYPE, "Whether it is of TCP, UDP or either."),
    ],
};

static PORT_RANGE: DataType = DataType {
    name: "PortRange",
    about: "Ports of the device from one to another, both included.",
    members: &[
        member("end", PORT, "The last port."),
        member("portType", PORT_TYPE, "Whether they are of TCP, UDP or either."),
        member("start", PORT, "The first port."),
    ],
};

/// A rule of v1.
pub(super) static RULE: DataType = DataType {
    name: "Rule",
    about: "A rule for incoming traffic. Rules are tried in their order, and the first that matches decides. \
            At most one of mac and pktType, one of ip and ipRange, and one of port, portRange, tcpPort and udpPort.",
    members: &[
        nullable("filter", Type::Object(&FILTER), "What a rule of type FILTER does."),
        nullable(
            "ip",
            Type::Text,
            "An address or network that traffic comes from, of IPv4 or IPv6; any where there is none.",
        ),
        nullable("ipRange", Type::Object(&IP_RANGE), "Addresses that traffic comes from."),
        nullable("limit", Type::Object(&LIMIT), "What a rule of type LIMIT lets through."),
        nullable("mac", MAC, "The hardware address that traffic comes from."),
        nullable("pktType", Type::OneOf(&["UNICAST", "BROADCAST", "MULTICAST"]), "For how many traffic is meant."),
        nullable("port", Type::Object(&PORT_OBJECT), "A port that traffic goes to."),
        nullable("portRange", Type::Object(&PORT_RANGE), "Ports that traffic goes to."),
        member("ruleType", Type::OneOf(&["FILTER", "LIMIT"]), "Whether the rule accepts or drops, or limits."),
        nullable("tcpPort", PORT, "A port of TCP that traffic goes to."),
        nullable("udpPort", PORT, "A port of UDP that traffic goes to."),
    ],
};

/// A rule of v1beta.
pub(super) static RULE_OF_BETA: DataType = DataType {
    name: "Rule",
    about: "A rule for incoming traffic. Rules are tried in their order, and the first that matches decides.",
    members: &[
        nullable("filter", Type::Object(&FILTER), "What the rule does."),
        nullable("ip", Type::Text, "An address or network that traffic comes from; any where there is none."),
        member("ruleType", Type::OneOf(&["FILTER"]), "The only type."),
        nullable("tcpPort", PORT, "A port of TCP that traffic goes to."),
        nullable("udpPort", PORT, "A port of UDP that traffic goes to."),
    ],
};

/// What setRules takes.
pub(super) static SET_RULES: DataType = DataType {
    name: "SetRules",
    about: "All rules of the device, in the place of those it has.",
    members: &[
        member("defaultPolicy", POLICY, "What happens to traffic that no rule matches."),
        member(
            "fallbackTime",
            SECONDS,
            "After so many seconds the rules of before come back, unless these are confirmed; 0 for never.",
        ),
        member("rules", Type::List(&RULE), "The rules, in the order in which they are tried."),
    ],
};

/// All types that are objects, those first that others are of.
pub(super) static DATA_TYPES: [&DataType; 7] =
    [&FILTER, &IP_RANGE, &LIMIT, &PORT_OBJECT, &PORT_RANGE, &RULE, &SET_RULES];

/// A property.
#[derive(Debug)]
pub(super) struct Property {
    /// What it is called.
    pub(super) name: &'static str,
    /// Its type.
    pub(super) is: Type,
    /// Whether it may be null.
    pub(super) nullable: bool,
    /// Whether it can be set.
    pub(super) writable: bool,
    /// What it is.
    pub(super) about: &'static str,
}

const fn property(name: &'static str, is: Type, about: &'static str) -> Property {
    Property { name, is, nullable: false, writable: false, about }
}

/// Whether the device filters.
pub(super) static ACTIVATED: Property = Property {
    writable: true,
    ..property(
        "activated",
        Type::Boolean,
        "Whether the rules are in force. Nothing is filtered as long as they are not.",
    )
};

/// What there is to be read of rules, in alphabetical order.
pub(super) static RULES: [Property; 5] = [
    property("activeDefaultPolicy", POLICY, "What happens to traffic that no active rule matches."),
    property("activeRules", Type::List(&RULE), "The rules that are in force."),
    Property {
        nullable: true,
        ..property("pendingDefaultPolicy", POLICY, "The default policy that is tried; null where none is.")
    },
    property("pendingRules", Type::List(&RULE), "The rules that are tried, or were until their time was over."),
    property(
        "testTimeLeft",
        SECONDS,
        "How many seconds there are until the rules of before come back; 0 where nothing is tried.",
    ),
];

/// Something that can be done.
#[derive(Debug)]
pub(super) struct Action {
    /// What it is called.
    pub(super) name: &'static str,
    /// What it takes; none where that is an empty object.
    pub(super) takes: Option<&'static DataType>,
    /// What it does.
    pub(super) about: &'static str,
}

/// All that can be done, in alphabetical order.
pub(super) static ACTIONS: [Action; 3] = [
    Action {
        name: "clearPendingRules",
        takes: None,
        about: "Ends a trial at once, so that the rules of before are in force again, and forgets its rules.",
    },
    Action { name: "confirmRules", takes: None, about: "Keeps the rules that are tried for good." },
    Action {
        name: "setRules",
        takes: Some(&SET_RULES),
        about: "Gives the device other rules: for good, or on trial until they are confirmed.",
    },
];
