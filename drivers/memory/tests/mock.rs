//! What EC2 has of its own, and the in-memory driver with it.
#![allow(clippy::unwrap_used)]

use deltawall_core::conformance::context;
use deltawall_core::{
    Context, Description, Driver, Error, Firewall, FirewallId, Member, NewRule, Position, Protocol, Replacement,
    RuleSet, Source,
};
use deltawall_memory::{Mock, mock};

fn me() -> Context {
    context("mockuser", "mockpassword")
}

fn id(text: &str) -> FirewallId {
    FirewallId::new(text).unwrap()
}

fn tcp(port: i32, addresses: &[&str]) -> NewRule {
    let sources = addresses.iter().map(|address| Source::Address(address.parse().unwrap())).collect();
    NewRule::new(Protocol::from_parts("tcp", Some((port, port))).unwrap(), sources).unwrap()
}

/// Replaces the rules of a firewall as it is now.
async fn replace(driver: &Mock, firewall: &str, rules: Vec<NewRule>) -> Result<Vec<NewRule>, Error> {
    let seen: &Firewall = &driver.firewall(&me(), &id(firewall)).await.unwrap();
    let rules = &RuleSet { rules, default: None };
    let after = driver.replace_rules(&me(), Replacement { seen, rules, allow_gap: false }).await?;
    Ok(RuleSet::of(&after).unwrap().rules)
}

#[tokio::test]
async fn a_firewall_that_protects_somebody_cannot_be_deleted() {
    let data = r#"
        [[firewalls]]
        name = "web"
        description = "d"
        members = [
            { id = "i-1", addresses = ["10.0.0.1"] },
            { id = "i-2", name = "two", addresses = ["10.0.0.2", "2001:db8::2"], state = "running" },
        ]
    "#;
    let driver = Mock::from_toml(data).unwrap();
    let web = id("web");
    let [one, two] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
    let state = Some("running".to_owned());
    let members = [
        Member { id: "i-1".into(), name: None, addresses: vec![one], state: None },
        Member {
            id: "i-2".into(),
            name: Some("two".into()),
            addresses: vec![two, "2001:db8::2".parse().unwrap()],
            state,
        },
    ];
    assert_eq!(driver.members(&me(), &web).await.unwrap(), members);
    let refused = driver.delete_firewall(&me(), &web).await.unwrap_err().to_string();
    assert_eq!(refused, "DependencyViolation: resource web has a dependent object: i-1, i-2");
    driver.firewall(&me(), &web).await.unwrap();
}

#[tokio::test]
async fn rules_that_stay_are_where_they_were_and_new_ones_come_behind_them() {
    let driver = Mock::from_toml(mock::SAMPLE_DATA).unwrap();
    let [a, b, c, d] = [1, 2, 3, 4].map(|port| tcp(port, &["10.0.0.0/8"]));
    replace(&driver, "new_firewall", vec![a.clone(), b.clone(), c.clone()]).await.unwrap();
    let described = c.clone().with_description(Some(Description::new("for c").unwrap()));
    let after = replace(&driver, "new_firewall", vec![d.clone(), described.clone(), a.clone()]).await.unwrap();
    assert_eq!(after, [a, described, d]);
}

#[tokio::test]
async fn a_set_that_ec2_would_not_take_is_refused_and_its_rule_named() {
    let driver = Mock::from_toml("max_rules = 3\n[[firewalls]]\nname = \"web\"\ndescription = \"d\"\n").unwrap();
    let there = vec![tcp(1, &["10.0.0.0/8", "11.0.0.0/8"])];
    replace(&driver, "web", there.clone()).await.unwrap();
    let bad = Some(Description::new("no | here").unwrap());
    for (rules, message) in [
        (
            vec![tcp(3, &["10.0.0.0/8"]), tcp(2, &["10.0.0.0/8"]), there[0].clone()],
            "RulesPerSecurityGroupLimitExceeded: In rule 2: The maximum number of rules per security group has been reached.",
        ),
        (
            vec![there[0].clone(), tcp(1, &["12.0.0.0/8", "11.2.3.4/8"])],
            "InvalidPermission.Duplicate: In rule 2: the specified rule \"peer: 11.2.3.4/8, TCP, from port: 1, to port: 1, ALLOW\" already exists",
        ),
        (
            vec![tcp(2, &["10.0.0.0/8"]), there[0].clone().with_description(bad.clone())],
            "InvalidParameterValue: In rule 2: Invalid rule description. Valid descriptions are strings less than 256 characters \
             from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        ),
    ] {
        assert_eq!(replace(&driver, "web", rules).await.unwrap_err().to_string(), message);
        let now = driver.firewall(&me(), &id("web")).await.unwrap();
        assert_eq!(RuleSet::of(&now).unwrap().rules, there);
    }
    // What leaves makes room for what comes.
    replace(&driver, "web", vec![tcp(3, &["10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8"])]).await.unwrap();
}

/// EC2 knows protocols by name or number, one in a rule.
#[tokio::test]
async fn what_is_no_protocol_of_ec2s_is_refused() {
    let driver = Mock::from_toml(mock::SAMPLE_DATA).unwrap();
    let sources = tcp(53, &["10.0.0.0/8"]).sources().to_vec();
    for (protocol, numbers) in [("tcp-udp", Some((53, 53))), ("", None)] {
        let new = NewRule::new(Protocol::from_parts(protocol, numbers).unwrap(), sources.clone()).unwrap();
        let refused = driver.create_rule(&me(), &id("test"), new, Position::Last).await.unwrap_err().to_string();
        let message = format!("InvalidParameterValue: Invalid value '{protocol}' for IP protocol. Unknown protocol.");
        assert_eq!(refused, message);
    }
}
