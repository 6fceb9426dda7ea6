//! What a change writes into the kernel where others have changed the table: what is not to be any more goes, in any case. All else that they
//! did is let alone, for somebody to look at and revert.

use std::collections::{HashMap, HashSet};

use deltawall_core::{Account, Direction, Document, KeptFirewall};

use crate::commands::Transaction;
use crate::compared::Compared;
use crate::listing::Listing;
use crate::names::{LIVE, chain_of, commented};
use crate::observed;
use crate::options::Options;
use crate::write;

/// What makes of a firewall that was to be so what the document has now, as far as it is there.
pub(crate) fn mend(
    compared: &Compared,
    before: &KeptFirewall,
    document: &Document,
    (host, options): (&Account, &Options),
) -> Transaction {
    let mut transaction = Transaction::default();
    let Some(listing) = &compared.listing else { return transaction };
    let Some(after) = document.firewalls.iter().find(|kept| kept.number == before.number) else { return transaction };
    let chains = Direction::ALL.map(|direction| chain_of(before.number, direction));
    let are_there = chains.iter().all(|chain| listing.chains.contains_key(chain));
    match are_there && observed::firewall(listing, before, host, options).firewall == before.firewall {
        true => {
            for chain in &chains {
                transaction.flush_chain(chain);
            }
            write::forget_limits(&mut transaction, before, |name| listing.limits.contains_key(name));
            write::add_rules(&mut transaction, after, &HashMap::new(), options);
        }
        false => take_out(&mut transaction, listing, &chains, after),
    }
    if listing.sets.contains_key(LIVE) {
        write::live(&mut transaction, document, options);
    }
    if after.firewall.default != before.firewall.default {
        let is_there = |name: &str| listing.chains.get(name).is_some_and(|seen| seen.hook.as_deref() == Some(name));
        write::policies(&mut transaction, document, options, is_there);
    }
    transaction
}

/// Takes out the rules of ours that are not to be any more.
fn take_out(transaction: &mut Transaction, listing: &Listing, chains: &[String], after: &KeptFirewall) {
    let ids: HashSet<&str> =
        after.firewall.rules.iter().filter_map(|rule| rule.cloud_id.as_ref()).map(|id| id.as_str()).collect();
    for name in chains {
        let rules = listing.chains.get(name).map_or(&[][..], |chain| &chain.rules);
        let is_gone = |id: &str| !ids.contains(id);
        let gone = rules.iter().filter(|rule| rule.comment.as_deref().and_then(commented).is_some_and(is_gone));
        gone.for_each(|rule| transaction.delete_rule(name, rule.handle));
    }
}
