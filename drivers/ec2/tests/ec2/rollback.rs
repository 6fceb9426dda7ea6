//! Replacements that EC2 does not make whole: what is undone, and what is said of what could not be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use deltawall_core::{
    Context, Description, Direction, Driver, Error, ErrorKind, Firewall, NewRule, Replacement, RuleSet,
};

use crate::bench::{Bench, changes, rule, rules_of};

const ADD: &str = "AuthorizeSecurityGroupIngress";
const ADD_EGRESS: &str = "AuthorizeSecurityGroupEgress";
const REMOVE: &str = "RevokeSecurityGroupIngress";
const REMOVE_EGRESS: &str = "RevokeSecurityGroupEgress";
const DESCRIBE: &str = "UpdateSecurityGroupRuleDescriptionsIngress";

fn tcp(port: i32, source: &str) -> NewRule {
    rule("tcp", Some((port, port)), &[source])
}

fn old() -> Vec<NewRule> {
    vec![
        tcp(22, "10.0.0.0/8").with_description(Some(Description::new("office").unwrap())),
        tcp(80, "0.0.0.0/0"),
        tcp(25, "192.0.2.1").with_direction(Direction::Egress),
    ]
}

/// Rule 2 is there already, and is described anew.
fn new() -> Vec<NewRule> {
    vec![
        tcp(23, "10.0.0.0/8"),
        tcp(80, "0.0.0.0/0").with_description(Some(Description::new("web").unwrap())),
        tcp(26, "192.0.2.1").with_direction(Direction::Egress),
    ]
}

/// A group with the old rules, and what comes of replacing them while these calls fail.
fn replaced(faults: &[(&str, &str, u32)]) -> (Bench, Arc<Firewall>, Error, Vec<String>) {
    let bench = Bench::new();
    let seen = bench.replace(&bench.create("web"), &old()).unwrap();
    assert_eq!(rules_of(&seen), old());
    for (action, kind, times) in faults {
        bench.fault(action, kind, *times);
    }
    let (error, calls) = bench.calls_of(|| bench.replace(&seen, &new()).unwrap_err());
    (bench, seen, error, calls)
}

/// The group has the old rules and no others; what was put back stands last.
#[track_caller]
fn check_old(bench: &Bench) {
    let now = rules_of(&bench.show("web").unwrap());
    assert!(now.len() == old().len() && old().iter().all(|rule| now.contains(rule)), "{now:?}");
}

#[test]
fn whichever_call_fails_the_group_is_as_it_was() {
    let no = "400 ResourceLimitExceeded";
    for (action, what, undone) in [
        (ADD, "Rule 1 could not be added", vec![ADD]),
        (ADD_EGRESS, "Rule 3 could not be added", vec![ADD, ADD_EGRESS, REMOVE]),
        (DESCRIBE, "Rule 2 could not be described", vec![ADD, ADD_EGRESS, DESCRIBE, REMOVE_EGRESS, REMOVE]),
        (
            REMOVE,
            "ingress tcp 22 from 10.0.0.0/8 could not be taken away",
            vec![ADD, ADD_EGRESS, DESCRIBE, REMOVE, DESCRIBE, REMOVE_EGRESS, REMOVE],
        ),
        (
            REMOVE_EGRESS,
            "egress tcp 25 to 192.0.2.1/32 could not be taken away",
            vec![ADD, ADD_EGRESS, DESCRIBE, REMOVE, REMOVE_EGRESS, ADD, DESCRIBE, REMOVE_EGRESS, REMOVE],
        ),
    ] {
        let (bench, seen, error, calls) = replaced(&[(action, &no.replace(' ', "+"), 1)]);
        assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Refused, Some("ResourceLimitExceeded")), "{error}");
        assert!(error.message.starts_with(&format!("{what}, and the firewall is as it was. ")), "{error}");
        assert_eq!(changes(&calls), undone, "{action}");
        check_old(&bench);
        // The next attempt finds nothing in its way.
        let seen = bench.replace(&bench.show("web").unwrap(), &rules_of(&seen)).unwrap();
        assert_eq!(rules_of(&bench.replace(&seen, &new()).unwrap()).len(), 3);
    }
}

/// A server that fails may have done what it was asked, so that is undone as well.
#[test]
fn what_may_have_been_done_is_undone() {
    for action in [ADD, ADD_EGRESS, DESCRIBE, REMOVE, REMOVE_EGRESS] {
        for kind in ["error", "cut"] {
            let (bench, _, error, _) = replaced(&[(action, kind, 1)]);
            assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
            assert!(error.message.contains(", and the firewall is as it was. "), "{error}");
            check_old(&bench);
        }
    }
}

