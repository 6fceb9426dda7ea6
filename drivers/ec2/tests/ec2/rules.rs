//! Rules: each kind that EC2 has, its limits, and that what is made and revoked is just what was asked.

use aws_sdk_ec2::types::builders::IpPermissionBuilder;
use aws_sdk_ec2::types::{IpPermission, IpRange, UserIdGroupPair};
use deltawall_core::{
    Account, Description, Direction, ErrorKind, FirewallName, Group, NewRule, PrefixListId, Protocol, Source,
};

use crate::bench::{Bench, ids, rule};

#[test]
fn every_kind_of_rule_is_made_shown_and_revoked_exactly() {
    let bench = Bench::new();
    bench.create("web");
    let account = &bench.account;
    let before = bench.show("web").unwrap();
    let group = Source::Group(Group { owner: Account::new(&**account).unwrap(), name: before.name.clone() });
    let described = rule("tcp", Some((22, 22)), &["10.1.2.3/24"]).with_description(Description::new("office").ok());
    let from_itself = NewRule::new(Protocol::from_parts("tcp", Some((1, 2))).unwrap(), vec![group]).unwrap();
    for (new, expected) in [
        (described, format!("{account}~tcp~22~22~@address,ipv4,10.1.2.0,24")),
        (
            rule("udp", Some((53, 53)), &["2001:db8::/32", "10.0.0.0/8"]),
            format!("{account}~udp~53~53~@address,ipv4,10.0.0.0,8,@address,ipv6,2001:db8::,32"),
        ),
        (rule("icmp", Some((8, -1)), &["0.0.0.0/0"]), format!("{account}~icmp~8~-1~@address,ipv4,0.0.0.0,0")),
        (rule("-1", None, &["192.0.2.1"]), format!("{account}~-1~~~@address,ipv4,192.0.2.1,32")),
        (rule("tcp", Some((443, 443)), &["pl-12345678"]), format!("{account}~tcp~443~443~@prefix_list,pl-12345678")),
        (
            rule("tcp", Some((25, 25)), &["10.0.0.0/8"]).with_direction(Direction::Egress),
            format!("{account}~tcp~25~25~@address,ipv4,10.0.0.0,8~egress"),
        ),
        (from_itself, format!("{account}~tcp~1~2~@group,{account},web")),
    ] {
        let made = bench.add("web", new.clone()).unwrap();
        let made = made.rules.iter().find(|rule| rule.id().to_string() == expected);
        let made = made.unwrap_or_else(|| panic!("{expected} is in {:?}", ids(&bench.show("web").unwrap())));
        assert_eq!(made.description.as_ref(), new.description());
        bench.delete_rule("web", &expected).unwrap();
        assert_eq!(ids(&bench.show("web").unwrap()), ids(&before));
        let again = bench.delete_rule("web", &expected).unwrap_err();
        assert_eq!((again.kind, again.code.as_deref()), (ErrorKind::NotFound, Some("InvalidPermission.NotFound")));
    }
}

#[test]
fn rules_for_the_same_traffic_are_one_and_go_together() {
    let bench = Bench::new();
    bench.create("web");
    bench.add("web", rule("tcp", Some((80, 80)), &["10.0.0.0/8"])).unwrap();
    bench.add("web", rule("tcp", Some((80, 80)), &["192.0.2.0/24"])).unwrap();
    let account = &bench.account;
    let both = format!("{account}~tcp~80~80~@address,ipv4,10.0.0.0,8,@address,ipv4,192.0.2.0,24");
    assert!(ids(&bench.show("web").unwrap()).contains(&both));
    // Half a rule is no rule.
    let half = bench.delete_rule("web", &format!("{account}~tcp~80~80~@address,ipv4,10.0.0.0,8"));
    assert_eq!(half.unwrap_err().kind, ErrorKind::NotFound);
    bench
        .delete_rule("web", &format!("{account}~tcp~80~80~@address,ipv4,192.0.2.9,24,@address,ipv4,10.9.9.9,8"))
        .unwrap();
}

