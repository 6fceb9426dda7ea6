//! What people would read.

use crate::capabilities::{Capabilities, Order};
use crate::conditions::Conditions;
use crate::model::{Action, Direction, NewRule};
use crate::protocol::Protocol;
use crate::rule_set::RuleSet;
use crate::source::Source;
use crate::traffic::tests::universe::group;
use crate::traffic::{Effect, Traffic};

/// `accept tcp/22 from 10.0.0.0/8`, with `@NAME` as a source for a group, and `if CONDITION` at the end.
fn rule(text: &str) -> NewRule {
    let (action, rest) = text.split_once(' ').unwrap();
    let (rest, condition) = rest.split_once(" if ").unwrap_or((rest, ""));
    let mut sources = Vec::new();
    let (service, from) = rest.split_once(" from ").unwrap();
    for source in from.split(", ") {
        match source.strip_prefix('@') {
            Some(name) => sources.push(Source::Group(group(name))),
            None => sources.extend(format!("any from {source}").parse::<Traffic>().unwrap().sources),
        }
    }
    let traffic: Traffic = format!("{service} from ::/0").parse().unwrap();
    let conditions = match condition.split_once(' ') {
        Some(("state", states)) => Conditions { states: Some(states.parse().unwrap()), ..Conditions::default() },
        Some(("limit", limit)) => Conditions { limit: Some(limit.parse().unwrap()), ..Conditions::default() },
        Some(("interface", name)) => {
            Conditions { interface: Some(crate::InterfaceName::new(name).unwrap()), ..Conditions::default() }
        }
        _ => Conditions::default(),
    };
    let action = Action::ALL.into_iter().find(|known| known.name() == action).unwrap();
    let new = NewRule::new(traffic.service.as_protocol().unwrap_or(Protocol::All), sources).unwrap();
    new.with_action(action).with_conditions(conditions).unwrap()
}

fn set(rules: &[&str]) -> RuleSet {
    RuleSet { rules: rules.iter().map(|text| rule(text)).collect(), default: None }
}

fn ordered() -> Capabilities {
    let mut capabilities = Capabilities::default();
    capabilities.rules.order = Order::Ordered;
    capabilities
}

fn shown(traffic: &[Traffic]) -> Vec<String> {
    traffic.iter().map(ToString::to_string).collect()
}

