//! From what came over the wire to a typed request.

use std::borrow::Cow;

use actix_http::{HttpMessage, Request as HttpRequest};
use actix_web::web::Bytes;
use deltawall_core::Error;

use super::body::{self, BodyType};
use super::call::{self, Call};
use super::error::{ApiError, Failure};
use super::features;
use super::filled_in::{FilledIn, Form};
use super::format::Format;
use super::head::Head;
use super::headers::METHOD_OVERRIDE;
use super::operation::{Method, Operation};
use super::pairs::{self, Pairs};
use super::parameters::Parameters;
use super::path::Resource;
use super::rule_set::{self, SentSet};
use crate::config::Limits;
use crate::gateway::access::{Asked, Caller, Denial};
use crate::gateway::audit;
use crate::gateway::metrics::Limit;
use crate::message::{Refusal, headers};

/// A request that can be answered: the resource is there, has the method, and the client accepts a format that we have.
pub(super) struct Request<'a> {
    pub(super) head: &'a Head<'a>,
    pub(super) resource: &'a Resource,
    pub(super) operation: Operation<'a>,
    method: Method,
    parameters: Result<Parameters, ApiError>,
    caller: Result<Caller, ApiError>,
    /// The body, where it is not parameters.
    body: Option<Bytes>,
}

impl<'a> Request<'a> {
    /// Puts together what the head and the body say.
    pub(super) async fn read(head: &'a Head<'a>, body: Result<Bytes, Refusal>) -> Result<Request<'a>, ApiError> {
        let http = head.exchange.http;
        let Some(resource) = &head.path.resource else {
            return Err(Failure::NotFound.with("There is nothing at this path."));
        };
        let not_allowed = || {
            Failure::MethodNotAllowed.with("This resource does not have this method.").allowing(resource.allow(None))
        };
        let limits = &head.gateway().limits;
        let sent = Method::named(http.method().as_str()).ok_or_else(not_allowed)?;
        let read = match sent {
            Method::Post | Method::Delete => read_body(http, body.clone(), limits).await,
            // It is read once it is known that the client may send it.
            Method::Put => body.clone().map(|_| (BodyType::Form, Pairs::new())).map_err(ApiError::from),
            _ => Ok((BodyType::Form, Pairs::new())),
        };
        let stands_for = if sent == Method::Post { method_override(http, &read) } else { None };
        let method = match stands_for {
            Some(name) => match Method::named(&name) {
                Some(method @ (Method::Delete | Method::Post)) => method,
                _ => return Err(not_allowed()),
            },
            None => sent,
        };
        let operation = match (resource.operation(method).ok_or_else(not_allowed)?, head.wanted) {
            // Who wants no page can mean nothing but the firewall that is called so.
            (Operation::ShowNewFirewall(id), Some(Format::Xml | Format::Json)) => Operation::ShowFirewall(id),
            (operation, _) => operation,
        };
        if matches!(operation, Operation::DeleteFirewall(_)) && head.path.lacks_a_name {
            let message = "A rule is missing between the last slashes. Leave them out to delete the firewall.";
            return Err(Failure::NotFound.with(message));
        }
        if let Some(formats) = operation.formats() {
            check_format(head, formats)?;
            head.selection.refusal.clone().map_or(Ok(()), Err)?;
        }
        let query = head.query.clone();
        let parameters = query.and_then(|query| body::merge(query, read?.1, limits)).map(Parameters::new);
        let parameters = match parameters {
            Err(error) => Err(match typed(head, operation, body.clone()).await {
                Some(form) => error.of(form),
                None => error,
            }),
            read => read,
        };
        let caller = admit(head, operation).await;
        let body = body.ok().filter(|_| method == Method::Put);
        let request = Request { head, resource, operation, method, parameters, caller, body };
        if let Err(denial @ ApiError { failure: Failure::Forbidden, .. }) = &request.caller
            && let Some(sent) = head.credentials()
            && let Some(mut change) = call::change(head, operation, sent.user(), request.parameters.as_ref().ok())
        {
            change.deny(&denial.message);
        }
        Ok(request)
    }

    /// The parameters of query and body.
    pub(super) fn parameters(&self) -> Result<&Parameters, ApiError> {
        self.parameters.as_ref().map_err(ApiError::clone)
    }

    /// The rule set that the body holds.
    pub(super) fn rule_set(&self) -> Result<SentSet, ApiError> {
        let body = self.body.as_ref().filter(|body| !body.is_empty());
        let body = body.ok_or_else(|| Failure::Validation.with("There is no body: send the rule set in it."))?;
        let (headers, limits) = (self.head.exchange.http.headers(), &self.head.gateway().limits);
        rule_set::read(headers, body, limits, self.head.driver().capabilities())
    }

    /// A call to the driver, unless there are no credentials for it, or the request could not be read whole: half a
    /// request is no reason to change anything; or the driver cannot do it.
    pub(super) fn with_credentials(&self) -> Result<Call<'_>, ApiError> {
        let caller = self.caller.as_ref().map_err(|denial| {
            if denial.failure == Failure::Authentication
                && let Some(sent) = self.head.credentials()
            {
                audit::failed_login(self.head.asker(), sent.user());
            }
            denial.clone()
        })?;
        let parameters = self.parameters()?;
        let driver = self.head.driver();
        if let Some(what) = features::lacking(self.operation, driver.capabilities()) {
            return Err(Error::unsupported(driver.id(), what).into());
        }
        let Self { head, resource, operation, method, .. } = *self;
        Ok(Call { head, resource, operation, method, parameters, caller })
    }
}

