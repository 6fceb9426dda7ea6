//! Connections end with the rule that let them in, and no other does.

use std::sync::Arc;

use deltawall_core::{Action, Defaults, Driver, FirewallId};
use deltawall_nftables::{Connections, Marks, Nftables, Options};
use serde_json::json;

use crate::kept::{self, Kept};
use crate::peer::{self, HOST, Peer};
use crate::rig::{DENY, inside, replace, show};

/// Both ends of a connection that the other end of the cable has made.
fn came_in() -> (Peer, Peer) {
    let (mut here, mut there) = (Peer::here(), Peer::there());
    assert_eq!(here.tell(json!({"listen": 7000})), true);
    there.begin(json!({"connect": [HOST[0], 7000]}));
    assert_eq!(here.tell(json!({"accept": true})), true);
    assert_eq!(there.answer(), true);
    (here, there)
}

async fn delete_first(driver: &Nftables, name: &str) {
    let firewall = show(driver, name).await;
    driver.delete_rule(&kept::me(), &FirewallId::new(name).unwrap(), &firewall.rules[0].id()).await.unwrap();
}

#[test]
fn a_connection_ends_with_the_rule_that_let_it_in() {
    inside(async {
        peer::connect();
        let options = Options { marks: Marks::new(0x0ff0_0000).unwrap(), ..Options::default() };
        let driver = kept::driver(&Arc::default(), options).await;
        replace(&driver, "device", &["in tcp/7000 10.77.0.2/32", "in tcp/7001 0.0.0.0/0"], DENY).await;
        let (mut here, mut there) = came_in();
        assert!(here.says_to(&mut there) && there.says_to(&mut here));

        replace(&driver, "device", &["in udp/9 ::/0", "in tcp/7000 10.77.0.2/32"], DENY).await;
        assert!(here.says_to(&mut there) && there.says_to(&mut here), "another rule goes, and another comes");

        replace(&driver, "device", &["in tcp/7000 10.77.0.0/24"], DENY).await;
        assert!(there.says_to(&mut here) && here.says_to(&mut there), "another rule lets it in, too");

        delete_first(&driver, "device").await;
        assert!(!there.says_to(&mut here), "nothing comes in any more");
        assert!(!here.says_to(&mut there), "nothing goes out any more");
    });
}

#[test]
fn a_firewall_ends_its_connections_when_it_goes() {
    inside(async {
        peer::connect();
        let driver = kept::driver(&Arc::default(), Options::default()).await;
        let web = kept::create(&driver, "web").await;
        replace(&driver, "device", &[], DENY).await;
        replace(&driver, "web", &["in tcp/7000 10.77.0.0/24"], None).await;
        let (mut here, mut there) = came_in();
        assert!(here.says_to(&mut there) && there.says_to(&mut here));
        driver.delete_firewall(&kept::me(), &web.id).await.unwrap();
        assert!(!here.says_to(&mut there) && !there.says_to(&mut here));
    });
}

/// Answers are let in by the default; the connection is the rule's all the same.
#[test]
fn answers_do_not_bring_a_connection_back() {
    inside(async {
        peer::connect();
        let driver = kept::driver(&Arc::default(), Options::default()).await;
        let half = Some(Defaults { ingress: Action::Accept, egress: Action::Deny });
        replace(&driver, "device", &["out tcp/7000 10.77.0.2/32"], half).await;
        let (mut here, mut there) = (Peer::here(), Peer::there());
        assert_eq!(there.tell(json!({"listen": 7000})), true);
        here.begin(json!({"connect": [peer::ALLOWED[0], 7000]}));
        assert_eq!(there.tell(json!({"accept": true})), true);
        assert_eq!(here.answer(), true);
        assert!(here.says_to(&mut there) && there.says_to(&mut here));
        delete_first(&driver, "device").await;
        assert!(there.says_to(&mut here), "the default lets it in");
        assert!(!here.says_to(&mut there), "and nothing goes out");
    });
}

#[test]
fn connections_go_on_where_they_are_to_be_kept() {
    inside(async {
        peer::connect();
        let options = Options { connections: Connections::Keep, ..Options::default() };
        let driver = kept::driver(&Arc::default(), options).await;
        replace(&driver, "device", &["in tcp/7000 10.77.0.2/32"], DENY).await;
        let (mut here, mut there) = came_in();
        delete_first(&driver, "device").await;
        assert!(here.says_to(&mut there) && there.says_to(&mut here));
        assert!(there.tell(json!({"connect": [HOST[0], 7000], "seconds": 0.5}))["error"].is_string());
    });
}

/// Numbers are kept with the rules, so connections go on, and are the rules' still.
#[test]
fn connections_go_on_over_a_restart_even_where_the_table_was_taken_away() {
    inside(async {
        peer::connect();
        let kept: Arc<Kept> = Arc::default();
        let driver = kept::driver(&kept, Options::default()).await;
        replace(&driver, "device", &["in udp/1 ::/0", "in tcp/7000 10.77.0.2/32"], DENY).await;
        let (mut here, mut there) = came_in();
        drop(driver);
        crate::namespaces::run("nft", &["flush", "ruleset"]);
        let driver = kept::driver(&kept, Options::default()).await;
        assert!(here.says_to(&mut there) && there.says_to(&mut here));
        replace(&driver, "device", &["in udp/1 ::/0"], DENY).await;
        assert!(!here.says_to(&mut there) && !there.says_to(&mut here));
    });
}
