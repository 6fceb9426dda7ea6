//! Each sort of failure that a driver can have, and what clients see of it: the whole table.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deltawall::config::Config;
use deltawall_core::{
    Capabilities, Context, Deletion, Driver, Error, ErrorKind, Filter, Firewall, FirewallId, Hits, Member, NewFirewall,
    NewRule, Position, Provider, ProviderName, Replacement, RuleId,
};
use insta::assert_snapshot;

use crate::server::{Server, in_process};
use crate::wire::{Connection, Request};

/// Fails in the way that the id of a firewall names.
#[derive(Debug)]
struct Faulty;

const KINDS: [(&str, ErrorKind); 12] = [
    ("invalid", ErrorKind::Invalid),
    ("unauthenticated", ErrorKind::Unauthenticated),
    ("forbidden", ErrorKind::Forbidden),
    ("not-found", ErrorKind::NotFound),
    ("state", ErrorKind::State),
    ("conflict", ErrorKind::Conflict),
    ("unsupported", ErrorKind::Unsupported),
    ("refused", ErrorKind::Refused),
    ("overloaded", ErrorKind::Overloaded),
    ("unavailable", ErrorKind::Unavailable),
    ("timeout", ErrorKind::Timeout),
    ("internal", ErrorKind::Internal),
];

impl Faulty {
    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.id(), "It says \u{1}]]> & <no>\n  REQUEST ID=1")
            .with_code("Some.Code")
            .with_source("secret")
    }
}

#[async_trait]
impl Driver for Faulty {
    fn id(&self) -> &'static str {
        "faulty"
    }
    fn name(&self) -> &'static str {
        "Faulty"
    }
    fn capabilities(&self) -> Capabilities {
        let mut can = Capabilities::default();
        can.firewalls.delete = true;
        can
    }
    fn providers(&self) -> Vec<Provider> {
        Vec::new()
    }
    fn provider(&self, _: &str) -> Result<ProviderName, Error> {
        Err(self.error(ErrorKind::Invalid))
    }
    fn default_provider(&self) -> Option<ProviderName> {
        None
    }
    async fn authenticate(&self, _: &Context) -> Result<(), Error> {
        Err(self.error(ErrorKind::Unavailable))
    }
    async fn firewalls(&self, _: &Context, _: &Filter) -> Result<Vec<Arc<Firewall>>, Error> {
        std::future::pending().await
    }
    async fn firewall(&self, _: &Context, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        let (_, kind) = KINDS.iter().find(|(name, _)| *name == id.as_str()).unwrap();
        Err(self.error(*kind))
    }
    async fn create_firewall(&self, _: &Context, _: NewFirewall) -> Result<Arc<Firewall>, Error> {
        unreachable!("the gateway asks only for what a driver can do")
    }
    async fn delete_firewall(&self, _: &Context, _: &FirewallId) -> Result<Deletion, Error> {
        Err(self.error(ErrorKind::State))
    }
    async fn create_rule(&self, _: &Context, _: &FirewallId, _: NewRule, _: Position) -> Result<Arc<Firewall>, Error> {
        unreachable!("the gateway asks only for what a driver can do")
    }
    async fn delete_rule(&self, _: &Context, _: &FirewallId, _: &RuleId<'_>) -> Result<(), Error> {
        unreachable!("the gateway asks only for what a driver can do")
    }
    async fn replace_rules(&self, _: &Context, _: Replacement<'_>) -> Result<Arc<Firewall>, Error> {
        unreachable!("the gateway asks only for what a driver can do")
    }
    async fn counted(&self, _: &Context, _: &FirewallId) -> Result<(Arc<Firewall>, Vec<Hits>), Error> {
        unreachable!("the gateway asks only for what a driver can do")
    }
    async fn members(&self, _: &Context, _: &FirewallId) -> Result<Vec<Member>, Error> {
        unreachable!("the gateway asks only for what a driver can do")
    }
}

fn connect() -> Connection {
    let config = Config { backend_timeout: Duration::from_millis(200), ..Config::default() };
    Connection::to(in_process(Arc::new(Faulty), config))
}

#[test]
fn every_kind_of_failure_has_its_status() {
    let mut connection = connect();
    let mut seen = BTreeSet::new();
    for (name, _) in KINDS {
        for format in ["xml", "json"] {
            let target = format!("/api/firewalls/{name}?format={format}");
            let answer = connection.send(Request::get(&target).on_mock());
            assert!(!answer.body.contains("secret"), "what an error came from is for the log");
            seen.insert(answer.status);
            assert_snapshot!(format!("failure_{name}-{format}"), answer.text());
        }
    }
    // The rest of the table is the gateway's own: 406, 413 and 415 are tested with formats, limits and parameters.
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [400, 401, 403, 404, 405, 409, 500, 501, 502, 503, 504]);
}

#[test]
fn a_driver_that_does_not_answer_is_given_up() {
    let mut connection = connect();
    for format in ["xml", "json"] {
        let answer = connection.send(Request::get(&format!("/api/firewalls?format={format}")).on_mock());
        assert_snapshot!(
            format!("no_answer_in_time-{format}"),
            answer.text().replace("within 0.2 seconds", "within N seconds")
        );
    }
    connection.send(Request::get("/api")).expect(200);
}

#[test]
fn what_a_driver_cannot_do_is_not_asked_of_it_nor_offered() {
    let mut connection = connect();
    for (request, message) in [
        (Request::post("/api/firewalls"), "The faulty driver cannot create firewalls."),
        (Request::post("/api/firewalls/a/rules"), "The faulty driver cannot create rules."),
        (Request::delete("/api/firewalls/a/1"), "The faulty driver cannot delete rules."),
    ] {
        let answer = connection.send(request.on_mock()).expect(501);
        assert_eq!(answer.message(), message);
    }
    let entry_point = connection.send(Request::get("/api")).expect(200);
    assert!(!entry_point.body.contains("feature"), "{}", entry_point.body);
    assert_eq!(connection.send(Request::get("/api?force_auth=1").on_mock()).status, 502);
    assert_eq!(connection.send(Request::get("/api").header("X-Deltacloud-Provider", "x")).status, 400);
}

#[test]
fn a_state_that_does_not_permit_a_method_leaves_the_others() {
    let mut connection = connect();
    let answer = connection.send(Request::delete("/api/firewalls/a").on_mock()).expect(405);
    assert_eq!(answer.header("Allow"), Some("GET, HEAD, OPTIONS"));
}

#[test]
fn what_is_no_http_costs_one_connection() {
    let server = Server::start();
    for nonsense in [
        "nonsense\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET /api HTTP/9.9\r\n\r\n".to_owned(),
        "GET /api HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".to_owned(),
        format!("GET /api HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(200_000)),
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "y".repeat(70_000)),
    ] {
        let mut connection = server.connect();
        connection.write(nonsense.as_bytes());
        // It is refused before there is a request that could have an answer of this API.
        let status = connection.read(false).status;
        assert!((400..500).contains(&status), "{status}");
        server.send(Request::get("/api")).expect(200);
    }
}
