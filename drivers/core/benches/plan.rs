//! What it costs to plan a change of a thousand rules to a thousand others: `cargo bench --package deltawall-core --bench plan`.

use divan::{Bencher, black_box};

use deltawall_core::{
    Account, Action, AddressRange, Capabilities, Cidr, Firewall, FirewallId, FirewallName, Group, Limits, NewRule,
    Order, Plan, PortRange, Protocol, Rule, RuleSet, Source,
};

const RULES: u32 = 1000;

/// Of a grid. With more there would be too much to say.
const COLUMNS: u32 = 10;

fn main() {
    divan::main();
}

/// Ports and networks, each rule having one of its own; all accept.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn unordered(bencher: Bencher) {
    bench(bencher, Order::Unordered, |number, random| {
        let network = Cidr::new([10, random.byte(), random.byte(), 0].into(), 24).ok().map(Source::Address);
        rule((number % 400, number % 400), network, Action::Accept)
    });
}

/// The same ports and networks of many sizes, and every third rule denies.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn ordered(bencher: Bencher) {
    bench(bencher, Order::Ordered, |number, random| {
        let prefix = 8 + random.byte() % 25;
        let network =
            Cidr::new([10, random.byte(), random.byte(), random.byte()].into(), prefix).ok().map(Source::Address);
        rule((number % 400, number % 400 + 10), network, if number % 3 == 0 { Action::Deny } else { Action::Accept })
    });
}

/// Ranges of ports from ranges of addresses, all of which overlap hundreds of others, and every second rule denies.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn overlapping(bencher: Bencher) {
    bench(bencher, Order::Ordered, |number, random| {
        let (a, b, from, to) = (random.word(), random.word(), random.word() >> 16, random.word() >> 16);
        let addresses = AddressRange::new(a.min(b).to_be_bytes().into(), a.max(b).to_be_bytes().into());
        let action = if number % 2 == 0 { Action::Deny } else { Action::Accept };
        rule((from.min(to), from.max(to)), addresses.ok().map(Source::Range), action)
    });
}

/// Rows of ports that are denied across a few columns of addresses that are accepted, and before with every row one further.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn grid(bencher: Bencher) {
    let mut shift = 0;
    bench(bencher, Order::Ordered, |number, _| {
        shift += u32::from(number == 0);
        let everywhere = Cidr::new([0, 0, 0, 0].into(), 0).ok().map(Source::Address);
        let one = Cidr::new((number << 12).to_be_bytes().into(), 32).ok().map(Source::Address);
        match number < RULES - COLUMNS {
            true => rule((number * 4 + shift, number * 4 + shift), everywhere, Action::Deny),
            false => rule((0, 65535), one, Action::Accept),
        }
    });
}

/// A group of its own for each rule, all for the same port.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn groups(bencher: Bencher) {
    bench(bencher, Order::Unordered, |_, random| {
        let name = FirewallName::new(format!("g{}", random.word())).ok();
        let group = name.and_then(|name| Some(Source::Group(Group { owner: Account::new("1").ok()?, name })));
        rule((22, 22), group, Action::Accept)
    });
}

fn bench(bencher: Bencher, order: Order, mut rule: impl FnMut(u32, &mut Random) -> Option<NewRule>) {
    let mut random = Random(1);
    let mut rules =
        || RuleSet { rules: (0..RULES).filter_map(|number| rule(number, &mut random)).collect(), default: None };
    let (before, after) = (rules(), rules());
    let mut capabilities = Capabilities::default();
    capabilities.rules.order = order;
    let Some(before) = firewall(&before) else { return };
    bencher.bench_local(|| Plan::new(black_box(&before), black_box(&after), &capabilities, Limits::default()));
}

fn rule((from, to): (u32, u32), source: Option<Source>, action: Action) -> Option<NewRule> {
    let ports = PortRange::new(i32::try_from(from).ok()?, i32::try_from(to).ok()?).ok()?;
    Some(NewRule::new(Protocol::Tcp(ports), vec![source?]).ok()?.with_action(action))
}

fn firewall(rules: &RuleSet) -> Option<Firewall> {
    let owner = Account::new("1").ok()?;
    let rule = |new: &NewRule| {
        let content = new.clone().into_content(owner.clone());
        Rule { cloud_id: None, content, log: None, description: None }
    };
    Some(Firewall {
        id: FirewallId::new("web").ok()?,
        name: FirewallName::new("web").ok()?,
        description: None,
        owner: None,
        rules: rules.rules.iter().map(rule).collect(),
        default: None,
    })
}

/// Always the same numbers, which look like any (xorshift).
struct Random(u32);

impl Random {
    fn word(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn byte(&mut self) -> u8 {
        let [_, byte, ..] = self.word().to_be_bytes();
        byte
    }
}
