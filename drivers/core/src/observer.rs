//! What drivers tell of the calls to their clouds.

use std::fmt;
use std::time::Duration;

/// One call to a cloud that has ended.
#[derive(Debug, Clone, Copy)]
pub struct CloudCall<'a> {
    /// The id of the driver.
    pub driver: &'static str,
    /// What the cloud calls it, such as `DescribeSecurityGroups`. It never holds what a client has sent.
    pub name: &'a str,
    /// How long it took.
    pub time: Duration,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether it repeats one that has failed.
    pub is_retry: bool,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The cloud has done what it was asked.
    Done,
    /// The cloud has answered that it would not, for whatever reason.
    Refused,
    /// There was no answer that could be read, or nobody waited for it any more.
    Unanswered,
}

/// Whoever wants to know of the calls that drivers make.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// A call has ended.
    fn called(&self, call: CloudCall<'_>);
}
