//! The suite that every driver passes, on the in-memory drivers.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use deltawall_core::conformance::{Subject, context};
use deltawall_core::{Description, Driver, FirewallName, NewFirewall};

fn subject(driver: impl Driver) -> Subject {
    Subject {
        driver: Arc::new(driver),
        context: context("mockuser", "mockpassword"),
        strangers: vec![context("mockuser", "mockpasswor"), context("other", "mockpassword"), context("mockuser", "")],
        providers: ["eu-west-1", "Prod_2"],
        new_firewall: |name: FirewallName| NewFirewall {
            name,
            description: Description::new("made by a test").unwrap(),
            network: None,
        },
        known_rule: None,
        settles_within: Duration::ZERO,
    }
}

mod mock {
    use deltawall_memory::{Mock, mock};

    fn subject() -> deltawall_core::conformance::Subject {
        super::subject(Mock::from_toml(mock::SAMPLE_DATA).unwrap())
    }

    deltawall_core::conformance_suite!(subject);
}

mod mock_nftables {
    use deltawall_memory::{MockNftables, nftables};

    fn subject() -> deltawall_core::conformance::Subject {
        super::subject(MockNftables::from_toml(nftables::SAMPLE_DATA).unwrap())
    }

    deltawall_core::conformance_suite!(subject);
}
