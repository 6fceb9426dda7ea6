//! Which driver a request is for.

use std::borrow::Cow;
use std::sync::Arc;

use actix_http::Request as HttpRequest;
use deltawall_core::{Driver, ProviderName};

use super::error::{ApiError, Failure};
use super::headers::{DRIVER, PROVIDER};
use super::path::Path;
use crate::gateway::Gateway;
use crate::message::headers;
use crate::text::shown;

/// The driver that a request is for, and which of its providers.
#[derive(Clone)]
pub(super) struct Selection<'a> {
    /// The default driver where the request named none that there is.
    pub(super) driver: &'a Arc<dyn Driver>,
    pub(super) provider: Option<ProviderName>,
    /// What was wrong with what the request named.
    pub(super) refusal: Option<ApiError>,
}

impl<'a> Selection<'a> {
    /// Matrix parameters choose before headers, and these before the server's defaults. What is refused is taken out of
    /// the path, so that no link of the answer leads to the same refusal.
    pub(super) fn read(http: &HttpRequest, path: &mut Path, gateway: &'a Gateway) -> Self {
        let chosen = |matrix: &Option<String>, header| {
            matrix.clone().or_else(|| headers::text(http, header).map(Cow::into_owned))
        };
        let driver = match chosen(&path.driver, &DRIVER) {
            None => &gateway.default_driver,
            Some(name) => match gateway.registry.get(&name) {
                Some(driver) => driver,
                None => {
                    let names = gateway.registry.names();
                    let message = format!("Unknown driver '{}'. The drivers are {names}.", shown(&name));
                    let refusal = Some(Failure::Validation.with(message));
                    (path.driver, path.provider) = (None, None);
                    return Self { driver: &gateway.default_driver, provider: None, refusal };
                }
            },
        };
        let provider = match chosen(&path.provider, &PROVIDER) {
            Some(name) => driver.provider(&name).map(Some),
            // The default provider is one of the default driver's.
            None if driver.id() == gateway.default_driver.id() => Ok(gateway.default_provider.clone()),
            None => Ok(None),
        };
        match provider {
            Ok(provider) => Self { driver, provider, refusal: None },
            Err(error) => {
                path.provider = None;
                Self { driver, provider: None, refusal: Some(error.into()) }
            }
        }
    }
}
