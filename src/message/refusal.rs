//! What the HTTP server has against a request.

/// Why a request is not to be answered as it should be, or its body is not there. It reads as clients of any dialect are told.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There are as many requests as there may be.
    #[error("Too many requests are under way. This one was not begun; try again.")]
    Requests,
    /// There is no room for the answer.
    #[error("More is held for you than there is room for: take the answers to what you have asked, and try again.")]
    Answers,
    /// It would change something, and a page of another site is behind it.
    #[error("A page of another site may not do this. Nothing was done.")]
    OtherSite,
    /// The client has ended its body too early.
    #[error("The body of the request ended before it was whole.")]
    BodyBroken,
    /// The body took longer than so many seconds.
    #[error("The body of the request took longer than {0} seconds.")]
    BodyTime(f64),
    /// The body has more bytes than this.
    #[error("The body of the request is larger than {0} bytes.")]
    BodySize(usize),
    /// There is no room for the body.
    #[error("There is no room for the body of the request. Nothing was begun; try again.")]
    BodyRoom,
}
