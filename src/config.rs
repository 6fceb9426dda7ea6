//! From what was typed to what is valid.
//!
//! Each setting is an option, an environment variable and a key of the configuration file, in this order of precedence.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actix_web::http::Uri;
use clap::Parser;
use clap::error::ErrorKind;
use deltawall_core::{InvalidData, NetworkId, ProviderName};
use serde::Deserialize;

use crate::Error;
use crate::logging::LogFormat;

/// One firewall API in front of every cloud.
#[derive(Debug, Parser)]
#[command(name = "deltawall", version, disable_help_subcommand = true)]
struct Args {
    #[command(flatten)]
    settings: Settings,

    /// A TOML file with any of these settings, `public_url = "…"` for --public-url and so on
    #[arg(long, env = "API_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The settings that there are, each of which may be left out.
#[derive(Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The driver for requests that choose none [default: mock]
    #[arg(short = 'i', long, env = "API_DRIVER", value_name = "NAME")]
    driver: Option<String>,

    /// The provider for requests that choose neither driver nor provider
    #[arg(short = 'P', long, env = "API_PROVIDER", value_name = "NAME")]
    provider: Option<String>,

    /// The host name or address to listen on [default: 127.0.0.1]
    #[arg(short = 'r', long, env = "API_HOST", value_name = "HOST")]
    hostname: Option<String>,

    /// The port to listen on; 0 takes a free one and prints it [default: 3001]
    #[arg(short = 'p', long, env = "API_PORT", value_name = "PORT")]
    port: Option<u16>,

    /// What hrefs in answers start with, where clients come through a proxy, such as `https://fw.example.com`
    #[arg(long, env = "API_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,

    /// How the log on standard error is written [default: text]
    #[arg(long, env = "API_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<LogFormat>,

    /// The VPC whose security groups go by their names [default: the account's default VPC]
    #[arg(long, env = "API_EC2_VPC", value_name = "VPC")]
    ec2_vpc: Option<String>,

    /// Show egress rules of security groups to clients that do not ask for them
    #[arg(long, env = "API_EC2_SHOW_EGRESS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    ec2_show_egress: Option<bool>,

    /// Where EC2 is, for all regions or one, which may be one that Amazon does not have; may be given several times
    #[arg(long, env = "API_EC2_ENDPOINT", value_name = "[REGION=]URL", value_delimiter = ',')]
    #[serde(default)]
    ec2_endpoint: Vec<String>,

    /// Account, credentials and firewalls that the mock driver starts with [default: built in]
    #[arg(long, env = "API_MOCK_DATA", value_name = "FILE")]
    mock_data: Option<PathBuf>,

    /// Certificates, templates and systems that the fgcp driver starts with [default: built in]
    #[arg(long, env = "API_FGCP_DATA", value_name = "FILE")]
    fgcp_data: Option<PathBuf>,

    /// How long a firewall of the fgcp driver takes to stop [default: 2]
    #[arg(long, env = "API_FGCP_STOP_DELAY", value_name = "SECONDS")]
    fgcp_stop_delay: Option<f64>,
}

/// What the gateway is to do.
#[derive(Debug, Clone)]
pub struct Config {
    /// The driver for requests that choose none, as it was typed.
    pub driver: String,
    /// The provider for requests that choose neither driver nor provider, as it was typed.
    pub provider: Option<String>,
    /// The host name or address to listen on.
    pub hostname: String,
    /// The port to listen on; 0 for any that is free.
    pub port: u16,
    /// What hrefs start with, without a slash at its end; none for `http://` and the request's `Host`.
    pub public_url: Option<String>,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What the operator decides about EC2.
    pub ec2: Ec2,
    /// What the mock driver starts with, if not its samples.
    pub mock_data: Option<PathBuf>,
    /// What the fgcp driver starts with, if not its samples.
    pub fgcp_data: Option<PathBuf>,
    /// How long a firewall of the fgcp driver takes to stop.
    pub fgcp_stop_delay: Duration,
    /// How long a driver may take for an answer.
    pub backend_timeout: Duration,
}

/// What an operator decides about EC2, whether or not its driver was built in.
#[derive(Debug, Clone, Default)]
pub struct Ec2 {
    /// The VPC whose groups go by their names; none for the account's default VPC.
    pub vpc: Option<NetworkId>,
    /// Whether egress rules are shown to clients that do not ask for them.
    pub show_egress: bool,
    /// Endpoints, each for one region or for all that no other is for.
    pub endpoints: Vec<(Option<ProviderName>, String)>,
}

/// What the arguments ask for.
#[derive(Debug)]
pub enum Start {
    /// To serve.
    Serve(Box<Config>),
    /// To print the help or the version.
    Print(String),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            driver: "mock".into(),
            provider: None,
            hostname: "127.0.0.1".into(),
            port: 3001,
            public_url: None,
            log_format: LogFormat::default(),
            ec2: Ec2::default(),
            mock_data: None,
            fgcp_data: None,
            fgcp_stop_delay: Duration::from_secs(2),
            backend_timeout: Duration::from_secs(30),
        }
    }
}

