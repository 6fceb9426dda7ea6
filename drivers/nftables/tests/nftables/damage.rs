//! What other programs do to the table is told, and can be put right.

use std::sync::Arc;

use deltawall_core::{
    Action, Conditions, Defaults, Description, Documents, Driver, ErrorKind, Filter, FirewallId, FirewallName,
    InterfaceName, Log, LogPrefix, NewFirewall, NewRule, Position, ProviderName, Replacement, Rule, RuleSet,
};
use deltawall_nftables::{ID, Nftables, Options};
use tempfile::TempDir;

use crate::kept::{self, Kept};
use crate::namespaces::run;
use crate::rig::{DENY, ids, inside, replace, show, try_replace};
use crate::{namespaces, rules};

const ALL: Option<Defaults> = Some(Defaults { ingress: Action::Accept, egress: Action::Accept });

async fn add(driver: &Nftables, name: &str, text: &str) -> Result<(), deltawall_core::Error> {
    let id = FirewallId::new(name).unwrap();
    driver.create_rule(&kept::me(), &id, rules::read(text), Position::Last).await.map(drop)
}

fn nft(command: &str) {
    run("nft", &command.split(' ').collect::<Vec<_>>());
}

/// All that the table has, without handles and what was counted, and in whatever order its chains were made.
fn table() -> Vec<String> {
    let text = run("nft", &["-s", "list", "table", "inet", "deltawall"]);
    let end = |c: char| c.is_whitespace() || c == '}';
    let mut chains: Vec<String> = text.split("\tchain ").map(|chain| chain.trim_end_matches(end).to_owned()).collect();
    chains.sort();
    chains
}

