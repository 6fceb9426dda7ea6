//! All rules of a group replaced: what is asked of EC2 for it, and what is refused before.

use aws_sdk_ec2::types::{IpPermission, IpRange};
use deltawall_core::{
    Account, Action, Description, Direction, ErrorKind, Firewall, FirewallName, Group, NewRule, Protocol, Source,
};

use crate::bench::{Bench, changes, ids, rule, rules_of};

fn description(text: &str) -> Option<Description> {
    Some(Description::new(text).unwrap())
}

fn egress(new: NewRule) -> NewRule {
    new.with_direction(Direction::Egress)
}

/// A rule for so many networks, which begin with this number.
fn many(count: u8, first: u8) -> NewRule {
    let sources: Vec<_> = (0..count).map(|n| format!("{first}.0.{n}.0/24")).collect();
    rule("tcp", Some((22, 22)), &sources.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The calls that docs/EC2.md says each case takes.
fn documented(case: &str) -> Vec<String> {
    let document = include_str!("../../../../docs/EC2.md");
    let section = document.split("## Replacing all rules").nth(1).unwrap().split("\n## ").next().unwrap();
    let row = section.lines().find_map(|line| line.strip_prefix(&format!("| {case} | "))).unwrap();
    row.trim_end_matches(" |").split(", ").map(str::to_owned).collect()
}

#[track_caller]
fn check_calls(case: &str, calls: &[String]) {
    assert_eq!(calls, documented(case), "{case}");
}

#[test]
fn thirty_sources_are_replaced_by_thirty_others_in_two_reads_and_two_changes_a_direction() {
    let bench = Bench::new();
    let made = bench.create("web");
    let one = bench.replace(&made, &[many(30, 10), egress(many(30, 10))]).unwrap();
    let (two, calls) = bench.calls_of(|| bench.replace(&one, &[many(30, 11), egress(many(30, 11))]).unwrap());
    assert_eq!(rules_of(&two), [many(30, 11), egress(many(30, 11))]);
    assert_eq!(bench.show("web").unwrap(), two);
    check_calls("both directions", &calls);

    let rules = [many(30, 12), egress(many(30, 11))];
    let (three, calls) = bench.calls_of(|| bench.replace(&two, &rules).unwrap());
    assert_eq!(rules_of(&three), rules);
    check_calls("ingress alone", &calls);

    let (same, calls) = bench.calls_of(|| bench.replace(&three, &rules).unwrap());
    assert_eq!(same, three);
    check_calls("nothing differs", &calls);

    let described = [many(30, 12).with_description(description("office")), egress(many(30, 11))];
    let (described_now, calls) = bench.calls_of(|| bench.replace(&three, &described).unwrap());
    assert_eq!(rules_of(&described_now), described);
    check_calls("descriptions alone", &calls);
}

/// What stays is never asked for again, so there is no moment without it.
#[test]
fn sources_that_stay_are_not_touched() {
    let bench = Bench::new();
    let made = bench.create("web");
    let ports = |port, sources: &[&str]| rule("tcp", Some((port, port)), sources);
    let before = [ports(22, &["10.0.0.0/8", "192.0.2.0/24"]), ports(80, &["::/0"]), egress(ports(1, &["0.0.0.0/0"]))];
    let one = bench.replace(&made, &before).unwrap();
    assert_eq!(rules_of(&one), before);
    let after = [ports(22, &["192.0.2.0/24", "198.51.100.0/24"]), ports(80, &["::/0"]), egress(before[2].clone())];
    let before_requests = bench.requests().len();
    let two = bench.replace(&one, &after).unwrap();
    assert_eq!(rules_of(&two), after);
    let asked = bench.requests().split_off(before_requests).join("\n");
    assert!(asked.contains("198.51.100.0") && asked.contains("10.0.0.0"), "{asked}");
    assert!(!asked.contains("192.0.2.0") && !asked.contains("FromPort=80") && !asked.contains("Egress"), "{asked}");
    let id = ids(&one)[1].clone();
    assert!(ids(&two).contains(&id), "the rule for port 80 is still {id}");
}

#[test]
fn every_kind_of_rule_is_replaced_by_every_other() {
    let bench = Bench::new();
    let [db, web] = ["db", "web"].map(|name| bench.create(name));
    let owner = db.owner.clone().unwrap();
    let group = |owner: Account, name: &str| Source::Group(Group { owner, name: FirewallName::new(name).unwrap() });
    let tcp = Protocol::from_parts("tcp", Some((1, 2))).unwrap();
    let kinds = [
        vec![rule("icmp", Some((8, -1)), &["0.0.0.0/0"]), egress(rule("-1", None, &["192.0.2.1"]))],
        vec![rule("47", None, &["10.0.0.0/8"]), rule("icmpv6", Some((-1, -1)), &["::/0"])],
        vec![
            NewRule::new(tcp, vec![group(owner.clone(), "db"), group(owner.clone(), "web")]).unwrap(),
            egress(NewRule::new(tcp, vec![group(owner.clone(), "db")]).unwrap()),
        ],
        vec![NewRule::new(tcp, vec![group(Account::new("111122223333").unwrap(), "sg-12345678")]).unwrap()],
        vec![rule("tcp", Some((443, 443)), &["pl-12345678"]).with_description(description("a list"))],
        vec![],
    ];
    let mut now = web;
    for from in &kinds {
        for to in &kinds {
            now = bench.replace(&now, from).unwrap();
            now = bench.replace(&now, to).unwrap();
            assert_eq!(rules_of(&now), *to);
            assert_eq!(bench.show("web").unwrap(), now);
        }
    }
}

#[test]
fn groups_take_one_read_for_the_names_in_both_rule_sets() {
    let bench = Bench::new();
    let [db, cache, web] = ["db", "cache", "web"].map(|name| bench.create(name));
    let from = |of: &Firewall, name: &str| {
        let named = Group { owner: of.owner.clone().unwrap(), name: FirewallName::new(name).unwrap() };
        NewRule::new(Protocol::from_parts("tcp", Some((1, 1))).unwrap(), vec![Source::Group(named)]).unwrap()
    };
    let one = bench.replace(&web, &[from(&db, "db")]).unwrap();
    let (two, calls) = bench.calls_of(|| bench.replace(&one, &[from(&cache, "cache")]).unwrap());
    assert_eq!(rules_of(&two), [from(&cache, "cache")]);
    check_calls("groups in rules", &calls);
    // A group may be said by its id. Where its rule is there, nothing differs.
    let by_id = from(&cache, &bench.group_id("cache"));
    let (same, calls) = bench.calls_of(|| bench.replace(&two, &[by_id]).unwrap());
    assert_eq!((same, changes(&calls)), (two.clone(), vec![]));
    let (error, calls) = bench.calls_of(|| bench.replace(&two, &[from(&db, "db"), from(&db, "absent")]).unwrap_err());
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::NotFound, Some("InvalidGroup.NotFound")));
    assert_eq!(error.message, "The security group 'absent' does not exist, which rule 2 names");
    assert_eq!(changes(&calls), Vec::<&str>::new());
}

