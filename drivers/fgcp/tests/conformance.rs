//! The suite that every driver passes, on the mock of Fujitsu's platform.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use deltawall_core::conformance::Subject;
use deltawall_core::{Context, Credentials, Description, FirewallId, FirewallName, NewFirewall};
use deltawall_fgcp::{Fgcp, SAMPLE_DATA};

const STOP_DELAY: Duration = Duration::from_millis(20);

fn subject() -> Subject {
    let context = |user: &str, password: &str| Context {
        credentials: Credentials::new(user, password),
        provider: None,
        request_id: "conformance".into(),
        deadline: Instant::now() + Duration::from_secs(60),
    };
    Subject {
        driver: Arc::new(Fgcp::from_toml(SAMPLE_DATA, STOP_DELAY).unwrap()),
        context: context("fgcpuser", "fgcppassword"),
        strangers: vec![context("fgcpuser", "Fgcppassword"), context("other", "fgcppassword"), context("", "")],
        providers: ["jp-east", "UK"],
        new_firewall: |name: FirewallName| NewFirewall {
            name,
            description: Description::new("2-tier Skeleton").unwrap(),
        },
        known_rule: Some((FirewallId::new("UZXC0GRT-ZG8ZJCJ07-S-0001").unwrap(), "45001")),
        settles_within: STOP_DELAY * 2,
    }
}

deltawall_core::conformance_suite!(subject);
