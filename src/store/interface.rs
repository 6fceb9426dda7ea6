//! What each kind of store does.

use std::fmt;

use async_trait::async_trait;

use super::change_id::ChangeId;
use super::documents::DocumentWrites;
use super::error::{BeginError, StoreError};
use super::expiry::Expiry;
use super::place::Place;
use super::record::{Beginning, Query, Record, Sealed, Step};
use crate::clock::Timestamp;

/// What keeps what must not be lost.
///
/// # Contract
/// **Atomic.** Each call is done whole or not at all, and what it has answered is in every answer that starts after it, of all
/// gateways that share the store.
///
/// **Kept.** Where the store [is durable](Self::is_durable), what a call has answered is there after the process was killed and after the machine lost its power.
///
/// **One at a time.** Of changes that are [open](super::record::State::is_open) there is at most one for each place: a second is [`BeginError::Busy`].
///
/// **As it was seen.** What is written [only if](DocumentWrites::only_if) a document is as it was seen is written before anybody else can write
/// that document. So of several that have seen the same and write something else in its place, one does, whichever gateways they are of.
///
/// **Names are names.** No character of a document's name has a meaning, and their order is that of their bytes.
///
/// **Sealed.** Credentials come sealed and go out sealed. When the change or expiry that they are for ends, they are removed. A store that
/// one gateway has in a file overwrites them, and no file of it has them any more when the call answers; a server may keep them for
/// as long as it keeps what was deleted.
///
/// **Failing.** A call that fails has changed nothing; or the store cannot tell, and [says so](StoreError::is_unclear). It may be made again.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Whether what it keeps outlives the process.
    fn is_durable(&self) -> bool;

    /// Whether other gateways may have it, too.
    fn is_shared(&self) -> bool;

    /// Keeps a change that is about to be made, with all that is needed to end it.
    async fn begin(&self, beginning: Beginning) -> Result<(), BeginError>;

    /// Takes a change one step on, if it is in one of the states that the step is from and nobody else works on it. Whether it was.
    async fn step(&self, id: &ChangeId, step: Step) -> Result<bool, BeginError>;

    /// One change.
    async fn change(&self, id: &ChangeId) -> Result<Option<Record>, StoreError>;

    /// The changes that are asked for, the newest first; without the firewalls before and after them.
    async fn changes(&self, query: &Query) -> Result<Vec<Record>, StoreError>;

    /// All changes that are [open](super::record::State::is_open), the oldest first; without the firewalls before and after them.
    async fn open_changes(&self) -> Result<Vec<Record>, StoreError>;

    /// The sealed credentials that a change or an expiry is ended with, by its id; none where there are none.
    async fn credentials(&self, of: &str) -> Result<Option<Sealed>, StoreError>;

    /// All that is still to end, the first to end first.
    async fn expiries(&self) -> Result<Vec<Expiry>, StoreError>;

    /// Takes these expiries for a gateway until then, so that no other works on them: those of them that are there and nobody has. They are
    /// the caller's again each time it asks.
    async fn claim_expiries(
        &self,
        ids: &[String],
        by: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<String>, StoreError>;

    /// Forgets these expiries, with their credentials. Those that are gone already are none.
    async fn end_expiries(&self, ids: &[String]) -> Result<(), StoreError>;

    /// Forgets changes that were made before then and are not [open](super::record::State::is_open), the oldest first and so many at most. How many
    /// they were.
    async fn prune(&self, made_before: Timestamp, most: usize) -> Result<usize, StoreError>;

    /// How the last change of a firewall that is known has left it: its id, and the firewall.
    async fn left(&self, place: &Place) -> Result<Option<(ChangeId, String)>, StoreError>;

    /// The document of this name, if one was ever written.
    async fn document(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Writes a document in place of the one that has its name.
    async fn write_document(&self, name: &str, document: &str) -> Result<(), StoreError>;

    /// All documents whose names begin so, as they were at one time, in the order of their names.
    async fn documents(&self, start: &str) -> Result<Vec<(String, String)>, StoreError>;

    /// Writes these documents all at once. Whether it did: false where the one that they depend on is not as it was seen.
    async fn write_documents(&self, writes: DocumentWrites) -> Result<bool, StoreError>;
}