#[test]
fn a_table_that_was_taken_away_is_told_of_and_comes_back_whole() {
    inside(async {
        let driver = kept::driver(&Arc::default(), Options::default()).await;
        kept::create(&driver, "web").await;
        let web = replace(&driver, "web", &["in tcp/443 0.0.0.0/0", "out udp/53 ::/0"], None).await;
        let device = replace(&driver, "device", &["in tcp/22 10.0.0.0/8"], DENY).await;
        let before = table();
        for taken in [
            "delete table inet deltawall",
            "flush ruleset",
            "flush chain inet deltawall input",
            "insert rule inet deltawall input ip saddr 192.0.2.1 drop",
            "add table inet deltawall { flags dormant; }",
            "delete rule inet deltawall ingress handle",
        ] {
            match taken.strip_suffix("handle") {
                Some(command) => {
                    let listed: serde_json::Value =
                        serde_json::from_str(&run("nft", &["-j", "list", "chain", "inet", "deltawall", "ingress"]))
                            .unwrap();
                    let handle = listed["nftables"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .find_map(|entry| entry["rule"]["handle"].as_u64())
                        .unwrap();
                    nft(&format!("{command}handle {handle}"));
                }
                None => nft(taken),
            }
            for (name, default) in [("web", None), ("device", ALL)] {
                let seen = show(&driver, name).await;
                assert_eq!((seen.rules.len(), seen.default), (0, default), "{taken}: nothing is in force");
            }
            // What would not count is not made, nor does it come later.
            let refused = |outcome: Result<(), deltawall_core::Error>| {
                let why = outcome.unwrap_err();
                assert_eq!(why.kind, ErrorKind::Conflict, "{taken}: {why}");
            };
            refused(add(&driver, "web", "in tcp/1 0.0.0.0/0").await);
            refused(try_replace(&driver, "web", vec![rules::read("in tcp/1 0.0.0.0/0")], None).await.map(drop));
            refused(try_replace(&driver, "web", vec![], None).await.map(drop));
            refused(driver.delete_firewall(&kept::me(), &web.id).await.map(drop));
            let new = NewFirewall {
                name: FirewallName::new("more").unwrap(),
                description: Description::new("d").unwrap(),
                network: None,
            };
            refused(driver.create_firewall(&kept::me(), new).await.map(drop));
            let asked = vec![rules::read("in tcp/443 0.0.0.0/0"), rules::read("out udp/53 ::/0")];
            let reverted = try_replace(&driver, "web", asked, None).await.unwrap();
            assert_eq!(*reverted, *web, "{taken}: the rules that they were");
            assert_eq!(*show(&driver, "device").await, *device, "{taken}: all comes back at once");
            assert_eq!(table(), before, "{taken}");
        }
    });
}

/// What others do to the table may hide a rule, or take it away. When it is not to be any more, it is not there and does not come back; and
/// what is let alone is not touched.
#[test]
fn what_is_not_to_be_any_more_goes_whatever_others_have_done() {
    inside(async {
        let kept: Arc<Kept> = Arc::default();
        for disturbed in [
            "insert rule inet deltawall input ip saddr 192.0.2.1 drop",
            "flush chain inet deltawall WEB",
            "flush chain inet deltawall input",
            "flush ruleset",
        ] {
            for by_deleting in [true, false] {
                let driver = kept::driver(&kept, Options::default()).await;
                kept::create(&driver, "web").await;
                let chains = run("nft", &["list", "chains", "inet"]);
                let mut chains =
                    chains.lines().filter_map(|line| line.trim().strip_prefix("chain ")?.strip_suffix(" {"));
                let chain = chains.find(|name| name.ends_with("_in") && *name != "fw_1_in").unwrap();
                let disturbed = &*disturbed.replace("WEB", chain);
                let web = replace(&driver, "web", &["in tcp/443 0.0.0.0/0", "in tcp/5000 0.0.0.0/0"], None).await;
                let [stays, goes] = &web.rules[..] else { panic!("{web:?}") };
                let named = |rule: &Rule| format!("dw:{}", rule.cloud_id.as_ref().unwrap().as_str());
                nft(disturbed);
                let others = run("nft", &["list", "ruleset"]).matches("192.0.2.1").count();
                assert_ne!(*show(&driver, "web").await, *web, "{disturbed}");
                assert_eq!(*driver.kept(&kept::me(), &web.id).await.unwrap(), *web, "{disturbed}");
                match by_deleting {
                    true => driver.delete_rule(&kept::me(), &web.id, &goes.id()).await.unwrap(),
                    false => {
                        let rules = &RuleSet { rules: vec![NewRule::of(stays).unwrap()], default: None };
                        let replacement = Replacement { seen: &web, rules, allow_gap: false };
                        driver.replace_rules(&kept::me(), replacement).await.map(drop).unwrap();
                    }
                }
                let listed = run("nft", &["list", "ruleset"]);
                assert!(!listed.contains(&named(goes)), "{disturbed}: {listed}");
                assert_eq!(listed.matches("192.0.2.1").count(), others, "{disturbed}: {listed}");
                let is_hidden = disturbed.contains("192.0.2.1") || disturbed.ends_with("input");
                assert_eq!(listed.contains(&named(stays)), is_hidden, "{disturbed}: {listed}");
                drop(driver);
                let driver = kept::driver(&kept, Options::default()).await;
                assert_eq!(show(&driver, "web").await.rules, std::slice::from_ref(stays), "{disturbed}");
                driver.delete_firewall(&kept::me(), &web.id).await.unwrap();
            }
        }
    });
}

#[test]
fn what_was_taken_away_comes_back_where_it_is_to_be() {
    inside(async {
        let driver = kept::driver(&Arc::default(), Options::default()).await;
        let before = replace(&driver, "device", &["in tcp/22 10.0.0.0/8", "in tcp/23 10.0.0.0/8"], DENY).await;
        let after = replace(&driver, "device", &["in tcp/23 10.0.0.0/8"], ALL).await;
        nft("insert rule inet deltawall input ip saddr 192.0.2.1 drop");
        // It is undone while another's rule stands before all: in the chain that is as it was made, and with the default.
        let rules = &RuleSet::of(&before).unwrap();
        let undone = Replacement { seen: &after, rules, allow_gap: false };
        driver.replace_rules(&kept::me(), undone).await.unwrap();
        let listed = run("nft", &["list", "table", "inet", "deltawall"]);
        assert!(listed.contains("tcp dport 22") && listed.contains("policy drop"), "{listed}");
        assert!(listed.contains("192.0.2.1"), "{listed}");
    });
}

#[test]
fn maps_of_others_are_no_reason_not_to_start() {
    inside(async {
        let kept: Arc<Kept> = Arc::default();
        let driver = kept::driver(&kept, Options::default()).await;
        let device = replace(&driver, "device", &["in tcp/22 10.0.0.0/8"], DENY).await;
        drop(driver);
        nft("add chain inet deltawall other");
        let map = "add map inet deltawall m { type inet_service : verdict; elements = { 1 : jump other }; }";
        run("nft", &[map]);
        nft("flush chain inet deltawall input");
        let driver = kept::driver(&kept, Options::default()).await;
        assert_eq!(show(&driver, "device").await.rules.len(), device.rules.len());
    });
}

#[test]
fn what_nft_would_read_otherwise_is_refused() {
    inside(async {
        let driver = kept::driver(&Arc::default(), Options::default()).await;
        for text in ["@wan", "tcp", "redirect"] {
            let interface = InterfaceName::new(text).unwrap();
            let conditions = Conditions { interface: Some(interface), ..Conditions::default() };
            let new = rules::read("in tcp/1 0.0.0.0/0").with_conditions(conditions).unwrap();
            let id = FirewallId::new("device").unwrap();
            let refused = driver.create_rule(&kept::me(), &id, new, Position::Last).await.unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Refused, "{refused}");
        }
        for prefix in ["cost $5 ", "a \" b"] {
            let log = Log { prefix: Some(LogPrefix::new(prefix).unwrap()) };
            let new = rules::read("in tcp/1 0.0.0.0/0").with_log(Some(log));
            let id = FirewallId::new("device").unwrap();
            let refused = driver.create_rule(&kept::me(), &id, new, Position::Last).await.unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Refused, "{refused}");
        }
    });
}

