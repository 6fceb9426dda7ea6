//! Documents in memory, and drivers that keep theirs there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use deltawall_core::conformance::context;
use deltawall_core::{
    Context, Credentials, Description, Document, Documents, Driver, Firewall, FirewallName, NewFirewall, NotKept,
    ProviderName,
};
use deltawall_nftables::{Nftables, Options};

use crate::namespaces::PROVIDERS;

/// What the tests' drivers answer to.
const LOGIN: (&str, &str) = ("gateway", "secret");

/// A call that the driver answers to, of the namespace that the test is in.
pub fn me() -> Context {
    context(LOGIN.0, LOGIN.1)
}

/// The credentials of such a call.
pub fn login() -> Credentials {
    Credentials::new(LOGIN.0, LOGIN.1)
}

/// Documents in memory.
#[derive(Debug, Default)]
pub struct Kept {
    documents: Mutex<HashMap<ProviderName, Document>>,
    fails: AtomicBool,
}

impl Kept {
    /// Whether nothing can be written from now on.
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }
}

#[async_trait]
impl Documents for Kept {
    async fn read(&self, _: &'static str, provider: &ProviderName) -> Result<Option<Document>, NotKept> {
        Ok(self.documents.lock().unwrap().get(provider).cloned())
    }

    async fn write(&self, _: &'static str, provider: &ProviderName, document: &Document) -> Result<(), NotKept> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(NotKept("the disk is full".into()));
        }
        self.documents.lock().unwrap().insert(provider.clone(), document.clone());
        Ok(())
    }
}

/// A driver for all namespaces of the test, which has been started.
pub async fn driver(kept: &Arc<Kept>, options: Options) -> Nftables {
    let options = Options { namespaces: PROVIDERS.map(str::to_owned).to_vec(), ..options };
    let driver = Nftables::new(options, Arc::clone(kept) as Arc<dyn Documents>, login()).unwrap();
    if let Err(failed) = driver.start().await {
        panic!("{failed:?}");
    }
    driver
}

/// Makes a firewall.
pub async fn create(driver: &dyn Driver, name: &str) -> Arc<Firewall> {
    let (name, description) = (FirewallName::new(name).unwrap(), Description::new("d").unwrap());
    driver.create_firewall(&me(), NewFirewall { name, description, network: None }).await.unwrap()
}
