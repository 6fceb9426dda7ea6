//! More requests than a driver may work on: they wait, but not too many, and nobody else does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use deltawall::config::{Config, Limits};
use deltawall_core::{
    Capabilities, Context, Deletion, Driver, Error, ErrorKind, Filter, Firewall, FirewallId, Hits, Member, NewFirewall,
    NewRule, Position, Provider, ProviderName, Replacement, RuleId,
};
use tokio::sync::Semaphore;

use crate::instance::eventually;
use crate::server::in_process;
use crate::wire::{Connection, Request};

/// Answers a list, or deletes a firewall, when it is let.
#[derive(Debug)]
struct Slow {
    asked: AtomicUsize,
    let_go: Semaphore,
}

fn refused<T>() -> Result<T, Error> {
    Err(Error::new(ErrorKind::Refused, "slow", "It has only lists and deletions."))
}

#[async_trait]
impl Driver for Slow {
    fn id(&self) -> &'static str {
        "slow"
    }
    fn name(&self) -> &'static str {
        "Slow"
    }
    fn capabilities(&self) -> Capabilities {
        let mut can = Capabilities::default();
        can.firewalls.delete = true;
        can
    }
    fn providers(&self) -> Vec<Provider> {
        Vec::new()
    }
    fn provider(&self, name: &str) -> Result<ProviderName, Error> {
        ProviderName::new(name).or_else(|_| refused())
    }
    fn default_provider(&self) -> Option<ProviderName> {
        None
    }
    async fn authenticate(&self, _: &Context) -> Result<(), Error> {
        Ok(())
    }
    async fn firewalls(&self, _: &Context, _: &Filter) -> Result<Vec<Arc<Firewall>>, Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.let_go.acquire().await.unwrap().forget();
        Ok(Vec::new())
    }
    async fn firewall(&self, _: &Context, _: &FirewallId) -> Result<Arc<Firewall>, Error> {
        refused()
    }
    async fn create_firewall(&self, _: &Context, _: NewFirewall) -> Result<Arc<Firewall>, Error> {
        refused()
    }
    async fn delete_firewall(&self, context: &Context, _: &FirewallId) -> Result<Deletion, Error> {
        self.firewalls(context, &Filter::default()).await.map(|_| Deletion::Done)
    }
    async fn create_rule(&self, _: &Context, _: &FirewallId, _: NewRule, _: Position) -> Result<Arc<Firewall>, Error> {
        refused()
    }
    async fn delete_rule(&self, _: &Context, _: &FirewallId, _: &RuleId<'_>) -> Result<(), Error> {
        refused()
    }
    async fn replace_rules(&self, _: &Context, _: Replacement<'_>) -> Result<Arc<Firewall>, Error> {
        refused()
    }
    async fn counted(&self, _: &Context, _: &FirewallId) -> Result<(Arc<Firewall>, Vec<Hits>), Error> {
        refused()
    }
    async fn members(&self, _: &Context, _: &FirewallId) -> Result<Vec<Member>, Error> {
        refused()
    }
}

fn start(requests: usize, queue: usize, timeout: Duration) -> (std::net::SocketAddr, Arc<Slow>) {
    let driver = Arc::new(Slow { asked: AtomicUsize::new(0), let_go: Semaphore::new(0) });
    let limits = Limits { backend_requests: requests, backend_queue: queue, ..Limits::default() };
    let config = Config { limits, backend_timeout: timeout, ..Config::default() };
    (in_process(driver.clone(), config), driver)
}

/// The status of a list, asked for on a thread of its own.
fn list(address: std::net::SocketAddr) -> thread::JoinHandle<u16> {
    thread::spawn(move || Connection::to(address).send(Request::get("/api/firewalls").on_mock()).status)
}