#[test]
fn a_rule_that_is_only_described_otherwise_goes_on_with_its_connections() {
    inside(async {
        let driver = kept::driver(&Arc::default(), Options::default()).await;
        replace(&driver, "device", &["in tcp/22 10.0.0.0/8", "in tcp/23 10.0.0.0/8"], DENY).await;
        let live = || run("nft", &["list", "set", "inet", "deltawall", "live"]);
        let before = live();
        let described = rules::read("in tcp/22 10.0.0.0/8").with_description(Description::new("d").ok());
        let set = vec![described, rules::read("in tcp/23 10.0.0.0/8")];
        try_replace(&driver, "device", set, DENY).await.unwrap();
        assert_eq!(live(), before);
    });
}

#[test]
fn a_rule_that_is_added_while_there_is_no_table_is_refused_and_forgotten() {
    inside(async {
        let kept: Arc<Kept> = Arc::default();
        let driver = kept::driver(&kept, Options::default()).await;
        nft("delete table inet deltawall");
        let refused = add(&driver, "device", "in tcp/1 0.0.0.0/0").await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
        drop(driver);
        let driver = kept::driver(&kept, Options::default()).await;
        assert_eq!(show(&driver, "device").await.rules, []);
    });
}

#[test]
fn rules_of_other_programs_are_shown_and_go_when_they_are_deleted() {
    inside(async {
        let driver = kept::driver(&Arc::default(), Options::default()).await;
        let ours = replace(&driver, "device", &["in tcp/22 10.0.0.0/8", "in tcp/23 10.0.0.0/8"], DENY).await;
        nft("insert rule inet deltawall fw_1_in udp dport 53 accept");
        nft("add rule inet deltawall fw_1_out ip daddr 192.0.2.0/24 drop");
        let seen = show(&driver, "device").await;
        assert_eq!(seen.rules.len(), 4);
        let [foreign, first, second, last] = &seen.rules[..] else { panic!("{seen:?}") };
        assert_eq!([first, second], [&ours.rules[0], &ours.rules[1]]);
        assert_eq!((foreign.content.action, last.content.action), (Action::Accept, Action::Deny));
        let description = foreign.description.as_ref().unwrap().as_str();
        assert!(description.starts_with("Made by another program") && description.contains("dport"), "{description}");

        // A new rule stands where it was asked for, among them, and they stay.
        let second_place = Position::At(std::num::NonZeroUsize::new(2).unwrap());
        let new = rules::read("in tcp/24 10.0.0.0/8");
        driver.create_rule(&kept::me(), &ours.id, new.clone(), second_place).await.unwrap();
        let now = show(&driver, "device").await;
        assert_eq!(
            now.rules.iter().map(|rule| NewRule::of(rule).unwrap() == new).collect::<Vec<_>>(),
            [false, true, false, false, false]
        );

        // What cannot be read cannot be asked for.
        let all = now.rules.iter().map(|rule| NewRule::of(rule).unwrap()).collect();
        let refused = try_replace(&driver, "device", all, DENY).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Refused);
        assert!(refused.message.starts_with("In rule 1: Another program has made this rule"), "{refused}");

        for rule in [foreign, last] {
            driver.delete_rule(&kept::me(), &ours.id, &rule.id()).await.unwrap();
        }
        assert_eq!(show(&driver, "device").await.rules.len(), 3);
        assert_eq!(ids(&*show(&driver, "device").await)[1..], ids(&ours));
    });
}

