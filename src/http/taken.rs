//! The body of an answer, and that its request is under way until it was taken.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use super::connection::{Held, UnderWay};
use super::http2;
use crate::gateway::Desk;

/// A request that is counted as under way, until it is dropped.
pub struct Counted(Rc<Desk>);

impl Counted {
    /// One more.
    pub fn new(desk: Rc<Desk>) -> Self {
        desk.gateway.metrics().begun();
        Self(desk)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.gateway.metrics().ended();
    }
}

/// A body whose request is under way until it has been taken. It is given out in pieces, so that the HTTP server does not
/// copy a large one whole before it sends it.
pub struct Taken {
    body: BoxBody,
    /// In HTTP/2 nothing but the pieces tells whether the client takes anything of it: the connection carries other
    /// answers, too.
    is_http2: bool,
    /// What is left of the last part of the body.
    rest: Bytes,
    under_way: Option<UnderWay>,
    _held: Option<Held>,
    _counted: Counted,
}

/// How large a piece is in HTTP/1.
const HTTP1_PIECE: usize = 64 * 1024;

impl Taken {
    /// Nothing of it was taken yet.
    pub fn new(
        body: BoxBody,
        is_http2: bool,
        under_way: Option<UnderWay>,
        held: Option<Held>,
        counted: Counted,
    ) -> Self {
        Self { body, is_http2, rest: Bytes::new(), under_way, _held: held, _counted: counted }
    }
}

impl MessageBody for Taken {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let Self { body, is_http2, rest, under_way, .. } = self.get_mut();
        if let Some(under_way) = under_way.as_mut().filter(|_| *is_http2) {
            under_way.answer_taken();
        }
        if rest.is_empty() {
            match ready!(body.as_pin_mut().poll_next(cx)) {
                Some(Ok(part)) => *rest = part,
                end => return Poll::Ready(end),
            }
        }
        let most = if *is_http2 { http2::PIECE } else { HTTP1_PIECE };
        Poll::Ready(Some(Ok(rest.split_to(rest.len().min(most)))))
    }
}