#[test]
fn limits_and_duplicates_are_refused_whole() {
    let bench = Bench::new();
    bench.create("web");
    let sources: Vec<_> = (0..60).map(|n| format!("10.0.{n}.0/24")).collect();
    let sources: Vec<_> = sources.iter().map(String::as_str).collect();
    let full = bench.add("web", rule("tcp", Some((1, 1)), &sources)).unwrap();
    let over = bench.add("web", rule("tcp", Some((2, 2)), &["10.0.0.0/8"])).unwrap_err();
    assert_eq!(over.code.as_deref(), Some("RulesPerSecurityGroupLimitExceeded"));
    assert_eq!(bench.show("web").unwrap(), full);

    bench.create("other");
    let one = bench.add("other", rule("tcp", Some((1, 1)), &["10.0.0.0/8"])).unwrap();
    let twice = bench.add("other", rule("tcp", Some((1, 1)), &["192.0.2.0/24", "10.9.9.9/8"])).unwrap_err();
    assert_eq!((twice.kind, twice.code.as_deref()), (ErrorKind::Refused, Some("InvalidPermission.Duplicate")));
    assert!(twice.message.contains("REQUEST ID="), "{}", twice.message);
    let described = rule("tcp", Some((2, 2)), &["10.0.0.0/8"]).with_description(Description::new("a < b").ok());
    let described = bench.add("other", described).unwrap_err();
    assert_eq!((described.kind, described.code.as_deref()), (ErrorKind::Refused, Some("InvalidParameterValue")));
    assert_eq!(bench.show("other").unwrap(), one);
}

