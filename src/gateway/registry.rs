//! The drivers there are, by name. This is the only place that knows them all.

use std::sync::Arc;

#[cfg(feature = "ec2")]
use deltawall_core::Observer;
use deltawall_core::{Credentials, Documents, Driver};
use deltawall_fgcp::Fgcp;
use deltawall_memory::{Mock, MockNftables, mock, nftables};
use deltawall_nftables::{Connections, Marks, Nftables};

use super::metrics::Metrics;
use crate::config::{self, Config, LetThrough, StorePlace, Usage};
use crate::error::Error;

/// Drivers in the order in which they are listed.
#[derive(Debug, Default)]
pub struct Registry {
    entries: Vec<Entry>,
    /// What drivers tell of their calls, and the gateway of its own.
    metrics: Arc<Metrics>,
    /// The driver that has something to put in force before anybody is served.
    nftables: Option<Arc<Nftables>>,
    /// Where calls to clouds run. It lives as long as the drivers.
    #[cfg(feature = "ec2")]
    cloud: CloudRuntimes,
}

/// How many threads make calls to clouds. They wait more than they work.
#[cfg(feature = "ec2")]
const CLOUD_THREADS: usize = 2;

/// Runtimes that may be dropped on one of the server's own. Each has a thread of its own, and only that: a runtime of two
/// would wake both for a call (docs/PERFORMANCE.md has what that costs).
#[cfg(feature = "ec2")]
#[derive(Debug, Default)]
struct CloudRuntimes(Vec<tokio::runtime::Runtime>);

#[cfg(feature = "ec2")]
impl CloudRuntimes {
    fn start() -> std::io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("cloud").enable_all();
        (0..CLOUD_THREADS).map(|_| builder.build()).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(feature = "ec2")]
impl Drop for CloudRuntimes {
    fn drop(&mut self) {
        for runtime in self.0.drain(..) {
            runtime.shutdown_background();
        }
    }
}

#[derive(Debug)]
struct Entry {
    driver: Arc<dyn Driver>,
    alias: Option<&'static str>,
    sample: Option<Sample>,
}

/// What a driver's built-in sample data has, for examples.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The published user and password. They open nothing else.
    pub login: (&'static str, &'static str),
    /// The id of a firewall.
    pub firewall: &'static str,
    /// The id of one of its rules.
    pub rule: &'static str,
    /// The id of another firewall, which can be deleted.
    pub spare: &'static str,
    /// What a new firewall may be described as.
    pub description: &'static str,
    /// A rule set for the first firewall, with the rule, in JSON as Deltacloud's API has it.
    pub rule_set: &'static str,
}

const MEMORY_SAMPLE: Sample = Sample {
    login: deltawall_memory::SAMPLE_LOGIN,
    firewall: "default",
    rule: "393485797142~tcp~22~22~@address,ipv4,87.228.192.251,32",
    spare: "new_firewall",
    description: "Web servers",
    rule_set: r#"{"rules":[{"allow_protocol":"tcp","port_from":22,"port_to":22,"sources":[{"type":"address","address":"87.228.192.251","prefix":32}]}]}"#,
};

const NFTABLES_SAMPLE: Sample = Sample {
    login: deltawall_memory::SAMPLE_LOGIN,
    firewall: "web",
    rule: "2f1ac4a3-8a0e-4d0b-9b53-0c7f5d1e6a02",
    spare: "lab",
    description: "Web servers",
    rule_set: r#"{"rules":[{"allow_protocol":"tcp","port_from":22,"port_to":22,"sources":[{"type":"address","address":"203.0.113.0","prefix":24}],"log_prefix":"ssh: ","limit":"10/minute of new connections"}]}"#,
};

const FGCP_SAMPLE: Sample = Sample {
    login: deltawall_fgcp::SAMPLE_LOGIN,
    firewall: "UZXC0GRT-ZG8ZJCJ07-S-0001",
    rule: "35001",
    spare: "UZXC0GRT-7KX0B4T1E-S-0001",
    description: "2-tier Skeleton",
    rule_set: r#"{"rules":[{"id":"35001","allow_protocol":"tcp","port_from":80,"port_to":80,"sources":[{"type":"address","address":"0.0.0.0","prefix":0}],"rule_action":"accept","log_rule":true}]}"#,
};

/// Adds a driver, which keeps its documents there.
type Add = fn(&mut Registry, &Config, &Arc<dyn Documents>) -> Result<(), Error>;

/// A driver that is built in.
struct BuiltIn {
    id: &'static str,
    alias: Option<&'static str>,
    /// Whether it needs no cloud.
    is_mock: bool,
    /// Whether it is only there where it was named: it changes the host that the gateway runs on.
    is_of_this_host: bool,
    add: Add,
}

