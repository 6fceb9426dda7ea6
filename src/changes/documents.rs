//! What drivers keep of their firewalls, in the gateway's store.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use deltawall_core::{Document, Documents, KeptFirewall, NotKept, ProviderName};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::snapshot;
use crate::store::Store;

/// Documents in a store.
#[derive(Debug)]
pub struct StoredDocuments(pub Arc<dyn Store>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDocument {
    last_number: u32,
    firewalls: Vec<WrittenFirewall>,
}

/// A firewall as a snapshot has it, with its number and those of its rules.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFirewall {
    number: u32,
    numbers: Vec<u32>,
    firewall: Box<RawValue>,
}

#[async_trait]
impl Documents for StoredDocuments {
    async fn read(&self, driver: &'static str, provider: &ProviderName) -> Result<Option<Document>, NotKept> {
        let text = self.0.document(&name(driver, provider)).await.map_err(unkept)?;
        text.map(|text| read(&text).map_err(unkept)).transpose()
    }

    async fn write(&self, driver: &'static str, provider: &ProviderName, document: &Document) -> Result<(), NotKept> {
        let text = written(document).map_err(unkept)?;
        self.0.write_document(&name(driver, provider), &text).await.map_err(unkept)
    }
}

fn name(driver: &str, provider: &ProviderName) -> String {
    format!("{driver}/{provider}")
}

fn unkept(why: impl ToString) -> NotKept {
    NotKept(why.to_string())
}

fn written(document: &Document) -> Result<String, serde_json::Error> {
    let firewall = |kept: &KeptFirewall| {
        let firewall = RawValue::from_string(snapshot::write(&kept.firewall))?;
        Ok(WrittenFirewall { number: kept.number, numbers: kept.numbers.clone(), firewall })
    };
    let firewalls = document.firewalls.iter().map(firewall).collect::<Result<_, serde_json::Error>>()?;
    serde_json::to_string(&WrittenDocument { last_number: document.last_number, firewalls })
}

fn read(text: &str) -> Result<Document, Box<dyn Error>> {
    let WrittenDocument { last_number, firewalls } = serde_json::from_str(text)?;
    let kept = |WrittenFirewall { number, numbers, firewall }| {
        let firewall = Arc::new(snapshot::read(firewall.get())?);
        match firewall.rules.len() == numbers.len() {
            true => Ok(KeptFirewall { firewall, number, numbers }),
            false => Err(format!("the rules of '{}' are not as many as their numbers", firewall.name).into()),
        }
    };
    Ok(Document { firewalls: firewalls.into_iter().map(kept).collect::<Result<_, Box<dyn Error>>>()?, last_number })
}
