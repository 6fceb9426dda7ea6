//! Where a driver keeps what its cloud does not.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::driver::ProviderName;
use crate::model::Firewall;

/// All firewalls of one provider, as a driver keeps them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// The firewalls, in their order.
    pub firewalls: Vec<KeptFirewall>,
    /// The number that a rule got last.
    pub last_number: u32,
}

/// A firewall with what its cloud calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFirewall {
    /// The firewall with its rules.
    pub firewall: Arc<Firewall>,
    /// Its number, which no other firewall of the document has.
    pub number: u32,
    /// The numbers of its rules, in their order. No other rule of the document has one of them.
    pub numbers: Vec<u32>,
}

/// Why a document could not be read or written, in words for operators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotKept(pub String);

/// What keeps documents for drivers.
///
/// # Contract
/// What was written is what is read, after a crash too. A document that could not be written is the one that it was.
#[async_trait]
pub trait Documents: fmt::Debug + Send + Sync + 'static {
    /// The document of a provider, if one was ever written.
    ///
    /// # Errors
    /// When it is not known whether there is one, or what it says.
    async fn read(&self, driver: &'static str, provider: &ProviderName) -> Result<Option<Document>, NotKept>;

    /// Writes the document of a provider in place of the one that is there.
    ///
    /// # Errors
    /// When it was not written, or it is not known whether it was.
    async fn write(&self, driver: &'static str, provider: &ProviderName, document: &Document) -> Result<(), NotKept>;
}
