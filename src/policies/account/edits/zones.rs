//! Changes of zones.

use super::feeds::fed;
use crate::policies::account::address_list::{AddressList, InvalidList};
use crate::policies::account::draft::{Draft, Problems, text};
use crate::policies::account::error::{ChangeError, Code, Problem};
use crate::policies::account::id::Id;
use crate::policies::account::objects::Zone;

/// What a client sends of a zone; none for what it leaves out.
#[derive(Debug, Clone, Default)]
pub struct ZoneEdit {
    /// Its name.
    pub name: Option<String>,
    /// What it is for; none inside for nothing.
    pub description: Option<Option<String>>,
    /// Its addresses, as they are written.
    pub addresses: Option<String>,
}

impl Draft<'_> {
    /// Makes a zone.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn create_zone(&mut self, edit: &ZoneEdit) -> Result<Id, ChangeError> {
        self.check_room::<Zone>()?;
        let mut problems = Problems::default();
        let name = problems.note(self.name::<Zone>(edit.name.as_deref().unwrap_or_default(), None));
        let addresses = problems.note(addresses(edit.addresses.as_deref().unwrap_or_default()));
        let description = problems.note(description(edit));
        problems.check()?;
        let (Some(name), Some(addresses), Some(description)) = (name, addresses, description) else {
            return Err(ChangeError::Invalid(Vec::new()));
        };
        let id = Id::new();
        let made = self.number();
        self.put(Zone {
            id,
            made,
            name,
            description: description.flatten(),
            addresses,
            is_fed: false,
            is_built_in: false,
        })?;
        Ok(id)
    }

    /// Changes a zone.
    ///
    /// # Errors
    /// What is wrong with it, or that it is not there.
    pub fn change_zone(&mut self, id: &str, edit: &ZoneEdit) -> Result<(), ChangeError> {
        let before = self.find::<Zone>(id)?;
        Self::check_not_built_in(before.is_built_in, &before.name)?;
        let mut problems = Problems::default();
        let mut zone = Zone::clone(&before);
        let is_kept = self.is_kept_by_feed(&before);
        match &edit.name {
            Some(name) if is_kept && name.trim() != zone.name => problems.add(fed(&zone, "name", name)),
            Some(name) => zone.name = problems.note(self.name::<Zone>(name, Some(zone.id))).unwrap_or_default(),
            None => {}
        }
        match &edit.addresses {
            // What a feed has put there comes back with the whole zone, and may be more than a client writes.
            Some(text) if is_unchanged(&before, text) => {}
            Some(text) if is_kept => problems.add(fed(&zone, "ip_address", text)),
            Some(text) => {
                if let Some(addresses) = problems.note(addresses(text)) {
                    (zone.addresses, zone.is_fed) = (addresses, false);
                }
            }
            None => {}
        }
        if let Some(Some(description)) = problems.note(description(edit)) {
            zone.description = description;
        }
        problems.check()?;
        if zone == *before { Ok(()) } else { self.put(zone) }
    }

    /// Deletes a zone.
    ///
    /// # Errors
    /// Where it is not there, or used.
    pub fn delete_zone(&mut self, id: &str) -> Result<(), ChangeError> {
        let zone = self.find::<Zone>(id)?;
        Self::check_not_built_in(zone.is_built_in, &zone.name)?;
        self.check_not_fed(&zone)?;
        self.check_unused(zone.id)?;
        self.remove::<Zone>(zone.id);
        Ok(())
    }
}

fn description(edit: &ZoneEdit) -> Result<Option<Option<String>>, Problem> {
    let Some(description) = &edit.description else { return Ok(None) };
    description.as_deref().map(|description| text("description", description)).transpose().map(Some)
}

/// Whether these are the addresses that a zone has: in whatever spelling and order, where nobody has written them.
fn is_unchanged(zone: &Zone, text: &str) -> bool {
    let is_same = |read: AddressList| read == zone.addresses || zone.is_fed && read.is_same(&zone.addresses);
    AddressList::read(text).is_ok_and(is_same)
}

fn addresses(text: &str) -> Result<AddressList, Problem> {
    let problem = |value: &str, code, details: String| Problem::new("ip_address", value, code, details);
    let list = AddressList::read(text).map_err(|why| match &why {
        InvalidList::Empty => problem(text, Code::Required, why.to_string()),
        InvalidList::Entry(entry, _) => problem(entry, Code::Invalid, why.to_string()),
    })?;
    match list.len() {
        ..=AddressList::MAX => Ok(list),
        len => {
            let details = format!("{len} addresses are too many: {} at the most", AddressList::MAX);
            Err(problem(text, Code::TooMany, details))
        }
    }
}
