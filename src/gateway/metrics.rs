//! The gateway's figures, for Prometheus. No label's value comes from a client, so there are never more series than the
//! tables of routes, drivers and statuses make.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use deltawall_core::{CloudCall, Observer, Outcome};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::feed_figures::FeedFigures;
use crate::logging;

pub use super::turned_away::{Limit, Unreadable};

/// What [`Metrics::text`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The upper bounds of the histograms, in seconds: from what memory takes to what a cloud may.
const BUCKETS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// All figures.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Histograms<RouteLabels>,
    under_way: Gauge,
    connections: Gauge,
    driver_seconds: Histograms<DriverLabels>,
    cloud_seconds: Histograms<CloudLabels>,
    retries: Family<RetryLabels, Counter>,
    rejected: Family<RejectedLabels, Counter>,
    unreadable: Family<UnreadableLabels, Counter>,
    held: Gauge,
    changes: Family<StateLabels, Counter>,
    kept: Family<KeptLabels, Counter>,
    trials: Gauge,
    expiries: Gauge,
    overdue: Gauge,
    undo_attempts: Counter,
    store_seconds: Histograms<StoreLabels>,
    lost_lines: Family<LineLabels, Counter>,
    /// Those of feeds.
    pub feeds: FeedFigures,
}

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The path with names in the place of ids.
    pub route: &'static str,
    /// The method, if it is one that there is.
    pub method: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// The id of the driver.
    pub driver: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DriverLabels {
    driver: &'static str,
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CloudLabels {
    driver: &'static str,
    call: String,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RetryLabels {
    driver: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LineLabels {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RejectedLabels {
    limit: Limit,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeptLabels {
    driver: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    driver: &'static str,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StoreLabels {
    call: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UnreadableLabels {
    status: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let histograms = || Histogram::new(BUCKETS);
        let mut metrics = Self {
            registry: Registry::with_prefix("deltawall"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(histograms),
            under_way: Gauge::default(),
            connections: Gauge::default(),
            driver_seconds: Family::new_with_constructor(histograms),
            cloud_seconds: Family::new_with_constructor(histograms),
            retries: Family::default(),
            rejected: Family::default(),
            unreadable: Family::default(),
            held: Gauge::default(),
            changes: Family::default(),
            kept: Family::default(),
            trials: Gauge::default(),
            expiries: Gauge::default(),
            overdue: Gauge::default(),
            undo_attempts: Counter::default(),
            store_seconds: Family::new_with_constructor(histograms),
            lost_lines: Family::default(),
            feeds: FeedFigures::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "Requests that were answered", metrics.requests.clone());
        registry.register("requests_under_way", "Requests that are not answered yet", metrics.under_way.clone());
        registry.register(
            "connections",
            "Connections of clients, and requests past the first on one",
            metrics.connections.clone(),
        );
        registry.register(
            "cloud_retries",
            "Calls to clouds that repeated one that had failed",
            metrics.retries.clone(),
        );
        registry.register("rejected", "Connections and requests turned away by a limit", metrics.rejected.clone());
        registry.register(
            "unreadable",
            "Requests that the HTTP server could not read, and answered by itself",
            metrics.unreadable.clone(),
        );
        registry.register_with_unit(
            "held",
            "Requests and answers that are held for clients",
            Unit::Bytes,
            metrics.held.clone(),
        );
        registry.register("changes", "Changes of firewalls that have come to this state", metrics.changes.clone());
        let help = "Times that a firewall which is kept was made again what it is to be, or could not be";
        registry.register("kept", help, metrics.kept.clone());
        metrics.feeds.register(registry);
        registry.register("trials", "Trials that are under way, and changes being undone", metrics.trials.clone());
        registry.register("expiries", "Rules that are to go by themselves", metrics.expiries.clone());
        registry.register("overdue", "Trials and expiries that should have ended by now", metrics.overdue.clone());
        registry.register("undo_attempts", "Attempts to undo a change", metrics.undo_attempts.clone());
        registry.register_with_unit(
            "store",
            "Time of one call to the store",
            Unit::Seconds,
            metrics.store_seconds.clone(),
        );
        registry.register("log_lines_lost", "Lines of the log that could not be written", metrics.lost_lines.clone());
        registry.register_with_unit(
            "request",
            "Time from the first byte of a request to its answer",
            Unit::Seconds,
            metrics.request_seconds.clone(),
        );
        registry.register_with_unit(
            "driver",
            "Time that a driver took for an operation, with all its calls to the cloud",
            Unit::Seconds,
            metrics.driver_seconds.clone(),
        );
        registry.register_with_unit(
            "cloud",
            "Time of one call to a cloud",
            Unit::Seconds,
            metrics.cloud_seconds.clone(),
        );
        metrics
    }
}

impl Metrics {
    /// Counts a request as under way.
    pub fn begun(&self) {
        self.under_way.inc();
    }

    /// Counts a request as under way no more.
    pub fn ended(&self) {
        self.under_way.dec();
    }

    /// Counts who was turned away.
    pub fn rejected(&self, limit: Limit) {
        self.rejected.get_or_create(&RejectedLabels { limit }).inc();
    }

    /// Counts what could not be read.
    pub fn unreadable(&self, what: Unreadable) {
        self.unreadable.get_or_create(&UnreadableLabels { status: what.status() }).inc();
    }

    /// Counts a change that has come to a state.
    pub fn changed(&self, driver: &'static str, state: &'static str) {
        self.changes.get_or_create(&StateLabels { driver, state }).inc();
    }

    /// Counts that a firewall which is kept was made again what it is to be, after others had changed it; or that it could not be.
    pub fn kept(&self, driver: &'static str, is_corrected: bool) {
        let outcome = if is_corrected { "corrected" } else { "failed" };
        self.kept.get_or_create(&KeptLabels { driver, outcome }).inc();
    }

    /// Counts an attempt to undo a change.
    pub fn undo_attempted(&self) {
        self.undo_attempts.inc();
    }

    /// Says how many trials and expiries are under way, and how many of them should have ended by now.
    pub fn pending(&self, trials: usize, expiries: usize, overdue: usize) {
        let set = |gauge: &Gauge, count| gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        set(&self.trials, trials);
        set(&self.expiries, expiries);
        set(&self.overdue, overdue);
    }

    /// Counts how long a call to the store took.
    pub fn stored(&self, call: &'static str, time: Duration) {
        self.store_seconds.get_or_create(&StoreLabels { call }).observe(time.as_secs_f64());
    }

    /// All figures, as they are now, with so many connections and so many bytes held.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn text(&self, connections: usize, held: usize) -> Result<String, fmt::Error> {
        self.connections.set(i64::try_from(connections).unwrap_or(i64::MAX));
        self.held.set(i64::try_from(held).unwrap_or(i64::MAX));
        for (kind, count) in logging::lost() {
            self.lost_lines.get_or_create(&LineLabels { kind }).inner().store(count, Ordering::Relaxed);
        }
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// The figures of the requests of one worker. They are the same as everybody's; but a worker finds those of another request
/// like the last without a lock and a hash.
#[derive(Debug)]
pub struct Figures {
    metrics: Arc<Metrics>,
    requests: Found<RequestLabels, (Counter, Histogram)>,
    driver_seconds: Found<DriverLabels, Histogram>,
}

/// What was found before, by its labels. There is no more of it than there are series.
type Found<L, M> = RefCell<Vec<(L, M)>>;

impl Figures {
    /// Those of one more worker.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, requests: RefCell::default(), driver_seconds: RefCell::default() }
    }

    /// Counts a request that was answered in this time.
    pub fn answered(&self, request: RequestLabels, time: Duration) {
        let Metrics { requests, request_seconds, .. } = &*self.metrics;
        let find = |labels: &RequestLabels| {
            let RequestLabels { route, method, .. } = *labels;
            let seconds = request_seconds.get_or_create(&RouteLabels { route, method }).clone();
            (requests.get_or_create(labels).clone(), seconds)
        };
        with(&self.requests, request, find, |(count, seconds)| {
            count.inc();
            seconds.observe(time.as_secs_f64());
        });
    }

    /// Counts what a driver was asked for and how long it took.
    pub fn asked(&self, driver: &'static str, operation: &'static str, time: Duration) {
        let find = |labels: &DriverLabels| self.metrics.driver_seconds.get_or_create(labels).clone();
        with(&self.driver_seconds, DriverLabels { driver, operation }, find, |seconds| {
            seconds.observe(time.as_secs_f64())
        });
    }
}

/// Does something with the figure of these labels, which is found or was found before.
fn with<L: PartialEq, M>(found: &Found<L, M>, labels: L, find: impl FnOnce(&L) -> M, act: impl FnOnce(&M)) {
    let mut found = found.borrow_mut();
    match found.iter().find(|(known, _)| *known == labels) {
        Some((_, figure)) => act(figure),
        None => {
            let figure = find(&labels);
            act(&figure);
            found.push((labels, figure));
        }
    }
}

impl Observer for Metrics {
    fn called(&self, call: CloudCall<'_>) {
        let result = match call.outcome {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Unanswered => "unanswered",
        };
        let labels = CloudLabels { driver: call.driver, call: call.name.to_owned(), result };
        self.cloud_seconds.get_or_create(&labels).observe(call.time.as_secs_f64());
        if call.is_retry {
            self.retries.get_or_create(&RetryLabels { driver: call.driver }).inc();
        }
    }
}
