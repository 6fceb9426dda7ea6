//! From what was typed to what is valid.
//!
//! Each setting is an option, an environment variable and a key of the configuration file, in this order of precedence.

mod clients;
mod command;
mod feeds;
mod files;
mod guards;
mod halo;
mod hosts;
mod limits;
mod nftables;
mod relative;
mod settings;
mod store;
mod usage;
mod values;
mod vapix;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deltawall_core::{Cidr, Credentials, InvalidData, NetworkId, ProviderName};
use secrecy::{ExposeSecret, SecretString};

use command::{Given, Typed};
use settings::Settings;

pub use clients::{ClientsCommand, Rights};
pub use feeds::{Feed, FeedPlace};
pub use files::{check_has_end, file_error, read};
pub use guards::Guard;
pub use halo::{HaloCloud, HaloLimits};
pub use hosts::HostPattern;
pub use limits::Limits;
pub use nftables::Nftables;
pub use settings::{Ec2Credentials, LetThrough, LogFormat, LogLevel};
pub use store::{Kept, StorePlace};
pub use usage::Usage;
pub use vapix::{Challenge, VapixDevice};

/// The driver of this host's own firewalls.
const NFTABLES: &str = "nftables";

/// What the gateway is to do. It may hold a password, so it has no `Debug`.
#[derive(Clone)]
pub struct Config {
    /// The driver for requests that choose none, as it was typed.
    pub driver: String,
    /// The drivers that are served, as they were typed; none for the default one, or all where that is a mock.
    pub drivers: Vec<String>,
    /// The provider for requests that choose neither driver nor provider, as it was typed.
    pub provider: Option<String>,
    /// The host name or address to listen on.
    pub hostname: String,
    /// The port to listen on; 0 for any that is free.
    pub port: u16,
    /// What hrefs start with, without a slash at its end; none for `http://` and the request's `Host`.
    pub public_url: Option<String>,
    /// Where TLS gets its certificate; none for plain HTTP.
    pub tls: Option<Tls>,
    /// The hosts of CloudPassage Halo's API, whose clients are offered no HTTP/2.
    pub halo_hosts: Vec<HostPattern>,
    /// Whether plain HTTP may be spoken where others than this machine can connect.
    pub insecure_http: bool,
    /// The host and port for health and metrics; none for nowhere.
    pub admin_listen: Option<(String, u16)>,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What it has.
    pub log_level: LogLevel,
    /// The gateway's own credentials for the default driver, if clients do not bring theirs.
    pub credentials: Option<Credentials>,
    /// Who may use the gateway's own credentials, if not everyone on this machine.
    pub clients: Option<PathBuf>,
    /// How much clients may take of the gateway.
    pub limits: Limits,
    /// What the operator decides about EC2.
    pub ec2: Ec2,
    /// What the operator decides about nftables.
    pub nftables: Nftables,
    /// What the mock driver starts with, if not its samples.
    pub mock_data: Option<PathBuf>,
    /// What the fgcp driver starts with, if not its samples.
    pub fgcp_data: Option<PathBuf>,
    /// How long a firewall of the fgcp driver takes to stop.
    pub fgcp_stop_delay: Duration,
    /// Where changes are kept, and for how long.
    pub kept: Kept,
    /// What has to stay open or closed.
    pub guards: Vec<Guard>,
    /// How often firewalls that are kept are looked at.
    pub reconcile_every: Duration,
    /// The cloud whose firewalls are the server groups of Halo's account, if there is one.
    pub halo: Option<HaloCloud>,
    /// How long a GhostPort is open.
    pub ghost_port_time: Duration,
    /// The proxies that are believed where a client comes from.
    pub trusted_proxies: Vec<Cidr>,
    /// Lists that are kept as zones.
    pub feeds: Vec<Feed>,
    /// How many networks such a zone has, at the most.
    pub max_zone: usize,
    /// How much there may be in Halo's account.
    pub halo_limits: HaloLimits,
    /// The devices that clients of VAPIX see.
    pub vapix: Vec<VapixDevice>,
    /// How their clients are told to prove themselves.
    pub vapix_challenge: Challenge,
    /// How long a driver may take for an answer.
    pub backend_timeout: Duration,
    /// How long requests under way may take once the gateway is told to stop.
    pub drain_timeout: Duration,
}

/// Where TLS gets its certificate. Both files are in PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The certificate, and those between it and one that clients know.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What an operator decides about EC2, whether or not its driver was built in.
#[derive(Debug, Clone)]
pub struct Ec2 {
    /// The VPC whose groups go by their names; none for the account's default VPC.
    pub vpc: Option<NetworkId>,
    /// Whose credentials it is asked with.
    pub credentials: Ec2Credentials,
    /// Whether egress rules are shown to clients that do not ask for them.
    pub show_egress: bool,
    /// How much may be read of its answers for one request, in bytes.
    pub max_answer: usize,
    /// Endpoints, each for one region or for all that no other is for.
    pub endpoints: Vec<(Option<ProviderName>, String)>,
}

