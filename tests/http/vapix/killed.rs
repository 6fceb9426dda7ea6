//! Only what is confirmed is permanent: the gateway is killed, and time runs out.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::instance::eventually;
use crate::server::{Server, printed, program};
use crate::vapix::client::{Device, V1, set};
use crate::wire::{MOCK_LOGIN, Request};

fn start(folder: &Path) -> Server {
    let state = folder.join("state.db");
    let mut command = program(&["-p", "0", "--state", state.to_str().unwrap()]);
    command.stderr(printed());
    Server::spawn(command)
}

fn send(server: &Server, method: &str, path: &str, body: &Value) {
    let request = Request::new(method, &format!("{V1}{path}")).json(&body.to_string());
    server.send(request.login(MOCK_LOGIN)).expect(200);
}

fn rules(server: &Server) -> Value {
    let shown = server.send(Request::get(&format!("{V1}/conf/rules")).login(MOCK_LOGIN)).expect(200).json();
    let of = |name: &str| {
        let rules = shown["data"][name].as_array().unwrap().iter();
        rules.map(|rule| rule["ip"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    json!([of("activeRules"), of("pendingRules"), shown["data"]["testTimeLeft"]])
}

fn in_force(server: &Server) -> Vec<String> {
    let path = "/api;driver=mock-nftables/firewalls/device?format=json";
    let firewall = server.send(Request::get(path).login(MOCK_LOGIN)).expect(200).json();
    let rules = firewall["firewall"]["rules"].as_array().unwrap().iter();
    rules.map(|rule| rule["sources"][0]["address"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn killed_in_a_trial_it_comes_back_with_what_was_confirmed() {
    let folder = TempDir::new().unwrap();
    let server = start(folder.path());
    send(&server, "POST", "/conf/setRules", &set(&["10.0.0.1"], 0));
    send(&server, "PATCH", "/activated", &json!({ "data": true }));
    send(&server, "POST", "/conf/setRules", &set(&["10.0.0.2"], 3600));
    assert_eq!(in_force(&server), ["10.0.0.2"]);
    drop(server);
    // The mock's firewalls have ended with it: what is kept is in force before anybody is served.
    let server = start(folder.path());
    assert_eq!(rules(&server), json!([["10.0.0.1"], ["10.0.0.2"], 0]));
    assert_eq!(in_force(&server), ["10.0.0.1"]);
    drop(server);
    let server = start(folder.path());
    assert_eq!(rules(&server), json!([["10.0.0.1"], ["10.0.0.2"], 0]));
    send(&server, "POST", "/conf/setRules", &set(&["10.0.0.2"], 3600));
    send(&server, "POST", "/conf/confirmRules", &json!({}));
    drop(server);
    let server = start(folder.path());
    assert_eq!(rules(&server), json!([["10.0.0.2"], [], 0]));
    assert_eq!(in_force(&server), ["10.0.0.2"]);
    send(&server, "PATCH", "/activated", &json!({ "data": false }));
    drop(server);
    let server = start(folder.path());
    assert_eq!((rules(&server), in_force(&server).len()), (json!([["10.0.0.2"], [], 0]), 0));
}

/// Killed at any moment of many writes, it has the rules of one of them, and these are in force.
#[test]
fn killed_at_any_moment_it_comes_back_with_rules_that_were_set() {
    let folder = TempDir::new().unwrap();
    let mut server = start(folder.path());
    send(&server, "PATCH", "/activated", &json!({ "data": true }));
    let seed: u64 =
        std::env::var("SEED").map_or_else(|_| uuid::Uuid::new_v4().as_u64_pair().0, |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    for round in 0..10u64 {
        let address = server.address;
        let last = std::sync::Arc::new(AtomicUsize::new(0));
        let answered = std::sync::Arc::clone(&last);
        let writer = std::thread::spawn(move || {
            for number in 1..200 {
                let body = set(&[&format!("10.0.{round}.{number}")], 0).to_string();
                let request = Request::post(&format!("{V1}/conf/setRules")).json(&body).login(MOCK_LOGIN);
                let Ok(mut stream) = std::net::TcpStream::connect(address) else { return };
                use std::io::{Read, Write};
                let mut answer = String::new();
                let bytes = request.header("Connection", "close").bytes();
                if stream.write_all(&bytes).and_then(|()| stream.read_to_string(&mut answer)).is_err() {
                    return;
                }
                if answer.starts_with("HTTP/1.1 200") {
                    answered.store(number, Ordering::Release);
                }
            }
        });
        std::thread::sleep(Duration::from_millis(20 + (seed.rotate_left(round as u32 * 7) & 0x7f)));
        drop(server);
        writer.join().unwrap();
        server = start(folder.path());
        let shown = rules(&server);
        let active = shown[0][0].as_str().unwrap_or_default().to_owned();
        let last = last.load(Ordering::Acquire);
        if last > 0 {
            let number: usize = active.rsplit('.').next().unwrap().parse().unwrap();
            assert!(
                active.starts_with(&format!("10.0.{round}.")) && (last..=last + 1).contains(&number),
                "{active} {last}"
            );
        }
        eventually("it is in force", || (in_force(&server) == [active.clone()] || active.is_empty()).then_some(()));
    }
}

#[test]
fn of_confirm_and_the_time_that_is_over_one_wins_and_the_answer_tells_which() {
    let device = Device::new();
    device.activate(true).expect(200);
    let (mut confirmed, mut expired) = (0, 0);
    for number in 0..200 {
        let [old, new] = [format!("10.1.0.{number}"), format!("10.2.0.{number}")];
        device.set(&[&old], 0).expect(200);
        device.set(&[&new], 1).expect(200);
        let answer = std::thread::scope(|scope| {
            let confirm = scope.spawn(|| {
                if number % 2 == 0 {
                    std::thread::sleep(Duration::from_micros(number * 3));
                }
                device.act("confirmRules")
            });
            if number % 2 == 1 {
                std::thread::sleep(Duration::from_micros(number * 20));
            }
            device.passes(1);
            confirm.join().unwrap()
        });
        let is = |active: &str, pending: &[&str]| {
            let state = device.state();
            state.active == [active] && state.in_force == [active] && state.pending == pending && state.left == 0
        };
        match answer.status {
            200 => {
                confirmed += 1;
                assert!(is(&new, &[]), "{:?}", device.state());
            }
            _ => {
                expired += 1;
                assert_eq!(answer.expect(400).json()["error"]["code"], 103);
                eventually("the old rules are back", || is(&old, &[&new]).then_some(()));
            }
        }
    }
    println!("{confirmed} confirmed, {expired} expired");
    assert!(confirmed > 0 && expired > 0, "{confirmed} {expired}");
}