impl Config {
    /// Reads arguments, environment and configuration file. The first of `arguments` is the program's own name.
    ///
    /// # Errors
    /// [`Error::Usage`] when something there is wrong.
    pub fn from_arguments(arguments: impl IntoIterator<Item = OsString>) -> Result<Start, Error> {
        let args = match Args::try_parse_from(arguments) {
            Ok(args) => args,
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                return Ok(Start::Print(error.to_string()));
            }
            Err(error) => return Err(Error::Usage(in_one_line(&error.to_string()))),
        };
        let file = match &args.config {
            Some(path) => read_file(path)?,
            None => Settings::default(),
        };
        Self::from_settings(args.settings, file).map(Box::new).map(Start::Serve)
    }

    fn from_settings(typed: Settings, file: Settings) -> Result<Self, Error> {
        let default = Self::default();
        // An empty text, as in `API_PROVIDER= deltawall`, says nothing.
        let not_empty = |text: &String| !text.is_empty();
        let text = |typed: Option<String>, file: Option<String>| typed.filter(not_empty).or(file.filter(not_empty));
        Ok(Self {
            driver: text(typed.driver, file.driver).unwrap_or(default.driver),
            provider: text(typed.provider, file.provider),
            hostname: text(typed.hostname, file.hostname).unwrap_or(default.hostname),
            port: typed.port.or(file.port).unwrap_or(default.port),
            public_url: text(typed.public_url, file.public_url).map(|url| public_url(&url)).transpose()?,
            log_format: typed.log_format.or(file.log_format).unwrap_or_default(),
            ec2: Ec2 {
                vpc: text(typed.ec2_vpc, file.ec2_vpc).map(|vpc| vpc_id(&vpc)).transpose()?,
                show_egress: typed.ec2_show_egress.or(file.ec2_show_egress).unwrap_or_default(),
                endpoints: match typed.ec2_endpoint.is_empty() {
                    true => file.ec2_endpoint.iter(),
                    false => typed.ec2_endpoint.iter(),
                }
                .map(|endpoint| ec2_endpoint(endpoint))
                .collect::<Result<_, _>>()?,
            },
            mock_data: typed.mock_data.or(file.mock_data),
            fgcp_data: typed.fgcp_data.or(file.fgcp_data),
            fgcp_stop_delay: match typed.fgcp_stop_delay.or(file.fgcp_stop_delay) {
                Some(seconds) => stop_delay(seconds)?,
                None => default.fgcp_stop_delay,
            },
            backend_timeout: default.backend_timeout,
        })
    }
}

/// The text of a file that a setting names.
///
/// # Errors
/// [`Error::Usage`] when it cannot be read.
pub fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| file_error(path, error))
}

/// What is wrong with a file that a setting names, in one line.
pub fn file_error(path: &Path, error: impl ToString) -> Error {
    Error::Usage(format!("{}: {}", path.display(), in_one_line(&error.to_string())))
}

fn read_file(path: &Path) -> Result<Settings, Error> {
    let text = read(path)?;
    toml::from_str(&text).map_err(|error| file_error(path, InvalidData::at(&text, error.span(), error.message())))
}

fn vpc_id(text: &str) -> Result<NetworkId, Error> {
    NetworkId::new(text).map_err(|invalid| Error::Usage(format!("'{text}' for --ec2-vpc {invalid}")))
}

/// Reads `[REGION=]URL`.
fn ec2_endpoint(text: &str) -> Result<(Option<ProviderName>, String), Error> {
    let (region, url) = match text.split_once('=') {
        Some((region, url)) if !region.contains('/') => (Some(region), url),
        _ => (None, text),
    };
    let usage = |why: String| Error::Usage(format!("'{text}' for --ec2-endpoint: {why}"));
    let region = region.map(ProviderName::new).transpose().map_err(|invalid| usage(invalid.to_string()))?;
    match is_base_url(url) {
        true => Ok((region, url.to_owned())),
        false => Err(usage("that is not [REGION=]URL, such as https://ec2.example.com".into())),
    }
}

fn public_url(url: &str) -> Result<String, Error> {
    if !is_base_url(url) {
        let message =
            format!("'{url}' for --public-url is not a URL like https://fw.example.com or http://example.com/fw");
        return Err(Error::Usage(message));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// Whether a path can be put behind it: a URL with a host, and neither user, query nor fragment.
fn is_base_url(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        let has_host = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        matches!(uri.scheme_str(), Some("http" | "https")) && has_host && uri.query().is_none() && !url.contains('#')
    })
}

fn stop_delay(seconds: f64) -> Result<Duration, Error> {
    let longest = Duration::from_secs(24 * 60 * 60);
    match Duration::try_from_secs_f64(seconds) {
        Ok(delay) if delay <= longest => Ok(delay),
        _ => Err(Error::Usage(format!("'{seconds}' for --fgcp-stop-delay is not between 0 and 86400 seconds"))),
    }
}

/// A message's first paragraph, without its "error: ", as one line.
fn in_one_line(message: &str) -> String {
    let paragraph = message.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = paragraph.trim_start_matches("error: ").split_whitespace().collect();
    words.join(" ")
}