/// What the arguments ask for.
pub enum Start {
    /// To serve.
    Serve(Box<Config>),
    /// To check whether it could serve.
    Check(Box<Config>),
    /// To make or check the file of clients.
    Clients(ClientsCommand),
    /// To print what was asked for: the help, the version, completions, a manual page.
    Print(String),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            driver: "mock".into(),
            drivers: Vec::new(),
            provider: None,
            hostname: "127.0.0.1".into(),
            port: 3001,
            public_url: None,
            tls: None,
            halo_hosts: HostPattern::defaults(),
            insecure_http: false,
            admin_listen: None,
            log_format: LogFormat::default(),
            log_level: LogLevel::default(),
            credentials: None,
            clients: None,
            limits: Limits::default(),
            ec2: Ec2::default(),
            nftables: Nftables::default(),
            mock_data: None,
            fgcp_data: None,
            fgcp_stop_delay: Duration::from_secs(2),
            kept: Kept::default(),
            guards: Vec::new(),
            reconcile_every: Duration::from_secs(60),
            halo: Some(HaloCloud::default()),
            ghost_port_time: halo::GHOST_PORT_TIME,
            trusted_proxies: Vec::new(),
            feeds: Vec::new(),
            max_zone: 65_536,
            halo_limits: HaloLimits::default(),
            vapix: vec![VapixDevice::default()],
            vapix_challenge: Challenge::default(),
            backend_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

impl Default for Ec2 {
    fn default() -> Self {
        Self {
            vpc: None,
            credentials: Ec2Credentials::default(),
            show_egress: false,
            max_answer: 128 * 1024 * 1024,
            endpoints: Vec::new(),
        }
    }
}

impl Config {
    /// Reads arguments, environment and configuration file. The first of `arguments` is the program's own name.
    ///
    /// # Errors
    /// [`Usage`] when something there is wrong.
    pub fn from_arguments(arguments: impl IntoIterator<Item = OsString>) -> Result<Start, Usage> {
        match command::read(arguments)? {
            Typed::Serve(given) => Self::from_given(*given).map(Box::new).map(Start::Serve),
            Typed::Check(given) => Self::from_given(*given).map(Box::new).map(Start::Check),
            Typed::Clients(command) => Ok(Start::Clients(command)),
            Typed::Print(text) => Ok(Start::Print(text)),
        }
    }

    fn from_given(given: Given) -> Result<Self, Usage> {
        let file = given.config.as_deref().map_or_else(|| Ok(Settings::default()), read_file)?;
        Self::from_settings(given.settings, file)
    }

