//! The figures of feeds. Their zones are the operator's, who names them in the configuration.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The figures of feeds.
#[derive(Debug, Default)]
pub struct FeedFigures {
    looks: Family<LookLabels, Counter>,
    networks: Family<ZoneLabels, Gauge>,
    failing: Family<ZoneLabels, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LookLabels {
    zone: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ZoneLabels {
    zone: String,
}

impl FeedFigures {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("feed_looks", "Times that the list of a feed was looked at", self.looks.clone());
        registry.register("feed_networks", "Networks in the last good list of a feed", self.networks.clone());
        let help =
            "Whether the last good list of a feed stays in force because the one that is there now was not taken";
        registry.register("feed_failing", help, self.failing.clone());
    }

    /// Counts that the list of this zone was looked at, and was good with so many networks; none where it was not.
    pub fn looked(&self, zone: &str, networks: Option<usize>) {
        let outcome = if networks.is_some() { "taken" } else { "failed" };
        self.looks.get_or_create(&LookLabels { zone: zone.to_owned(), outcome }).inc();
        let labels = ZoneLabels { zone: zone.to_owned() };
        self.failing.get_or_create(&labels).set(i64::from(networks.is_none()));
        if let Some(networks) = networks {
            self.networks.get_or_create(&labels).set(i64::try_from(networks).unwrap_or(i64::MAX));
        }
    }
}
