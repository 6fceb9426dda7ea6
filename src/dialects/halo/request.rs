//! One request, with all that answers to it are made with.

use std::sync::Arc;

use actix_http::Response;
use actix_http::body::BoxBody;
use actix_web::http::header::IF_MATCH;
use deltawall_core::ProviderName;
use ring::digest::{SHA256, digest};
use serde::Serialize;

use super::error::ApiError;
use super::list::Query;
use super::path::Kind;
use super::shared::Shared;
use super::views::Scene;
use crate::gateway::Desk;
use crate::gateway::access::Caller;
use crate::gateway::audit;
use crate::message::{Exchange, headers};
use crate::policies::Policies;
use crate::policies::account::objects::GroupSettings;
use crate::policies::account::servers::Server;
use crate::policies::account::{Account, By, ChangeError, Code, Directory, Draft, Objects, Problem};
use crate::policies::cloud::Asker;
use crate::text::hex;

/// One request of somebody who was let in.
pub(super) struct Request<'a> {
    pub(super) shared: &'a Shared,
    pub(super) exchange: &'a Exchange<'a>,
    pub(super) desk: &'a Desk,
    pub(super) account: &'a Arc<Account>,
    pub(super) caller: &'a Caller,
    pub(super) by: By,
    pub(super) query: Query,
    /// Scheme, host and the path that URLs begin with.
    pub(super) base: String,
    /// The names of users.
    pub(super) users: Vec<String>,
    /// The body, as it came.
    pub(super) body: &'a [u8],
}

/// What a request is answered.
pub(super) type Answer = Result<Response<BoxBody>, ApiError>;

/// What an object is known by as it is now.
pub(super) fn etag(object: &impl Serialize) -> String {
    let text = serde_json::to_vec(object).unwrap_or_default();
    let hash = hex(digest(&SHA256, &text).as_ref());
    format!("\"{}\"", hash.get(..32).unwrap_or_default())
}

impl Request<'_> {
    pub(super) fn asker(&self) -> Asker<'_> {
        let Self { desk, caller, exchange, .. } = self;
        Asker { desk, caller, id: &exchange.id, peer: exchange.peer, time: &exchange.backend_time }
    }

    pub(super) async fn objects(&self) -> Result<Arc<Objects>, ApiError> {
        Ok(self.account.objects().await?)
    }

    /// What views are made with.
    pub(super) fn scene<'a>(&'a self, objects: &'a Objects) -> Scene<'a> {
        Scene { objects, base: &self.base, root: self.account.root(objects), users: &self.users }
    }

    /// The URL of all objects of a kind.
    pub(super) fn url(&self, kind: Kind) -> String {
        format!("{}/{}", self.base, kind.all())
    }

    /// The groups, and the users.
    pub(super) async fn directory(&self) -> Result<Directory, ApiError> {
        Ok(self.account.directory(self.asker(), self.users.clone()).await?)
    }

    pub(super) async fn servers<'a>(
        &self,
        groups: impl IntoIterator<Item = &'a GroupSettings>,
    ) -> Result<Vec<Server>, ApiError> {
        Ok(self.account.servers(self.asker(), groups).await?)
    }

    /// Has firewalls looked after once this is dropped, whether or not what was asked for has come to its end.
    pub(super) fn wakes(&self) -> Wakes<'_> {
        Wakes(&self.shared.policies)
    }

    /// Changes the account, and looks after what could not be done at once.
    pub(super) async fn change<T>(
        &self,
        directory: &Directory,
        edit: impl FnMut(&mut Draft<'_>) -> Result<T, ChangeError>,
    ) -> Result<T, ApiError> {
        let _wakes = self.wakes();
        Ok(self.account.change(self.asker(), &self.by, directory, edit).await?)
    }

    /// Tells the audit that somebody was not who it said.
    pub(super) fn tell_of_failed_login(&self, user: &str) {
        let Self { exchange, account, .. } = self;
        let provider = account.cloud().provider().map_or("default", ProviderName::as_str);
        let driver = account.cloud().driver().id();
        audit::failed_login(audit::Asker { id: &exchange.id, peer: exchange.peer, driver, provider }, user);
    }

    /// That an object is as the client has seen it, where it says how that was.
    pub(super) fn check(&self, object: &impl Serialize) -> Result<(), ChangeError> {
        let Some(seen) = headers::text(self.exchange.http, &IF_MATCH) else { return Ok(()) };
        let now = etag(object);
        let is_seen = seen.split(',').any(|tag| tag.trim() == "*" || tag.trim() == now);
        if is_seen { Ok(()) } else { Err(ChangeError::Stale) }
    }
}

/// Has firewalls looked after when it goes: clients may go away in the middle of a change.
pub(super) struct Wakes<'a>(&'a Policies);

impl Drop for Wakes<'_> {
    fn drop(&mut self) {
        self.0.wake();
    }
}

/// That something of this kind is not there.
pub(super) fn not_found(kind: &'static str, id: &str) -> ApiError {
    ApiError::Change(ChangeError::NotFound { kind, id: id.to_owned() })
}

/// That something in a field is wrong.
pub(super) fn invalid(field: &str, value: &str, details: &str) -> ApiError {
    ApiError::invalid(Problem::new(field, value, Code::Invalid, details))
}
