//! The gateway is killed before and after each write to its store and each call to the cloud, and started again.
//!
//! Whatever the step, nothing is lost that was answered, a trial ends at its time in the old rule set, an expiry removes exactly
//! what it should, the journal tells the truth, and no credentials are left in the store's files.

mod child;

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use self::child::{ORDERS, Orders};
use crate::emulator::{Account, STRICT};
use crate::server::{address_in, printed};
use crate::timed::{RULE, id_of};
use crate::wire::{Answer, Connection, Request};

/// How long everything may take to come to its end after the gateway has been started again.
const SOON: Duration = Duration::from_secs(60);

/// More steps than any of these changes has.
const MOST_STEPS: usize = 100;

/// How many gateways are killed at a time.
const AT_A_TIME: usize = 4;

/// A gateway that is a process of its own.
struct Gateway {
    child: Child,
    address: SocketAddr,
    login: String,
}

/// What there is when a change is asked for: an account with a firewall `web` and a rule in it, and a store.
struct World {
    account: Account,
    folder: TempDir,
}

/// The child of these tests. By itself it only shows that it serves.
#[test]
fn child() {
    match std::env::var(ORDERS) {
        Ok(orders) => child::serve(serde_json::from_str(&orders).unwrap()),
        Err(_) => {
            let world = World::new();
            assert_eq!(world.start(0).ask(Request::get("/api/firewalls/web")).unwrap().status, 200);
        }
    }
}

impl World {
    fn new() -> Self {
        let world = Self { account: Account::on(STRICT), folder: TempDir::new().unwrap() };
        let gateway = world.start(0);
        gateway.ask(Request::post("/api/firewalls").form("name=web&description=d")).unwrap().expect(201);
        let rule = "protocol=tcp&port_from=22&port_to=22&ip_address1=87.228.192.251";
        gateway.ask(Request::post("/api/firewalls/web/rules").form(rule)).unwrap().expect(201);
        world
    }

    fn start(&self, at: usize) -> Gateway {
        let orders = Orders {
            at,
            ec2: self.account.url.clone(),
            state: self.folder.path().join("state.db"),
            sealed: self.folder.path().join("sealed"),
        };
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::child", "--nocapture", "--test-threads=1"])
            .env(ORDERS, serde_json::to_string(&orders).unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(printed())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        let greeting = lines.find(|line| line.as_ref().unwrap().starts_with("deltawall listens on")).unwrap().unwrap();
        // It may go on printing.
        std::thread::spawn(move || lines.for_each(drop));
        Gateway { child, address: address_in(&greeting), login: self.account.login() }
    }
}

impl Gateway {
    /// The answer; none where the gateway was killed before it.
    fn ask(&self, request: Request) -> Option<Answer> {
        let request = request.login(&self.login).accept("application/json");
        catch_unwind(AssertUnwindSafe(|| Connection::to(self.address).send(request))).ok()
    }

    fn get(&self, path: &str) -> Option<Value> {
        Some(self.ask(Request::get(path))?.expect(200).json())
    }

    /// Rules as ports.
    fn ports(&self, firewall: &str) -> Option<Vec<String>> {
        let answer = self.ask(Request::get(&format!("/api/firewalls/{firewall}")))?;
        if answer.status == 404 {
            return Some(vec!["gone".into()]);
        }
        let firewall = answer.expect(200).json()["firewall"].clone();
        let rules = firewall["rules"].as_array().unwrap().iter();
        Some(rules.map(|rule| rule["port_from"].as_str().unwrap().to_owned()).collect())
    }

    /// The state of the last change of this operation that is not one that only prepares.
    fn changes(&self) -> Option<Vec<Value>> {
        Some(self.get("/api/changes")?["changes"].as_array().unwrap().clone())
    }

    /// Waits until nothing is left to be done: all changes when there is nothing open any more; none where it was killed.
    fn settled(&self) -> Option<Vec<Value>> {
        let began = Instant::now();
        loop {
            let changes = self.changes()?;
            let is_open =
                |change: &Value| ["applying", "trying", "undoing"].contains(&change["state"].as_str().unwrap());
            let ends = |name: &str| {
                let shown = self.ask(Request::get(&format!("/api/firewalls/{name}")))?;
                Some(shown.body.contains("expires_at"))
            };
            if !changes.iter().any(is_open) && !ends("web")? {
                return Some(changes);
            }
            assert!(began.elapsed() < SOON, "{changes:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was asked for, and the answers that came.
struct Asked {
    answers: Vec<Option<Answer>>,
}

/// Has a gateway killed at each step of what `act` does, and holds what is there in the end to `check`, which is told what was answered.
fn at_each_step(act: fn(&Gateway) -> Asked, check: fn(&Gateway, &Asked, &[Value])) {
    let mut survived = false;
    for first in (1..MOST_STEPS).step_by(AT_A_TIME) {
        std::thread::scope(|scope| {
            let lives = (first..first + AT_A_TIME).map(|at| scope.spawn(move || live(at, act, check)));
            let lives: Vec<_> = lives.collect();
            for life in lives {
                survived |= life.join().unwrap();
            }
        });
        if survived {
            return;
        }
    }
    panic!("a change does not take {MOST_STEPS} steps");
}

/// Whether the gateway has survived it all.
fn live(at: usize, act: fn(&Gateway) -> Asked, check: fn(&Gateway, &Asked, &[Value])) -> bool {
    let world = World::new();
    let mut gateway = world.start(at);
    let asked = act(&gateway);
    let has_survived = gateway.settled().is_some() && is_rid_of_credentials(&world, &mut gateway);
    drop(gateway);
    let mut gateway = world.start(0);
    let changes = gateway.settled().expect("only the first was to be killed");
    println!("killed at step {at}: {} changes", changes.len());
    check(&gateway, &asked, &changes);
    assert!(is_rid_of_credentials(&world, &mut gateway), "only the first was to be killed");
    has_survived
}

/// Waits until no file of the store has what was sealed. Whether the gateway has lived to see it.
fn is_rid_of_credentials(world: &World, gateway: &mut Gateway) -> bool {
    let began = Instant::now();
    while let Some(path) = file_with_credentials(world) {
        assert!(began.elapsed() < SOON, "{} has credentials", path.display());
        std::thread::sleep(Duration::from_millis(50));
        if gateway.child.try_wait().unwrap().is_some() {
            return false;
        }
    }
    true
}

/// A file of the store that has what was sealed.
fn file_with_credentials(world: &World) -> Option<PathBuf> {
    let sealed = std::fs::read_to_string(world.folder.path().join("sealed")).unwrap_or_default();
    let files = std::fs::read_dir(world.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut files = files.filter(|path| path.file_name().unwrap() != "sealed");
    files.find(|path| {
        // It may be gone since.
        let bytes = std::fs::read(path).unwrap_or_default();
        sealed.lines().any(|line| bytes.windows(line.len()).any(|at| at == line.as_bytes()))
    })
}

/// What a change that was asked for once has come to, which the client may not have heard; none where it has not begun.
fn state<'a>(changes: &'a [Value], operation: &str, why: &str) -> Option<&'a str> {
    let mine = changes.iter().find(|change| change["operation"] == operation && change["why"] == why)?;
    Some(mine["state"].as_str().unwrap())
}

mod steps;
