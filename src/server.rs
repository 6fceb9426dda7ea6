//! The listening sockets, the workers behind them, and how they stop.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actix_http::body::BoxBody;
use actix_http::{HttpService, KeepAlive, Protocol, Response};
use actix_server::ServerBuilder;
use actix_service::{ServiceFactory, ServiceFactoryExt, fn_service};
use actix_web::rt;
use sd_notify::NotifyState;
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;

use crate::Error;
use crate::admin;
use crate::config::{Config, Limits};
use crate::connection::{Connection, Connections, Stream, Timeouts};
use crate::control::{Reload, StopSignals, Systemd};
use crate::deltacloud::{self, Gateway, Worker};
use crate::descriptors;
use crate::metrics::Metrics;
use crate::stop::Stop;
use crate::tls::Certificate;

/// How long the last bytes of a connection may take to be sent.
const GOODBYE: Duration = Duration::from_secs(1);

/// A gateway that has its addresses and has not begun to serve.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    admin: Option<TcpListener>,
    certificate: Option<Arc<Certificate>>,
    gateway: Gateway,
    limits: Limits,
    drain_timeout: Duration,
}

impl Server {
    /// Takes the addresses that the configuration names. From here on clients can connect.
    ///
    /// # Errors
    /// [`Error::Listen`] when an address is in use or not ours, [`Error::Usage`] when others than this machine could
    /// connect without TLS, or without being known, or when the certificate cannot be read.
    pub fn bind(config: &Config, gateway: Gateway) -> Result<Self, Error> {
        let certificate = config.tls.clone().map(Certificate::read).transpose()?.map(Arc::new);
        let host = config.hostname.trim_start_matches('[').trim_end_matches(']');
        let addresses = resolve(host, config.port)?;
        if addresses.iter().any(|address| !address.ip().to_canonical().is_loopback()) {
            permit_strangers(config)?;
        }
        let (listener, address) = listen(host, config.port, &addresses)?;
        let admin = match &config.admin_listen {
            Some((host, port)) => Some(listen(host, *port, &resolve(host, *port)?)?.0),
            None => None,
        };
        let scheme = if certificate.is_some() { "https" } else { "http" };
        Ok(Self {
            listener,
            address,
            admin,
            certificate,
            gateway: gateway.at(scheme, address),
            limits: config.limits.clone(),
            drain_timeout: config.drain_timeout,
        })
    }

    /// The address that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lines for who started it: the URL, a command to try it with, and where health and metrics are.
    fn greeting(&self) -> String {
        let driver = self.gateway.default_driver();
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}/api", self.address);
        let command = match self.gateway.sample().map(|sample| sample.login) {
            Some((user, password)) => format!("curl -u {user}:{password} '{url}/firewalls?format=xml'"),
            None => format!("curl '{url}?format=xml'"),
        };
        let drivers = self.gateway.drivers();
        let greeting = format!("deltawall listens on {url} with driver {driver}, and has {drivers}\n{command}");
        match self.admin.as_ref().and_then(|listener| listener.local_addr().ok()) {
            Some(address) => {
                format!("{greeting}\nhealth and metrics are at http://{address}/healthz, /readyz and /metrics")
            }
            None => greeting,
        }
    }

    /// Serves until SIGTERM or ctrl-C, and then until the requests under way are answered or the time for that is over; a
    /// second signal ends it at once. SIGHUP reads the certificate and the clients anew. `greet` gets lines for who started
    /// it, as soon as all signals are heeded.
    ///
    /// # Errors
    /// When the workers cannot be started, or a second signal came.
    pub fn run(mut self, greet: impl FnOnce(&str) + Send + 'static) -> io::Result<()> {
        rt::System::new().block_on(async {
            let mut signals = StopSignals::new()?;
            let mut hang_up = signal(SignalKind::hangup())?;
            let stop = self.gateway.stop().clone();
            let greeting = self.greeting();
            let gateway = Arc::new(self.gateway);
            let metrics = Arc::clone(gateway.metrics());
            self.limits.connections = descriptors::connections(&self.limits);
            let connections = Arc::new(Connections::new(&self.limits));
            metrics.watch(&connections);
            let front = Front {
                connections,
                limits: self.limits,
                acceptor: match &self.certificate {
                    Some(certificate) => Some(Arc::new(certificate.server_config().map_err(io::Error::other)?).into()),
                    None => None,
                },
                stop: stop.clone(),
                metrics: Arc::clone(&metrics),
            };
            // The number of connections is kept by the front, for all workers together.
            let server = ServerBuilder::new()
                .disable_signals()
                .max_concurrent_connections(usize::MAX)
                .shutdown_timeout(self.drain_timeout.as_secs_f64().ceil() as u64)
                .listen("deltawall", self.listener, {
                    let gateway = gateway.clone();
                    move || front.clone().service(gateway.clone())
                })?
                .run();
            let handle = server.handle();
            let mut serving = rt::spawn(server);
            let admin = self.admin.map(|listener| admin::serve(listener, metrics, stop.clone())).transpose()?;
            // From here on this thread is there for signals. Whatever may have to wait is done by others.
            let mut reloads = vec![Reload::start("clients", move || gateway.reload())?];
            if let Some(certificate) = self.certificate {
                reloads.push(Reload::start("certificate", move || certificate.reload())?);
            }
            let systemd = Systemd::start()?;
            thread::Builder::new().name("greeting".into()).spawn(move || greet(&greeting))?;
            systemd.tell(NotifyState::Ready);

            loop {
                tokio::select! {
                    ended = &mut serving => return ended.map_err(io::Error::other)?,
                    Some(()) = hang_up.recv() => reloads.iter().for_each(Reload::ask),
                    () = signals.next() => break,
                }
            }
            systemd.tell(NotifyState::Stopping);
            stop.begin();
            let ended = tokio::select! {
                () = handle.stop(true) => Ok(()),
                () = signals.next() => Err(io::Error::new(io::ErrorKind::Interrupted, "stopped at once by a second signal")),
            };
            if let Some(admin) = admin {
                admin.stop(false).await;
            }
            ended
        })
    }
}

fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
    let addresses = (host, port).to_socket_addrs().map(Vec::from_iter);
    addresses.map_err(|source| Error::Listen { address: format!("{host}:{port}"), source })
}

fn listen(host: &str, port: u16, addresses: &[SocketAddr]) -> Result<(TcpListener, SocketAddr), Error> {
    let listen = || {
        let listener = TcpListener::bind(addresses)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    listen().map_err(|source| Error::Listen { address: format!("{host}:{port}"), source })
}

/// Whether the gateway may be reached from other machines: credentials are keys of clouds.
fn permit_strangers(config: &Config) -> Result<(), Error> {
    let host = &config.hostname;
    if config.tls.is_none() && !config.insecure_http {
        let message = format!(
            "others than this machine can connect to {host}, and would send their credentials in the clear: \
             give --tls-cert and --tls-key, or --insecure-http"
        );
        return Err(Error::Usage(message));
    }
    if config.has_own_credentials() && config.clients.is_none() {
        let message = format!(
            "others than this machine can connect to {host}, and would all use the gateway's own credentials: \
             give --clients"
        );
        return Err(Error::Usage(message));
    }
    Ok(())
}

/// What stands before the HTTP server: it counts connections, speaks TLS, and keeps the time.
#[derive(Clone)]
struct Front {
    connections: Arc<Connections>,
    limits: Limits,
    acceptor: Option<TlsAcceptor>,
    stop: Stop,
    metrics: Arc<Metrics>,
}

impl Front {
    /// What becomes of an accepted connection, in one worker.
    fn service(
        self,
        gateway: Arc<Gateway>,
    ) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()> {
        // The dialect has one handler for all paths, so actix-web's application, which finds one for each, would only
        // cost time.
        let worker = Rc::new(Worker::new(gateway));
        let answer = move |http| {
            let worker = Rc::clone(&worker);
            async move { Ok::<_, Response<BoxBody>>(deltacloud::serve(http, worker).await) }
        };
        let http = HttpService::build()
            // How long a connection is kept is for `Connection` to say.
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(self.limits.header_timeout)
            .client_disconnect_timeout(GOODBYE)
            .on_connect_ext(|connection: &Connection, data| {
                data.insert(Rc::clone(connection.activity()));
            })
            .finish(fn_service(answer));
        let open = move |tcp| {
            let front = self.clone();
            async move { front.open(tcp).await.ok_or(()) }
        };
        fn_service(open).and_then(http.map_err(drop))
    }

    /// Takes a connection in; none where it is one too many, or TLS comes to nothing.
    async fn open(self, tcp: TcpStream) -> Option<(Connection, Protocol, Option<SocketAddr>)> {
        let address = tcp.peer_addr().ok()?;
        let place = match self.connections.admit(address.ip()) {
            Ok(place) => place,
            Err(refusal) => {
                self.metrics.rejected(refusal.into());
                return None;
            }
        };
        // Answers are written whole, so there is nothing to wait for.
        let _ = tcp.set_nodelay(true);
        let (stream, protocol) = match &self.acceptor {
            None => (Stream::Plain(tcp), Protocol::Http1),
            Some(acceptor) => {
                let handshake = tokio::time::timeout(self.limits.header_timeout, acceptor.accept(tcp));
                let tls = self.stop.token().run_until_cancelled_owned(handshake).await?.ok()?.ok()?;
                let protocol = match tls.get_ref().1.alpn_protocol() {
                    Some(b"h2") => Protocol::Http2,
                    _ => Protocol::Http1,
                };
                (Stream::Tls(Box::new(tls)), protocol)
            }
        };
        let timeouts = Timeouts {
            idle: self.limits.idle_timeout,
            head: (protocol == Protocol::Http1).then_some(self.limits.header_timeout),
            write: self.limits.body_timeout,
        };
        Some((Connection::new(stream, place, timeouts, self.stop), protocol, Some(address)))
    }
}
