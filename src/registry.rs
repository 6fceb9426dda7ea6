//! The drivers there are, by name. This is the only place that knows them all.

use std::sync::Arc;

use deltawall_core::Driver;
use deltawall_fgcp::Fgcp;
use deltawall_memory::Memory;

use crate::Error;
use crate::config::{self, Config};

/// Drivers in the order in which they are listed.
#[derive(Debug, Default)]
pub struct Registry {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    driver: Arc<dyn Driver>,
    alias: Option<&'static str>,
    sample_login: Option<SampleLogin>,
}

/// The published user and password of built-in sample data. They open nothing else.
pub type SampleLogin = (&'static str, &'static str);

impl Registry {
    /// All drivers, with the data that the configuration names.
    ///
    /// # Errors
    /// [`Error::Usage`] when that data cannot be read.
    pub fn from_config(config: &Config) -> Result<Self, Error> {
        let mut registry = Self::default();

        let memory = match &config.mock_data {
            Some(path) => Memory::from_toml(&config::read(path)?).map_err(|error| config::file_error(path, error))?,
            None => Memory::from_toml(deltawall_memory::SAMPLE_DATA).map_err(built_in)?,
        };
        let login = config.mock_data.is_none().then_some(deltawall_memory::SAMPLE_LOGIN);
        registry.add(Arc::new(memory), Some("memory"), login);

        let delay = config.fgcp_stop_delay;
        let fgcp = match &config.fgcp_data {
            Some(path) => {
                Fgcp::from_toml(&config::read(path)?, delay).map_err(|error| config::file_error(path, error))?
            }
            None => Fgcp::from_toml(deltawall_fgcp::SAMPLE_DATA, delay).map_err(built_in)?,
        };
        let login = config.fgcp_data.is_none().then_some(deltawall_fgcp::SAMPLE_LOGIN);
        registry.add(Arc::new(fgcp), Some("gcp"), login);

        Ok(registry)
    }

    /// Adds a driver, which is also found by its alias.
    pub fn add(&mut self, driver: Arc<dyn Driver>, alias: Option<&'static str>, sample_login: Option<SampleLogin>) {
        self.entries.push(Entry { driver, alias, sample_login });
    }

    /// The driver of this id or alias, in any case.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Driver>> {
        self.entry(name).map(|entry| &entry.driver)
    }

    /// What opens this driver, where it has its built-in sample data.
    pub fn sample_login(&self, name: &str) -> Option<SampleLogin> {
        self.entry(name)?.sample_login
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
        let is_called = |known: &str| known.eq_ignore_ascii_case(name);
        self.entries.iter().find(|entry| is_called(entry.driver.id()) || entry.alias.is_some_and(is_called))
    }
}

fn built_in(error: impl ToString) -> Error {
    Error::Usage(format!("the built-in sample data: {}", error.to_string()))
}
