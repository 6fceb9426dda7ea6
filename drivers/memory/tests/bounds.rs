//! How much clients can make the in-memory driver hold.
#![allow(clippy::unwrap_used)]

use deltawall_core::conformance::context;
use deltawall_core::{
    Account, Context, Description, Driver, Error, FirewallId, FirewallName, Group, NewFirewall, NewRule, Position,
    Protocol, Source,
};
use deltawall_memory::{MAX_SIZE, Memory, SAMPLE_DATA};

/// How many bytes this process has in memory now.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

fn at(driver: &Memory, provider: usize) -> Context {
    let provider = driver.provider(&format!("p{provider}")).unwrap();
    Context { provider: Some(provider), ..context("mockuser", "mockpassword") }
}

fn firewall(name: &str) -> NewFirewall {
    NewFirewall {
        name: FirewallName::new(name).unwrap(),
        description: Description::new("d".repeat(255)).unwrap(),
        network: None,
    }
}

/// As much as a rule can hold.
fn rule() -> NewRule {
    let group = |n: usize| Group {
        owner: Account::new("111122223333").unwrap(),
        name: FirewallName::new(format!("{n:0255}")).unwrap(),
    };
    let sources = (0..60).map(|n| Source::Group(group(n))).collect();
    NewRule::new(Protocol::from_parts("tcp", Some((1, 1))).unwrap(), sources).unwrap()
}

#[track_caller]
fn is_full<T>(result: Result<T, Error>) -> bool {
    match result {
        Ok(_) => false,
        Err(error) => {
            let message = "ResourceLimitExceeded: This server keeps about 64 MiB of its clients' firewalls at most";
            assert_eq!(error.to_string(), message);
            true
        }
    }
}

/// Many of the largest firewalls, with many providers: in the end there is no room, and what was counted is what is held.
#[tokio::test]
async fn what_clients_make_is_bounded_over_all_providers() {
    let driver = Memory::from_toml(SAMPLE_DATA).unwrap();
    let before = resident();
    let rule = rule();
    let mut made = Vec::new();
    'providers: for provider in 0..100 {
        let context = at(&driver, provider);
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
    let elsewhere = at(&driver, 99);
    while !is_full(driver.create_firewall(&elsewhere, firewall(&format!("filler {}", made.len()))).await) {
        made.push((elsewhere.clone(), id.clone()));
    }
    driver.delete_firewall(&context, &id).await.unwrap();
    driver.create_firewall(&elsewhere, firewall("again")).await.unwrap();
}

/// Making and deleting leaves nothing that counts.
#[tokio::test]
async fn what_is_gone_takes_no_room() {
    let driver = Memory::from_toml(SAMPLE_DATA).unwrap();
    let context = at(&driver, 0);
    let (id, rule) = (FirewallId::new("web").unwrap(), rule());
    for n in 0..4_000 {
        driver.create_firewall(&context, firewall("web")).await.unwrap();
        let made = driver.create_rule(&context, &id, rule.clone(), Position::Last).await.unwrap();
        if n % 2 == 0 {
            driver.delete_rule(&context, &id, &made.rules.first().unwrap().id()).await.unwrap();
        }
        drop(made);
        driver.delete_firewall(&context, &id).await.unwrap();
    }
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
    let driver = Memory::from_toml(&data).unwrap();
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
