//! The pages with forms: empty, as they were filled in with what was wrong, or with what sending them would do.

use std::io;

use askama::Template;
use deltawall_core::{Capabilities, ConditionCapabilities, FirewallId, Order, Replace, State};

use super::planned::Planned;
use super::render::render;
use super::rows::{Field, groups, rows};
use crate::dialects::deltacloud::error::ApiError;
use crate::dialects::deltacloud::filled_in::{FilledIn, Form};
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::parameter_table::{IP_ADDRESS, PREFIX_LIST, SEEN, STATES};
use crate::dialects::deltacloud::urls::Urls;

/// Where a form is sent.
pub(super) fn action(form: &Form, urls: &Urls) -> String {
    let firewall = |id| urls.firewall(id);
    match form {
        Form::NewFirewall => urls.firewalls(),
        Form::DeleteFirewall(id) => firewall(id),
        Form::NewRule(id) => format!("{}/rules", firewall(id)),
        Form::EditRule(id, rule) => format!("{}/{rule}/edit", firewall(id)),
        Form::MoveRule(id, rule) => format!("{}/{rule}/move", firewall(id)),
        Form::DeleteRule(id, rule) => format!("{}/{rule}", firewall(id)),
    }
}

/// The page with this form; none where it is a button and no more.
pub(super) fn page(
    form: &FilledIn,
    error: Option<&ApiError>,
    planned: Option<Planned<'_>>,
    head: &Head<'_>,
) -> Option<io::Result<Vec<u8>>> {
    let can = head.driver().capabilities();
    let can_end = head.changes.can_end(head.driver());
    let (firewall, is_new) = match &form.form {
        Form::NewFirewall => {
            let offered = offered([
                ("name", true),
                ("description", true),
                ("vpc_id", can.firewalls.networks),
                ("confirm_within", can_end && can.firewalls.delete),
                ("why", true),
            ]);
            let filled = Filled::new(form, error, offered, &[]);
            return Some(render(&NewFirewall { head, filled, planned }));
        }
        Form::NewRule(firewall) => (firewall, true),
        Form::EditRule(firewall, _) => (firewall, false),
        Form::DeleteFirewall(_) | Form::MoveRule(..) | Form::DeleteRule(..) => return None,
    };
    let (values, spare) = (&form.values, usize::from(!is_new));
    let addresses = rows(values, &IP_ADDRESS, spare);
    let groups = if can.sources.groups { groups(values, spare) } else { Vec::new() };
    let lists = if can.sources.prefix_lists { rows(values, &PREFIX_LIST, spare) } else { Vec::new() };
    let filled = Filled::new(form, error, offered_of_rules(can, can_end), &[&addresses, groups.as_flattened(), &lists]);
    let (url, action) = (head.urls.firewall(firewall), action(&form.form, &head.urls));
    Some(render(&RuleForm { head, firewall, is_new, url, action, filled, addresses, groups, lists, can, planned }))
}

/// The fields that a form for a rule has once, where the driver can do this, and what is made can end by itself.
fn offered_of_rules(can: Capabilities, can_end: bool) -> Vec<&'static str> {
    let is_ordered = can.rules.order == Order::Ordered;
    offered([
        ("protocol", true),
        ("port_from", true),
        ("port_to", true),
        ("ports", can.conditions.more_ports),
        ("direction", can.rules.egress),
        ("rule_action", can.rules.deny || can.rules.reject),
        ("position", is_ordered),
        ("log_rule", can.rules.log),
        ("log_prefix", can.rules.log_prefix),
        ("interface", can.conditions.interface),
        ("states", can.conditions.states),
        ("limit", can.conditions.limit),
        ("mac", can.conditions.mac),
        ("packet_type", can.conditions.packet_type),
        ("description", can.rules.descriptions),
        ("confirm_within", can_end && can.rules.delete),
        ("expires_in", can_end && can.rules.delete),
        ("why", true),
    ])
}

