//! HTTP/2: the requests of a connection, several at a time, each a stream.
//!
//! actix-http sets no bound for streams, heads and what waits to be sent, so this does as it does, but with bounds.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use actix_http::body::{BodySize, MessageBody};
use actix_http::error::PayloadError;
use actix_http::{Payload, Request, Response, ResponseHead};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, Version};
use actix_web::rt;
use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::future::poll_fn;
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, DATE};

use super::connection::{Activity, Connection};
use super::stop::Stop;
use crate::config::Limits;
use crate::gateway::metrics::{Limit, Unreadable};

/// How many requests may be under way on a connection: as many as RFC 9113, section 6.5.2, advises to allow.
const MAX_STREAMS: u32 = 100;

/// How large a head may be, in bytes, and how many headers it may have: as in HTTP/1.
const MAX_HEAD: usize = 128 * 1024;
const MAX_HEADERS: usize = 96;

/// Past this h2 refuses a head by itself, and past four times as much it ends the connection.
const MAX_READ: u32 = 256 * 1024;

/// How much of a body, and of all bodies on a connection, may come before it is read, in bytes.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// How much of an answer is given to h2 at a time, in bytes: as much as stands in a frame.
pub const PIECE: usize = 16 * 1024;

/// What a stream takes besides head and body of its request, in bytes: h2's part, ours, and an answer too small to be counted.
const STREAM: usize = 8 * 1024;

/// How long a client may take to end a body that it need not send any more.
const GOODBYE: Duration = Duration::from_secs(1);

/// What a head is that is given up.
pub const LATE: &str = "the head took too long";

/// What `serve` tells of while it goes on.
pub trait Notes {
    /// A request was turned away.
    fn refused(&self, limit: Limit);
    /// What came could not be read as a request.
    fn unreadable(&self, what: Unreadable, why: &str);
}

/// Answers what is asked on a connection, until the client has gone, or it idles, or `stop` has begun, and all is answered.
pub async fn serve<F, B>(
    connection: Connection,
    peer: SocketAddr,
    limits: &Limits,
    stop: &Stop,
    notes: &impl Notes,
    answer: impl Fn(Request, Rc<Activity>) -> F,
) where
    F: Future<Output = Response<B>> + 'static,
    B: MessageBody + 'static,
{
    let activity = Rc::clone(connection.activity());
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_READ)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(PIECE);
    let broken = |error: h2::Error| {
        if !error.is_io() {
            notes.unreadable(Unreadable::Http2, &error.to_string());
        }
    };
    let handshake = tokio::time::timeout(limits.header_timeout, builder.handshake(connection));
    let mut streams = match handshake.await {
        Ok(Ok(streams)) => streams,
        Ok(Err(error)) => return broken(error),
        Err(_) => return notes.unreadable(Unreadable::HeadTime, LATE),
    };
    let token = stop.token();
    let mut goodbye = pin!(async {
        tokio::select! {
            () = token.cancelled() => {}
            () = activity.idles(limits.idle_timeout) => {}
        }
    });
    let mut is_ending = false;
    loop {
        let accepted = tokio::select! {
            biased;
            // What the client has sent and is not answered is not begun then, which it is told: it may ask again.
            () = &mut goodbye, if !is_ending => {
                is_ending = true;
                streams.graceful_shutdown();
                continue;
            }
            accepted = streams.accept() => accepted,
        };
        let (request, mut respond) = match accepted {
            Some(Ok(accepted)) => accepted,
            Some(Err(error)) => return broken(error),
            None if activity.head_was_late() => return notes.unreadable(Unreadable::HeadTime, LATE),
            None => return,
        };
        activity.asked();
        let size = size(&request);
        let mut held = activity.hold();
        if let Err(limit) = held.add(STREAM + size) {
            notes.refused(limit);
            respond.send_reset(Reason::REFUSED_STREAM);
            continue;
        }
        if size > MAX_HEAD || request.headers().len() > MAX_HEADERS {
            notes.unreadable(Unreadable::HeadSize, "the head is too large");
            refuse(respond, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
            continue;
        }
        let is_head = request.method() == http::Method::HEAD;
        let (parts, body) = request.into_parts();
        let body = Rc::new(RefCell::new(body));
        let Some(request) = convert(parts, Body(Rc::clone(&body)), peer) else {
            notes.unreadable(Unreadable::Malformed, "the path is none");
            refuse(respond, StatusCode::BAD_REQUEST);
            continue;
        };
        let response = answer(request, Rc::clone(&activity));
        rt::spawn(async move {
            send(response.await, respond, is_head).await;
            // Where the body was not read to its end, h2 breaks the stream off with it, and some clients then take no answer.
            let rest = async { while let Some(Ok(_)) = poll_fn(|cx| body.borrow_mut().poll_data(cx)).await {} };
            let _ = tokio::time::timeout(GOODBYE, rest).await;
            drop(held);
        });
    }
}

