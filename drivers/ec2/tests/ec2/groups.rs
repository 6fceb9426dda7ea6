//! Groups: what they are called, who uses them, and many of them.

use std::sync::Arc;

use deltawall_core::{
    Account, Direction, Driver, ErrorKind, Filter, FirewallName, Group, NetworkId, NewRule, Protocol, Source,
};
use deltawall_ec2::{Ec2, Endpoint, Options};

use crate::bench::Bench;

#[test]
fn groups_of_the_default_vpc_go_by_name_and_others_by_id() {
    let bench = Bench::new();
    let vpc = bench.run(bench.sdk().create_vpc().cidr_block("10.9.0.0/16").send()).unwrap();
    let vpc = vpc.vpc().unwrap().vpc_id().unwrap().to_owned();
    let (here, there) = (bench.create("web"), bench.try_create("web", Some(&vpc)).unwrap());
    assert_eq!(here.id.as_str(), "web");
    assert!(there.id.as_str().starts_with("sg-"), "{:?}", there.id);
    assert_eq!(there.name, here.name);
    assert_eq!(bench.show("web").unwrap(), here);
    assert_eq!(bench.show(there.id.as_str()).unwrap(), there);

    // The group of the default VPC is found by its id too, and is the same.
    let group = bench.run(bench.sdk().describe_security_groups().group_names("web").send()).unwrap();
    let group_id = group.security_groups()[0].group_id().unwrap().to_owned();
    assert_eq!(bench.show(&group_id).unwrap(), here);
    let all = bench.run(bench.driver.firewalls(&bench.context, &Filter::default())).unwrap();
    assert!(all.contains(&here) && all.contains(&there));

    // A VPC that the operator chooses takes the default one's place.
    let chosen = Bench {
        driver: Arc::new(
            Ec2::new(
                [bench.runtime.handle().clone()],
                Options {
                    vpc: Some(NetworkId::new(&*vpc).unwrap()),
                    endpoints: vec![Endpoint { region: None, url: bench.url.clone() }],
                    ..Options::default()
                },
            )
            .unwrap(),
        ),
        ..bench
    };
    assert_eq!(chosen.show("web").unwrap().id.as_str(), "web");
    assert_eq!(chosen.show(&group_id).unwrap().id.as_str(), group_id);
    assert_eq!(chosen.create("own").id.as_str(), "own");
    let made = chosen.run(chosen.sdk().describe_security_groups().send()).unwrap();
    let made = made.security_groups().iter().find(|group| group.group_name() == Some("own")).unwrap().clone();
    assert_eq!(made.vpc_id(), Some(&*vpc));
}

#[test]
fn names_of_every_allowed_character() {
    let bench = Bench::new();
    for name in ["a b._-:/()#,@[]+=&;{}!$*z", "*", "a*b", "axb"] {
        let made = bench.create(name);
        assert_eq!(bench.show(name).unwrap(), made);
        let group = Source::Group(Group { owner: made.owner.clone().unwrap(), name: made.name.clone() });
        let new = NewRule::new(Protocol::from_parts("tcp", Some((1, 1))).unwrap(), vec![group]).unwrap();
        let changed = bench.add(name, new.clone()).unwrap();
        let rule = changed.rules.iter().find(|rule| rule.content.sources == new.sources()).unwrap();
        bench.delete_rule(name, &rule.id().to_string()).unwrap();
    }
    assert_eq!(bench.try_create("caf\u{e9}", None).unwrap_err().code.as_deref(), Some("InvalidParameterValue"));
    assert_eq!(bench.try_create("sg-web", None).unwrap_err().kind, ErrorKind::Refused);
}

#[test]
fn who_uses_a_group_is_said_when_it_cannot_be_deleted() {
    let bench = Bench::new();
    for name in ["used", "a", "b"] {
        bench.create(name);
    }
    let group = Group { owner: Account::new(&*bench.account).unwrap(), name: FirewallName::new("used").unwrap() };
    let from = NewRule::new(Protocol::from_parts("tcp", Some((1, 1))).unwrap(), vec![Source::Group(group)]).unwrap();
    bench.add("b", from.clone()).unwrap();
    bench.add("a", from.with_direction(Direction::Egress)).unwrap();
    let (sdk, used) = (bench.sdk(), bench.group_id("used"));
    let interface = bench.run(async {
        let subnet = sdk.describe_subnets().send().await.unwrap();
        let subnet = subnet.subnets()[0].subnet_id().unwrap();
        let made = sdk.create_network_interface().subnet_id(subnet).groups(&used).send().await.unwrap();
        made.network_interface().unwrap().network_interface_id().unwrap().to_owned()
    });
    let error = bench.delete("used").unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Refused, Some("DependencyViolation")));
    assert!(error.message.starts_with(&format!("resource {used} has a dependent object")), "{}", error.message);
    let account = &bench.account;
    let groups = format!("Group {account}:used is used by groups: {account}:a, {account}:b");
    let interfaces = format!("Group {account}:used is used by instances and network interfaces: {interface}");
    assert!(error.message.contains(&groups) && error.message.contains(&interfaces), "{}", error.message);

    // Who may not see interfaces is still refused, and told the rest.
    bench.fault("DescribeNetworkInterfaces", "deny", 1);
    let error = bench.delete("used").unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Refused, Some("DependencyViolation")));
    assert!(error.message.contains(&groups) && !error.message.contains(&interface), "{}", error.message);

    let default = bench.delete("default").unwrap_err();
    assert_eq!((default.kind, default.code.as_deref()), (ErrorKind::Refused, Some("CannotDelete")));
}

#[test]
fn a_group_of_an_instance_is_deleted_after_it() {
    let bench = Bench::new();
    bench.create("web");
    let sdk = bench.sdk();
    let run = sdk.run_instances().image_id("ami-12345678").min_count(1).max_count(1);
    let run = bench.run(run.security_group_ids(bench.group_id("web")).send()).unwrap();
    let instance = run.instances()[0].instance_id().unwrap();
    let error = bench.delete("web").unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Refused, Some("DependencyViolation")));
    let users = format!("\n  Group {}:web is used by instances and network interfaces: {instance}", bench.account);
    assert!(error.message.ends_with(&users), "{}", error.message);
    assert!(bench.show("web").is_ok());

    bench.run(sdk.terminate_instances().instance_ids(instance).send()).unwrap();
    bench.delete("web").unwrap();
    assert_eq!(bench.show("web").unwrap_err().kind, ErrorKind::NotFound);
}

/// The pages in which so many groups and the default one are listed, as the emulator was asked for them.
fn pages(count: usize) -> Vec<String> {
    let bench = Bench::new();
    bench.fill(count);
    let listed = bench.list();
    let mut names: Vec<_> = listed.iter().map(|group| group.name.as_str().to_owned()).collect();
    let expected = (0..count).map(|n| format!("g{n}")).chain(["default".to_owned()]);
    assert_eq!(names.len(), count + 1);
    names.sort_unstable();
    names.dedup();
    let mut expected: Vec<_> = expected.collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
    bench.requests().into_iter().filter(|request| request.starts_with("DescribeSecurityGroups")).collect()
}

fn page(token: &str) -> String {
    format!("DescribeSecurityGroups us-east-1 {token}MaxResults=1000")
}

#[test]
fn many_groups_are_listed_page_by_page() {
    assert_eq!(pages(2500), [page(""), page("NextToken=1000&"), page("NextToken=2000&")]);
}

#[test]
fn ten_thousand_groups_are_listed() {
    let asked = pages(10_000);
    assert_eq!(asked.len(), 11);
    assert_eq!(asked[10], page("NextToken=10000&"));
}
