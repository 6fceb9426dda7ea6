//! Many clients at once: nothing is lost, and nothing is seen half done.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::subject::{Subject, on_each_driver};
use crate::wire::{Answer, Request};

on_each_driver! {
    no_update_is_lost,
    of_many_that_want_the_same_name_one_gets_it,
    no_list_is_torn,
    a_long_list_is_whole,
}

const CLIENTS: usize = 8;
const CHANGES: usize = 13;

/// One in so many rules stays, so that there are never more than EC2 allows.
const KEPT: usize = 2;

fn rules(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let rules = json["firewall"]["rules"].as_array().unwrap();
    rules.iter().map(|rule| rule["id"].as_str().unwrap().to_owned()).collect()
}

fn no_update_is_lost(subject: &Subject) {
    subject.create("web");
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let mut connection = subject.connect();
            scope.spawn(move || {
                for change in 0..CHANGES {
                    let rule = format!("protocol=tcp&port_from={client}&port_to={change}00&ip_address=10.0.0.0/8");
                    let rule = rule.replace("port_to=000", "port_to=99");
                    let target = "/api/firewalls/web/rules?format=json";
                    let answer = connection.send(Request::post(target).form(&rule)).expect(201);
                    let id = rules(&answer).into_iter().rfind(|id| id.contains(&format!("~tcp~{client}~"))).unwrap();
                    if change % KEPT != 0 {
                        connection.send(Request::delete(&format!("/api/firewalls/web/{id}"))).expect(204);
                    }
                }
            });
        }
    });
    let left = rules(&subject.send(Request::get("/api/firewalls/web?format=json")));
    assert_eq!(left.len(), CLIENTS * CHANGES.div_ceil(KEPT));
}

fn of_many_that_want_the_same_name_one_gets_it(subject: &Subject) {
    let statuses: Vec<u16> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let mut connection = subject.connect();
                scope.spawn(move || connection.send(Request::post("/api/firewalls?name=n&description=d")).status)
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 502).count(), CLIENTS - 1);
}

fn no_list_is_torn(subject: &Subject) {
    /// How often the list has to be seen with the rule, and how often without.
    const SEEN: usize = 10;
    subject.create("web");
    let sources = || subject.send(Request::get("/api/firewalls")).expect(200).body.matches("<source ").count();
    let others = sources();
    let done = AtomicBool::new(false);
    let deadline = Instant::now() + Duration::from_secs(60);
    thread::scope(|scope| {
        let mut writer = subject.connect();
        let done = &done;
        scope.spawn(move || {
            let rule = "protocol=tcp&port_from=1&port_to=1&ip_address1=10.0.0.0/8&ip_address2=192.0.2.0/24";
            let id = format!("{}~tcp~1~1~@address,ipv4,10.0.0.0,8,@address,ipv4,192.0.2.0,24", subject.account);
            while !done.load(Ordering::SeqCst) && Instant::now() < deadline {
                writer.send(Request::post("/api/firewalls/web/rules").form(rule)).expect(201);
                writer.send(Request::delete(&format!("/api/firewalls/web/{id}"))).expect(204);
            }
        });
        let mut reader = subject.connect();
        let [mut with, mut without] = [0, 0];
        while (with < SEEN || without < SEEN) && Instant::now() < deadline {
            let answer = reader.send(Request::get("/api/firewalls")).expect(200);
            answer.text();
            match answer.body.matches("<source ").count() - others {
                0 => without += 1,
                2 => with += 1,
                torn => panic!("{torn} sources"),
            }
        }
        done.store(true, Ordering::SeqCst);
        assert!(with >= SEEN && without >= SEEN, "{with} lists with the rule and {without} without were seen");
    });
}

fn a_long_list_is_whole(subject: &Subject) {
    let count = || subject.send(Request::get("/api/firewalls")).expect(200).body.matches("<firewall ").count();
    let others = count();
    subject.fill(2000);
    assert_eq!(count(), others + 2000);
}