/// What is half done at the deadline is undone after it, however often EC2 turns that away unread.
#[test]
fn no_deadline_leaves_a_group_between_two_rule_sets() {
    let bench = Bench::new();
    let seen = bench.replace(&bench.create("web"), &old()).unwrap();
    bench.fault(REMOVE, "hang", 1);
    bench.fault(REMOVE, "throttle", 2);
    let hurried = Context { deadline: Instant::now() + Duration::from_secs(2), ..bench.context.clone() };
    let rules = RuleSet { rules: new(), default: None };
    let replacement = Replacement { seen: &seen, rules: &rules, allow_gap: false };
    let (error, calls) = bench.calls_of(|| bench.run(bench.driver.replace_rules(&hurried, replacement)).unwrap_err());
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    assert!(error.message.contains("could not be taken away, and the firewall is as it was. "), "{error}");
    let undone = [ADD, ADD_EGRESS, DESCRIBE, REMOVE, ADD, DESCRIBE, REMOVE_EGRESS, REMOVE, REMOVE, REMOVE];
    assert_eq!(changes(&calls), undone);
    check_old(&bench);
}

#[test]
fn what_could_not_be_undone_is_said() {
    let bench_with = |faults: &[(&str, &str, u32)]| {
        let (bench, _, error, _) = replaced(faults);
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
        let lines: Vec<_> = error.message.lines().map(str::to_owned).collect();
        (bench, lines)
    };
    let (bench, lines) = bench_with(&[(ADD_EGRESS, "deny", 1), (REMOVE, "deny", 1)]);
    let refusal = "You are not authorized to perform this operation.";
    assert_eq!(
        lines[0],
        format!("Rule 3 could not be added, and not all that was done before could be undone. {refusal}")
    );
    let left = "  Added, and not taken away again: ingress tcp 23 from 10.0.0.0/8. UnauthorizedOperation: ";
    assert_eq!(lines[2], format!("{left}{refusal}"));
    assert_eq!(lines.iter().filter(|line| line.contains(": ingress ") || line.contains(": egress ")).count(), 1);
    let now = bench.show("web").unwrap();
    assert!(rules_of(&now).contains(&new()[0]) && old().iter().all(|rule| rules_of(&now).contains(rule)), "{now:?}");

    // All of it: what was taken away is not there, what was added and described is.
    let (bench, lines) = bench_with(&[
        (REMOVE_EGRESS, "deny", 2),
        (ADD, "none", 1),
        (ADD, "deny", 1),
        (DESCRIBE, "none", 1),
        (DESCRIBE, "deny", 1),
        (REMOVE, "none", 1),
        (REMOVE, "deny", 1),
    ]);
    let left: Vec<_> = lines.iter().filter_map(|line| line.trim().split_once(". Unauthorized")).collect();
    assert_eq!(
        left.iter().map(|(what, _)| *what).collect::<Vec<_>>(),
        [
            "Taken away, and not added again: ingress tcp 22 from 10.0.0.0/8",
            "Described anew, and not as before: ingress tcp 80 from 0.0.0.0/0",
            "Added, and not taken away again: egress tcp 26 to 192.0.2.1/32",
            "Added, and not taken away again: ingress tcp 23 from 10.0.0.0/8",
        ]
    );
    let now = rules_of(&bench.show("web").unwrap());
    assert_eq!(now.len(), 4);
    assert!(new().iter().chain(&old()[2..]).all(|rule| now.contains(rule)), "{now:?}");
}

