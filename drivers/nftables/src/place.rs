//! One provider: the firewalls of one network namespace, in the document and in the kernel.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use deltawall_core::{Account, Document, Documents, Error, ErrorKind, Firewall, FirewallId, ProviderName};
use tokio::sync::{Mutex, OwnedRwLockReadGuard, RwLock};

use crate::boot;
use crate::capabilities::ID;
use crate::commands::Transaction;
use crate::compared::Compared;
use crate::generation::generation;
use crate::host;
use crate::listing::Listing;
use crate::nft::Nft;
use crate::observed::{self, Observed};
use crate::options::Options;
use crate::refusal::{unkept, unknown_table};
use crate::write;

/// From how many bytes on a list is read on a thread of its own.
const LONG: usize = 64 * 1024;

/// One provider.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) name: ProviderName,
    pub(crate) nft: Nft,
    pub(crate) documents: Arc<dyn Documents>,
    pub(crate) options: Arc<Options>,
    /// What the host is called, which owns its firewalls.
    pub(crate) host: Account,
    /// What is to be in force; none before it was put in force for the first time. Who changes the kernel writes here
    /// meanwhile, so that nobody compares one half of a change with the other.
    document: Arc<RwLock<Option<Document>>>,
    looking: Mutex<()>,
    /// Whoever writes the file for the machine's start.
    renewing: Mutex<()>,
    /// The generation of the kernel's rules in which all is in force that is to be, and nothing else.
    intact: std::sync::Mutex<Option<u32>>,
    /// Whether it was told that the firewall is not in force.
    is_told: AtomicBool,
}

impl Place {
    pub(crate) fn new(
        name: ProviderName,
        nft: Nft,
        documents: Arc<dyn Documents>,
        options: Arc<Options>,
        host: Account,
    ) -> Self {
        Self {
            name,
            nft,
            documents,
            options,
            host,
            document: Arc::default(),
            looking: Mutex::default(),
            renewing: Mutex::default(),
            intact: std::sync::Mutex::default(),
            is_told: AtomicBool::new(false),
        }
    }

    /// Puts in force what was last in force, unless that was done already.
    ///
    /// # Errors
    /// Where it cannot be read, or the kernel does not take it.
    pub(crate) async fn start(&self) -> Result<(), Error> {
        let mut document = self.document.write().await;
        if document.is_some() {
            return Ok(());
        }
        let listed = self.list().await?;
        let kept = self.documents.read(ID, &self.name).await.map_err(unkept)?;
        let to_be = match kept {
            Some(kept) => kept,
            None if listed.is_some() => return Err(unknown_table(&self.name)),
            None => {
                let first =
                    host::first(&self.host).ok_or_else(|| Error::new(ErrorKind::Internal, ID, "No firewall."))?;
                self.documents.write(ID, &self.name, &first).await.map_err(unkept)?;
                first
            }
        };
        self.nft.apply(write::whole(&to_be, listed.as_ref(), &self.options)).await?;
        // What nft lists must be what was written, or nothing that it lists later could be understood.
        let compared = self.compare(&to_be).await?;
        let differing = compared.differing(&to_be, &self.host, &self.options);
        if let Some(differing) = differing {
            let message =
                format!("This version of nft lists rules in words that the driver does not know: {differing}.");
            return Err(Error::new(ErrorKind::Internal, ID, message));
        }
        *document = Some(to_be);
        drop(document);
        boot::renew(&self.nft, &self.options, &self.renewing).await;
        Ok(())
    }