/// How large a head is, as section 6.5.2 of RFC 9113 counts it.
fn size(request: &http::Request<RecvStream>) -> usize {
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 32);
    let uri = request.uri();
    let target =
        uri.path().len() + uri.query().map_or(0, str::len) + uri.authority().map_or(0, |host| host.as_str().len());
    headers.sum::<usize>() + target
}

/// A request of h2's as actix-http has them: they stand on two versions of the crate `http`.
fn convert(parts: http::request::Parts, body: Body, peer: SocketAddr) -> Option<Request> {
    let is_empty = body.0.borrow().is_end_stream();
    let payload = match is_empty {
        true => Payload::None,
        false => Payload::Stream { payload: Box::pin(body) as _ },
    };
    let mut request = Request::with_payload(payload);
    let head = request.head_mut();
    head.uri = parts.uri.to_string().parse().ok()?;
    head.method = Method::from_bytes(parts.method.as_str().as_bytes()).ok()?;
    head.version = Version::HTTP_2;
    head.peer_addr = Some(peer);
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        head.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(request)
}

/// The body of a request. What is read of it makes room for more.
struct Body(Rc<RefCell<RecvStream>>);

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut stream = self.0.borrow_mut();
        let failed = |error: h2::Error| PayloadError::Io(std::io::Error::other(error));
        Poll::Ready(ready!(stream.poll_data(cx)).map(|data| {
            let data = data.map_err(failed)?;
            stream.flow_control().release_capacity(data.len()).map_err(failed)?;
            Ok(data)
        }))
    }
}

/// Answers a request that is not read.
fn refuse(mut respond: SendResponse<Bytes>, status: StatusCode) {
    let mut response = http::Response::new(());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    // A client that has gone needs no answer.
    let _ = respond.send_response(response, true);
}

/// Sends an answer as fast as the client takes it. It is dropped where the client has gone or wants it no more.
async fn send(response: Response<impl MessageBody>, mut respond: SendResponse<Bytes>, is_head: bool) {
    let (response, body) = response.into_parts();
    let size = body.size();
    let is_whole = is_head || size.is_eof();
    let Some(head) = head(response.head(), size) else { return respond.send_reset(Reason::INTERNAL_ERROR) };
    let Ok(mut stream) = respond.send_response(head, is_whole) else { return };
    if is_whole {
        return;
    }
    let mut body = pin!(body);
    while let Some(part) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
        let Ok(mut part) = part else { return stream.send_reset(Reason::INTERNAL_ERROR) };
        while !part.is_empty() {
            stream.reserve_capacity(part.len().min(PIECE));
            let Some(Ok(room)) = poll_fn(|cx| stream.poll_capacity(cx)).await else { return };
            if stream.send_data(part.split_to(part.len().min(room)), false).is_err() {
                return;
            }
        }
    }
    let _ = stream.send_data(Bytes::new(), true);
}

/// The head of an answer, with what actix-http adds by itself in HTTP/1.
fn head(response: &ResponseHead, size: BodySize) -> Option<http::Response<()>> {
    let mut head = http::Response::new(());
    *head.status_mut() = StatusCode::from_u16(response.status.as_u16()).ok()?;
    let headers = head.headers_mut();
    for (name, value) in response.headers() {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        headers.append(name, http::HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    headers.insert(DATE, httpdate::fmt_http_date(SystemTime::now()).try_into().ok()?);
    if let BodySize::Sized(length) = size
        && response.status != actix_web::http::StatusCode::NO_CONTENT
    {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    Some(head)
}
