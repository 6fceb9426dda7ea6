//! What an operator decides.

use std::sync::Arc;

use deltawall_core::{NetworkId, Observer, ProviderName};

/// What an operator decides about EC2.
#[derive(Debug, Clone)]
pub struct Options {
    /// The VPC whose groups go by their names; none for the account's default VPC.
    pub vpc: Option<NetworkId>,
    /// Whether egress rules are shown to clients that do not ask for them.
    pub show_egress: bool,
    /// Where EC2 is, if not where the SDK's own configuration says. Regions named here are accepted as providers.
    pub endpoints: Vec<Endpoint>,
    /// Whether EC2 is asked with the credentials that the SDK finds, in the environment, a profile, by web identity or from
    /// the instance's role, and not with those of each call.
    pub ambient_credentials: bool,
    /// How much may be read of EC2's answers for one request, in bytes.
    pub max_answer: usize,
    /// Who is told of each call to EC2.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            vpc: None,
            show_egress: false,
            endpoints: Vec::new(),
            ambient_credentials: false,
            max_answer: 128 * 1024 * 1024,
            observer: None,
        }
    }
}

/// A URL that speaks EC2's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The region that it answers for; none for all that no other endpoint is for.
    pub region: Option<ProviderName>,
    /// Where it is.
    pub url: String,
}