/// The drivers that are built in, in the order in which they are listed.
const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { id: mock::ID, alias: Some("memory"), is_mock: true, is_of_this_host: false, add: Registry::add_memory },
    BuiltIn { id: nftables::ID, alias: None, is_mock: true, is_of_this_host: false, add: Registry::add_mock_nftables },
    #[cfg(feature = "ec2")]
    BuiltIn { id: deltawall_ec2::ID, alias: None, is_mock: false, is_of_this_host: false, add: Registry::add_ec2 },
    BuiltIn {
        id: deltawall_nftables::ID,
        alias: None,
        is_mock: false,
        is_of_this_host: true,
        add: Registry::add_nftables,
    },
    BuiltIn {
        id: deltawall_fgcp::ID,
        alias: Some("gcp"),
        is_mock: true,
        is_of_this_host: false,
        add: Registry::add_fgcp,
    },
];

impl BuiltIn {
    fn named(name: &str) -> Result<&'static Self, String> {
        let found = BUILT_IN.iter().find(|driver| is_called(name, driver.id, driver.alias));
        found.ok_or_else(|| {
            let names: Vec<_> = BUILT_IN.iter().map(|driver| driver.id).collect();
            format!("unknown driver '{name}'; the drivers are {}", names.join(", "))
        })
    }

    /// The drivers to serve: those that the configuration names, or the default one, or all where that is a mock, since
    /// mocks are for trying things out; but none that changes this host.
    fn served(config: &Config) -> Result<Vec<&'static Self>, Usage> {
        let default = Self::named(&config.driver).map_err(Usage)?;
        let chosen = config.drivers.iter().map(|name| Self::named(name)).collect::<Result<Vec<_>, _>>();
        let chosen = chosen.map_err(|why| Usage(format!("--drivers: {why}")))?;
        let is_chosen = |driver: &Self| match chosen.is_empty() {
            true => default.is_mock && !driver.is_of_this_host || driver.id == default.id,
            false => chosen.iter().any(|chosen| chosen.id == driver.id),
        };
        match is_chosen(default) {
            true => Ok(BUILT_IN.iter().filter(|driver| is_chosen(driver)).collect()),
            false => Err(Usage(format!("the default driver, {}, is not among --drivers", default.id))),
        }
    }
}

/// The id of the driver that has this name, in any case, if one is built in: whether it is served or not.
///
/// # Errors
/// What is wrong, with the names that there are.
pub fn built_in_driver(name: &str) -> Result<&'static str, String> {
    BuiltIn::named(name).map(|driver| driver.id)
}

fn is_called(name: &str, id: &str, alias: Option<&str>) -> bool {
    id.eq_ignore_ascii_case(name) || alias.is_some_and(|alias| alias.eq_ignore_ascii_case(name))
}

impl Registry {
    /// The drivers that the configuration says, with the data that it names and where they keep documents. The others cost nothing.
    ///
    /// # Errors
    /// [`Error::Usage`] when it names a driver that is not built in, or leaves out the default one, or that data cannot be read.
    pub fn from_config(config: &Config, documents: &Arc<dyn Documents>) -> Result<Self, Error> {
        let mut registry = Self::default();
        for driver in BuiltIn::served(config)? {
            (driver.add)(&mut registry, config, documents)?;
        }
        Ok(registry)
    }

    /// Puts in force what drivers keep of it, before anybody is served. What cannot be is told in the log: the driver says so to
    /// each who asks it, and tries again.
    pub async fn start(&self) {
        let Some(nftables) = &self.nftables else { return };
        for error in nftables.start().await.err().unwrap_or_default() {
            tracing::error!(driver = nftables.id(), %error, "the firewalls of this host are not in force");
        }
    }

    fn add_memory(&mut self, config: &Config, _: &Arc<dyn Documents>) -> Result<(), Error> {
        let memory = match &config.mock_data {
            Some(path) => Mock::from_toml(&config::read(path)?).map_err(|error| config::file_error(path, error))?,
            None => Mock::from_toml(mock::SAMPLE_DATA).map_err(built_in)?,
        };
        let sample = config.mock_data.is_none().then_some(MEMORY_SAMPLE);
        self.add(Arc::new(memory), Some("memory"), sample);
        Ok(())
    }

    fn add_mock_nftables(&mut self, _: &Config, _: &Arc<dyn Documents>) -> Result<(), Error> {
        let host = MockNftables::from_toml(nftables::SAMPLE_DATA).map_err(built_in)?;
        self.add(Arc::new(host), None, Some(NFTABLES_SAMPLE));
        Ok(())
    }

