//! The listening socket, the workers behind it, and how they stop.

use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::{App, HttpServer, rt, web};
use tokio::signal::unix::{SignalKind, signal};

use crate::Error;
use crate::config::Config;
use crate::deltacloud::{self, Gateway};

/// How long requests under way may take after the signal to stop, in seconds.
const SHUTDOWN_SECONDS: u64 = 30;

/// A gateway that has its address and has not begun to serve.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    gateway: Gateway,
}

impl Server {
    /// Takes the address that the configuration names. From here on clients can connect.
    ///
    /// # Errors
    /// [`Error::Listen`] when the address is in use or not ours.
    pub fn bind(config: &Config, gateway: Gateway) -> Result<Self, Error> {
        let host = config.hostname.trim_start_matches('[').trim_end_matches(']');
        let listen = || {
            let listener = TcpListener::bind((host, config.port))?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        match listen() {
            Ok((listener, address)) => Ok(Self { listener, address, gateway: gateway.at(address) }),
            Err(source) => Err(Error::Listen { address: format!("{}:{}", config.hostname, config.port), source }),
        }
    }

    /// The address that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Two lines for who started it: the URL, and a command to try it with.
    fn greeting(&self) -> String {
        let driver = self.gateway.default_driver();
        let url = format!("http://{}/api", self.address);
        let command = match self.gateway.sample_login() {
            Some((user, password)) => format!("curl -u {user}:{password} '{url}/firewalls?format=xml'"),
            None => format!("curl '{url}?format=xml'"),
        };
        let drivers = self.gateway.drivers();
        format!("deltawall listens on {url} with driver {driver}, and has {drivers}\n{command}")
    }

    /// Serves until SIGTERM or ctrl-C, and then until the requests under way are answered. `greet` gets two lines for
    /// who started it, as soon as both signals are heeded.
    ///
    /// # Errors
    /// When the workers cannot be started.
    pub fn run(self, greet: impl FnOnce(&str)) -> io::Result<()> {
        rt::System::new().block_on(async {
            let stop = stop_signal()?;
            greet(&self.greeting());
            let gateway = web::Data::new(self.gateway);
            HttpServer::new(move || App::new().app_data(gateway.clone()).default_service(web::to(deltacloud::serve)))
                .shutdown_signal(stop)
                .shutdown_timeout(SHUTDOWN_SECONDS)
                .listen(self.listener)?
                .run()
                .await
        })
    }
}

/// What completes when the process is asked to stop.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        let terminate = std::pin::pin!(terminate.recv());
        let interrupt = std::pin::pin!(interrupt.recv());
        futures_util::future::select(terminate, interrupt).await;
    })
}