#[test]
fn what_opens_is_said_in_few_words() {
    for (before, after, opens, closes) in [
        (vec![], vec!["accept tcp/22 from 10.0.0.0/8"], vec!["tcp/22 from 10.0.0.0/8"], vec![]),
        (
            vec!["accept tcp/22 from 10.0.0.0/8"],
            vec!["accept tcp/22-23 from 10.0.0.0/8, 192.0.2.0/24"],
            vec!["tcp/22 from 192.0.2.0/24", "tcp/23 from 10.0.0.0/8, 192.0.2.0/24"],
            vec![],
        ),
        // Two halves are a whole.
        (vec![], vec!["accept tcp from 10.0.0.0/9, 10.128.0.0/9"], vec!["tcp from 10.0.0.0/8"], vec![]),
        (vec![], vec!["accept any from ::/0"], vec!["any from ::/0"], vec![]),
        // Beside addresses, a group is said as it is.
        (vec![], vec!["accept tcp/22 from 10.0.0.0/8, @web, @db"], vec!["tcp/22 from 1:db, 1:web, 10.0.0.0/8"], vec![]),
        (
            vec!["accept tcp/22 from @web"],
            vec!["accept tcp/22 from 10.0.0.0/8"],
            vec!["tcp/22 from 10.0.0.0/8"],
            vec!["tcp/22 from 1:web"],
        ),
        // A rule in the middle is a hole.
        (
            vec!["accept tcp/22 from 0.0.0.0/0"],
            vec!["deny tcp/22 from 10.0.0.0/8", "accept tcp/22 from 0.0.0.0/0"],
            vec![],
            vec!["tcp/22 from 10.0.0.0/8"],
        ),
        (
            vec![],
            vec!["deny tcp/22 from 10.0.0.0/8", "accept tcp/22 from 0.0.0.0/0"],
            vec!["tcp/22 from 0.0.0.0-9.255.255.255, 11.0.0.0-255.255.255.255"],
            vec![],
        ),
        (
            vec!["accept icmp from 10.0.0.0/8"],
            vec!["deny icmp/8 from 0.0.0.0/0", "accept icmp from 10.0.0.0/8"],
            vec![],
            vec!["icmp/8 from 10.0.0.0/8"],
        ),
        // Order changes nothing where all do the same, and something where they do not.
        (
            vec!["accept tcp/1 from 10.0.0.0/8", "accept tcp/1 from ::/0"],
            vec!["accept tcp/1 from ::/0", "accept tcp/1 from 10.0.0.0/8"],
            vec![],
            vec![],
        ),
        (
            vec!["deny tcp/1 from 10.0.0.0/8", "accept tcp/1 from 10.0.0.0/8"],
            vec!["accept tcp/1 from 10.0.0.0/8", "deny tcp/1 from 10.0.0.0/8"],
            vec!["tcp/1 from 10.0.0.0/8"],
            vec![],
        ),
        // To be told no is not to pass.
        (vec!["deny tcp/1 from ::/0"], vec!["reject tcp/1 from ::/0"], vec![], vec![]),
        (
            vec![],
            vec!["accept tcp/22 from ::/0 if state new,established", "accept tcp/23 from ::/0 if interface eth0"],
            vec!["tcp/22 from ::/0, in state new,established", "tcp/23 from ::/0, by interface eth0"],
            vec![],
        ),
        (
            vec!["accept tcp/22 from ::/0"],
            vec!["deny tcp/22 from ::/0 if limit beyond 20/minute", "accept tcp/22 from ::/0"],
            vec![],
            vec!["tcp/22 from ::/0, beyond 20/minute"],
        ),
        (
            vec!["accept tcp/22 from ::/0 if limit 20/minute"],
            vec!["accept tcp/22 from ::/0"],
            vec!["tcp/22 from ::/0"],
            vec![],
        ),
        // Twice the same rate is twice as much.
        (
            vec!["accept tcp/22 from ::/0 if limit 20/minute"],
            vec!["accept tcp/22 from ::/0 if limit 20/minute", "accept tcp/22 from ::/0 if limit 20/minute"],
            vec!["tcp/22 from ::/0, within 20/minute"],
            vec![],
        ),
    ] {
        let (before, after) = (set(&before), set(&after));
        let effect = Effect::of_rules(&before, None, &ordered());
        let (now_open, now_closed) = effect.changes(&Effect::of_rules(&after, None, &ordered())).unwrap();
        assert_eq!((shown(&now_open), shown(&now_closed)), (as_text(&opens), as_text(&closes)), "{before:?} {after:?}");
    }
}

