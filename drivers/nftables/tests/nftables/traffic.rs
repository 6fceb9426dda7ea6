//! What core says a rule set lets through, against what packets really do.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use deltawall_core::{
    Action, Defaults, Direction, Driver, Effect, Firewall, FirewallId, InterfaceName, MacAddress, NewRule, Packet,
    PacketType, Replacement, RuleSet, Verdict,
};
use deltawall_nftables::{Nftables, Options};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use crate::peer::{HOST_MAC, Peer, Sent, hex};
use crate::rules::near_rule;
use crate::{kept, namespaces, peer, probe, random};

/// Where packets come from, or go to.
pub const ADDRESSES: [&str; 7] =
    ["10.1.0.1", "10.1.0.2", "10.2.0.1", "192.0.2.9", "2001:db8:1::1", "2001:db8:1::2", "2001:db8:2::1"];

/// As a packet has it: protocol, and port or type and code.
const SERVICES: [(u8, (u16, u16)); 13] = [
    (6, (22, 0)),
    (6, (23, 0)),
    (6, (80, 0)),
    (6, (65_535, 0)),
    (17, (22, 0)),
    (17, (53, 0)),
    (17, (80, 0)),
    (1, (8, 0)),
    (1, (13, 0)),
    (58, (128, 0)),
    (58, (128, 1)),
    (50, (0, 0)),
    (89, (0, 0)),
];

/// Hardware addresses that packets come from.
pub const MACS: [[u8; 6]; 2] = [[2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 3]];

/// One packet, as core and the wire have it.
#[derive(Debug, Clone)]
struct Tried {
    packet: Packet,
    service: (u8, (u16, u16)),
    mac: [u8; 6],
    kind: PacketType,
}

impl Tried {
    fn new(direction: Direction, service: (u8, (u16, u16)), address: &str, mac: [u8; 6], kind: PacketType) -> Self {
        let way = if direction == Direction::Ingress { "from" } else { "to" };
        let (protocol, (first, second)) = service;
        let text = match protocol {
            6 => format!("tcp/{first}"),
            17 => format!("udp/{first}"),
            1 => format!("icmp/{first}/{second}"),
            58 => format!("icmpv6/{first}/{second}"),
            other => other.to_string(),
        };
        let mut packet: Packet = format!("{text} {way} {address}").parse().unwrap();
        let is_ingress = direction == Direction::Ingress;
        packet.interface = Some(InterfaceName::new("eth0").unwrap());
        packet.mac = is_ingress.then_some(MacAddress::new(mac));
        packet.packet_type = Some(if is_ingress { kind } else { PacketType::Unicast });
        Self { packet, service, mac, kind }
    }

    fn sent(&self, number: u16) -> Sent {
        let there = self.packet.address;
        let here: IpAddr = peer::HOST[usize::from(there.is_ipv6())].parse().unwrap();
        let is_ingress = self.packet.direction == Direction::Ingress;
        let (source, destination) = if is_ingress { (there, here) } else { (here, there) };
        Sent { source, destination, protocol: self.service.0, service: self.service.1, number, from: None, hops: 64 }
    }

    fn to(&self) -> [u8; 6] {
        match self.kind {
            PacketType::Unicast => HOST_MAC,
            PacketType::Broadcast => [0xff; 6],
            PacketType::Multicast => [0x01, 0, 0x5e, 0, 0, 1],
        }
    }

    /// Whether it comes through all firewalls, in their order.
    fn passes(&self, firewalls: &[Arc<Firewall>], driver: &Nftables) -> bool {
        let can = driver.capabilities();
        let verdicts = firewalls.iter().map(|firewall| Effect::of(firewall, &can).explain(&self.packet).verdict);
        verdicts.into_iter().find(|verdict| *verdict != Verdict::Left) == Some(Verdict::Accept)
    }
}

fn tried() -> impl Strategy<Value = Tried> {
    let service = select(SERVICES.to_vec());
    let kind =
        prop_oneof![3 => Just(PacketType::Unicast), 1 => Just(PacketType::Broadcast), 1 => Just(PacketType::Multicast)];
    let all = (any::<bool>(), service, select(ADDRESSES.to_vec()), select(MACS.to_vec()), kind);
    all.prop_filter_map("of another family", |(is_ingress, service, address, mac, kind)| {
        let is_v6 = address.contains(':');
        let direction = if is_ingress { Direction::Ingress } else { Direction::Egress };
        let fits = match service.0 {
            1 => !is_v6,
            58 => is_v6,
            // Without ports, packets of both ways would be of one connection, and not the first of theirs.
            50 => is_ingress,
            89 => !is_ingress,
            _ => true,
        };
        fits.then(|| Tried::new(direction, service, address, mac, kind))
    })
}

/// The whole of it: a cable, the driver, and what counts behind its rules.
struct Rig {
    driver: Nftables,
    there: Peer,
    here: Peer,
    next: u16,
}

impl Rig {
    async fn new() -> Self {
        peer::connect();
        probe::lay();
        let driver = kept::driver(&Arc::default(), Options::default()).await;
        kept::create(&driver, "web").await;
        Self { driver, there: Peer::there(), here: Peer::here(), next: 1 }
    }

