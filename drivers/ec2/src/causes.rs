//! What errors came from.

use std::error::Error as StdError;

/// A cause, what that came from, and so on.
pub(crate) fn causes<'a>(
    mut next: Option<&'a (dyn StdError + 'static)>,
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

/// More than may be read for one request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TooLarge {
    /// That is so many bytes.
    #[error("EC2's answer is more than the {0} bytes that --ec2-max-answer allows.")]
    Most(usize),
    /// There is no room for more.
    #[error("There is no room for EC2's answer: more than may be is held for you. Try again.")]
    NoRoom,
}

impl TooLarge {
    /// The one that an error came from.
    pub(crate) fn within(error: &dyn StdError) -> Option<&Self> {
        causes(error.source()).find_map(|cause| cause.downcast_ref())
    }
}
