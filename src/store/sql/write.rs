//! What is written, and what comes of it.

use crate::clock::Timestamp;
use crate::store::change_id::ChangeId;
use crate::store::documents::DocumentWrites;
use crate::store::record::{Beginning, Sealed, Step};

/// What is written: all of it, or nothing.
#[derive(Debug)]
pub(super) enum Write {
    /// A change begins.
    Begin(Box<Beginning>),
    /// A change goes a step on.
    Step(ChangeId, Box<Step>),
    /// Expiries are taken by a gateway.
    Claim { ids: Vec<String>, by: String, now: Timestamp, until: Timestamp },
    /// These expiries are over.
    EndExpiries(Vec<String>),
    /// Changes that were made before then, and have come to their end, are forgotten: so many at most.
    Prune(Timestamp, i64),
    /// Documents.
    Documents(DocumentWrites),
    /// What the key is known by, where there was nothing.
    KeyCheck(Sealed),
}

/// What comes of it.
#[derive(Debug)]
pub(super) enum Wrote {
    /// It is there.
    All,
    /// Whether the change has begun.
    Begin(bool),
    /// Whether the change was in a state that the step is from, and nobody else's.
    Step(bool),
    /// The expiries that were free.
    Claim(Vec<String>),
    /// Whether the document that they depend on was as it was seen.
    Documents(bool),
    /// How many changes were forgotten.
    Prune(u64),
}
