//! One provider: the firewalls of one network namespace, in the document and in the kernel.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use deltawall_core::{
    Account, Direction, Document, Documents, Error, ErrorKind, Firewall, FirewallId, KeptFirewall, NewFirewall,
    NewRule, Position, ProviderName, Replacement, RuleId, RuleSet,
};
use tokio::sync::{Mutex, OwnedRwLockReadGuard, RwLock};

use crate::boot;
use crate::capabilities::ID;
use crate::commands::Transaction;
use crate::compared::Compared;
use crate::generation::generation;
use crate::host;
use crate::listing::Listing;
use crate::names::chain_of;
use crate::nft::Nft;
use crate::observed::{self, Observed};
use crate::options::Options;
use crate::refusal::{Refusal, unkept, unknown_table};
use crate::replaced::replaced;
use crate::write::{self, add_rules};

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
        boot::renew(&self.nft, &self.options).await;
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

    async fn compare(&self, document: &Document) -> Result<Compared, Error> {
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
    fn is_intact(&self) -> bool {
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
    async fn change<T>(
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
            if error.kind != ErrorKind::Timeout && after != *before {
                self.documents.write(ID, &self.name, before).await.map_err(unkept)?;
            }
            return Err(error);
        }
        let next = generation.map(|generation| if is_one { generation.wrapping_add(1).max(1) } else { generation });
        self.set_intact(next.filter(|_| was_intact && self.generation() == next));
        *held = Some(after);
        drop(held);
        boot::renew(&self.nft, &self.options).await;
        Ok(done)
    }

    pub(crate) async fn create_firewall(&self, new: NewFirewall) -> Result<Arc<Firewall>, Error> {
        self.change(async |document| {
            let made = host::add_firewall(document, new)?;
            let mut transaction = Transaction::default();
            for direction in Direction::ALL {
                let chain = chain_of(made.number, direction);
                transaction.add_chain(&chain);
                transaction.flush_chain(&chain);
            }
            write::leading(&mut transaction, document, &self.options);
            Ok((transaction, made.firewall))
        })
        .await
    }

    pub(crate) async fn delete_firewall(&self, id: &FirewallId) -> Result<(), Error> {
        self.change(async |document| {
            let gone = host::remove_firewall(document, id)?;
            let mut transaction = Transaction::default();
            write::leading(&mut transaction, document, &self.options);
            for direction in Direction::ALL {
                let chain = chain_of(gone.number, direction);
                transaction.flush_chain(&chain);
                transaction.delete_chain(&chain);
            }
            for (rule, number) in gone.firewall.rules.iter().zip(&gone.numbers) {
                write::forget(&mut transaction, rule, *number, &self.options);
            }
            Ok((transaction, ()))
        })
        .await
    }

    pub(crate) async fn create_rule(
        &self,
        id: &FirewallId,
        new: NewRule,
        position: Position,
    ) -> Result<Arc<Firewall>, Error> {
        self.change(async |document| {
            let last = host::find(document, id)?.firewall.rules.len();
            let direction = new.direction();
            // Behind all others it stands wherever these are: nobody need look.
            let (index, before) = match position {
                Position::Last => (last, None),
                Position::At(_) => {
                    let compared = self.compare(document).await?;
                    let kept = host::find(document, id)?;
                    let Observed { rules, .. } = compared.in_force(kept, &self.host, &self.options)?;
                    let behind = rules.get(position.index(rules.len())..).unwrap_or_default();
                    let index = behind.iter().find_map(|seen| seen.kept).unwrap_or(last);
                    let next = behind.iter().find(|seen| seen.direction == direction);
                    (index, next.and_then(|seen| seen.handles.first().copied()))
                }
            };
            let (rule, number) = host::add_rule(document, id, index, new, (&self.host, self.options.marks))?;
            let kept = host::find(document, id)?;
            let mut transaction = Transaction::default();
            write::remember(&mut transaction, &rule, number, &self.options);
            let chain = chain_of(kept.number, direction);
            write::rule(&mut transaction, &chain, before, (&rule, number), &self.options);
            Ok((transaction, Arc::clone(&kept.firewall)))
        })
        .await
    }

    pub(crate) async fn delete_rule(&self, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Error> {
        self.change(async |document| {
            let compared = self.compare(document).await?;
            let kept = host::find(document, id)?;
            let Observed { firewall, rules } = compared.in_force(kept, &self.host, &self.options)?;
            let mut there = firewall.rules.iter().zip(rules);
            let (gone, seen) = there.find(|(held, _)| rule.names(held)).ok_or(Refusal::NoRule)?;
            let mut transaction = Transaction::default();
            for handle in seen.handles {
                transaction.delete_rule(&chain_of(kept.number, seen.direction), handle);
            }
            if let Some(place) = seen.kept {
                let kept = host::find_mut(document, id)?;
                let number = kept.numbers.remove(place);
                Arc::make_mut(&mut kept.firewall).rules.remove(place);
                write::forget(&mut transaction, gone, number, &self.options);
            }
            Ok((transaction, ()))
        })
        .await
    }

    /// Whether a rule of the set is there already, of a firewall that is as it was seen.
    fn stay_any(
        &self,
        document: &Document,
        kept: &KeptFirewall,
        observed: &Observed,
        seen: &Firewall,
        rules: &RuleSet,
    ) -> Result<bool, Error> {
        if *observed.firewall != *seen {
            return Ok(false);
        }
        let after = replaced(document, kept, observed, rules, (&self.host, self.options.marks))?;
        Ok(!after.hits.is_empty())
    }

    pub(crate) async fn replace_rules(&self, replacement: Replacement<'_>) -> Result<Arc<Firewall>, Error> {
        let Replacement { seen, rules, .. } = replacement;
        self.change(async |document| {
            let before = document.clone();
            let kept = host::find(document, &seen.id)?;
            // What rules that stay have counted only a list tells. Where none stays, nobody need look.
            let mut compared = None;
            let mut observed = observed::intact(kept);
            if !self.is_intact() || self.stay_any(document, kept, &observed, seen, rules)? {
                let looked = self.compare(document).await?;
                observed = looked.observe(kept, &self.host, &self.options);
                compared = Some(looked);
            }
            if *observed.firewall != *seen {
                return Err(Refusal::Changed(observed.firewall.name.clone()).into());
            }
            let after = replaced(document, kept, &observed, rules, (&self.host, self.options.marks))?;
            let firewall = Arc::clone(&after.kept.firewall);
            let is_the_same = firewall == observed.firewall && firewall == kept.firewall;
            let (number, default) = (kept.number, after.kept.firewall.default != kept.firewall.default);
            document.last_number = after.last_number;
            *host::find_mut(document, &seen.id)? = after.kept;
            let mut transaction = Transaction::default();
            match &compared {
                Some(Compared { listing, differs: Some(_) }) => {
                    transaction = write::whole(document, listing.as_ref(), &self.options);
                }
                _ if is_the_same => {}
                _ => {
                    let kept = host::find(document, &seen.id)?;
                    if default {
                        write::leading(&mut transaction, document, &self.options);
                        write::policies(&mut transaction, document, &self.options);
                    }
                    write::live(&mut transaction, document, &self.options);
                    for direction in Direction::ALL {
                        transaction.flush_chain(&chain_of(number, direction));
                    }
                    write::forget_limits(&mut transaction, &before, &seen.id);
                    add_rules(&mut transaction, kept, &after.hits, &self.options);
                }
            }
            Ok((transaction, firewall))
        })
        .await
    }
}
