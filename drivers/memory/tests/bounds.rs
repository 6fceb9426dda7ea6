//! How much clients can make the in-memory drivers hold.
#![allow(clippy::unwrap_used)]

use deltawall_core::conformance::context;
use deltawall_core::{
    Account, Conditions, Context, Description, Driver, Error, FirewallId, FirewallName, Group, InterfaceName, Log,
    LogPrefix, NewFirewall, NewRule, PortRange, Position, Protocol, Replacement, RuleSet, Source,
};
use deltawall_memory::{MAX_SIZE, Mock, MockNftables, mock, nftables};

/// How many bytes this process has in memory now.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

fn at(driver: &dyn Driver, provider: usize) -> Context {
    let provider = driver.provider(&format!("p{provider}")).unwrap();
    Context { provider: Some(provider), ..context("mockuser", "mockpassword") }
}

fn on_mock() -> Mock {
    Mock::from_toml(mock::SAMPLE_DATA).unwrap()
}

fn on_nftables() -> MockNftables {
    MockNftables::from_toml(nftables::SAMPLE_DATA).unwrap()
}

fn firewall(name: &str) -> NewFirewall {
    NewFirewall {
        name: FirewallName::new(name).unwrap(),
        description: Description::new("d".repeat(255)).unwrap(),
        network: None,
    }
}

/// As much as a rule of EC2's can hold.
fn rule_of_groups() -> NewRule {
    let group = |n: usize| Group {
        owner: Account::new("111122223333").unwrap(),
        name: FirewallName::new(format!("{n:0255}")).unwrap(),
    };
    let sources = (0..60).map(|n| Source::Group(group(n))).collect();
    NewRule::new(Protocol::from_parts("tcp", Some((1, 1))).unwrap(), sources).unwrap()
}

/// A rule of a host's with something of all that it can hold.
fn rule_of_all() -> NewRule {
    let range = |n: usize| Source::Range(format!("10.0.{n}.1-10.0.{n}.9").parse().unwrap());
    let conditions = Conditions {
        more_ports: (2..100).map(|port| PortRange::new(port, port).unwrap()).collect(),
        interface: Some(InterfaceName::new("eth0").unwrap()),
        ..Conditions::default()
    };
    let log = Log { prefix: Some(LogPrefix::new("x".repeat(LogPrefix::MAX)).unwrap()) };
    NewRule::new(Protocol::from_parts("tcp", Some((1, 1))).unwrap(), (0..100).map(range).collect())
        .unwrap()
        .with_conditions(conditions)
        .unwrap()
        .with_log(Some(log))
        .with_description(Some(Description::new("d".repeat(4_096)).unwrap()))
}

#[track_caller]
fn is_full<T>(result: Result<T, Error>) -> bool {
    match result {
        Ok(_) => false,
        Err(error) => {
            let message = "This server keeps about 64 MiB of its clients' firewalls at most";
            assert!(error.to_string().contains(message), "{error}");
            true
        }
    }
}

/// Many of the largest firewalls, with many providers: in the end there is no room, and what was counted is what is held.
async fn is_bounded_over_all_providers(driver: &dyn Driver, rule: NewRule) {
    let before = resident();
    let mut made = Vec::new();
    'providers: for provider in 0..100 {
        let context = at(driver, provider);
        for n in 0..2_000 {
            let name = format!("{n:0255}");
            if is_full(driver.create_firewall(&context, firewall(&name)).await) {
                break 'providers;
            }
            let id = FirewallId::new(name).unwrap();
            made.push((context.clone(), id.clone()));
            if is_full(driver.create_rule(&context, &id, rule.clone(), Position::Last).await) {
                break 'providers;
            }
        }
    }
    let grown = resident() - before;
    assert!(grown < 2 * MAX_SIZE && grown > MAX_SIZE / 4, "{} MiB", grown >> 20);

    // Another provider is full as well, and what goes makes room.
    let (context, id) = made.swap_remove(0);
    let elsewhere = at(driver, 99);
    while !is_full(driver.create_firewall(&elsewhere, firewall(&format!("filler {}", made.len()))).await) {
        made.push((elsewhere.clone(), id.clone()));
    }
    driver.delete_firewall(&context, &id).await.unwrap();
    driver.create_firewall(&elsewhere, firewall("again")).await.unwrap();
}

#[tokio::test]
async fn what_clients_make_on_the_mock_is_bounded_over_all_providers() {
    is_bounded_over_all_providers(&on_mock(), rule_of_groups()).await;
}

#[tokio::test]
async fn what_clients_make_on_the_mock_of_nftables_is_bounded_over_all_providers() {
    is_bounded_over_all_providers(&on_nftables(), rule_of_all()).await;
}

