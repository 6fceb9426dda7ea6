//! A gateway that is killed at a step: the Nth time that something is about to be written or asked, or just was.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use deltawall::changes::guards::Guards;
use deltawall::changes::{Changes, Parts};
use deltawall::clock::{SystemClock, Timestamp};
use deltawall::config::{Config, Ec2, Kept, StorePlace};
use deltawall::gateway::{Gateway, Registry};
use deltawall::http::Server;
use deltawall::policies::Policies;
use deltawall::store::error::{BeginError, StoreError};
use deltawall::store::expiry::Expiry;
use deltawall::store::opening::{self, Opened};
use deltawall::store::place::Place;
use deltawall::store::record::{Beginning, Query, Record, Sealed, Step};
use deltawall::store::{ChangeId, DocumentWrites, Store};
use deltawall_core::*;
use rustix::process::{Signal, getpid, kill_process};
use serde::{Deserialize, Serialize};

use crate::server;

/// Where the child is told what to be.
pub const ORDERS: &str = "DELTAWALL_KILLED";

/// What the child is to be.
#[derive(Debug, Serialize, Deserialize)]
pub struct Orders {
    /// At which step it is killed; 0 for never.
    pub at: usize,
    /// Where EC2 is.
    pub ec2: String,
    /// The file of its store.
    pub state: PathBuf,
    /// Where it writes what was sealed and kept, a line each.
    pub sealed: PathBuf,
}

/// Serves until it is killed.
pub fn serve(orders: Orders) {
    let ec2 = Ec2 { endpoints: vec![(None, orders.ec2)], ..Ec2::default() };
    let kept = Kept { place: StorePlace::File(orders.state), ..Kept::default() };
    let config = Config { port: 0, driver: "ec2".into(), ec2, kept, ..Config::default() };
    let life = Arc::new(Life { at: orders.at, steps: AtomicUsize::new(0) });
    let drivers = Registry::from_config(&config, &server::no_documents()).unwrap();
    let inner = Arc::clone(drivers.get("ec2").unwrap());
    let mut registry = Registry::default();
    registry.add(Arc::new(MortalDriver { inner, life: Arc::clone(&life) }), None, None);
    let gateway = Arc::new(Gateway::new(registry, &config).unwrap());
    let (changes, policies) = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        let Opened { store, key } = opening::open(&config.kept).await.unwrap();
        let store = Arc::new(MortalStore { inner: store, life, sealed: orders.sealed });
        let (clock, guards) = (Arc::new(SystemClock::default()), Guards::default());
        let changes = Changes::new(Parts { gateway, store, key, clock, guards, keep: config.kept.time }, true);
        changes.start().await.unwrap();
        let changes = Arc::new(changes);
        let policies = Arc::new(Policies::new(&config, &changes).unwrap());
        policies.start().await;
        (changes, policies)
    });
    Server::bind(&config, changes, policies).unwrap().run(|line| println!("\n{line}")).unwrap();
}

/// How far it is from its end.
#[derive(Debug)]
struct Life {
    at: usize,
    steps: AtomicUsize,
}

impl Life {
    fn step(&self) {
        if self.steps.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            kill_process(getpid(), Signal::KILL).unwrap();
            loop {
                std::thread::park();
            }
        }
    }

    /// Before a call and after it.
    async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        self.step();
        let answer = call.await;
        self.step();
        answer
    }
}

#[derive(Debug)]
struct MortalStore {
    inner: Arc<dyn Store>,
    life: Arc<Life>,
    sealed: PathBuf,
}

impl MortalStore {
    fn note<'a>(&self, sealed: impl IntoIterator<Item = &'a Sealed>) {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.sealed).unwrap();
        for Sealed(bytes) in sealed {
            writeln!(file, "{}", BASE64_STANDARD.encode(bytes)).unwrap();
        }
    }
}