    async fn replace(&self, name: &str, rules: Vec<NewRule>, default: Option<Defaults>) {
        let seen = self.driver.firewall(&kept::me(), &FirewallId::new(name).unwrap()).await.unwrap();
        let rules = &RuleSet { rules, default };
        self.driver.replace_rules(&kept::me(), Replacement { seen: &seen, rules, allow_gap: false }).await.unwrap();
    }

    /// Sends them, and tells which came through.
    fn come_through(&mut self, tried: &[Tried]) -> Vec<bool> {
        let first = self.next;
        self.next = if first > 50_000 { 1 } else { first + u16::try_from(tried.len()).unwrap() };
        let numbered: Vec<(u16, &Tried)> = (first..).zip(tried).collect();
        probe::forget();
        let mut through = BTreeSet::new();
        for (direction, way) in [(Direction::Ingress, "in"), (Direction::Egress, "out")] {
            let of_way: Vec<_> = numbered.iter().filter(|(_, tried)| tried.packet.direction == direction).collect();
            let numbers = of_way.iter().map(|(number, _)| *number).collect();
            if direction == Direction::Ingress {
                let frame = |(number, tried): &&(u16, &Tried)| hex(&tried.sent(*number).frame(tried.mac, tried.to()));
                assert_eq!(self.there.tell(json!({"frames": of_way.iter().map(frame).collect::<Vec<_>>()})), true);
            } else {
                let packet = |(number, tried): &&(u16, &Tried)| hex(&tried.sent(*number).packet());
                assert_eq!(self.here.tell(json!({"packets": of_way.iter().map(packet).collect::<Vec<_>>()})), true);
            }
            through.extend(probe::came_through(way, &numbers));
        }
        numbered.iter().map(|(number, _)| through.contains(number)).collect()
    }
}

#[test]
fn rules_let_through_what_core_says() {
    namespaces::enter();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut rig = runtime.block_on(Rig::new());
    let rules = || proptest::collection::vec(near_rule(), 0..8);
    let action = || select(Action::ALL.to_vec());
    let set = (rules(), rules(), action(), action(), proptest::collection::vec(tried(), 20..30));
    let rig = std::cell::RefCell::new(&mut rig);
    let done = random::runner(500).run(&set, |(web, device, ingress, egress, tried)| {
        let mut rig = rig.borrow_mut();
        let firewalls = runtime.block_on(async {
            rig.replace("web", web, None).await;
            rig.replace("device", device, Some(Defaults { ingress, egress })).await;
            rig.driver.firewalls(&kept::me(), &Default::default()).await.unwrap()
        });
        let through = rig.come_through(&tried);
        for (tried, through) in tried.iter().zip(through) {
            prop_assert_eq!(through, tried.passes(&firewalls, &rig.driver), "{:?}", tried);
        }
        Ok(())
    });
    done.unwrap();
}