#[test]
fn a_rule_that_others_have_changed_is_not_the_rule_that_it_was() {
    inside(async {
        let driver = kept::driver(&Arc::default(), Options::default()).await;
        let ours = replace(&driver, "device", &["in tcp/22 10.0.0.0/8,fd00::/8", "in tcp/23 10.0.0.0/8"], DENY).await;
        let listed: serde_json::Value =
            serde_json::from_str(&run("nft", &["-j", "list", "chain", "inet", "deltawall", "fw_1_in"])).unwrap();
        let first =
            listed["nftables"].as_array().unwrap().iter().find_map(|entry| entry["rule"]["handle"].as_u64()).unwrap();
        let comment = format!("\"dw:{}\"", ids(&ours)[0]);
        nft(&format!("replace rule inet deltawall fw_1_in handle {first} tcp dport 22 accept comment {comment}"));
        let seen = show(&driver, "device").await;
        assert_eq!(seen.rules.len(), 3, "of two of nft's rules, neither is the rule: {seen:?}");
        assert_eq!(seen.rules[2], ours.rules[1]);
        nft(&format!("delete rule inet deltawall fw_1_in handle {first}"));
        let asked = ["in tcp/22 10.0.0.0/8,fd00::/8", "in tcp/23 10.0.0.0/8"];
        assert_eq!(*replace(&driver, "device", &asked, DENY).await, *ours, "it comes back as what it was");
    });
}

#[test]
fn the_last_rules_are_in_force_after_the_machine_has_started_and_before() {
    inside(async {
        let (folder, kept) = (TempDir::new().unwrap(), Arc::<Kept>::default());
        let boot = folder.path().join("boot.nft");
        let options = Options { boot_file: Some(boot.clone()), ..Options::default() };
        let driver = kept::driver(&kept, options.clone()).await;
        kept::create(&driver, "web").await;
        let kinds = [
            "in tcp/1 0.0.0.0/0 log=it's_\\_(5%):_",
            "out udp/53 ::/0 limit=7/hour,_burst_3",
            "in icmp/-1/-1 0.0.0.0/0",
            "in all 10.0.0.0/8,11.0.0.0/9,::1/128 states=new,related type=multicast mac=02:00:00:00:00:03",
        ];
        let web = replace(&driver, "web", &kinds, None).await;
        replace(&driver, "device", &[], DENY).await;
        let before = table();
        drop(driver);
        let path = boot.to_str().unwrap();
        nft("flush ruleset");
        for _ in 0..2 {
            run("nft", &["-f", path]);
            assert_eq!(table(), before, "the file makes the table, however often");
        }
        nft("flush ruleset");
        let driver = kept::driver(&kept, options).await;
        assert_eq!(table(), before);
        assert_eq!(*show(&driver, "web").await, *web);
    });
}