#[test]
fn those_past_the_queue_are_turned_away_and_the_rest_answered() {
    let (address, driver) = start(2, 3, Duration::from_secs(60));
    let clients: Vec<_> = (0..6).map(|_| list(address)).collect();
    // Two are asked, three wait, and so one is turned away.
    let is_turned_away = || clients.iter().any(thread::JoinHandle::is_finished).then_some(());
    eventually("one is turned away", is_turned_away);
    for format in ["xml", "json"] {
        let target = format!("/api/firewalls?format={format}");
        let answer = Connection::to(address).send(Request::get(&target).on_mock()).expect(503);
        assert_eq!(answer.header("Retry-After"), Some("1"));
        assert_eq!(answer.header("Content-Type"), Some(&*format!("application/{format}")));
        assert_eq!(
            answer.message(),
            "Too many requests wait for provider default of the slow driver. This one was not begun; try again."
        );
    }
    assert_eq!(driver.asked.load(Ordering::SeqCst), 2, "no more than two at a time");
    // Who asks another driver does not wait.
    let other = Request::get("/api;driver=mock/firewalls").on_mock();
    Connection::to(address).send(other).expect(200);
    driver.let_go.add_permits(5);
    let mut statuses: Vec<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 503]);
}

#[test]
fn a_place_is_free_again_after_the_answer() {
    let (address, driver) = start(1, 0, Duration::from_secs(60));
    let mut gone = Connection::to(address);
    gone.write(&Request::get("/api/firewalls").on_mock().bytes());
    eventually("it is asked", || (driver.asked.load(Ordering::SeqCst) == 1).then_some(()));
    Connection::to(address).send(Request::get("/api/firewalls").on_mock()).expect(503);
    driver.let_go.add_permits(1);
    gone.read(true).expect(200);
    driver.let_go.add_permits(1);
    Connection::to(address).send(Request::get("/api/firewalls").on_mock()).expect(200);
}

/// Else who makes up names would have as many places as names.
#[test]
fn providers_that_clients_make_up_share_their_places() {
    let (address, driver) = start(1, 0, Duration::from_secs(60));
    let list = |provider: &str| Request::get(&format!("/api;provider={provider}/firewalls")).on_mock();
    let mut first = Connection::to(address);
    first.write(&list("one").bytes());
    eventually("it is asked", || (driver.asked.load(Ordering::SeqCst) == 1).then_some(()));
    Connection::to(address).send(list("two")).expect(503);
    Connection::to(address).send(Request::get("/api/firewalls").on_mock()).expect(503);
    driver.let_go.add_permits(1);
    first.read(true).expect(200);
}

/// What a change has looked at is still so when it is made, whoever else asks for one.
#[test]
fn changes_of_one_firewall_take_turns_and_nobody_else_waits() {
    let (address, driver) = start(9, 2, Duration::from_secs(60));
    let deletion = |path: &'static str| {
        thread::spawn(move || Connection::to(address).send(Request::delete(path).on_mock()).status)
    };
    let is_asked = |count: usize| move |driver: &Slow| driver.asked.load(Ordering::SeqCst) == count;
    let first = deletion("/api/firewalls/a");
    eventually("the first is asked", || is_asked(1)(&driver).then_some(()));
    // Two may wait for it, however their request is spelled, and so one is turned away.
    let others = ["/api/firewalls/a", "/api/firewalls/%61/", "/api//firewalls/a"].map(deletion);
    eventually("one is turned away", || others.iter().any(thread::JoinHandle::is_finished).then_some(()));
    let answer = Connection::to(address).send(Request::delete("/api/firewalls/a").on_mock()).expect(503);
    assert_eq!(answer.message(), "Other changes of this firewall are under way. This one was not begun; try again.");
    assert_eq!(answer.header("Retry-After"), Some("1"));
    assert_eq!(driver.asked.load(Ordering::SeqCst), 1);
    // Reads and plans of it do not wait, nor do changes of others.
    Connection::to(address).send(Request::get("/api/firewalls/a").on_mock()).expect(502);
    Connection::to(address).send(Request::delete("/api/firewalls/a?dry_run=true").on_mock()).expect(502);
    let other = deletion("/api/firewalls/b");
    eventually("the other is asked", || is_asked(2)(&driver).then_some(()));
    driver.let_go.add_permits(4);
    let mut statuses: Vec<_> = others.into_iter().chain([first, other]).map(|one| one.join().unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 204, 204, 204, 503]);
    assert_eq!(driver.asked.load(Ordering::SeqCst), 4);
}
