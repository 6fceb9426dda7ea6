//! Changes of services.

use crate::policies::account::draft::{Draft, Problems};
use crate::policies::account::error::{ChangeError, Code, Problem};
use crate::policies::account::event::EventKind;
use crate::policies::account::id::Id;
use crate::policies::account::service::{InvalidTraffic, Service, Traffic};

/// What a client sends of a service; none for what it leaves out.
#[derive(Debug, Clone, Default)]
pub struct ServiceEdit {
    /// Its name.
    pub name: Option<String>,
    /// Its protocol.
    pub protocol: Option<String>,
    /// Its ports; none inside for all.
    pub port: Option<Option<String>>,
}

impl Draft<'_> {
    /// Makes a service.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn create_service(&mut self, edit: &ServiceEdit) -> Result<Id, ChangeError> {
        self.check_room::<Service>()?;
        let mut problems = Problems::default();
        let name = problems.note(self.name::<Service>(edit.name.as_deref().unwrap_or_default(), None));
        let port = edit.port.as_ref().and_then(Option::as_deref);
        let traffic = problems.note(traffic(edit.protocol.as_deref().unwrap_or_default(), port));
        problems.check()?;
        let (Some(name), Some(traffic)) = (name, traffic) else { return Err(ChangeError::Invalid(Vec::new())) };
        let (id, made) = (Id::new(), self.number());
        self.tell(EventKind::FirewallServiceAdded, format!("Service '{name}' was made."), None)?;
        self.put(Service { id, made, name, traffic, is_built_in: false })?;
        Ok(id)
    }

    /// Changes a service.
    ///
    /// # Errors
    /// What is wrong with it, or that it is not there.
    pub fn change_service(&mut self, id: &str, edit: &ServiceEdit) -> Result<(), ChangeError> {
        let before = self.find::<Service>(id)?;
        Self::check_not_built_in(before.is_built_in, &before.name)?;
        let mut problems = Problems::default();
        let mut service = Service::clone(&before);
        if let Some(name) = &edit.name {
            service.name = problems.note(self.name::<Service>(name, Some(service.id))).unwrap_or_default();
        }
        let protocol = edit.protocol.as_deref().unwrap_or(before.traffic.protocol());
        let port = edit.port.as_ref().map_or(before.traffic.port(), Option::as_deref);
        if let Some(read) = problems.note(traffic(protocol, port)) {
            service.traffic = read;
        }
        problems.check()?;
        if service == *before {
            return Ok(());
        }
        self.tell(EventKind::FirewallServiceModified, format!("Service '{}' was changed.", service.name), None)?;
        self.put(service)
    }

    /// Deletes a service.
    ///
    /// # Errors
    /// Where it is not there, or used.
    pub fn delete_service(&mut self, id: &str) -> Result<(), ChangeError> {
        let service = self.find::<Service>(id)?;
        Self::check_not_built_in(service.is_built_in, &service.name)?;
        self.check_unused(service.id)?;
        self.tell(EventKind::FirewallServiceDeleted, format!("Service '{}' was deleted.", service.name), None)?;
        self.remove::<Service>(service.id);
        Ok(())
    }
}

fn traffic(protocol: &str, port: Option<&str>) -> Result<Traffic, Problem> {
    if protocol.trim().is_empty() {
        return Err(Problem::new("protocol", protocol, Code::Required, "Protocol required"));
    }
    Traffic::new(protocol, port).map_err(|why| {
        let (field, value) = match &why {
            InvalidTraffic::Protocol(_) => ("protocol", protocol),
            InvalidTraffic::Port(_) | InvalidTraffic::Type(_) | InvalidTraffic::PortsOfNone(_) => {
                ("port", port.unwrap_or_default())
            }
        };
        Problem::new(field, value, Code::Invalid, why.to_string())
    })
}