#[test]
fn what_was_written_down_and_not_done_is_done_at_the_start() {
    inside(async {
        let kept: Arc<Kept> = Arc::default();
        let driver = kept::driver(&kept, Options::default()).await;
        let host = ProviderName::new("host").unwrap();
        let before = kept.read(ID, &host).await.unwrap().unwrap();
        let device = replace(&driver, "device", &["in tcp/22 10.0.0.0/8 limit=1/day"], DENY).await;
        let after = kept.read(ID, &host).await.unwrap().unwrap();
        for (written, rules) in [(before, Vec::new()), (after, device.rules.clone())] {
            kept.write(ID, &host, &written).await.unwrap();
            let driver = kept::driver(&kept, Options::default()).await;
            assert_eq!(show(&driver, "device").await.rules, rules);
        }
    });
}

#[test]
fn a_table_that_the_store_does_not_know_is_not_touched() {
    inside(async {
        let driver = kept::driver(&Arc::default(), Options::default()).await;
        replace(&driver, "device", &["in tcp/22 10.0.0.0/8"], DENY).await;
        let before = table();
        let other = Nftables::new(Options::default(), Arc::<Kept>::default(), kept::login()).unwrap();
        let failed = other.start().await.unwrap_err();
        assert!(failed[0].message.contains("does not know"), "{failed:?}");
        other.firewalls(&kept::me(), &Filter::default()).await.unwrap_err();
        assert_eq!(table(), before);
    });
}

#[test]
fn a_document_that_cannot_be_written_changes_nothing() {
    inside(async {
        let kept: Arc<Kept> = Arc::default();
        let driver = kept::driver(&kept, Options::default()).await;
        let before = table();
        kept.fail(true);
        let refused = add(&driver, "device", "in tcp/1 0.0.0.0/0").await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Unrecorded, "{refused}");
        assert_eq!(table(), before);
        kept.fail(false);
        add(&driver, "device", "in tcp/1 0.0.0.0/0").await.unwrap();
        assert_ne!(table(), before);
    });
}

#[test]
fn other_tables_are_not_touched() {
    inside(async {
        nft("add table inet others");
        nft("add chain inet others c { type filter hook input priority 5 ; }");
        nft("add rule inet others c tcp dport 1 drop");
        let others = run("nft", &["list", "table", "inet", "others"]);
        let driver = kept::driver(&Arc::default(), Options::default()).await;
        replace(&driver, "device", &["in tcp/22 10.0.0.0/8"], DENY).await;
        assert_eq!(run("nft", &["list", "table", "inet", "others"]), others);
    });
}

#[test]
fn a_namespace_that_is_not_there_is_an_error_and_the_others_are_served() {
    inside(async {
        let options = Options { namespaces: vec!["gone".into()], ..Options::default() };
        let driver = Nftables::new(options, Arc::<Kept>::default(), kept::login()).unwrap();
        assert_eq!(driver.start().await.unwrap_err()[0].kind, ErrorKind::Unavailable);
        let at = |name: &str| deltawall_core::Context { provider: Some(driver.provider(name).unwrap()), ..kept::me() };
        assert_eq!(driver.firewalls(&at("gone"), &Filter::default()).await.unwrap_err().kind, ErrorKind::Unavailable);
        assert!(!std::path::Path::new("/run/netns/gone").exists());
        assert_eq!(driver.firewalls(&at("HOST"), &Filter::default()).await.unwrap().len(), 1);
        assert_eq!(driver.provider("other").unwrap_err().kind, ErrorKind::Invalid);
        namespaces::run("ip", &["netns", "add", "gone"]);
        assert_eq!(driver.firewalls(&at("gone"), &Filter::default()).await.unwrap().len(), 1, "it has come since");
    });
}
