//! Reading what EC2 answers: only so much of it, and none of the secrets that it was asked with.

use std::time::Duration;

use aws_sdk_ec2::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_types::body::SdkBody;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use crate::causes::TooLarge;
use crate::request;
use crate::secrets::Secrets;

/// How long an answer that has begun may stand still: as long as the SDK's own protection would let it, which is off, since it
/// would take an answer that is being read whole for one that stands still.
const MAX_SILENCE: Duration = Duration::from_secs(20);

/// Where EC2 says what a request is called, which it may say anything in.
const REQUEST_IDS: [&str; 2] = ["x-amzn-requestid", "x-amz-request-id"];

/// Stands between EC2's answers and the SDK.
#[derive(Debug)]
pub(crate) struct Answers {
    /// Whether the id of the key is nobody's business, as the gateway's own is not a client's.
    pub(crate) hides_key_id: bool,
}

/// What is too large stays so: it is not asked for again.
#[derive(Debug)]
pub(crate) struct IsFinal;

impl ClassifyRetry for IsFinal {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.output_or_error() {
            Some(Err(error)) if TooLarge::within(error).is_some() => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "deltawall"
    }
}

impl Intercept for Answers {
    fn name(&self) -> &'static str {
        "deltawall's answers"
    }

    fn read_after_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request().headers();
        let authorization = headers.get("authorization").unwrap_or_default();
        let part = |start| authorization.split_once(start).map(|(_, rest)| rest);
        let signature = part("Signature=");
        let key_id = part("Credential=").and_then(|rest| rest.split('/').next()).filter(|_| self.hides_key_id);
        let secret = request::secret();
        let secrets = [signature, key_id, headers.get("x-amz-security-token"), secret.as_deref()];
        config.interceptor_state().store_put(Secrets::new(secrets.into_iter().flatten()));
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(secrets) = config.load::<Secrets>().cloned() else { return Ok(()) };
        let response = context.response_mut();
        for name in REQUEST_IDS {
            let Some(id) = response.headers().get(name) else { continue };
            let id = String::from_utf8(secrets.hidden_in(id.as_bytes().to_vec()))?;
            response.headers_mut().try_insert(name, id)?;
        }
        let mut body = response.take_body();
        let whole = async move {
            let mut bytes = Vec::new();
            while let Some(frame) = tokio::time::timeout(MAX_SILENCE, body.frame()).await? {
                if let Some(data) = frame?.data_ref() {
                    request::count_read(data.len())?;
                    bytes.extend_from_slice(data);
                }
            }
            Ok::<_, BoxError>(Frame::data(secrets.hidden_in(bytes).into()))
        };
        *response.body_mut() = SdkBody::from_body_1_x(StreamBody::new(stream::once(whole)));
        Ok(())
    }
}
