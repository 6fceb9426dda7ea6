//! What the driver is asked for a request.

use std::borrow::Cow;
use std::sync::Arc;

use deltawall_core::{Context, Driver, Error, ErrorKind, FirewallId, Room};

use super::error::ApiError;
use super::head::Head;
use super::operation::{Method, Operation};
use super::parameters::Parameters;
use super::path::Resource;
use crate::changes::Asked;
use crate::gateway::access::Caller;
use crate::gateway::audit::{Change, Subject};
use crate::gateway::call::{DriverCall, NotDone};
use crate::gateway::standing::Standing;
use crate::store::ChangeId;

/// A call to the driver, with credentials that only the driver can tell to be right.
pub(super) struct Call<'a> {
    pub(super) head: &'a Head<'a>,
    pub(super) resource: &'a Resource,
    pub(super) operation: Operation<'a>,
    pub(super) method: Method,
    pub(super) parameters: &'a Parameters,
    pub(super) caller: &'a Caller,
}

impl Call<'_> {
    /// Who asks the driver for what.
    pub(super) fn asked<'a>(&'a self, driver: &'a dyn Driver, context: &'a Context) -> Asked<'a> {
        Asked { driver, context, caller: self.caller, operation: self.operation.name() }
    }

    /// Asks the driver for what changes nothing, in its turn and within the time there is.
    pub(super) async fn ask<T>(
        &self,
        ask: impl AsyncFnOnce(&dyn Driver, &Context) -> Result<T, Error>,
    ) -> Result<T, ApiError> {
        let name = if self.operation.is_change() { "plan" } else { self.operation.name() };
        let ask = async |driver: &_, context: &_, _: &mut Standing<'_>| ask(driver, context).await;
        self.call(name, None, self.head.exchange.room.as_ref(), None, ask).await
    }

    /// Asks the driver for a change, of this firewall where it is there already. The audit names it.
    pub(super) async fn change<T>(
        &self,
        firewall: Option<&FirewallId>,
        id: &ChangeId,
        ask: impl AsyncFnOnce(&dyn Driver, &Context, &mut Standing<'_>) -> Result<T, Error>,
    ) -> Result<T, ApiError> {
        let Self { head, operation, parameters, caller, .. } = *self;
        let mut change = change(head, operation, caller.user(), Some(parameters));
        if let Some(change) = &mut change {
            change.name(id.as_str());
        }
        // What a change has done is told in any case, so it takes no room.
        self.call(operation.name(), firewall, None, change, ask).await
    }

    async fn call<T>(
        &self,
        operation: &'static str,
        firewall: Option<&FirewallId>,
        room: Option<&Arc<dyn Room>>,
        change: Option<Box<Change<'_>>>,
        ask: impl AsyncFnOnce(&dyn Driver, &Context, &mut Standing<'_>) -> Result<T, Error>,
    ) -> Result<T, ApiError> {
        let Self { head, resource, method, caller, .. } = *self;
        let call = DriverCall {
            desk: head.desk,
            driver: head.driver(),
            provider: head.provider(),
            caller,
            asker: head.asker(),
            operation,
            firewall,
            room,
            time: &head.exchange.backend_time,
        };
        call.ask(change, ask).await.map_err(|why| match &why {
            NotDone::Failed(error) if error.kind == ErrorKind::State => {
                ApiError::from(why).allowing(resource.allow(Some(method)))
            }
            _ => why.into(),
        })
    }
}

/// The lines of the audit for what this user asks for; none if it is no change.
pub(super) fn change<'a>(
    head: &'a Head<'a>,
    operation: Operation<'_>,
    user: &str,
    parameters: Option<&Parameters>,
) -> Option<Box<Change<'a>>> {
    if !operation.is_change() {
        return None;
    }
    let (firewall, rule) = match operation {
        Operation::DeleteFirewall(id)
        | Operation::CreateRule(id)
        | Operation::ReplaceRules(id)
        | Operation::SettleDrift(id) => (Some(id.text()), None),
        Operation::DeleteRule(id, rule) | Operation::EditRule(id, rule) | Operation::MoveRule(id, rule) => {
            (Some(id.text()), Some(rule.text()))
        }
        _ => (None, None),
    };
    let [firewall, rule] = [firewall, rule].map(|id| id.map(Cow::into_owned));
    let parameters = parameters.map(Parameters::summary).filter(|summary| !summary.is_empty());
    let subject = Subject { change: operation.name(), firewall, rule, parameters };
    Some(Box::new(Change::new(head.asker(), user, subject)))
}