fn as_text(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[test]
fn the_world_is_let_in_by_one_rule_or_by_several() {
    for (rules, open) in [
        (vec!["accept tcp/22 from 0.0.0.0/0"], vec![0]),
        (vec!["accept tcp/22 from 10.0.0.0/8", "accept tcp/22 from ::/0"], vec![1]),
        (vec!["accept tcp/22 from 0.0.0.0/1"], vec![]),
        (vec!["accept tcp/22 from 0.0.0.0/1", "accept tcp/20-30 from 128.0.0.0/1"], vec![0, 1]),
        (vec!["accept tcp/22 from 0.0.0.0/1", "accept tcp/23 from 128.0.0.0/1"], vec![]),
        (vec!["accept tcp/22 from 0.0.0.0-200.0.0.0"], vec![0]),
        (vec!["accept tcp/22 from 2000::/4, 3000::/4"], vec![0]),
        // Denied before, in part or wholly.
        (vec!["deny tcp/22 from 10.0.0.0/8", "accept tcp/22 from 0.0.0.0/0"], vec![1]),
        (vec!["deny tcp from 0.0.0.0/0", "accept tcp/22 from 0.0.0.0/0"], vec![]),
        (vec!["deny tcp/22 from 0.0.0.0/1", "accept tcp/22 from 0.0.0.0/0"], vec![]),
        (vec!["accept tcp/22 from 0.0.0.0/0 if state established,related"], vec![]),
        (vec!["accept tcp/22 from 0.0.0.0/0 if state new"], vec![0]),
        (vec!["accept tcp/22 from 0.0.0.0/0 if limit 1/second"], vec![0]),
        (vec!["accept tcp/22 from @web"], vec![]),
    ] {
        let set = set(&rules);
        assert_eq!(Effect::of_rules(&set, None, &ordered()).open_to_world().unwrap(), open, "{rules:?}");
    }
    let egress = RuleSet { rules: vec![rule("accept tcp from ::/0").with_direction(Direction::Egress)], default: None };
    assert_eq!(Effect::of_rules(&egress, None, &ordered()).open_to_world().unwrap(), []);
}

#[test]
fn rules_that_do_nothing_are_found() {
    for (rules, shadowed, redundant) in [
        (vec!["accept tcp/22 from 10.0.0.0/8", "accept tcp/22 from 10.1.0.0/16"], vec![1], vec![]),
        (vec!["accept tcp/22 from 10.1.0.0/16", "accept tcp/22 from 10.0.0.0/8"], vec![], vec![0]),
        (vec!["accept tcp/22 from 10.0.0.0/8", "deny tcp from 10.0.0.0/8"], vec![], vec![1]),
        // Without the first the second would match.
        (vec!["deny tcp from 10.0.0.0/9, 10.128.0.0/9", "accept tcp/22 from 10.0.0.0/8"], vec![1], vec![]),
        // A rate may be used up.
        (
            vec!["accept tcp/22 from ::/0 if limit 1/second", "accept tcp/22 from ::/0 if limit 1/second"],
            vec![],
            vec![],
        ),
        (vec!["accept tcp/22 from @web", "accept tcp/22 from @web, @db"], vec![], vec![0]),
    ] {
        let set = set(&rules);
        let idle = Effect::of_rules(&set, None, &ordered()).idle().unwrap();
        assert_eq!((idle.shadowed, idle.redundant), (shadowed, redundant), "{rules:?}");
    }
    // Where there is no order nothing stands in another's way, and the later of two alike is too much.
    let unordered = Capabilities::default();
    let same = set(&["accept tcp/22 from 10.0.0.0/8", "accept tcp/22 from 10.0.0.0/8"]);
    let idle = Effect::of_rules(&same, None, &unordered).idle().unwrap();
    assert_eq!((idle.shadowed, idle.redundant), (vec![], vec![1]));
}

#[test]
fn with_many_groups_each_is_said() {
    let groups: Vec<String> = (0..60).map(|number| format!("@g{number:02}")).collect();
    let (some, more) = (groups[..30].join(", "), groups[20..].join(", "));
    let before = set(&[&format!("accept tcp/22 from {some}"), "accept tcp/22 from 10.0.0.0/8"]);
    let after = set(&[&format!("accept tcp/22 from {more}"), "accept tcp/22 from 10.0.0.0/8"]);
    let effect = Effect::of_rules(&before, None, &ordered());
    let (opens, closes) = effect.changes(&Effect::of_rules(&after, None, &ordered())).unwrap();
    let names = |from: usize, to: usize| (from..to).map(|it| format!("1:g{it:02}")).collect::<Vec<_>>().join(", ");
    assert_eq!(shown(&opens), [format!("tcp/22 from {}", names(30, 60))]);
    assert_eq!(shown(&closes), [format!("tcp/22 from {}", names(0, 20))]);
}
