//! What stands before the HTTP servers: it counts connections, speaks TLS, keeps the time, and notes what cannot be read.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::body::BoxBody;
use actix_http::error::{DispatchError, ParseError};
use actix_http::{HttpService, KeepAlive, Protocol, Response};
use actix_service::{Service, ServiceFactory, fn_factory, fn_service};
use tokio::net::TcpStream;

use super::connection::{Activity, Connection, Stream, Timeouts};
use super::heads::{Blocks, Heads};
use super::http2::{self, Notes as _};
use super::peers::Connections;
use super::serve::{Shared, Worker, serve};
use super::tls::{Acceptor, HTTP2};
use crate::config::Limits;
use crate::gateway::metrics::{Limit, Metrics, Unreadable};
use crate::logging::REQUESTS;
use crate::message::host::Names;

/// How long the last bytes of a connection may take to be sent.
const GOODBYE: Duration = Duration::from_secs(1);

/// What all connections share.
#[derive(Clone)]
pub struct Front {
    /// Those there are.
    pub connections: Arc<Connections>,
    /// What clients may take.
    pub limits: Limits,
    /// What speaks TLS; none for plain HTTP.
    pub acceptor: Option<Acceptor>,
    /// What the workers share that answer what is asked on them.
    pub shared: Arc<Shared>,
}

impl Front {
    /// The same at another address.
    pub fn at(&self, address: SocketAddr) -> Self {
        let Shared { dialects, gateway, names, stop } = &*self.shared;
        let names = Names { address: Some(address), ..names.clone() };
        let shared = Shared { dialects: Arc::clone(dialects), gateway: Arc::clone(gateway), names, stop: stop.clone() };
        Self { shared: Arc::new(shared), ..self.clone() }
    }

    /// What becomes of accepted connections, in one worker.
    pub fn service(self) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()> {
        // There is one handler for all paths, so actix-web's application, which finds one for each, would only cost time.
        let worker = Rc::new(Worker::new(Arc::clone(&self.shared)));
        let of_http1 = Rc::clone(&worker);
        let answer = move |http: actix_http::Request| {
            let worker = Rc::clone(&of_http1);
            let activity = http.conn_data::<Rc<Activity>>().cloned();
            async move { Ok::<_, Response<BoxBody>>(serve(http, activity, worker).await) }
        };
        let http1 = HttpService::build()
            // How long a connection is kept is for `Connection` to say.
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(self.limits.header_timeout)
            .client_disconnect_timeout(GOODBYE)
            .on_connect_ext(|connection: &Connection, data| {
                data.insert(Rc::clone(connection.activity()));
            })
            .finish(fn_service(answer));
        let http1 = Rc::new(http1);
        fn_factory(move || {
            let (front, http1, worker) = (self.clone(), Rc::clone(&http1), Rc::clone(&worker));
            async move {
                let http1 = Rc::new(http1.new_service(()).await?);
                Ok(fn_service(move |tcp| {
                    let (front, http1, worker) = (front.clone(), Rc::clone(&http1), Rc::clone(&worker));
                    async move {
                        front.serve(tcp, &*http1, worker).await;
                        Ok::<_, ()>(())
                    }
                }))
            }
        })
    }

    /// Answers what is asked on a connection, until it ends.
    async fn serve(
        self,
        tcp: TcpStream,
        http1: &impl Service<(Connection, Protocol, Option<SocketAddr>), Error = DispatchError>,
        worker: Rc<Worker>,
    ) {
        let Ok(address) = tcp.peer_addr() else { return };
        let (stop, limits) = (self.shared.stop.clone(), self.limits.clone());
        let notes = Notes { metrics: Arc::clone(self.shared.gateway.metrics()), address };
        let Some((connection, protocol)) = self.open(tcp, address).await else { return };
        if protocol == Protocol::Http2 {
            let answer = |http, activity| serve(http, Some(activity), Rc::clone(&worker));
            return http2::serve(connection, address, &limits, &stop, &notes, answer).await;
        }
        let activity = Rc::clone(connection.activity());
        match http1.call((connection, protocol, Some(address))).await {
            Err(DispatchError::Parse(error @ ParseError::TooLarge)) => {
                notes.unreadable(Unreadable::HeadSize, &error.to_string());
            }
            Err(DispatchError::Parse(error)) => notes.unreadable(Unreadable::Malformed, &error.to_string()),
            _ if activity.head_was_late() => notes.unreadable(Unreadable::HeadTime, http2::LATE),
            _ => {}
        }
    }

    /// Takes a connection in; none where it is one too many, or TLS comes to nothing.
    async fn open(self, tcp: TcpStream, address: SocketAddr) -> Option<(Connection, Protocol)> {
        let place = match self.connections.admit(address.ip()) {
            Ok(place) => place,
            Err(limit) => {
                self.shared.gateway.metrics().rejected(limit);
                return None;
            }
        };
        // Answers are written whole, so there is nothing to wait for.
        let _ = tcp.set_nodelay(true);
        let (stream, protocol) = match &self.acceptor {
            None => (Stream::Plain(tcp), Protocol::Http1),
            Some(acceptor) => {
                // A connection lasts longer than what its handshake takes.
                let handshake = Box::pin(acceptor.accept(tcp));
                let handshake = tokio::time::timeout(self.limits.header_timeout, handshake);
                let tls = self.shared.stop.token().run_until_cancelled_owned(handshake).await?.ok()?.ok()?;
                let protocol = match tls.get_ref().1.alpn_protocol() {
                    Some(HTTP2) => Protocol::Http2,
                    _ => Protocol::Http1,
                };
                (Stream::Tls(Box::new(tls)), protocol)
            }
        };
        let (heads, goodbye) = match protocol {
            // It has a word for it when a connection is to end, and some time to say it.
            Protocol::Http2 => (Heads::Http2(Blocks::default()), GOODBYE),
            _ => (Heads::Http1(Box::default()), Duration::ZERO),
        };
        let timeouts = Timeouts {
            idle: self.limits.idle_timeout + goodbye,
            head: self.limits.header_timeout,
            write: self.limits.body_timeout,
        };
        Some((Connection::new(stream, heads, place, timeouts, self.shared.stop.clone()), protocol))
    }
}

/// Figures and log, for what becomes of a connection.
struct Notes {
    metrics: Arc<Metrics>,
    address: SocketAddr,
}

impl http2::Notes for Notes {
    fn refused(&self, limit: Limit) {
        self.metrics.rejected(limit);
    }

    fn unreadable(&self, what: Unreadable, why: &str) {
        self.metrics.unreadable(what);
        tracing::info!(target: REQUESTS, peer = %self.address.ip(), status = what.status(), why, "unreadable request");
    }
}
