//! Who sends a request: tokens by OAuth2 client credentials, and legacy keys.

use actix_http::HttpMessage;
use actix_web::http::header::AUTHORIZATION;
use deltawall_core::Credentials;
use serde_json::{Value, json};

use super::body::pairs;
use super::error::ApiError;
use super::shared::Shared;
use super::tokens::{LIFE, NotIssued};
use crate::gateway::Gateway;
use crate::gateway::access::{Asked, Caller, Denial};
use crate::gateway::audit;
use crate::gateway::keys::KeyHolder;
use crate::gateway::metrics::Limit;
use crate::message::{Exchange, Refusal};
use crate::policies::account::{Account, Actor, By, ChangeError, EventKind};

/// The header of the legacy key.
const LEGACY: &str = "x-cpauth-access";

/// Somebody who has to say who it is.
pub(super) struct Login<'a> {
    pub(super) shared: &'a Shared,
    pub(super) exchange: &'a Exchange<'a>,
    pub(super) gateway: &'a Gateway,
    pub(super) account: &'a Account,
}

impl Login<'_> {
    /// Gives out a token.
    pub(super) async fn token(&self, body: &[u8]) -> Result<Value, ApiError> {
        let Self { shared, exchange, gateway, account } = self;
        let body = String::from_utf8_lossy(body);
        let sent: Vec<_> = pairs(exchange.http.uri().query().unwrap_or_default()).chain(pairs(&body)).collect();
        let value = |name: &str| sent.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.clone());
        if value("grant_type").as_deref() != Some("client_credentials") {
            return Err(ApiError::GrantType);
        }
        let in_form = || Some(Credentials::new(value("client_id")?, value("client_secret")?));
        let credentials = exchange.credentials().or_else(in_form).ok_or(ApiError::InvalidClient)?;
        let driver = account.cloud().driver().id();
        let proven = gateway
            .access
            .prove_key(credentials.user(), credentials.password(), driver, exchange.peer, || exchange.is_ours())
            .await;
        let holder = proven.map_err(|denial| self.denied(denial, credentials.user()))?;
        let store = shared.changes.store();
        let issued = shared.tokens.issue(&**store, shared.now(), &holder.id).await;
        let token = issued.map_err(|why| {
            let why = match why {
                NotIssued::NoRandomNumbers => "the system has no random numbers".to_owned(),
                NotIssued::Store(why) => why.to_string(),
            };
            ApiError::Change(ChangeError::Backend(why))
        })?;
        let message = format!("Api key '{}' ({}) has got a token.", holder.name, holder.id);
        self.tell(&holder.id, &holder.name, EventKind::ApiLoginSuccess, message);
        let scope = if holder.may_change { "full" } else { "read" };
        Ok(json!({ "access_token": token, "token_type": "bearer", "expires_in": LIFE.as_secs(), "scope": scope }))
    }

    /// Whether a token or a key was sent.
    pub(super) fn is_sent(&self) -> bool {
        let headers = self.exchange.http.headers();
        headers.contains_key(AUTHORIZATION) || headers.contains_key(LEGACY)
    }

    /// Lets in who sends a request, if it may do this.
    pub(super) async fn admit(&self) -> Result<(Caller, By), ApiError> {
        let Self { exchange, gateway, account, .. } = self;
        let holder = self.holder().await?;
        let asked = Asked {
            driver: account.cloud().driver().id(),
            provider: account.cloud().provider(),
            is_change: !exchange.http.method().is_safe(),
            peer: exchange.peer,
        };
        let permitted = gateway.access.permit_key(&holder, asked);
        let caller = permitted.map_err(|denial| self.denied(denial, &holder.id))?;
        Ok((caller, self.by(&holder.id, &holder.name)))
    }

    async fn holder(&self) -> Result<KeyHolder, ApiError> {
        let Self { shared, exchange, gateway, account } = self;
        let driver = account.cloud().driver().id();
        let headers = exchange.http.headers();
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
        if let Some(token) = bearer {
            let key = shared.tokens.key(&**shared.changes.store(), shared.now(), token).await;
            let key = key.map_err(|why| ApiError::Change(ChangeError::Backend(why.to_string())))?;
            // Who has lost the key has lost the token.
            return key.and_then(|key| gateway.access.key_holder(&key, driver)).ok_or(ApiError::InvalidToken);
        }
        let legacy = headers.get(LEGACY).and_then(|value| value.to_str().ok()).map(str::trim);
        let legacy = legacy.filter(|key| !key.is_empty()).ok_or(ApiError::InvalidToken)?;
        let proven = gateway.access.prove_legacy_key(legacy, driver, exchange.peer, || exchange.is_ours()).await;
        proven.map_err(|denial| match self.denied(denial, "a legacy key") {
            ApiError::InvalidClient => ApiError::InvalidToken,
            other => other,
        })
    }

    /// Why somebody is not let in, which is told where it may be an attempt: always in the audit, and so often as an event that those do not
    /// push all others out.
    fn denied(&self, denial: Denial, key: &str) -> ApiError {
        let Self { shared, exchange, gateway, account } = self;
        match denial {
            Denial::Anonymous => ApiError::InvalidClient,
            Denial::Wrong => {
                let (driver, provider) = (account.cloud().driver().id(), account.cloud().provider());
                let provider = provider.map_or("default", |provider| provider.as_str());
                audit::failed_login(audit::Asker { id: &exchange.id, peer: exchange.peer, driver, provider }, key);
                let key = crate::text::shown(key);
                if exchange.peer.is_some_and(|peer| shared.failed_logins.may_try(&key, peer, shared.now())) {
                    let message =
                        format!("Api key '{key}' was not authenticated: there is none, or its secret is another.");
                    self.tell(&key, "", EventKind::ApiLoginFailure, message);
                }
                ApiError::InvalidClient
            }
            Denial::Forbidden(why) => ApiError::Forbidden(why),
            Denial::Busy => {
                gateway.metrics().rejected(Limit::Logins);
                ApiError::Refused(Refusal::Requests)
            }
        }
    }

    fn tell(&self, key: &str, label: &str, kind: EventKind, message: String) {
        self.shared.tell(self.account, self.by(key, label), kind, message);
    }

    /// Who the holder of a key is, for events.
    fn by(&self, key: &str, label: &str) -> By {
        let actor = Actor::Key { id: key.to_owned(), label: label.to_owned() };
        By { actor, address: self.exchange.peer.map(|peer| peer.to_canonical()) }
    }
}

/// The token of `Bearer TOKEN`.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}
