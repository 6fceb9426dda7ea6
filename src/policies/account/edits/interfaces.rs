//! Changes of interfaces.

use crate::policies::account::draft::Draft;
use crate::policies::account::error::ChangeError;
use crate::policies::account::id::Id;
use crate::policies::account::objects::Interface;

/// What a client sends of an interface; none for what it leaves out.
#[derive(Debug, Clone, Default)]
pub struct InterfaceEdit {
    /// Its name: any text.
    pub name: Option<String>,
}

impl Draft<'_> {
    /// Makes an interface.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn create_interface(&mut self, edit: &InterfaceEdit) -> Result<Id, ChangeError> {
        self.check_room::<Interface>()?;
        let name = self.name::<Interface>(edit.name.as_deref().unwrap_or_default(), None)?;
        let (id, made) = (Id::new(), self.number());
        self.put(Interface { id, made, name, is_built_in: false })?;
        Ok(id)
    }

    /// Changes an interface.
    ///
    /// # Errors
    /// What is wrong with it, or that it is not there.
    pub fn change_interface(&mut self, id: &str, edit: &InterfaceEdit) -> Result<(), ChangeError> {
        let before = self.find::<Interface>(id)?;
        Self::check_not_built_in(before.is_built_in, &before.name)?;
        let Some(name) = &edit.name else { return Ok(()) };
        let name = self.name::<Interface>(name, Some(before.id))?;
        let interface = Interface { name, ..Interface::clone(&before) };
        if interface == *before { Ok(()) } else { self.put(interface) }
    }

    /// Deletes an interface.
    ///
    /// # Errors
    /// Where it is not there, or used.
    pub fn delete_interface(&mut self, id: &str) -> Result<(), ChangeError> {
        let interface = self.find::<Interface>(id)?;
        Self::check_not_built_in(interface.is_built_in, &interface.name)?;
        self.check_unused(interface.id)?;
        self.remove::<Interface>(interface.id);
        Ok(())
    }
}