    fn add_nftables(&mut self, config: &Config, documents: &Arc<dyn Documents>) -> Result<(), Error> {
        if config.credentials.is_some() && config.driver.eq_ignore_ascii_case(deltawall_nftables::ID) {
            return Err(
                Usage("--user and --password are for clouds: the host's own kernel knows no users".into()).into()
            );
        }
        let login = Credentials::new("gateway", uuid::Uuid::new_v4().to_string());
        let nftables = match &config.kept.place {
            StorePlace::File(_) => nftables_of(config, documents, login)?,
            _ => Nftables::absent("it keeps its rules in a file of this host: give --state FILE", login),
        };
        let nftables = Arc::new(nftables);
        self.nftables = Some(Arc::clone(&nftables));
        self.add(nftables, None, None);
        Ok(())
    }

    fn add_fgcp(&mut self, config: &Config, _: &Arc<dyn Documents>) -> Result<(), Error> {
        let delay = config.fgcp_stop_delay;
        let fgcp = match &config.fgcp_data {
            Some(path) => {
                Fgcp::from_toml(&config::read(path)?, delay).map_err(|error| config::file_error(path, error))?
            }
            None => Fgcp::from_toml(deltawall_fgcp::SAMPLE_DATA, delay).map_err(built_in)?,
        };
        let sample = config.fgcp_data.is_none().then_some(FGCP_SAMPLE);
        self.add(Arc::new(fgcp), Some("gcp"), sample);
        Ok(())
    }

    #[cfg(feature = "ec2")]
    fn add_ec2(&mut self, config: &Config, _: &Arc<dyn Documents>) -> Result<(), Error> {
        let own = config.credentials.as_ref().filter(|_| config.driver.eq_ignore_ascii_case(deltawall_ec2::ID));
        if own.is_some_and(|credentials| !deltawall_ec2::is_usable(credentials)) {
            let message = "EC2 cannot be asked with --user and --password: there are control characters in them";
            return Err(Usage(message.into()).into());
        }
        let config::Ec2 { vpc, credentials, show_egress, max_answer, endpoints } = config.ec2.clone();
        let ambient_credentials = credentials == config::Ec2Credentials::Ambient;
        let observer = Arc::clone(&self.metrics) as Arc<dyn Observer>;
        let endpoints = endpoints.into_iter().map(|(region, url)| deltawall_ec2::Endpoint { region, url }).collect();
        self.cloud = CloudRuntimes::start()?;
        let runtimes = self.cloud.0.iter().map(|runtime| runtime.handle().clone());
        let observer = Some(observer);
        let options = deltawall_ec2::Options { vpc, show_egress, endpoints, ambient_credentials, max_answer, observer };
        let ec2 = deltawall_ec2::Ec2::new(runtimes, options).map_err(|error| Usage(error.to_string()))?;
        self.add(Arc::new(ec2), None, None);
        Ok(())
    }

    /// What is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Adds a driver, which is also found by its alias.
    pub fn add(&mut self, driver: Arc<dyn Driver>, alias: Option<&'static str>, sample: Option<Sample>) {
        self.entries.push(Entry { driver, alias, sample });
    }

    /// The driver of this id or alias, in any case.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Driver>> {
        self.entry(name).map(|entry| &entry.driver)
    }

    /// What this driver's data has, where it is the built-in sample data.
    pub fn sample(&self, name: &str) -> Option<Sample> {
        self.entry(name)?.sample
    }

    /// What drivers are asked with whose clients have no credentials of their own.
    pub fn logins(&self) -> impl Iterator<Item = (&'static str, &Credentials)> {
        self.nftables.iter().map(|nftables| (nftables.id(), nftables.login()))
    }

    /// All drivers.
    pub fn drivers(&self) -> impl Iterator<Item = &Arc<dyn Driver>> {
        self.entries.iter().map(|entry| &entry.driver)
    }

    /// The names of all drivers, as a list for people.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.drivers().map(|driver| driver.id()).collect();
        names.join(", ")
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| is_called(name, entry.driver.id(), entry.alias))
    }
}

fn nftables_of(config: &Config, documents: &Arc<dyn Documents>, login: Credentials) -> Result<Nftables, Usage> {
    let config::Nftables { namespaces, forward, let_through, keep_connections, guard: _, marks, boot_file } =
        config.nftables.clone();
    let is_let = |what| let_through.contains(&what);
    let marks = marks.map_or(Ok(Marks::default()), Marks::new);
    let options = deltawall_nftables::Options {
        namespaces,
        forward,
        let_through: deltawall_nftables::LetThrough {
            loopback: is_let(LetThrough::Loopback),
            established: is_let(LetThrough::Established),
            neighbours: is_let(LetThrough::Neighbours),
            dhcp: is_let(LetThrough::Dhcp),
        },
        connections: if keep_connections { Connections::Keep } else { Connections::End },
        marks: marks.map_err(|why| Usage(format!("--nft-marks {why}")))?,
        boot_file,
    };
    let nftables = Nftables::new(options, Arc::clone(documents), login);
    nftables.map_err(|why| Usage(format!("the nftables driver: {why}")))
}

fn built_in(error: impl ToString) -> Usage {
    Usage(format!("the built-in sample data: {}", error.to_string()))
}