/// Rules that only let through what they are for: of each kind one, what it lets through, and what is next to that.
#[test]
fn each_kind_of_rule_lets_its_own_through() {
    use Direction::{Egress, Ingress};
    use PacketType::{Broadcast, Multicast, Unicast};
    namespaces::enter();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut rig = runtime.block_on(Rig::new());
    let tcp = |port| (6, (port, 0));
    let way = |direction, service, address| Tried::new(direction, service, address, MACS[0], Unicast);
    let kinds: Vec<(&str, Vec<Tried>, Vec<Tried>)> = vec![
        (
            "in tcp/22 10.1.0.0/16",
            vec![way(Ingress, tcp(22), "10.1.0.2")],
            vec![
                way(Ingress, tcp(23), "10.1.0.2"),
                way(Ingress, tcp(22), "10.2.0.1"),
                way(Egress, tcp(22), "10.1.0.2"),
                way(Ingress, (17, (22, 0)), "10.1.0.2"),
            ],
        ),
        (
            "out tcp/22 2001:db8:1::/48",
            vec![way(Egress, tcp(22), "2001:db8:1::2")],
            vec![way(Ingress, tcp(22), "2001:db8:1::2"), way(Egress, tcp(22), "2001:db8:2::1")],
        ),
        (
            "in tcp/22-80 0.0.0.0/0",
            vec![way(Ingress, tcp(22), "10.1.0.1"), way(Ingress, tcp(80), "192.0.2.9")],
            vec![way(Ingress, tcp(81), "10.1.0.1"), way(Ingress, tcp(22), "2001:db8:2::1")],
        ),
        (
            "in tcp-udp/53 10.1.0.1-10.1.0.2",
            vec![way(Ingress, tcp(53), "10.1.0.1"), way(Ingress, (17, (53, 0)), "10.1.0.2")],
            vec![way(Ingress, tcp(54), "10.1.0.1"), way(Ingress, tcp(53), "10.2.0.1")],
        ),
        (
            "in tcp/22 10.1.0.1/32 ports=80,443-445",
            vec![way(Ingress, tcp(80), "10.1.0.1"), way(Ingress, tcp(444), "10.1.0.1")],
            vec![way(Ingress, tcp(446), "10.1.0.1"), way(Ingress, tcp(23), "10.1.0.1")],
        ),
        (
            "in icmp/8/-1 0.0.0.0/0",
            vec![way(Ingress, (1, (8, 0)), "10.1.0.1")],
            vec![way(Ingress, (1, (13, 0)), "10.1.0.1")],
        ),
        (
            "in icmpv6/128/0 ::/0",
            vec![way(Ingress, (58, (128, 0)), "2001:db8:1::1")],
            vec![way(Ingress, (58, (128, 1)), "2001:db8:1::1")],
        ),
        (
            "out 50 0.0.0.0/0",
            vec![way(Egress, (50, (0, 0)), "10.1.0.1")],
            vec![way(Egress, (89, (0, 0)), "10.1.0.1"), way(Egress, (50, (0, 0)), "2001:db8:1::1")],
        ),
        (
            "in all 10.1.0.1/32",
            vec![way(Ingress, (89, (0, 0)), "10.1.0.1"), way(Ingress, tcp(1), "10.1.0.1")],
            vec![way(Ingress, tcp(1), "10.1.0.2")],
        ),
        (
            "in all 0.0.0.0/0 interface=eth0",
            vec![way(Ingress, tcp(1), "10.1.0.1")],
            vec![way(Egress, tcp(1), "10.1.0.1")],
        ),
        ("in all 0.0.0.0/0 interface=eth1", vec![], vec![way(Ingress, tcp(1), "10.1.0.1")]),
        ("in all 0.0.0.0/0 states=new", vec![way(Ingress, tcp(1), "10.1.0.1")], vec![]),
        ("in all 0.0.0.0/0 states=established,related", vec![], vec![way(Ingress, tcp(1), "10.1.0.1")]),
        (
            "in all 0.0.0.0/0 mac=02:00:00:00:00:03",
            vec![Tried::new(Ingress, tcp(1), "10.1.0.1", MACS[1], Unicast)],
            vec![way(Ingress, tcp(1), "10.1.0.1")],
        ),
        (
            "in all 0.0.0.0/0 type=broadcast",
            vec![Tried::new(Ingress, (17, (22, 0)), "10.1.0.1", MACS[0], Broadcast)],
            vec![
                way(Ingress, (17, (22, 0)), "10.1.0.1"),
                Tried::new(Ingress, (17, (22, 0)), "10.1.0.1", MACS[0], Multicast),
            ],
        ),
        (
            "in all 0.0.0.0/0 type=multicast",
            vec![Tried::new(Ingress, (17, (22, 0)), "10.1.0.1", MACS[0], Multicast)],
            vec![way(Ingress, (17, (22, 0)), "10.1.0.1")],
        ),
        (
            "out all 0.0.0.0/0 type=multicast",
            vec![way(Egress, (17, (22, 0)), "224.1.2.3")],
            vec![way(Egress, (17, (22, 0)), "10.1.0.1"), way(Egress, (17, (22, 0)), "10.77.0.255")],
        ),
        (
            "out all 0.0.0.0/0 type=broadcast",
            vec![way(Egress, (17, (22, 0)), "10.77.0.255")],
            vec![way(Egress, (17, (22, 0)), "10.1.0.1"), way(Egress, (17, (22, 0)), "224.1.2.3")],
        ),
        (
            "out all ::/0 type=unicast",
            vec![way(Egress, (17, (22, 0)), "2001:db8:1::1")],
            vec![way(Egress, (17, (22, 0)), "ff05::1")],
        ),
    ];
    for (rule, through, not) in kinds {
        let deny = Some(Defaults { ingress: Action::Deny, egress: Action::Deny });
        runtime.block_on(rig.replace("device", vec![crate::rules::read(rule)], deny));
        assert_eq!(rig.come_through(&through), vec![true; through.len()], "{rule} lets it through");
        assert_eq!(rig.come_through(&not), vec![false; not.len()], "{rule} does not let it through");
    }
}

/// A rate counts what all of a rule's sources send together.
#[test]
fn a_rate_is_of_all_that_a_rule_is_for() {
    namespaces::enter();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut rig = runtime.block_on(Rig::new());
    let deny = Some(Defaults { ingress: Action::Deny, egress: Action::Deny });
    let from = |address| Tried::new(Direction::Ingress, (17, (22, 0)), address, MACS[0], PacketType::Unicast);
    let tried: Vec<_> = ["10.1.0.1", "2001:db8:1::1"].into_iter().cycle().take(12).map(from).collect();
    for (limit, through) in
        [("3/day, burst 4", 4), ("beyond 3/day, burst 4", 8), ("3/day of new connections, burst 5", 5)]
    {
        let rule = format!("in udp/22 10.1.0.0/16,2001:db8:1::/48 limit={}", limit.replace(' ', "_"));
        runtime.block_on(rig.replace("device", vec![crate::rules::read(&rule)], deny));
        let came = rig.come_through(&tried).into_iter().filter(|came| *came).count();
        assert_eq!(came, through, "{limit}");
    }
}