/// Each of these could be deleted by its URL alone, and together they could not. Where the quota is lower, EC2 refuses before.
#[test]
fn rules_do_not_join_to_one_whose_id_no_url_could_have() {
    let bench = Bench::plain();
    bench.create("web");
    let add = |half: usize, port: i32| {
        let sources: Vec<_> =
            (0..500).map(|n| format!("2001:db8:1111:2222:3333:4444:{half}:{:x}/128", 4096 + n)).collect();
        bench.add("web", rule("tcp", Some((port, port)), &sources.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    let one = add(1, 1).unwrap();
    let refused = add(2, 1).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Invalid, "{refused}");
    assert_eq!(bench.show("web").unwrap(), one);
    add(2, 2).unwrap();
}

#[test]
fn a_described_rule_of_each_kind_of_source_is_revoked() {
    let bench = Bench::new();
    bench.create("web");
    let owner = Account::new(&*bench.account).unwrap();
    let group = |name: &str| Source::Group(Group { owner: owner.clone(), name: FirewallName::new(name).unwrap() });
    let address = |text: &str| Source::Address(text.parse().unwrap());
    let list = Source::PrefixList(PrefixListId::new("pl-1").unwrap());
    let before = bench.show("web").unwrap();
    for direction in [Direction::Ingress, Direction::Egress] {
        let sources = vec![group("web"), group("default"), address("10.0.0.0/8"), address("::/0"), list.clone()];
        let new = NewRule::new(Protocol::from_parts("udp", Some((53, 53))).unwrap(), sources).unwrap();
        let new = new.with_direction(direction).with_description(Description::new("a b._-:/()#,@[]+=&;{}!$*").ok());
        let made = bench.add("web", new.clone()).unwrap();
        let made =
            made.rules.iter().find(|rule| rule.content.same_as(&new.clone().into_content(owner.clone()))).unwrap();
        assert_eq!(made.description.as_ref(), new.description());
        bench.delete_rule("web", &made.id().to_string()).unwrap();
        assert_eq!(bench.show("web").unwrap(), before);
    }
}

/// A cloud that keeps CIDRs as they were typed can hold two that are the same addresses.
#[test]
fn one_of_two_sources_that_come_to_the_same_is_not_the_rule() {
    let bench = Bench::plain();
    bench.create("web");
    let ranges = ["10.1.2.3/24", "10.1.2.0/24"].map(|cidr| IpRange::builder().cidr_ip(cidr).build());
    bench.authorize("web", permission(1).set_ip_ranges(Some(ranges.into())));
    let account = &bench.account;
    let one = "@address,ipv4,10.1.2.0,24";
    let half = bench.delete_rule("web", &format!("{account}~tcp~1~1~{one}"));
    assert_eq!(half.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(bench.show("web").unwrap().rules.len(), 2);
    bench.delete_rule("web", &format!("{account}~tcp~1~1~{one},{one}")).unwrap();
    assert_eq!(bench.show("web").unwrap().rules.len(), 1);
}

/// However many groups a rule names, its id is the same in the list and alone, and deletes it.
#[test]
fn a_rule_of_more_groups_than_one_call_can_name() {
    let bench = Bench::plain();
    bench.create("web");
    bench.fill(250);
    let group_ids = bench.list().into_iter().filter(|one| one.name.as_str().starts_with('g'));
    let pairs = group_ids.map(|one| UserIdGroupPair::builder().group_id(bench.group_id(one.name.as_str())).build());
    bench.authorize("web", permission(1).set_user_id_group_pairs(Some(pairs.collect())));
    let alone = bench.show("web").unwrap();
    assert!(bench.list().contains(&alone));
    let [rule, _] = &*alone.rules else { panic!("{:?}", ids(&alone)) };
    assert_eq!(rule.content.sources.len(), 250);
    bench.delete_rule("web", &rule.id().to_string()).unwrap();
    assert_eq!(bench.show("web").unwrap().rules.len(), 1);
}

/// A group may be said by its id. Its rule then has its name, and goes by either.
#[test]
fn a_group_by_its_id_and_by_its_name_is_one() {
    let bench = Bench::new();
    let [web, db] = ["web", "db"].map(|name| bench.create(name));
    let owner = db.owner.clone().unwrap();
    let id = bench.group_id("db");
    let by_id = Source::Group(Group { owner: owner.clone(), name: FirewallName::new(&id).unwrap() });
    let by_name = Source::Group(Group { owner, name: db.name.clone() });
    let from = |sources: &[&Source]| {
        let sources = sources.iter().map(|source| (*source).clone()).collect();
        NewRule::new(Protocol::from_parts("tcp", Some((1, 1))).unwrap(), sources).unwrap()
    };
    let (twice, calls) = bench.calls_of(|| bench.add("web", from(&[&by_id, &by_name])));
    assert_eq!(twice.unwrap_err().kind, ErrorKind::Invalid);
    assert!(!calls.iter().any(|call| call.starts_with("Authorize")), "{calls:?}");
    let account = &bench.account;
    for name in [id.as_str(), "db"] {
        let made = bench.add("web", from(&[&by_id])).unwrap();
        assert_eq!(made.rules[0].content.sources, std::slice::from_ref(&by_name));
        bench.delete_rule("web", &format!("{account}~tcp~1~1~@group,{account},{name}")).unwrap();
        assert_eq!(bench.show("web").unwrap(), web);
    }
}

fn permission(port: i32) -> IpPermissionBuilder {
    IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port)
}

/// Groups of the same name are told apart by the VPC of the firewall whose rule names them.
#[test]
fn a_group_in_a_rule_is_one_of_the_same_vpc() {
    let bench = Bench::new();
    let vpc = bench.run(bench.sdk().create_vpc().cidr_block("10.9.0.0/16").send()).unwrap();
    let vpc = vpc.vpc().unwrap().vpc_id().unwrap().to_owned();
    bench.create("db");
    let [db, web] = ["db", "web"].map(|name| bench.try_create(name, Some(&vpc)).unwrap());
    let group = Group { owner: db.owner.clone().unwrap(), name: db.name.clone() };
    let from = NewRule::new(Protocol::from_parts("tcp", Some((1, 1))).unwrap(), vec![Source::Group(group)]).unwrap();
    let made = bench.add(web.id.as_str(), from.clone()).unwrap();
    assert_eq!(made.rules[0].content.sources, from.sources());
    let held = bench.run(bench.sdk().describe_security_groups().group_ids(web.id.as_str()).send()).unwrap();
    let held = held.security_groups()[0].ip_permissions()[0].user_id_group_pairs()[0].group_id().unwrap().to_owned();
    assert_eq!(held, db.id.as_str());
    bench.delete("db").unwrap();
    assert_eq!(bench.delete(db.id.as_str()).unwrap_err().code.as_deref(), Some("DependencyViolation"));
}