#[test]
fn no_room_for_both_is_refused_unless_a_gap_is_allowed() {
    let bench = Bench::new();
    let full = |first: u8| -> NewRule {
        let sources: Vec<_> = (0..40).map(|n| format!("{first}.0.{n}.0/24")).collect();
        rule("tcp", Some((22, 22)), &sources.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let out = || tcp(25, "192.0.2.1").with_direction(Direction::Egress);
    let seen = bench.replace(&bench.create("web"), &[full(10), out()]).unwrap();
    let (error, calls) = bench.calls_of(|| bench.replace(&seen, &[full(11)]).unwrap_err());
    assert_eq!(
        (error.kind, error.code.as_deref()),
        (ErrorKind::Refused, Some("RulesPerSecurityGroupLimitExceeded")),
        "{error}"
    );
    let told = "Rule 1 could not be added, and the firewall is as it was. There is no room for what is new beside what is old; \
                allow_gap=true takes away what is old before. ";
    assert!(error.message.starts_with(told), "{error}");
    assert_eq!((changes(&calls), bench.show("web").unwrap()), (vec![ADD], seen.clone()));

    let (now, calls) = bench.calls_of(|| bench.replace_as(&seen, &[full(11)], true).unwrap());
    assert_eq!(rules_of(&now), [full(11)]);
    assert_eq!(changes(&calls), [ADD, REMOVE, ADD, REMOVE_EGRESS]);
    // A gap is made only where there is no room.
    let (now, calls) = bench.calls_of(|| bench.replace_as(&now, &[tcp(1, "::/0")], true).unwrap());
    assert_eq!((rules_of(&now), changes(&calls)), (vec![tcp(1, "::/0")], vec![ADD, REMOVE]));
}

#[test]
fn what_was_taken_away_first_is_put_back() {
    let bench = Bench::new();
    let of = |first: u8, count: u8| -> NewRule {
        let sources: Vec<_> = (0..count).map(|n| format!("{first}.0.{n}.0/24")).collect();
        rule("tcp", Some((22, 22)), &sources.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let seen = bench.replace(&bench.create("web"), &[of(10, 40)]).unwrap();
    let (error, calls) = bench.calls_of(|| bench.replace_as(&seen, &[of(11, 61)], true).unwrap_err());
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    assert!(
        error.message.starts_with("Rule 1 could not be added, and the firewall is as it was. The maximum "),
        "{error}"
    );
    assert_eq!(changes(&calls), [ADD, REMOVE, ADD, ADD]);
    assert_eq!(bench.show("web").unwrap(), seen);
}

#[test]
fn a_change_is_tried_again_only_where_ec2_has_not_looked_at_it() {
    let bench = Bench::new();
    let seen = bench.replace(&bench.create("web"), &old()).unwrap();
    bench.fault(ADD, "throttle", 2);
    bench.fault(REMOVE, "throttle", 1);
    let (now, calls) = bench.calls_of(|| bench.replace(&seen, &new()).unwrap());
    assert_eq!(rules_of(&now).len(), 3);
    assert_eq!(changes(&calls), [ADD, ADD, ADD, ADD_EGRESS, DESCRIBE, REMOVE, REMOVE, REMOVE_EGRESS]);
}

/// Another takes rules away between the look and the change: they are gone, as was asked.
#[test]
fn what_another_has_taken_away_meanwhile_is_no_failure() {
    let bench = Bench::new();
    let seen = bench.replace(&bench.create("web"), &old()).unwrap();
    bench.fault(REMOVE, "overtaken", 1);
    let now = bench.replace(&seen, &[tcp(26, "192.0.2.1").with_direction(Direction::Egress)]).unwrap();
    assert_eq!(rules_of(&now), [tcp(26, "192.0.2.1").with_direction(Direction::Egress)]);
}

/// And where another has added what was to be added, that is no replacement of what was seen.
#[test]
fn what_another_has_added_meanwhile_is_a_conflict() {
    for (action, code) in [(ADD, "InvalidPermission.Duplicate"), (DESCRIBE, "InvalidPermission.NotFound")] {
        let (bench, _, error, _) = replaced(&[(action, &format!("400+{code}"), 1)]);
        assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Conflict, Some(code)), "{error}");
        check_old(&bench);
    }
}

/// Whoever asked may have gone: what was begun is not left half done.
#[test]
fn a_replacement_that_nobody_waits_for_comes_to_its_end() {
    let bench = Bench::new();
    let seen = bench.replace(&bench.create("web"), &old()).unwrap();
    let was_asked = |action: &str| bench.calls().iter().filter(|call| *call == action).count();
    // What is tried again takes long enough to be left alone.
    bench.fault(ADD, "throttle", 2);
    let asked = was_asked(ADD);
    let rules = RuleSet { rules: new(), default: None };
    let replacement = Replacement { seen: &seen, rules: &rules, allow_gap: false };
    bench.run(async {
        let replacing = bench.driver.replace_rules(&bench.context, replacement);
        let begun = async {
            while was_asked(ADD) == asked {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            biased;
            _ = replacing => panic!("it is not done yet"),
            () = begun => {}
        }
    });
    let is_replaced = || {
        let now = rules_of(&bench.show("web").unwrap());
        now.len() == new().len() && new().iter().all(|rule| now.contains(rule))
    };
    while !is_replaced() {
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn rules_that_cannot_be_shown_were_replaced_all_the_same() {
    let bench = Bench::new();
    let seen = bench.replace(&bench.create("web"), &old()).unwrap();
    bench.fault("DescribeSecurityGroups", "none", 1);
    bench.fault("DescribeSecurityGroups", "deny", 1);
    let error = bench.replace(&seen, &[tcp(1, "::/0")]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.starts_with("The rules were replaced, but could not be shown: "), "{error}");
    assert_eq!(rules_of(&bench.show("web").unwrap()), [tcp(1, "::/0")]);
}