#[test]
fn a_group_that_has_changed_since_it_was_seen_is_left_as_it_is() {
    let bench = Bench::new();
    let seen = bench.create("web");
    let wanted = [rule("tcp", Some((22, 22)), &["10.0.0.0/8"])];
    let described = rule("udp", Some((53, 53)), &["10.0.0.0/8"]).with_description(description("dns"));
    let now = bench.add("web", described.clone()).unwrap();
    let of_other_text = bench.replace(&now, &[described.with_description(description("names"))]).unwrap();
    for seen in [&seen, &now] {
        let (error, calls) = bench.calls_of(|| bench.replace(seen, &wanted).unwrap_err());
        assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
        assert_eq!(error.message, "The firewall 'web' is not as it was seen: it has been changed meanwhile.");
        assert_eq!(changes(&calls), Vec::<&str>::new());
    }
    assert_eq!(bench.show("web").unwrap(), of_other_text);
    // EC2's order is none of the content.
    let mut turned = (*of_other_text).clone();
    turned.rules.reverse();
    assert_eq!(rules_of(&bench.replace(&turned, &wanted).unwrap()), wanted);

    bench.delete("web").unwrap();
    assert_eq!(bench.replace(&seen, &wanted).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn what_no_group_can_hold_is_refused_before_ec2_is_asked() {
    let bench = Bench::new();
    let seen = bench.create("web");
    let accept = rule("tcp", Some((22, 22)), &["10.0.0.0/8"]);
    let deny = rule("tcp", Some((22, 22)), &["10.1.0.0/16"]).with_action(Action::Deny);
    let again = rule("tcp", Some((22, 22)), &["192.0.2.0/24", "10.9.9.9/8"]);
    for (rules, kind, message) in [
        (
            vec![accept.clone(), again, deny.clone()],
            ErrorKind::Refused,
            "The source 10.0.0.0/8 of rule 2 is one of rule 1 for the same traffic.",
        ),
        (
            vec![accept.clone(), deny.clone(), accept.clone()],
            ErrorKind::Unsupported,
            "The ec2 driver cannot make rules that deny, as rule 2 asks.",
        ),
    ] {
        let (error, calls) = bench.calls_of(|| bench.replace(&seen, &rules).unwrap_err());
        assert_eq!((error.kind, error.message.as_str(), calls), (kind, message, vec![]));
    }
    // What EC2 denies anyway may be said last. Rules keep their numbers.
    let everything = egress(rule("-1", None, &["0.0.0.0/0"])).with_action(Action::Deny);
    let made = bench.replace(&seen, &[everything.clone(), accept.clone(), deny]).unwrap();
    assert_eq!(rules_of(&made), std::slice::from_ref(&accept));
    let absent = Group { owner: seen.owner.clone().unwrap(), name: FirewallName::new("absent").unwrap() };
    let absent = NewRule::new(Protocol::All, vec![Source::Group(absent)]).unwrap();
    let error = bench.replace(&made, &[everything, accept, absent]).unwrap_err();
    assert_eq!(error.message, "The security group 'absent' does not exist, which rule 3 names");
}

#[test]
fn rules_do_not_join_to_one_whose_id_no_url_could_have() {
    let bench = Bench::plain();
    let seen = bench.create("web");
    let half = |half: usize| {
        let address = |n| format!("2001:db8:1111:2222:3333:4444:{half}:{:x}/128", 4096 + n);
        let sources: Vec<_> = (0..500).map(address).collect();
        rule("tcp", Some((1, 1)), &sources.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let (error, calls) = bench.calls_of(|| bench.replace(&seen, &[half(1), half(2)]).unwrap_err());
    assert_eq!((error.kind, changes(&calls)), (ErrorKind::Invalid, vec![]), "{error}");
    let one = bench.replace(&seen, &[half(1)]).unwrap();
    assert_eq!(rules_of(&bench.replace(&one, &[half(2)]).unwrap()), [half(2)]);
}

/// EC2 describes each source: a rule that two descriptions make is not described anew as long as it says the same.
#[test]
fn descriptions_of_sources_stay_where_their_rule_says_the_same() {
    let bench = Bench::new();
    let seen = bench.create("web");
    let [a, b, c] = ["10.0.0.0/8", "192.0.2.0/24", "::/0"];
    let from = |sources: &[&str]| rule("tcp", Some((22, 22)), sources);
    let alone = |source, text| from(&[source]).with_description(description(text));
    let two = bench.replace(&seen, &[alone(a, "a"), alone(b, "b")]).unwrap();
    let both = from(&[a, b]).with_description(description("a; b"));
    assert_eq!(rules_of(&two), std::slice::from_ref(&both));
    let (same, calls) = bench.calls_of(|| bench.replace(&two, std::slice::from_ref(&both)).unwrap());
    assert_eq!((&same, changes(&calls)), (&two, vec![]));

    for rules in [
        from(&[a, b, c]).with_description(description("a; b")),
        from(&[a]).with_description(description("a; b")),
        from(&[a, b]),
    ] {
        let now = bench.replace(&two, std::slice::from_ref(&rules)).unwrap();
        assert_eq!(rules_of(&now), std::slice::from_ref(&rules));
        assert_eq!(*bench.replace(&now, &[alone(a, "a"), alone(b, "b")]).unwrap(), *two);
    }
    assert_eq!(rules_of(&bench.replace(&two, &[from(&[a, b])]).unwrap()), [from(&[a, b])]);
}

/// A cloud that keeps CIDRs as they were typed can hold two that are the same addresses.
#[test]
fn of_two_sources_that_come_to_the_same_one_stays() {
    let bench = Bench::plain();
    bench.create("web");
    let ranges = ["10.1.2.3/24", "10.1.2.0/24"].map(|cidr| IpRange::builder().cidr_ip(cidr).build());
    let permission = IpPermission::builder().ip_protocol("tcp").from_port(1).to_port(1);
    bench.authorize("web", permission.set_ip_ranges(Some(ranges.into())));
    let seen = bench.show("web").unwrap();
    let wanted = [rule("tcp", Some((1, 1)), &["10.1.2.0/24"])];
    assert_eq!(rules_of(&bench.replace(&seen, &wanted).unwrap()), wanted);
}

/// Groups of other VPCs are told from those of the same names, and by their ids.
#[test]
fn a_group_of_another_vpc_is_replaced_by_its_id() {
    let bench = Bench::new();
    let vpc = bench.run(bench.sdk().create_vpc().cidr_block("10.9.0.0/16").send()).unwrap();
    let vpc = vpc.vpc().unwrap().vpc_id().unwrap().to_owned();
    let here = [bench.create("db"), bench.create("web")];
    let [db, web] = ["db", "web"].map(|name| bench.try_create(name, Some(&vpc)).unwrap());
    let from = Source::Group(Group { owner: db.owner.clone().unwrap(), name: db.name.clone() });
    let from = NewRule::new(Protocol::from_parts("tcp", Some((1, 1))).unwrap(), vec![from]).unwrap();
    let made = bench.replace(&web, std::slice::from_ref(&from)).unwrap();
    assert_eq!((rules_of(&made), &made.id), (vec![from], &web.id));
    assert_eq!(bench.delete(db.id.as_str()).unwrap_err().code.as_deref(), Some("DependencyViolation"));
    assert_eq!(rules_of(&bench.replace(&made, &[]).unwrap()), []);
    assert_eq!([bench.show("db").unwrap(), bench.show("web").unwrap()], here);
}
