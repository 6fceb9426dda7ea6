//! The settings that there are: each an option, an environment variable and a key of the configuration file.

use std::path::PathBuf;

use clap::ValueEnum;
use secrecy::SecretString;
use serde::Deserialize;

use super::feeds::FeedSettings;
use super::guards::GuardSettings;
use super::vapix::{Challenge, VapixSettings};

/// What was typed, each of which may be left out.
#[derive(Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// The driver for requests that choose none [default: mock]
    #[arg(short = 'i', long, env = "API_DRIVER", value_name = "NAME")]
    pub(super) driver: Option<String>,

    /// The drivers that clients can choose; others are not there [default: that of -i, or all but nftables where that is a mock]
    #[arg(long, env = "API_DRIVERS", value_name = "NAME", value_delimiter = ',')]
    #[serde(default)]
    pub(super) drivers: Vec<String>,

    /// The provider for requests that choose neither driver nor provider
    #[arg(short = 'P', long, env = "API_PROVIDER", value_name = "NAME")]
    pub(super) provider: Option<String>,

    /// The host name or address to listen on [default: 127.0.0.1]
    #[arg(short = 'r', long, env = "API_HOST", value_name = "HOST")]
    pub(super) hostname: Option<String>,

    /// The port to listen on; 0 takes a free one and prints it [default: 3001]
    #[arg(short = 'p', long, env = "API_PORT", value_name = "PORT")]
    pub(super) port: Option<u16>,

    /// What hrefs in answers start with, where clients come through a proxy, such as `https://fw.example.com`
    #[arg(long, env = "API_PUBLIC_URL", value_name = "URL")]
    pub(super) public_url: Option<String>,

    /// Speak TLS with this chain of certificates, in PEM; SIGHUP reads it anew
    #[arg(long, env = "API_TLS_CERT", value_name = "FILE")]
    pub(super) tls_cert: Option<PathBuf>,

    /// The private key of that certificate, in PEM
    #[arg(long, env = "API_TLS_KEY", value_name = "FILE")]
    pub(super) tls_key: Option<PathBuf>,

    /// The hosts whose clients are offered no HTTP/2, as old scripts of CloudPassage Halo need it; `*.DOMAIN` for all below a domain, or none [default: *.cloudpassage.com]
    #[arg(long, env = "API_HALO_HOSTS", value_name = "NAME", value_delimiter = ',')]
    pub(super) halo_hosts: Option<Vec<String>>,

    /// Listen without TLS where others than this machine can connect, and read their credentials on the way
    #[arg(long, env = "API_INSECURE_HTTP", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(super) insecure_http: Option<bool>,

    /// Where to answer /healthz, /readyz and /metrics, without TLS; 127.0.0.1 where only a port is given [default: nowhere]
    #[arg(long, env = "API_ADMIN_LISTEN", value_name = "[HOST:]PORT")]
    pub(super) admin_listen: Option<String>,

    /// How the log on standard error is written [default: text]
    #[arg(long, env = "API_LOG_FORMAT", value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,

    /// What the log has: what is as serious as this, or more; the audit is always in it [default: info]
    #[arg(long, env = "API_LOG_LEVEL", value_name = "LEVEL")]
    pub(super) log_level: Option<LogLevel>,

    /// The gateway's own user at the cloud of the default driver, whose keys clients then do not need
    #[arg(long, env = "API_USER", value_name = "NAME")]
    pub(super) user: Option<String>,

    /// The password of that user; better given in the environment or the file, since a command line can be read by others
    #[arg(long, env = "API_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    pub(super) password: Option<SecretString>,

    /// Whose credentials EC2 is asked with: those of each client, or those that the AWS SDK finds [default: client]
    #[arg(long, env = "API_EC2_CREDENTIALS", value_name = "WHOSE")]
    pub(super) ec2_credentials: Option<Ec2Credentials>,

    /// Who may use the gateway's own credentials, as `deltawall clients add` writes it
    #[arg(long, env = "API_CLIENTS", value_name = "FILE")]
    pub(super) clients: Option<PathBuf>,

    /// How long a driver may take for an answer [default: 30]
    #[arg(long, env = "API_BACKEND_TIMEOUT", value_name = "SECONDS")]
    pub(super) backend_timeout: Option<f64>,

    /// How many requests a driver works on at a time for each of its providers, such as a region [default: 64]
    #[arg(long, env = "API_BACKEND_REQUESTS", value_name = "COUNT")]
    pub(super) backend_requests: Option<u32>,

    /// How many requests may wait for each provider; those past it are turned away with 503 [default: 64]
    #[arg(long, env = "API_BACKEND_QUEUE", value_name = "COUNT")]
    pub(super) backend_queue: Option<u32>,

    /// How long the first line and the headers of a request may take [default: 10]
    #[arg(long, env = "API_HEADER_TIMEOUT", value_name = "SECONDS")]
    pub(super) header_timeout: Option<f64>,

    /// How long the body of a request may take [default: 30]
    #[arg(long, env = "API_BODY_TIMEOUT", value_name = "SECONDS")]
    pub(super) body_timeout: Option<f64>,

    /// How long a connection is kept on which nothing is asked [default: 60]
    #[arg(long, env = "API_IDLE_TIMEOUT", value_name = "SECONDS")]
    pub(super) idle_timeout: Option<f64>,

    /// How many connections there may be [default: 1000]
    #[arg(long, env = "API_MAX_CONNECTIONS", value_name = "COUNT")]
    pub(super) max_connections: Option<u32>,

    /// How many of them one peer may have: an IPv4 address, or a /64 of IPv6 [default: 100]
    #[arg(long, env = "API_MAX_PEER_CONNECTIONS", value_name = "COUNT")]
    pub(super) max_peer_connections: Option<u32>,

    /// How many bytes of requests and answers are held for all clients together; of one peer at most half [default: 268435456]
    #[arg(long, env = "API_MAX_HELD", value_name = "BYTES")]
    pub(super) max_held: Option<u32>,

    /// How large the body of a request may be [default: 1048576]
    #[arg(long, env = "API_MAX_BODY", value_name = "BYTES")]
    pub(super) max_body: Option<u32>,

    /// How many parameters a request may have, query and body together [default: 2500]
    #[arg(long, env = "API_MAX_PARAMETERS", value_name = "COUNT")]
    pub(super) max_parameters: Option<u32>,

    /// How long the name and the value of a parameter may be [default: 4096]
    #[arg(long, env = "API_MAX_FIELD", value_name = "BYTES")]
    pub(super) max_field: Option<u32>,

    /// How many sources a new rule may have [default: 1000]
    #[arg(long, env = "API_MAX_SOURCES", value_name = "COUNT")]
    pub(super) max_sources: Option<u32>,

    /// How long requests under way may take once the gateway is told to stop [default: 30]
    #[arg(long, env = "API_DRAIN_TIMEOUT", value_name = "SECONDS")]
    pub(super) drain_timeout: Option<f64>,

    /// The VPC whose security groups go by their names [default: the account's default VPC]
    #[arg(long, env = "API_EC2_VPC", value_name = "VPC")]
    pub(super) ec2_vpc: Option<String>,

    /// Show egress rules of security groups to clients that do not ask for them
    #[arg(long, env = "API_EC2_SHOW_EGRESS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(super) ec2_show_egress: Option<bool>,

    /// How much may be read of EC2's answers for one request [default: 134217728]
    #[arg(long, env = "API_EC2_MAX_ANSWER", value_name = "BYTES")]
    pub(super) ec2_max_answer: Option<u32>,

    /// Where EC2 is, for all regions or one, which may be one that Amazon does not have; may be given several times
    #[arg(long, env = "API_EC2_ENDPOINT", value_name = "[REGION=]URL", value_delimiter = ',')]
    #[serde(default)]
    pub(super) ec2_endpoint: Vec<String>,

    /// Account, credentials and firewalls that the mock driver starts with [default: built in]
    #[arg(long, env = "API_MOCK_DATA", value_name = "FILE")]
    pub(super) mock_data: Option<PathBuf>,

    /// Certificates, templates and systems that the fgcp driver starts with [default: built in]
    #[arg(long, env = "API_FGCP_DATA", value_name = "FILE")]
    pub(super) fgcp_data: Option<PathBuf>,

    /// How long a firewall of the fgcp driver takes to stop [default: 2]
    #[arg(long, env = "API_FGCP_STOP_DELAY", value_name = "SECONDS")]
    pub(super) fgcp_stop_delay: Option<f64>,

    /// The network namespaces of /run/netns that are providers of the nftables driver, beside `host`
    #[arg(long, env = "API_NFT_NAMESPACES", value_name = "NAME", value_delimiter = ',')]
    #[serde(default)]
    pub(super) nft_namespaces: Vec<String>,

    /// Let ingress rules of the nftables driver judge what the host forwards, too
    #[arg(long, env = "API_NFT_FORWARD", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(super) nft_forward: Option<bool>,

    /// What the nftables driver lets through before any rule [default: loopback,established,neighbours,dhcp]
    #[arg(long, env = "API_NFT_LET_THROUGH", value_name = "WHAT", value_delimiter = ',')]
    #[serde(default)]
    pub(super) nft_let_through: Vec<LetThrough>,

    /// Let connections go on when the rule goes that let them in
    #[arg(long, env = "API_NFT_KEEP_CONNECTIONS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(super) nft_keep_connections: Option<bool>,

    /// Refuse changes after which who makes them could not reach the gateway on this host any more [default: true]
    #[arg(long, env = "API_NFT_GUARD", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(super) nft_guard: Option<bool>,

    /// The bits of a connection's mark that are the nftables driver's [default: 0x0000ffff]
    #[arg(long, env = "API_NFT_MARKS", value_name = "BITS")]
    pub(super) nft_marks: Option<String>,

    /// Where the nftables driver writes its rules for the time before the gateway starts, for /etc/nftables.conf to include
    #[arg(long, env = "API_NFT_BOOT_FILE", value_name = "FILE")]
    pub(super) nft_boot_file: Option<PathBuf>,

    /// Where changes are kept: memory, which ends with the gateway; a file; or a PostgreSQL server that gateways share [default: memory]
    #[arg(long, env = "API_STATE", hide_env_values = true, value_name = "memory|FILE|postgres://…")]
    pub(super) state: Option<SecretString>,

    /// The key that kept credentials are sealed with [default: FILE.key beside the file, which is made]
    #[arg(long, env = "API_STATE_KEY", value_name = "FILE")]
    pub(super) state_key: Option<PathBuf>,

    /// How long changes are kept that came to their end [default: 90]
    #[arg(long, env = "API_KEEP_CHANGES", value_name = "DAYS")]
    pub(super) keep_changes: Option<u32>,

    /// How often firewalls that are kept are looked at, whether others have changed them [default: 60]
    #[arg(long, env = "API_RECONCILE_EVERY", value_name = "SECONDS")]
    pub(super) reconcile_every: Option<f64>,

    /// The cloud whose firewalls are the server groups of Halo's account, or none [default: mock-nftables where it is served]
    #[arg(long, env = "API_HALO", value_name = "DRIVER[/PROVIDER]")]
    pub(super) halo: Option<String>,

    /// How long a GhostPort is open [default: 14400, which is four hours]
    #[arg(long, env = "API_GHOSTPORT_TIME", value_name = "SECONDS")]
    pub(super) ghostport_time: Option<u64>,

    /// The proxies whose X-Forwarded-For is believed, where somebody opens a GhostPort: addresses and networks, with commas between
    #[arg(long, env = "API_TRUSTED_PROXIES", value_name = "CIDRS")]
    pub(super) trusted_proxies: Option<String>,

    /// How many networks a zone of a feed has at the most, once merged [default: 65536]
    #[arg(long, env = "API_MAX_ZONE", value_name = "COUNT")]
    pub(super) max_zone: Option<u32>,

    /// How many policies, zones, services, interfaces and groups Halo's account has at the most, of each kind [default: 10000]
    #[arg(long, env = "API_MAX_OBJECTS", value_name = "COUNT")]
    pub(super) max_objects: Option<u32>,

    /// How many rules one of its policies has at the most [default: 1000]
    #[arg(long, env = "API_MAX_RULES", value_name = "COUNT")]
    pub(super) max_rules: Option<u32>,

    /// The firewall that the rules of the VAPIX device are of, or none [default: mock-nftables/device where that driver is served]
    #[arg(long, env = "API_VAPIX", value_name = "DRIVER[/PROVIDER]/FIREWALL")]
    #[serde(skip)]
    pub(super) vapix: Option<String>,

    /// How clients of VAPIX devices are told to prove themselves [default: both]
    #[arg(long, env = "API_VAPIX_CHALLENGE", value_name = "SCHEME")]
    pub(super) vapix_challenge: Option<Challenge>,

    /// The devices of VAPIX, where there are several; in the configuration file alone.
    #[arg(skip)]
    #[serde(default, rename = "vapix")]
    pub(super) vapix_device: Vec<VapixSettings>,

    /// Lists that are kept as zones; in the configuration file alone.
    #[arg(skip)]
    #[serde(default)]
    pub(super) feed: Vec<FeedSettings>,

    /// What has to stay open or closed; in the configuration file alone.
    #[arg(skip)]
    #[serde(default)]
    pub(super) guard: Vec<GuardSettings>,
}

/// Whose credentials EC2 is asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ec2Credentials {
    /// Those that come with each request.
    #[default]
    Client,
    /// The gateway's own, where the SDK looks for them: environment, profile, web identity, instance role.
    Ambient,
}

/// What may be let through before any rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LetThrough {
    /// What the host sends to itself.
    Loopback,
    /// What belongs to a connection that was let in.
    Established,
    /// IPv6's discovery of neighbours and routers.
    Neighbours,
    /// DHCP for the host's own addresses.
    Dhcp,
    /// Nothing, by itself alone.
    None,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What the log has, beside the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// And what may fail.
    Warn,
    /// And requests.
    #[default]
    Info,
    /// And requests for what pages consist of.
    Debug,
}