/// What is only read is no step: nothing is different before and after it.
#[async_trait]
impl Store for MortalStore {
    fn is_durable(&self) -> bool {
        self.inner.is_durable()
    }
    fn is_shared(&self) -> bool {
        self.inner.is_shared()
    }
    async fn begin(&self, beginning: Beginning) -> Result<(), BeginError> {
        self.note(&beginning.credentials);
        self.note(beginning.expiries.iter().filter_map(|(_, sealed)| sealed.as_ref()));
        self.life.around(self.inner.begin(beginning)).await
    }
    async fn step(&self, id: &ChangeId, step: Step) -> Result<bool, BeginError> {
        self.note(&step.credentials);
        self.life.around(self.inner.step(id, step)).await
    }
    async fn document(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.inner.document(name).await
    }
    async fn write_document(&self, name: &str, document: &str) -> Result<(), StoreError> {
        self.life.around(self.inner.write_document(name, document)).await
    }
    async fn documents(&self, start: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.inner.documents(start).await
    }
    async fn write_documents(&self, writes: DocumentWrites) -> Result<bool, StoreError> {
        self.life.around(self.inner.write_documents(writes)).await
    }
    async fn change(&self, id: &ChangeId) -> Result<Option<Record>, StoreError> {
        self.inner.change(id).await
    }
    async fn changes(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        self.inner.changes(query).await
    }
    async fn open_changes(&self) -> Result<Vec<Record>, StoreError> {
        self.inner.open_changes().await
    }
    async fn credentials(&self, of: &str) -> Result<Option<Sealed>, StoreError> {
        self.inner.credentials(of).await
    }
    async fn expiries(&self) -> Result<Vec<Expiry>, StoreError> {
        self.inner.expiries().await
    }
    async fn claim_expiries(
        &self,
        ids: &[String],
        by: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        self.life.around(self.inner.claim_expiries(ids, by, now, until)).await
    }
    async fn end_expiries(&self, ids: &[String]) -> Result<(), StoreError> {
        self.life.around(self.inner.end_expiries(ids)).await
    }
    /// It comes when it likes, and forgets nothing here.
    async fn prune(&self, made_before: Timestamp, most: usize) -> Result<usize, StoreError> {
        self.inner.prune(made_before, most).await
    }
    async fn left(&self, place: &Place) -> Result<Option<(ChangeId, String)>, StoreError> {
        self.inner.left(place).await
    }
}

#[derive(Debug)]
struct MortalDriver {
    inner: Arc<dyn Driver>,
    life: Arc<Life>,
}

#[async_trait]
impl Driver for MortalDriver {
    fn id(&self) -> &'static str {
        self.inner.id()
    }
    fn name(&self) -> &'static str {
        self.inner.name()
    }
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    fn providers(&self) -> Vec<Provider> {
        self.inner.providers()
    }
    fn provider(&self, name: &str) -> Result<ProviderName, Error> {
        self.inner.provider(name)
    }
    fn default_provider(&self) -> Option<ProviderName> {
        self.inner.default_provider()
    }
    async fn authenticate(&self, context: &Context) -> Result<(), Error> {
        self.inner.authenticate(context).await
    }
    async fn firewalls(&self, context: &Context, filter: &Filter) -> Result<Vec<Arc<Firewall>>, Error> {
        self.inner.firewalls(context, filter).await
    }
    async fn firewall(&self, context: &Context, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        self.inner.firewall(context, id).await
    }
    async fn create_firewall(&self, context: &Context, new: NewFirewall) -> Result<Arc<Firewall>, Error> {
        self.life.around(self.inner.create_firewall(context, new)).await
    }
    async fn delete_firewall(&self, context: &Context, id: &FirewallId) -> Result<Deletion, Error> {
        self.life.around(self.inner.delete_firewall(context, id)).await
    }
    async fn create_rule(
        &self,
        context: &Context,
        id: &FirewallId,
        new: NewRule,
        position: Position,
    ) -> Result<Arc<Firewall>, Error> {
        self.life.around(self.inner.create_rule(context, id, new, position)).await
    }
    async fn delete_rule(&self, context: &Context, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Error> {
        self.life.around(self.inner.delete_rule(context, id, rule)).await
    }
    async fn replace_rules(&self, context: &Context, replacement: Replacement<'_>) -> Result<Arc<Firewall>, Error> {
        self.life.around(self.inner.replace_rules(context, replacement)).await
    }
    async fn counted(&self, context: &Context, id: &FirewallId) -> Result<(Arc<Firewall>, Vec<Hits>), Error> {
        self.inner.counted(context, id).await
    }
    async fn members(&self, context: &Context, id: &FirewallId) -> Result<Vec<Member>, Error> {
        self.inner.members(context, id).await
    }
}