    async fn list(&self) -> Result<Option<Listing>, Error> {
        // One after the other, so that no more than one long list is held for each namespace.
        let _turn = self.looking.lock().await;
        let Some(text) = self.nft.list().await? else { return Ok(None) };
        let unread = |why: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(ErrorKind::Internal, ID, "What nft lists of the table cannot be read.").with_source(why)
        };
        let listing = match text.len() {
            // Whoever else waits on this thread waits no longer than for a short one.
            LONG.. => {
                tokio::task::spawn_blocking(move || Listing::read(&text)).await.map_err(|why| unread(why.into()))?
            }
            _ => Listing::read(&text),
        };
        listing.map(Some).map_err(|why| unread(why.into()))
    }

    pub(crate) async fn compare(&self, document: &Document) -> Result<Compared, Error> {
        let listing = self.list().await?;
        let differs = match &listing {
            Some(listing) => observed::frame_differs(listing, document, &self.options),
            None => Some("the table is gone".into()),
        };
        // Once, and not with each look at it.
        if self.is_told.swap(differs.is_some(), Ordering::Relaxed) != differs.is_some() {
            match &differs {
                Some(differs) => {
                    tracing::error!(provider = %self.name, differs, "another program has changed the firewall: no rule counts");
                }
                None => tracing::info!(provider = %self.name, "the firewall is in force again"),
            }
        }
        Ok(Compared { listing, differs })
    }

    async fn read(&self) -> Result<OwnedRwLockReadGuard<Option<Document>, Document>, Error> {
        loop {
            let guard = Arc::clone(&self.document).read_owned().await;
            match OwnedRwLockReadGuard::try_map(guard, Option::as_ref) {
                Ok(document) => return Ok(document),
                Err(none) => drop(none),
            }
            self.start().await?;
        }
    }

    /// All firewalls, as they are in force.
    pub(crate) async fn observe_all(&self) -> Result<Vec<Observed>, Error> {
        let document = self.read().await?;
        if self.is_intact() {
            return Ok(document.firewalls.iter().map(observed::intact).collect());
        }
        let compared = self.look(&document).await?;
        Ok(document.firewalls.iter().map(|kept| compared.observe(kept, &self.host, &self.options)).collect())
    }

    /// One firewall, as it is in force.
    pub(crate) async fn observe(&self, id: &FirewallId) -> Result<Observed, Error> {
        let document = self.read().await?;
        let kept = host::find(&document, id)?;
        if self.is_intact() {
            return Ok(observed::intact(kept));
        }
        let compared = self.look(&document).await?;
        Ok(compared.observe(kept, &self.host, &self.options))
    }

    /// One firewall, as it is to be.
    pub(crate) async fn kept(&self, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        let document = self.read().await?;
        Ok(Arc::clone(&host::find(&document, id)?.firewall))
    }

    /// The same, with what its rules have counted.
    pub(crate) async fn count(&self, id: &FirewallId) -> Result<Observed, Error> {
        let document = self.read().await?;
        let kept = host::find(&document, id)?;
        let compared = self.compare(&document).await?;
        Ok(compared.observe(kept, &self.host, &self.options))
    }

    /// How often the kernel's rules have changed; none where that is not known.
    fn generation(&self) -> Option<u32> {
        if self.nft.is_own() { generation() } else { None }
    }

    /// Whether nobody has changed anything since all was in force that is to be.
    pub(crate) fn is_intact(&self) -> bool {
        self.was_intact_at(self.generation())
    }

    fn was_intact_at(&self, generation: Option<u32>) -> bool {
        generation.is_some() && generation == *self.intact.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_intact(&self, generation: Option<u32>) {
        *self.intact.lock().unwrap_or_else(PoisonError::into_inner) = generation;
    }

    /// Compares, and remembers where nothing differs.
    async fn look(&self, document: &Document) -> Result<Compared, Error> {
        let before = self.generation();
        let compared = self.compare(document).await?;
        let is_intact = compared.differing(document, &self.host, &self.options).is_none();
        self.set_intact(before.filter(|_| is_intact && before == self.generation()));
        Ok(compared)
    }

    /// Makes a change: what is to be is written down, and then put in force in one step. If it cannot be, it is not to be any more.
    pub(crate) async fn change<T>(
        &self,
        change: impl AsyncFnOnce(&mut Document) -> Result<(Transaction, T), Error>,
    ) -> Result<T, Error> {
        self.start().await?;
        let mut held = self.document.write().await;
        let before = held.as_ref().ok_or_else(|| Error::new(ErrorKind::Internal, ID, "There is no document."))?;
        let mut after = before.clone();
        let (transaction, done) = change(&mut after).await?;
        if after != *before {
            self.documents.write(ID, &self.name, &after).await.map_err(unkept)?;
        }
        // What is intact stays so where the kernel has seen this one transaction, and no other.
        let (generation, is_one) = (self.generation(), !transaction.is_empty());
        let was_intact = self.was_intact_at(generation);
        self.set_intact(None);
        if let Err(why) = self.nft.apply(transaction).await {
            let error = Error::from(why);
            // Where nobody knows whether it is in force, what was asked for stays what is to be.
            if error.kind == ErrorKind::Timeout {
                *held = Some(after);
            } else if after != *before {
                self.documents.write(ID, &self.name, before).await.map_err(unkept)?;
            }
            return Err(error);
        }
        let next = generation.map(|generation| if is_one { generation.wrapping_add(1).max(1) } else { generation });
        self.set_intact(next.filter(|_| was_intact && self.generation() == next));
        *held = Some(after);
        drop(held);
        boot::renew(&self.nft, &self.options, &self.renewing).await;
        Ok(done)
    }
}
