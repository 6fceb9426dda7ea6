//! Documents in memory, and drivers that keep theirs there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use deltawall_core::conformance::context;
use deltawall_core::{Context, Credentials, Document, Documents, NotKept, ProviderName};
use deltawall_nftables::{Nftables, Options};

use crate::namespaces::PROVIDERS;

/// What the tests' drivers answer to.
const LOGIN: (&str, &str) = ("gateway", "secret");

/// A call that the driver answers to, of the namespace that the test is in.
pub fn me() -> Context {
    context(LOGIN.0, LOGIN.1)
}

/// Documents in memory.
#[derive(Debug, Default)]
pub struct Kept(Mutex<HashMap<ProviderName, Document>>);

#[async_trait]
impl Documents for Kept {
    async fn read(&self, _: &'static str, provider: &ProviderName) -> Result<Option<Document>, NotKept> {
        Ok(self.0.lock().unwrap().get(provider).cloned())
    }

    async fn write(&self, _: &'static str, provider: &ProviderName, document: &Document) -> Result<(), NotKept> {
        self.0.lock().unwrap().insert(provider.clone(), document.clone());
        Ok(())
    }
}

/// A driver for all namespaces of the test, which has been started.
pub async fn driver(kept: &Arc<Kept>, options: Options) -> Nftables {
    let options = Options { namespaces: PROVIDERS.map(str::to_owned).to_vec(), ..options };
    let driver =
        Nftables::new(options, Arc::clone(kept) as Arc<dyn Documents>, Credentials::new(LOGIN.0, LOGIN.1)).unwrap();
    if let Err(failed) = driver.start().await {
        panic!("{failed:?}");
    }
    driver
}
