//! Changes of one provider: in the document first, and then in the kernel.

use std::sync::Arc;

use deltawall_core::{
    Direction, Document, Error, Firewall, FirewallId, KeptFirewall, NewFirewall, NewRule, Position, Replacement,
    RuleId, RuleSet,
};

use crate::commands::Transaction;
use crate::compared::Compared;
use crate::names::chain_of;
use crate::nft::NftError;
use crate::observed::{self, Observed};
use crate::place::Place;
use crate::refusal::Refusal;
use crate::replaced::replaced;
use crate::write::{self, add_rules};
use crate::{host, mend};

impl Place {
    pub(crate) async fn create_firewall(&self, new: NewFirewall) -> Result<Arc<Firewall>, Error> {
        self.change(async |document| {
            self.check_counts(document).await?;
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
            self.check_counts(document).await?;
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
            // Behind all others it stands wherever these are: nobody need look for them.
            let (index, before) = match position {
                Position::Last => {
                    self.check_counts(document).await?;
                    (last, None)
                }
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
            let Observed { firewall, rules } = compared.observe(kept, &self.host, &self.options);
            let mut there = firewall.rules.iter().zip(rules);
            let Some((gone, seen)) = there.find(|(held, _)| rule.names(held)) else {
                return self.delete_kept(document, id, rule, &compared);
            };
            let mut transaction = Transaction::default();
            for handle in seen.handles {
                transaction.delete_rule(&chain_of(kept.number, seen.direction), handle);
            }
            if let Some(place) = seen.kept {
                let number = host::remove_rule(document, id, place)?;
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
            let kept = host::find(document, &seen.id)?;
            let before = kept.clone();
            // What rules that stay have counted only a list tells. Where none stays, nobody need look.
            let mut compared = None;
            let mut observed = observed::intact(kept);
            if !self.is_intact() || self.stay_any(document, kept, &observed, seen, rules)? {
                let looked = self.compare(document).await?;
                observed = looked.observe(kept, &self.host, &self.options);
                compared = Some(looked);
            }
            if *observed.firewall != *seen {
                let is_as_kept = *kept.firewall == *seen;
                return match &compared {
                    Some(compared) if is_as_kept => self.replace_kept(document, &seen.id, rules, compared),
                    _ => Err(Refusal::Changed(observed.firewall.name.clone()).into()),
                };
            }
            let differs = compared.as_ref().is_some_and(|compared| compared.differs.is_some());
            if differs && !is_of(rules, &kept.firewall) {
                // What is there would go, and what was asked for would count with all that was hidden.
                return Err(NftError::Absent.into());
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
                        write::policies(&mut transaction, document, &self.options, |_| true);
                    }
                    write::live(&mut transaction, document, &self.options);
                    for direction in Direction::ALL {
                        transaction.flush_chain(&chain_of(number, direction));
                    }
                    write::forget_limits(&mut transaction, &before, |_| true);
                    add_rules(&mut transaction, kept, &after.hits, &self.options);
                }
            }
            Ok((transaction, firewall))
        })
        .await
    }

    /// Whether what is made now would count.
    async fn check_counts(&self, document: &Document) -> Result<(), Error> {
        if self.is_intact() || self.compare(document).await?.differs.is_none() {
            Ok(())
        } else {
            Err(NftError::Absent.into())
        }
    }

    /// Deletes a rule that is to be, and is not there, or does not count.
    fn delete_kept(
        &self,
        document: &mut Document,
        id: &FirewallId,
        rule: &RuleId<'_>,
        compared: &Compared,
    ) -> Result<(Transaction, ()), Error> {
        let before = host::find(document, id)?.clone();
        let place = before.firewall.rules.iter().position(|held| rule.names(held)).ok_or(Refusal::NoRule)?;
        host::remove_rule(document, id, place)?;
        Ok((mend::mend(compared, &before, document, (&self.host, &self.options)), ()))
    }

    /// Gives a firewall rules that is not in force as it is to be: in the kernel nothing is touched but what is of it.
    fn replace_kept(
        &self,
        document: &mut Document,
        id: &FirewallId,
        rules: &RuleSet,
        compared: &Compared,
    ) -> Result<(Transaction, Arc<Firewall>), Error> {
        let before = host::find(document, id)?.clone();
        let as_kept = observed::intact(&before);
        let after = replaced(document, &before, &as_kept, rules, (&self.host, self.options.marks))?;
        let firewall = Arc::clone(&after.kept.firewall);
        document.last_number = after.last_number;
        *host::find_mut(document, id)? = after.kept;
        Ok((mend::mend(compared, &before, document, (&self.host, &self.options)), firewall))
    }
}

/// Whether a set is what a firewall has.
fn is_of(rules: &RuleSet, firewall: &Firewall) -> bool {
    let default = rules.default.or(firewall.default);
    RuleSet::of(firewall).is_ok_and(|kept| kept.rules == rules.rules) && default == firewall.default
}
