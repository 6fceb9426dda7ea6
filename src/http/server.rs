//! The listening sockets, the workers behind them, and how they stop.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actix_server::ServerBuilder;
use actix_web::rt;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use super::admin;
use super::control::{Reload, StopSignals, Systemd};
use super::descriptors;
use super::front::Front;
use super::peers::Connections;
use super::serve::Shared;
use super::stop::Stop;
use super::tls::{Acceptor, Certificate};
use crate::changes::Changes;
use crate::config::{Config, Limits, Usage};
use crate::dialects::Dialects;
use crate::error::Error;
use crate::message::host::{Names, PublicUrl};
use crate::policies::Policies;

/// A gateway that has its addresses and has not begun to serve.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    /// Those of devices that have a port of their own.
    others: Vec<(TcpListener, SocketAddr)>,
    admin: Option<TcpListener>,
    certificate: Option<Arc<Certificate>>,
    acceptor: Option<Acceptor>,
    shared: Arc<Shared>,
    limits: Limits,
    drain_timeout: Duration,
}

impl Server {
    /// Takes the addresses that the configuration names. From here on clients can connect.
    ///
    /// # Errors
    /// [`Error::Listen`] when an address is in use or not ours, [`Usage`] when others than this machine could
    /// connect without TLS, or without being known, or when the certificate cannot be read.
    pub fn bind(config: &Config, changes: Arc<Changes>, policies: Arc<Policies>) -> Result<Self, Error> {
        let Prepared { public_url, certificate, acceptor, host, addresses } = Prepared::of(config)?;
        let (listener, address) = listen(host, config.port, &addresses)?;
        let admin = match &config.admin_listen {
            Some((host, port)) => Some(listen(host, *port, &resolve(host, *port)?)?.0),
            None => None,
        };
        let ports: BTreeSet<_> = config.vapix.iter().filter_map(|device| device.port).collect();
        let ports = ports.into_iter().filter(|port| *port != address.port());
        let others = ports.map(|port| listen(host, port, &resolve(host, port)?)).collect::<Result<_, Error>>()?;
        let scheme = if certificate.is_some() { "https" } else { "http" };
        Ok(Self {
            listener,
            address,
            others,
            admin,
            certificate,
            acceptor,
            shared: Arc::new(Shared {
                gateway: Arc::clone(changes.gateway()),
                dialects: Arc::new(Dialects::new(
                    changes,
                    policies,
                    config.vapix_challenge,
                    config.trusted_proxies.clone(),
                )),
                names: Names { scheme, address: Some(address), public_url },
                stop: Stop::default(),
            }),
            limits: config.limits.clone(),
            drain_timeout: config.drain_timeout,
        })
    }

    /// Whether [`bind`](Self::bind) could take the addresses, were they free. It takes none.
    ///
    /// # Errors
    /// As there, but for addresses in use.
    pub fn check(config: &Config) -> Result<(), Error> {
        let Prepared { .. } = Prepared::of(config)?;
        if let Some((host, port)) = &config.admin_listen {
            resolve(host, *port)?;
        }
        Ok(())
    }

    /// The address that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lines for who started it: the URL, a command to try it with, and where health and metrics are.
    fn greeting(&self) -> String {
        let Shared { gateway, names, .. } = &*self.shared;
        let driver = gateway.default_driver.id();
        let url = format!("{}://{}/api", names.scheme, self.address);
        let command = match gateway.sample().map(|sample| sample.login) {
            Some((user, password)) => format!("curl -u {user}:{password} '{url}/firewalls?format=xml'"),
            None => format!("curl '{url}?format=xml'"),
        };
        let drivers = gateway.registry.names();
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
            let greeting = self.greeting();
            let (gateway, stop) = (Arc::clone(&self.shared.gateway), self.shared.stop.clone());
            self.limits.connections = descriptors::connections(&self.limits)?;
            let connections = Arc::new(Connections::new(&self.limits));
            let front = Front {
                connections: Arc::clone(&connections),
                limits: self.limits,
                acceptor: self.acceptor,
                shared: self.shared,
            };
            let fronts: Vec<_> = self
                .others
                .into_iter()
                .map(|(listener, address)| (listener, front.at(address)))
                .collect();
            let metrics = Arc::clone(gateway.metrics());
            let admin = self.admin.map(|listener| admin::serve(listener, metrics, connections, stop.clone())).transpose()?;
            // It begins before clients can take the descriptors that it needs for that.
            tokio::task::yield_now().await;
            // The number of connections is kept by the front, for all workers together.
            let mut server = ServerBuilder::new()
                .disable_signals()
                .max_concurrent_connections(usize::MAX)
                .shutdown_timeout(self.drain_timeout.as_secs_f64().ceil() as u64)
                .listen("deltawall", self.listener, move || front.clone().service())?;
            for (listener, front) in fronts {
                server = server.listen("device", listener, move || front.clone().service())?;
            }
            let server = server.run();
            let handle = server.handle();
            let mut serving = rt::spawn(server);
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

/// What has to be right before an address is taken.
struct Prepared<'a> {
    public_url: Option<PublicUrl>,
    certificate: Option<Arc<Certificate>>,
    acceptor: Option<Acceptor>,
    host: &'a str,
    addresses: Vec<SocketAddr>,
}

impl<'a> Prepared<'a> {
    fn of(config: &'a Config) -> Result<Self, Error> {
        let public_url = config.public_url.as_deref().map(public_url).transpose()?;
        let certificate = config.tls.clone().map(Certificate::read).transpose()?.map(Arc::new);
        let accept = |certificate| Acceptor::new(Arc::clone(certificate), &config.halo_hosts);
        let acceptor = certificate.as_ref().map(accept).transpose()?;
        let host = config.hostname.trim_start_matches('[').trim_end_matches(']');
        let addresses = resolve(host, config.port)?;
        if addresses.iter().any(|address| !address.ip().to_canonical().is_loopback()) {
            permit_strangers(config)?;
        }
        Ok(Self { public_url, certificate, acceptor, host, addresses })
    }
}

fn public_url(url: &str) -> Result<PublicUrl, Usage> {
    PublicUrl::new(url).ok_or_else(|| Usage(format!("'{url}' is no public URL")))
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
fn permit_strangers(config: &Config) -> Result<(), Usage> {
    let host = &config.hostname;
    if config.tls.is_none() && !config.insecure_http {
        let message = format!(
            "others than this machine can connect to {host}, and would send their credentials in the clear: \
             give --tls-cert and --tls-key, or --insecure-http"
        );
        return Err(Usage(message));
    }
    if config.has_own_credentials() && config.clients.is_none() {
        let message = format!(
            "others than this machine can connect to {host}, and would all use the gateway's own credentials: \
             give --clients"
        );
        return Err(Usage(message));
    }
    Ok(())
}