/// Making, replacing and deleting leaves nothing that counts.
async fn what_is_gone_takes_no_room(driver: &dyn Driver, rule: NewRule) {
    let context = at(driver, 0);
    let id = FirewallId::new("gone").unwrap();
    let [one, none] = [vec![rule.clone()], vec![]].map(|rules| RuleSet { rules, default: None });
    for n in 0..4_000 {
        let seen = driver.create_firewall(&context, firewall("gone")).await.unwrap();
        let replace = |seen, rules| driver.replace_rules(&context, Replacement { seen, rules, allow_gap: false });
        let made = match n % 4 {
            0 => replace(&*seen, &one).await.unwrap(),
            _ => driver.create_rule(&context, &id, rule.clone(), Position::Last).await.unwrap(),
        };
        match n % 3 {
            0 => driver.delete_rule(&context, &id, &made.rules.first().unwrap().id()).await.unwrap(),
            1 => drop(replace(&*made, &none).await.unwrap()),
            _ => (),
        }
        drop(made);
        driver.delete_firewall(&context, &id).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_gone_from_the_mock_takes_no_room() {
    what_is_gone_takes_no_room(&on_mock(), rule_of_groups()).await;
}

#[tokio::test]
async fn what_is_gone_from_the_mock_of_nftables_takes_no_room() {
    what_is_gone_takes_no_room(&on_nftables(), rule_of_all()).await;
}

/// What does not change a provider takes no place of those that can be changed.
#[tokio::test]
async fn replacing_rules_by_the_same_takes_no_place() {
    for driver in [&on_mock() as &dyn Driver, &on_nftables()] {
        for provider in 0..200 {
            let context = at(driver, provider);
            let listed = driver.firewalls(&context, &Default::default()).await.unwrap();
            let seen = listed.first().unwrap();
            let rules = &RuleSet::of(seen).unwrap();
            let same = driver.replace_rules(&context, Replacement { seen, rules, allow_gap: false }).await.unwrap();
            assert!(std::sync::Arc::ptr_eq(&same, seen));
        }
        for provider in 0..100 {
            driver.create_firewall(&at(driver, provider), firewall("new")).await.unwrap();
        }
        driver.create_firewall(&at(driver, 100), firewall("new")).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_host_has_so_many_firewalls_and_a_firewall_so_many_rules() {
    let (driver, context) = (on_nftables(), context("mockuser", "mockpassword"));
    let id = FirewallId::new("lab").unwrap();
    let rule = |n: usize| {
        let source = Source::Address(format!("10.{}.{}.{}", n / 65_536, n / 256 % 256, n % 256).parse().unwrap());
        NewRule::new(Protocol::All, vec![source]).unwrap()
    };
    let set = |number| RuleSet { rules: (0..number).map(rule).collect(), default: None };
    let seen = driver.firewall(&context, &id).await.unwrap();
    let replace = |rules| driver.replace_rules(&context, Replacement { seen: &seen, rules, allow_gap: false });
    let message = "A firewall has 20000 rules at most.";
    let [too_many, most] = [20_001, 20_000].map(set);
    assert_eq!(replace(&too_many).await.unwrap_err().to_string(), message);
    assert_eq!(replace(&most).await.unwrap().rules.len(), 20_000);
    let one_more = driver.create_rule(&context, &id, rule(20_000), Position::Last).await;
    assert_eq!(one_more.unwrap_err().to_string(), message);

    for n in 0..2_497 {
        driver.create_firewall(&context, firewall(&n.to_string())).await.unwrap();
    }
    let one_more = driver.create_firewall(&context, firewall("one-too-many")).await;
    assert_eq!(one_more.unwrap_err().to_string(), "There are 2500 firewalls at most.");
}

/// A change to what all providers share makes a copy of it for one, which counts.
#[tokio::test]
async fn copies_of_the_data_count() {
    let addresses: String =
        (0..200_000).map(|n| format!("\"10.{}.{}.{}\",", n / 65_536, n / 256 % 256, n % 256)).collect();
    let mut data = String::from("[[firewalls]]\nname = \"large\"\ndescription = \"d\"\n");
    for (port, sources) in addresses.split_inclusive(',').collect::<Vec<_>>().chunks(1_000).enumerate() {
        let sources = sources.concat();
        data += &format!(
            "[[firewalls.rules]]\nprotocol = \"tcp\"\nport_from = {port}\nport_to = {port}\naddresses = [{sources}]\n"
        );
    }
    let driver = Mock::from_toml(&data).unwrap();
    let id = FirewallId::new("large").unwrap();
    let shown = driver.firewall(&at(&driver, 0), &id).await.unwrap();
    let [first, second, ..] = &shown.rules[..] else { panic!("it has rules") };
    let mut changed = 0;
    while !is_full(driver.delete_rule(&at(&driver, changed), &id, &first.id()).await) {
        changed += 1;
    }
    assert!((1..20).contains(&changed), "{changed}");
    // What is a copy already can be changed.
    driver.delete_rule(&at(&driver, 0), &id, &second.id()).await.unwrap();
}