#[derive(Template)]
#[template(path = "new_firewall.html", config = ".askama.toml")]
struct NewFirewall<'a> {
    head: &'a Head<'a>,
    filled: Filled<'a>,
    planned: Option<Planned<'a>>,
}

#[derive(Template)]
#[template(path = "rule.html", config = ".askama.toml")]
struct RuleForm<'a> {
    head: &'a Head<'a>,
    firewall: &'a FirewallId,
    /// Whether the rule is not there yet.
    is_new: bool,
    url: String,
    action: String,
    filled: Filled<'a>,
    addresses: Vec<Field<'a>>,
    groups: Vec<[Field<'a>; 2]>,
    lists: Vec<Field<'a>>,
    can: Capabilities,
    planned: Option<Planned<'a>>,
}

impl RuleForm<'_> {
    fn title(&self) -> &'static str {
        if self.is_new { "New rule" } else { "Edit a rule" }
    }

    fn place_hint(&self) -> &'static str {
        match self.is_new {
            true => "The first rule that matches decides: 1 to be tried first, empty to be tried last.",
            false => "The first rule that matches decides: 1 to be tried first, empty to stay where it is.",
        }
    }

    /// Whether the old rule may have to go before the new one comes.
    fn may_gap(&self) -> bool {
        !self.is_new && self.can.rules.replace == Replace::Add
    }

    fn actions(&self) -> Vec<&'static str> {
        let (deny, reject) = (self.can.rules.deny, self.can.rules.reject);
        [("accept", true), ("deny", deny), ("reject", reject)]
            .into_iter()
            .filter(|one| one.1)
            .map(|one| one.0)
            .collect()
    }

    fn protocols(&self) -> Vec<&'static str> {
        let both = (self.can.rules.order == Order::Ordered).then_some("tcp-udp");
        ["tcp", "udp"].into_iter().chain(both).chain(["icmp", "icmpv6", "-1"]).collect()
    }

    /// Each state, and whether it is chosen.
    fn states(&self) -> [(&'static str, bool); 3] {
        let chosen = self.filled.value(STATES.name);
        State::ALL
            .map(|state| (state.name(), chosen.split(',').any(|one| one.trim().eq_ignore_ascii_case(state.name()))))
    }
}

/// What has been typed, and what is wrong with it.
struct Filled<'a> {
    form: &'a FilledIn,
    error: Option<&'a ApiError>,
    /// The fields that are there once.
    offered: Vec<&'static str>,
    /// The name of the field that is wrong, where the form has one for what is wrong.
    wrong: Option<String>,
}

impl<'a> Filled<'a> {
    fn new(form: &'a FilledIn, error: Option<&'a ApiError>, offered: Vec<&'static str>, rows: &[&[Field<'_>]]) -> Self {
        let wrong = error.and_then(|error| error.parameter.as_deref()).and_then(|sent| {
            let row = rows.iter().copied().flatten().find(|field| field.sent == sent);
            row.map(|field| &*field.name).or(offered.iter().copied().find(|name| *name == sent))
        });
        Self { form, error, wrong: wrong.map(str::to_owned), offered }
    }

    fn value(&self, name: &str) -> &'a str {
        self.form.values.get(name).unwrap_or_default()
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.value(name).trim().eq_ignore_ascii_case(value)
    }

    fn offers(&self, name: &str) -> bool {
        self.offered.contains(&name)
    }

    fn is_wrong(&self, name: &str) -> bool {
        self.wrong.as_deref() == Some(name)
    }

    /// What the firewall was that the form is of, where it may not have changed since.
    fn seen(&self) -> Option<&'a str> {
        self.form.values.get(SEEN.name)
    }
}

/// The names of those fields that the form has.
fn offered<const N: usize>(fields: [(&'static str, bool); N]) -> Vec<&'static str> {
    fields.into_iter().filter(|(_, is_offered)| *is_offered).map(|(name, _)| name).collect()
}