/// Lets in who sent the request, if it may do this.
async fn admit(head: &Head<'_>, operation: Operation<'_>) -> Result<Caller, ApiError> {
    let gateway = head.gateway();
    let asked = Asked {
        driver: head.driver().id(),
        provider: head.provider(),
        is_change: operation.is_change(),
        peer: head.exchange.peer,
    };
    let admitted = gateway.access.admit(head.credentials(), asked, || head.exchange.is_ours()).await;
    admitted.map_err(|denial| match denial {
        Denial::Anonymous => Failure::Authentication.with("This needs a user and password, as HTTP Basic credentials."),
        Denial::Wrong => Failure::Authentication.with("There is no such user with this password."),
        Denial::Forbidden(why) => Failure::Forbidden.with(why),
        Denial::Busy => {
            gateway.metrics().rejected(Limit::Logins);
            Failure::Overloaded.with("Too many passwords wait to be checked; try again.")
        }
    })
}

/// Whether the answer can be had in the client's format.
fn check_format(head: &Head<'_>, formats: &[Format]) -> Result<(), ApiError> {
    if head.wanted.is_some_and(|format| formats.contains(&format)) {
        return Ok(());
    }
    let types: Vec<_> = formats.iter().map(|format| format.media_type()).collect();
    let names: Vec<_> = formats.iter().map(|format| format!("?format={}", format.name())).collect();
    let message = format!("This can be had as {}, or with {}.", types.join(", "), names.join(", "));
    Err(Failure::NotAcceptable.with(message))
}

async fn read_body(
    http: &HttpRequest,
    body: Result<Bytes, Refusal>,
    limits: &Limits,
) -> Result<(BodyType, Pairs), ApiError> {
    let bytes = body?;
    if bytes.is_empty() {
        return Ok((BodyType::Form, Pairs::new()));
    }
    let body_type = BodyType::of(http.headers())?;
    Ok((body_type, body::parse(body_type, http.headers(), &bytes, limits).await?))
}

/// What a person has typed into a form, where it could not be read whole: it is read again with no limit to its fields, so
/// that it can be mended. Of their number there is one still, since a page is many times as long as what it shows.
async fn typed(head: &Head<'_>, operation: Operation<'_>, body: Result<Bytes, Refusal>) -> Option<FilledIn> {
    let form = match operation {
        Operation::CreateFirewall => Form::NewFirewall,
        Operation::CreateRule(id) => Form::NewRule(id.firewall_id().ok()?),
        Operation::EditRule(id, rule) => Form::EditRule(id.firewall_id().ok()?, rule.0.clone()),
        _ => return None,
    };
    if head.format() != Format::Html || features::lacking(operation, head.driver().capabilities()).is_some() {
        return None;
    }
    let limits = &head.gateway().limits;
    let limits = Limits { parameters: limits.parameters.saturating_mul(2), field_size: usize::MAX, ..limits.clone() };
    let (_, pairs) = read_body(head.exchange.http, body, &limits).await.ok()?;
    Some(FilledIn::new(form, &Parameters::new(pairs)))
}

/// The method that a POST stands for: browsers' forms know no DELETE.
fn method_override(http: &HttpRequest, body: &Result<(BodyType, Pairs), ApiError>) -> Option<String> {
    let in_form = || {
        let (body_type, pairs) = body.as_ref().ok()?;
        pairs::last(pairs, "_method").filter(|_| body_type.is_form()).map(Cow::Borrowed)
    };
    let name = headers::text(http, &METHOD_OVERRIDE).or_else(in_form)?;
    (!name.is_empty()).then(|| name.to_ascii_uppercase())
}
