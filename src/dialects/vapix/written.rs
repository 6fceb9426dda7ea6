//! What was written last of devices at rest: it is sent again as long as nothing has changed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::web::Bytes;

use crate::policies::devices::device::AtRest;

/// For how many paths it is kept.
const MOST: usize = 64;

/// What was written last, by device and path.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Vec<Written>>);

#[derive(Debug)]
struct Written {
    realm: String,
    target: String,
    of: AtRest,
    body: Bytes,
}

impl Cache {
    /// What was written for a path of a device that is as it was then.
    pub(super) fn find(&self, realm: &str, target: &str, now: &AtRest) -> Option<Bytes> {
        let is_it = |one: &&Written| one.realm == realm && one.target == target && one.of.is_same(now);
        self.all().iter().find(is_it).map(|one| one.body.clone())
    }

    /// Keeps what was written, in the place of what is the longest there.
    pub(super) fn keep(&self, realm: &str, target: &str, of: AtRest, body: Bytes) {
        let mut all = self.all();
        all.retain(|one| one.realm != realm || one.target != target);
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push(Written { realm: realm.to_owned(), target: target.to_owned(), of, body });
    }

    fn all(&self) -> MutexGuard<'_, Vec<Written>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
