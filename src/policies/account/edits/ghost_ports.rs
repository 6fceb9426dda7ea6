//! Opening and closing GhostPorts.

use std::net::IpAddr;
use std::time::Duration;

use crate::policies::account::draft::{Draft, user_id};
use crate::policies::account::error::ChangeError;
use crate::policies::account::event::EventKind;
use crate::policies::account::id::Id;
use crate::policies::account::objects::{GhostPort, UsedCode};
use crate::policies::account::rule::all_users;

impl Draft<'_> {
    /// Opens for a user from this address, in the place of what was open for it. None where its code was used before.
    ///
    /// # Errors
    /// Where that cannot be kept.
    pub fn open_ghost_port(
        &mut self,
        user: &str,
        step: u64,
        address: IpAddr,
        life: Duration,
    ) -> Result<Option<Id>, ChangeError> {
        if !self.use_code(user, step)? {
            return Ok(None);
        }
        self.close_ghost_ports(|open| open.user == user)?;
        let (id, made, opened_at) = (Id::new(), self.number(), self.now.millis());
        let expires_at = self.now.after(life).millis();
        let message = format!("User '{user}' has opened GhostPorts for {address}.");
        self.tell(EventKind::GhostportSuccess, message, None)?;
        self.put(GhostPort { id, made, user: user.to_owned(), address, opened_at, expires_at })?;
        self.touch_user(user);
        Ok(Some(id))
    }

    /// Closes what is open by this id.
    ///
    /// # Errors
    /// Where nothing is.
    pub fn close_ghost_port(&mut self, id: &str) -> Result<(), ChangeError> {
        let open = self.find::<GhostPort>(id)?;
        self.close_ghost_ports(|other| other.id == open.id)
    }

    /// Takes a user's code, unless it or a later one was used before. Whether it did.
    ///
    /// # Errors
    /// Where that cannot be kept.
    pub fn use_code(&mut self, user: &str, step: u64) -> Result<bool, ChangeError> {
        let id = user_id(user);
        if self.objects.used_codes.get(id).is_some_and(|used| used.step >= step) {
            return Ok(false);
        }
        self.put(UsedCode { id, user: user.to_owned(), step }).map(|()| true)
    }

    /// Closes all that are so.
    ///
    /// # Errors
    /// Where that cannot be kept.
    pub(in crate::policies::account) fn close_ghost_ports(
        &mut self,
        is_to_close: impl Fn(&GhostPort) -> bool,
    ) -> Result<(), ChangeError> {
        let open: Vec<_> = self.objects.ghost_ports.iter().filter(|open| is_to_close(open)).cloned().collect();
        for open in open {
            let message = format!("What user '{}' had opened for {} was closed.", open.user, open.address);
            self.tell(EventKind::GhostportClose, message, None)?;
            self.remove::<GhostPort>(open.id);
            self.touch_user(&open.user);
        }
        Ok(())
    }

    fn touch_user(&mut self, user: &str) {
        self.touch(user_id(user));
        self.touch(all_users());
    }
}
