//! What all calls for a request have.

use std::time::Instant;

use deltawall_core::{Context, Error, ErrorKind, NetworkId};

use crate::options::Options;

/// How many things EC2 sends at a time, at the most.
pub(super) const PAGE: i32 = 1000;

/// How many values a filter may have: EC2's own limit.
pub(super) const MAX_FILTER_VALUES: usize = 200;

/// What one request asks EC2 through.
pub(crate) struct Client {
    pub(super) ec2: aws_sdk_ec2::Client,
    /// The VPC whose groups go by their names, where an operator has chosen one.
    pub(super) vpc: Option<NetworkId>,
    pub(super) deadline: Instant,
}

impl Client {
    pub(crate) fn new(ec2: aws_sdk_ec2::Client, options: &Options, context: &Context) -> Self {
        Self { ec2, vpc: options.vpc.clone(), deadline: context.deadline }
    }
}

/// A failure to show what was done is no failure to do it, and must not read like one.
pub(super) fn done_but(done: &str, error: Error) -> Error {
    let message = format!("{done}, but could not be shown: {}", error.message);
    Error { kind: ErrorKind::Unavailable, message, ..error }
}
