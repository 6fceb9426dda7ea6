//! A client's whole life with a driver that can do all, step by step and in both formats. Drivers differ in name and
//! credentials only.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::emulator::{Account, PLAIN, STRICT};
use crate::server::{Server, program};
use crate::wire::{Answer, Request};

struct Client<'a> {
    server: &'a Server,
    driver: &'a str,
    login: &'a str,
    format: &'a str,
}

impl Client<'_> {
    fn send(&self, request: Request) -> Answer {
        self.server.send(
            request
                .header("X-Deltacloud-Driver", self.driver)
                .login(self.login)
                .accept(&format!("application/{}", self.format)),
        )
    }

    fn live(&self) {
        let names = ["life-1", "life-2"];
        let owner = self.create_both(names);
        let [inner, outer] = names.map(|name| format!("/api/firewalls/{name}"));

        let rule =
            format!("protocol=tcp&port_from=22&port_to=23&group1=life-2&group1owner={owner}&ip_address1=10.1.0.0/16");
        let made = self.send(Request::post(&format!("{inner}/rules")).form(&rule)).expect(201);
        let id = format!("{owner}~tcp~22~23~@group,{owner},life-2,@address,ipv4,10.1.0.0,16");
        assert!(made.body.contains(&id), "{}", made.body);
        assert_eq!(self.send(Request::get(&inner)).expect(200).body, made.body);
        assert!(self.send(Request::get("/api/firewalls")).expect(200).body.contains(&id));

        self.send(Request::post(&format!("{inner}/rules")).form(&rule)).expect(502);
        let in_use = self.send(Request::delete(&outer)).expect(502);
        assert!(in_use.message().contains("life-1"), "{}", in_use.body);
        assert_eq!(self.send(Request::get(&inner)).body, made.body);

        self.send(Request::delete(&format!("{inner}/{id}"))).expect(204);
        self.send(Request::delete(&format!("{inner}/{id}"))).expect(404);
        for path in [&outer, &inner] {
            self.send(Request::delete(path)).expect(204);
            self.send(Request::get(path)).expect(404);
            self.send(Request::delete(path)).expect(404);
        }
        assert!(!self.send(Request::get("/api/firewalls")).body.contains("life-"));
    }

    /// Makes both firewalls, and gives their owner.
    fn create_both(&self, names: [&str; 2]) -> String {
        for name in names {
            let new = Request::post("/api/firewalls").form(&format!("name={name}&description=of+{name}"));
            let made = self.send(new.clone()).expect(201);
            assert_eq!(made.header("Location"), Some(&*format!("http://gateway.test:3001/api/firewalls/{name}")));
            self.send(new).expect(502);
            self.send(Request::get(&format!("/api/firewalls/{name}"))).expect(200);
        }
        let [shown, _] = names.map(|name| self.send(Request::get(&format!("/api/firewalls/{name}?format=json"))));
        shown.json()["firewall"]["owner_id"].as_str().unwrap().to_owned()
    }
}

fn live(server: &Server, driver: &str, login: &str) {
    for format in ["xml", "json"] {
        Client { server, driver, login, format }.live();
    }
}

#[test]
fn on_the_in_memory_driver() {
    live(&Server::start(), "mock", crate::wire::MOCK_LOGIN);
}

#[test]
fn on_ec2() {
    let account = Account::on(PLAIN);
    live(&Server::with(&["--ec2-endpoint", &account.url]), "ec2", &account.login());
}

/// With the endpoint where the SDK itself looks for it.
#[test]
fn on_ec2_that_is_strict() {
    for variable in ["AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL"] {
        let account = Account::on(STRICT);
        let mut command = program(&["-p", "0"]);
        command.env(variable, &account.url).stderr(Stdio::null());
        live(&Server::spawn(command), "ec2", &account.login());
    }
}

/// A connection to the cloud that was made for one of the server's workers must not hang another that takes it from the
/// pool: many clients, each on a connection that it keeps, and all of them are answered.
#[test]
fn on_ec2_workers_share_their_connections_to_the_cloud() {
    let account = Account::on(PLAIN);
    let server = Server::with(&["--ec2-endpoint", &account.url]);
    let login = account.login();
    let started = Instant::now();
    for _ in 0..3 {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let (mut connection, login) = (server.connect(), &login);
                scope.spawn(move || {
                    for _ in 0..5 {
                        let request = Request::get("/api;driver=ec2/firewalls/default").login(login);
                        connection.send(request).expect(200);
                    }
                });
            }
        });
    }
    // One that hangs is given up by the gateway after its 30 seconds, with a 504.
    assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());
}
