//! Tokens: who has one, and until when. All gateways of one store know them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::store::error::StoreError;
use crate::store::{DocumentWrites, Store};
use crate::text::hex;

/// How long a token is good.
pub(super) const LIFE: Duration = Duration::from_secs(900);

/// How many are known at a time: beyond, those go that end first.
const MOST: usize = 10_000;

/// What the names of their documents begin with. Behind it stands a hash: who reads the store has no token.
const DOCUMENTS: &str = "halo-token/";

/// The tokens that are known.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    known: Mutex<HashMap<String, Token>>,
    has_loaded: AtomicBool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Token {
    /// The id of the key that it was given for.
    key: String,
    /// When it ends, in milliseconds since 1970.
    until: i64,
}

/// Why there is no token.
#[derive(Debug)]
pub(super) enum NotIssued {
    NoRandomNumbers,
    Store(StoreError),
}

impl Tokens {
    /// Gives out a token for a key.
    pub(super) async fn issue(&self, store: &dyn Store, now: Timestamp, key: &str) -> Result<String, NotIssued> {
        if !self.has_loaded.load(Ordering::Acquire) {
            self.load(store).await.map_err(NotIssued::Store)?;
        }
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).or(Err(NotIssued::NoRandomNumbers))?;
        let text = hex(&bytes);
        let token = Token { key: key.to_owned(), until: now.after(LIFE).millis() };
        let written = serde_json::to_string(&token).ok();
        let over = self.over(now);
        let gone = over.iter().map(|hash| (document(hash), None));
        let writes = gone.chain([(document(&hashed(&text)), written)]).collect();
        store.write_documents(DocumentWrites { writes, only_if: None }).await.map_err(NotIssued::Store)?;
        let mut known = self.known();
        known.retain(|hash, _| !over.contains(hash));
        known.insert(hashed(&text), token);
        Ok(text)
    }

    /// The key that a token was given for, if it is good.
    pub(super) async fn key(
        &self,
        store: &dyn Store,
        now: Timestamp,
        text: &str,
    ) -> Result<Option<String>, StoreError> {
        let hash = hashed(text);
        let mut found = self.known().get(&hash).cloned();
        let may_be_there = store.is_shared() || !self.has_loaded.load(Ordering::Acquire);
        if found.is_none() && text.len() == 32 && may_be_there {
            let document = store.document(&document(&hash)).await?;
            found = document.and_then(|text| serde_json::from_str(&text).ok());
            if let Some(token) = &found {
                self.known().insert(hash, token.clone());
            }
        }
        Ok(found.filter(|token| token.until > now.millis()).map(|token| token.key))
    }

    async fn load(&self, store: &dyn Store) -> Result<(), StoreError> {
        for (name, text) in store.documents(DOCUMENTS).await? {
            let hash = name.strip_prefix(DOCUMENTS).unwrap_or_default();
            if let Ok(token) = serde_json::from_str(&text) {
                self.known().insert(hash.to_owned(), token);
            }
        }
        self.has_loaded.store(true, Ordering::Release);
        Ok(())
    }

    /// Those that are over, or have to go for others.
    fn over(&self, now: Timestamp) -> Vec<String> {
        let known = self.known();
        let mut all: Vec<_> = known.iter().map(|(hash, token)| (token.until, hash.clone())).collect();
        all.sort_unstable();
        let too_many = (all.len() + 1).saturating_sub(MOST);
        let over = all.iter().take_while(|(until, _)| *until <= now.millis()).count();
        all.truncate(over.max(too_many));
        all.into_iter().map(|(_, hash)| hash).collect()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Token>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hashed(text: &str) -> String {
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

fn document(hash: &str) -> String {
    format!("{DOCUMENTS}{hash}")
}
