//! Whatever rules a firewall has and is to have, what the change does can be told: what one way opens is what the other way closes, and
//! what is said to open comes through, or further. Traffic is read as it is written.

#![no_main]

use arbitrary::Arbitrary;
use deltawall_core::{
    Account, Action, AddressRange, Capabilities, Cidr, Conditions, Defaults, Direction, Effect, Firewall, FirewallId,
    FirewallName, Group, InterfaceName, Limits, NewRule, Order, Plan, PortRange, Protocol, Rest, Rule, RuleSet, Source,
    State, States, Traffic, Verdict,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Change {
    is_ordered: bool,
    joins: bool,
    is_left: bool,
    before: Asked,
    after: Asked,
    text: String,
}

#[derive(Arbitrary, Debug)]
struct Asked {
    rules: Vec<AskedRule>,
    default: Option<(AskedAction, AskedAction)>,
}

#[derive(Arbitrary, Debug)]
struct AskedRule {
    protocol: AskedProtocol,
    action: AskedAction,
    is_egress: bool,
    sources: Vec<AskedSource>,
    more_ports: Option<u8>,
    interface: Option<bool>,
    states: [bool; 3],
    limit: Option<u8>,
}

#[derive(Arbitrary, Debug)]
enum AskedProtocol {
    Tcp(u8, u8),
    Both(u16, u16),
    Icmp(i8, i8),
    Number(u8),
    All,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum AskedAction {
    Accept,
    Deny,
    Reject,
}

#[derive(Arbitrary, Debug)]
enum AskedSource {
    Near(u8, u8),
    Network([u8; 4], u8),
    Network6([u8; 16], u8),
    Range([u8; 16], [u8; 16]),
    Group(u8),
}

/// More than these find nothing new, and take long.
const RULES: usize = 12;
const FEW: &str = "so few rules are never too much";

fuzz_target!(|change: Change| {
    let mut capabilities = Capabilities::default();
    capabilities.rules.order = if change.is_ordered { Order::Ordered } else { Order::Unordered };
    capabilities.rules.rest = if change.is_left { Rest::Left } else { Rest::Denied };
    capabilities.rules.join = change.joins;
    let (before, after) = (change.before.into_set(), change.after.into_set());
    let firewall = firewall(&before);
    let plan = Plan::new(&firewall, &after, &capabilities, Limits { sources: Some(3), groups: Some(&[]) });
    let plan = plan.expect(FEW);
    assert!(!plan.is_empty() || plan.opens.is_empty() && plan.closes.is_empty(), "{plan:?}");

    let was = Effect::of(&firewall, &capabilities);
    let is = Effect::of_rules(&after, before.default, &capabilities);
    let (opens, closes) = was.changes(&is).expect(FEW);
    assert_eq!(is.changes(&was), Ok((closes, opens.clone())));
    assert_eq!(is.changes(&is), Ok((vec![], vec![])));
    for entry in &opens {
        let verdicts = is.verdicts(entry).expect(FEW);
        assert!(verdicts.contains(&Verdict::Accept) || verdicts.contains(&Verdict::Left), "{entry} {verdicts:?}");
        assert!(!was.lets_all_through(entry).expect(FEW), "{entry}");
        check_text(entry);
    }
    for entry in is.lets_through().expect(FEW) {
        assert!(!is.lets_none_through(&entry).expect(FEW), "{entry}");
    }
    if let Ok(traffic) = change.text.parse::<Traffic>() {
        check_text(&traffic);
        assert!(!is.verdicts(&traffic).expect(FEW).is_empty());
    }
});

fn check_text(traffic: &Traffic) {
    let is_written = traffic.conditions.is_none() && !traffic.sources.iter().any(|it| matches!(it, Source::Group(_)));
    if is_written {
        assert_eq!(traffic.to_string().parse().as_ref(), Ok(traffic));
    }
}

fn firewall(rules: &RuleSet) -> Firewall {
    let rule = |new: &NewRule| {
        let content = new.clone().into_content(Account::new("1").expect("a name"));
        Rule { cloud_id: None, content, log: None, description: None }
    };
    Firewall {
        id: FirewallId::new("web").expect("a name"),
        name: FirewallName::new("web").expect("a name"),
        description: None,
        owner: None,
        rules: rules.rules.iter().map(rule).collect(),
        default: rules.default,
    }
}

impl Asked {
    fn into_set(self) -> RuleSet {
        let rules = self.rules.into_iter().take(RULES).filter_map(AskedRule::into_rule).collect();
        let default =
            |(ingress, egress): (AskedAction, AskedAction)| Defaults { ingress: ingress.into(), egress: egress.into() };
        RuleSet { rules, default: self.default.map(default) }
    }
}

impl AskedRule {
    fn into_rule(self) -> Option<NewRule> {
        let sources = self.sources.into_iter().filter_map(AskedSource::into_source).collect();
        let states = State::ALL.into_iter().zip(self.states).filter(|(_, is_asked)| *is_asked).map(|(state, _)| state);
        let port = |port: u8| PortRange::new(port.into(), port.into()).ok();
        let limit = self.limit.and_then(|limit| format!("{limit}/second of new connections").parse().ok());
        let conditions = Conditions {
            more_ports: self.more_ports.and_then(port).into_iter().collect(),
            interface: self
                .interface
                .and_then(|is_first| InterfaceName::new(if is_first { "eth0" } else { "eth1" }).ok()),
            states: States::of(states),
            limit,
            ..Conditions::default()
        };
        let new = NewRule::new(self.protocol.into_protocol()?, sources).ok()?;
        let direction = if self.is_egress { Direction::Egress } else { Direction::Ingress };
        new.with_action(self.action.into()).with_direction(direction).with_conditions(conditions).ok()
    }
}

impl AskedProtocol {
    fn into_protocol(self) -> Option<Protocol> {
        let named = |name, from: i32, to: i32| Protocol::from_parts(name, Some((from, to))).ok();
        match self {
            Self::Tcp(from, to) => named("tcp", from.into(), to.into()),
            Self::Both(from, to) => named("tcp-udp", from.into(), to.into()),
            Self::Icmp(kind, code) => named("icmp", kind.into(), code.into()),
            Self::Number(number) => Protocol::from_parts(&number.to_string(), None).ok(),
            Self::All => Some(Protocol::All),
        }
    }
}

impl From<AskedAction> for Action {
    fn from(asked: AskedAction) -> Self {
        match asked {
            AskedAction::Accept => Self::Accept,
            AskedAction::Deny => Self::Deny,
            AskedAction::Reject => Self::Reject,
        }
    }
}

impl AskedSource {
    fn into_source(self) -> Option<Source> {
        match self {
            Self::Near(last, prefix) => Cidr::new([10, 0, 0, last].into(), prefix).ok().map(Source::Address),
            Self::Network(address, prefix) => Cidr::new(address.into(), prefix).ok().map(Source::Address),
            Self::Network6(address, prefix) => Cidr::new(address.into(), prefix).ok().map(Source::Address),
            Self::Range(first, last) => AddressRange::new(first.into(), last.into()).ok().map(Source::Range),
            Self::Group(number) => Some(Source::Group(Group {
                owner: Account::new("1").ok()?,
                name: FirewallName::new(format!("g{}", number % 4)).ok()?,
            })),
        }
    }
}