    fn from_settings(typed: Settings, file: Settings) -> Result<Self, Usage> {
        let default = Self::default();
        // An empty text, as in `API_PROVIDER= deltawall`, says nothing.
        let not_empty = |text: &String| !text.is_empty();
        let text = |typed: Option<String>, file: Option<String>| typed.filter(not_empty).or(file.filter(not_empty));
        let secret = |secret: Option<SecretString>| secret.filter(|secret| !secret.expose_secret().is_empty());
        let path = |typed: Option<PathBuf>, file: Option<PathBuf>| {
            let not_empty = |path: &PathBuf| !path.as_os_str().is_empty();
            typed.filter(not_empty).or(file.filter(not_empty))
        };
        let config = Self {
            limits: Limits::read(&typed, &file)?,
            kept: Kept::read(&typed, &file)?,
            nftables: Nftables::read(&typed, &file)?,
            halo: HaloCloud::read(typed.halo.as_deref().or(file.halo.as_deref()))?,
            ghost_port_time: halo::ghost_port_time(typed.ghostport_time.or(file.ghostport_time))?,
            trusted_proxies: halo::proxies(typed.trusted_proxies.as_deref().or(file.trusted_proxies.as_deref()))?,
            max_zone: values::count("--max-zone", typed.max_zone.or(file.max_zone), default.max_zone)?,
            halo_limits: HaloLimits::read((typed.max_objects, typed.max_rules), (file.max_objects, file.max_rules))?,
            feeds: feeds::feeds(file.feed)?,
            vapix: VapixDevice::read(typed.vapix.as_deref(), &file.vapix_device)?,
            vapix_challenge: typed.vapix_challenge.or(file.vapix_challenge).unwrap_or_default(),
            reconcile_every: values::timeout(
                "--reconcile-every",
                typed.reconcile_every.or(file.reconcile_every),
                default.reconcile_every,
            )?,
            driver: text(typed.driver, file.driver).unwrap_or(default.driver),
            drivers: Some(values::names(&typed.drivers))
                .filter(|names| !names.is_empty())
                .unwrap_or_else(|| values::names(&file.drivers)),
            provider: text(typed.provider, file.provider),
            hostname: text(typed.hostname, file.hostname).unwrap_or(default.hostname),
            port: typed.port.or(file.port).unwrap_or(default.port),
            public_url: text(typed.public_url, file.public_url).map(|url| values::public_url(&url)).transpose()?,
            tls: match (path(typed.tls_cert, file.tls_cert), path(typed.tls_key, file.tls_key)) {
                (Some(certificate), Some(key)) => Some(Tls { certificate, key }),
                (None, None) => None,
                _ => return Err(Usage("--tls-cert and --tls-key need each other".into())),
            },
            halo_hosts: HostPattern::read(typed.halo_hosts.or(file.halo_hosts))?,
            insecure_http: typed.insecure_http.or(file.insecure_http).unwrap_or_default(),
            admin_listen: text(typed.admin_listen, file.admin_listen)
                .map(|address| values::listen_address(&address))
                .transpose()?,
            log_format: typed.log_format.or(file.log_format).unwrap_or_default(),
            log_level: typed.log_level.or(file.log_level).unwrap_or_default(),
            credentials: match (text(typed.user, file.user), secret(typed.password).or(secret(file.password))) {
                (Some(user), Some(password)) => Some(Credentials::new(user, password.expose_secret())),
                (None, None) => None,
                _ => return Err(Usage("--user and --password need each other".into())),
            },
            clients: path(typed.clients, file.clients),
            ec2: Ec2 {
                vpc: text(typed.ec2_vpc, file.ec2_vpc).map(|vpc| values::vpc_id(&vpc)).transpose()?,
                credentials: typed.ec2_credentials.or(file.ec2_credentials).unwrap_or_default(),
                show_egress: typed.ec2_show_egress.or(file.ec2_show_egress).unwrap_or_default(),
                max_answer: values::count(
                    "--ec2-max-answer",
                    typed.ec2_max_answer.or(file.ec2_max_answer),
                    default.ec2.max_answer,
                )?,
                endpoints: match typed.ec2_endpoint.is_empty() {
                    true => file.ec2_endpoint.iter(),
                    false => typed.ec2_endpoint.iter(),
                }
                .map(|endpoint| values::ec2_endpoint(endpoint))
                .collect::<Result<_, _>>()?,
            },
            mock_data: typed.mock_data.or(file.mock_data),
            fgcp_data: typed.fgcp_data.or(file.fgcp_data),
            fgcp_stop_delay: values::duration(
                "--fgcp-stop-delay",
                typed.fgcp_stop_delay.or(file.fgcp_stop_delay),
                default.fgcp_stop_delay,
            )?,
            guards: guards::guards(file.guard)?,
            backend_timeout: values::timeout(
                "--backend-timeout",
                typed.backend_timeout.or(file.backend_timeout),
                default.backend_timeout,
            )?,
            drain_timeout: values::duration(
                "--drain-timeout",
                typed.drain_timeout.or(file.drain_timeout),
                default.drain_timeout,
            )?,
        };
        if config.clients.is_some() && !config.has_own_credentials() {
            let message = "--clients is for --user and --password, --ec2-credentials ambient, or the nftables driver";
            return Err(Usage(message.into()));
        }
        if config.serves_this_host() && config.clients.is_none() && config.public_url.is_some() {
            let message = "whoever comes through the proxy of --public-url could change the firewall of this host: give --clients";
            return Err(Usage(message.into()));
        }
        Ok(config)
    }

    /// Whether clouds are asked with credentials that the gateway keeps, so that clients need no keys of theirs.
    pub fn has_own_credentials(&self) -> bool {
        self.credentials.is_some() || self.ec2.credentials == Ec2Credentials::Ambient || self.serves_this_host()
    }

    /// Whether the firewalls of the host that the gateway runs on are served.
    pub fn serves_this_host(&self) -> bool {
        [&self.driver].into_iter().chain(&self.drivers).any(|driver| driver.eq_ignore_ascii_case(NFTABLES))
    }
}

fn read_file(path: &Path) -> Result<Settings, Usage> {
    let text = read(path)?;
    let settings = toml::from_str(&text);
    let settings = settings.map_err(|why| file_error(path, InvalidData::at(&text, why.span(), why.message())))?;
    relative::resolved(settings, path)
}
