//! The suite that every driver passes, on the mock of Fujitsu's platform.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use deltawall_core::conformance::{Subject, context};
use deltawall_core::{Description, Driver, Filter, FirewallId, FirewallName, NewFirewall};
use deltawall_fgcp::{Fgcp, SAMPLE_DATA};

const STOP_DELAY: Duration = Duration::from_millis(20);

fn subject() -> Subject {
    Subject {
        driver: Arc::new(Fgcp::from_toml(SAMPLE_DATA, STOP_DELAY).unwrap()),
        context: context("fgcpuser", "fgcppassword"),
        strangers: vec![context("fgcpuser", "Fgcppassword"), context("other", "fgcppassword"), context("", "")],
        providers: ["jp-east", "UK"],
        new_firewall: |name: FirewallName| NewFirewall {
            name,
            description: Description::new("2-tier Skeleton").unwrap(),
            network: None,
        },
        known_rule: Some((FirewallId::new("UZXC0GRT-ZG8ZJCJ07-S-0001").unwrap(), "45001")),
        settles_within: STOP_DELAY * 2,
    }
}

deltawall_core::conformance_suite!(subject);

/// Time that passes in the middle of a call must not make it destroy another system.
#[test]
fn a_system_that_goes_does_not_take_its_neighbour_with_it() {
    let driver = Fgcp::from_toml(SAMPLE_DATA, Duration::ZERO).unwrap();
    let context = subject().context;
    let id = |system: &str| FirewallId::new(format!("UZXC0GRT-{system}-S-0001")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for going in ["3A7QLM2P9", "7KX0B4T1E"] {
            driver.delete_firewall(&context, &id(going)).await.unwrap();
        }
        let left = driver.firewalls(&context, &Filter::default()).await.unwrap();
        let left: Vec<_> = left.iter().map(|firewall| firewall.id.clone()).collect();
        assert_eq!(left, [id("ZG8ZJCJ07")]);
    });
}
