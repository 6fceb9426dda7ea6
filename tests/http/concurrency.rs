//! Many clients at once: nothing is lost, and nothing is seen half done.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::server::Server;
use crate::wire::{Answer, Request};

const CLIENTS: usize = 8;
const CHANGES: usize = 25;

fn rules(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let rules = json["firewall"]["rules"].as_array().unwrap();
    rules.iter().map(|rule| rule["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn no_update_is_lost() {
    let server = Server::start();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let mut connection = server.connect();
            scope.spawn(move || {
                for change in 0..CHANGES {
                    let rule = format!("protocol=tcp&port_from={client}&port_to={change}00&ip_address=10.0.0.0/8");
                    let rule = rule.replace("port_to=000", "port_to=99");
                    let target = "/api/firewalls/new_firewall/rules?format=json";
                    let answer = connection.send(Request::post(target).on_mock().form(&rule)).expect(201);
                    let id = rules(&answer).into_iter().rfind(|id| id.contains(&format!("~tcp~{client}~"))).unwrap();
                    // Every other rule is taken away again.
                    if change % 2 == 1 {
                        connection
                            .send(Request::delete(&format!("/api/firewalls/new_firewall/{id}")).on_mock())
                            .expect(204);
                    }
                }
            });
        }
    });
    let left = rules(&server.send(Request::get("/api/firewalls/new_firewall?format=json").on_mock()));
    assert_eq!(left.len(), CLIENTS * CHANGES.div_ceil(2));
}

#[test]
fn of_many_that_want_the_same_name_one_gets_it() {
    let server = Server::start();
    let statuses: Vec<u16> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let mut connection = server.connect();
                scope.spawn(move || {
                    connection.send(Request::post("/api/firewalls?name=n&description=d").on_mock()).status
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 502).count(), CLIENTS - 1);
}

#[test]
fn no_list_is_torn() {
    let server = Server::start();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut writer = server.connect();
        let done = &done;
        scope.spawn(move || {
            let rule = "protocol=tcp&port_from=1&port_to=1&ip_address1=10.0.0.0/8&ip_address2=192.0.2.0/24";
            let id = "393485797142~tcp~1~1~@address,ipv4,10.0.0.0,8,@address,ipv4,192.0.2.0,24";
            for _ in 0..100 {
                writer.send(Request::post("/api/firewalls/new_firewall/rules").on_mock().form(rule)).expect(201);
                writer.send(Request::delete(&format!("/api/firewalls/new_firewall/{id}")).on_mock()).expect(204);
            }
            done.store(true, Ordering::SeqCst);
        });
        let mut reader = server.connect();
        let [mut with, mut without] = [0, 0];
        while !done.load(Ordering::SeqCst) {
            let answer = reader.send(Request::get("/api/firewalls").on_mock()).expect(200);
            answer.text();
            match answer.body.matches("<source ").count() {
                3 => without += 1,
                5 => with += 1,
                torn => panic!("{torn} sources"),
            }
        }
        assert!(with > 0 && without > 0, "{with} lists with the rule and {without} without were seen");
    });
}

#[test]
fn a_long_list_is_whole() {
    let server = Server::start();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let mut connection = server.connect();
            scope.spawn(move || {
                for n in 0..250 {
                    let target = format!("/api/firewalls?name=n{client}-{n}&description=d");
                    connection.send(Request::post(&target).on_mock()).expect(201);
                }
            });
        }
    });
    let answer = server.send(Request::get("/api/firewalls").on_mock()).expect(200);
    assert_eq!(answer.body.matches("<firewall ").count(), 3 + CLIENTS * 250);
}
