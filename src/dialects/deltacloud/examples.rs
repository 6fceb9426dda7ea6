//! The examples of the reference: with names that the chosen driver's sample data has, so that they do what they are
//! examples of.

use super::head::Head;
use super::operation::Method;
use super::parameter::Parameter;
use super::parameter_table::{FIREWALL_DESCRIPTION, FORMAT, ID};
use super::reference::{Endpoint, Gives};
use crate::gateway::registry::Sample;

/// What a reader has to replace, where the driver has no sample data.
const PLACEHOLDERS: Sample = Sample {
    login: ("USER", "PASSWORD"),
    firewall: "NAME",
    rule: "RULE",
    spare: "NAME",
    description: FIREWALL_DESCRIPTION.example,
    rule_set: r#"{"rules":[]}"#,
};

/// What stands in the examples for one request.
pub(super) struct Examples<'a> {
    head: &'a Head<'a>,
    sample: Sample,
}

impl<'a> Examples<'a> {
    pub(super) fn new(head: &'a Head<'a>) -> Self {
        let sample = head.gateway().registry.sample(head.driver().id()).unwrap_or(PLACEHOLDERS);
        // Another provider may have other firewalls.
        let sample = match head.provider() {
            None => sample,
            Some(_) => Sample { login: sample.login, ..PLACEHOLDERS },
        };
        Self { head, sample }
    }

    /// What stands for a placeholder of the endpoint's path.
    pub(super) fn segment(&self, endpoint: &Endpoint, placeholder: &str) -> &'static str {
        match placeholder {
            "driver" => self.head.driver().id(),
            "name" => "style.css",
            "rule" => self.sample.rule,
            _ if endpoint.description.gives == Gives::Deletion => self.sample.spare,
            _ => self.sample.firewall,
        }
    }

    /// The value of a parameter.
    pub(super) fn value(&self, endpoint: &Endpoint, parameter: &Parameter) -> &'static str {
        match endpoint.description.gives {
            Gives::NewFirewall if parameter.name == FIREWALL_DESCRIPTION.name => self.sample.description,
            Gives::Firewalls if parameter.name == ID.name => self.sample.firewall,
            _ => parameter.example,
        }
    }

    /// A rule set in JSON.
    pub(super) fn rule_set(&self) -> &'static str {
        self.sample.rule_set
    }

    /// The command that a client would type in a shell.
    pub(super) fn command(&self, endpoint: &Endpoint) -> String {
        let mut command = "curl".to_owned();
        let mut add = |option: &str, text: &str| {
            command.push_str(&format!("{option} '{}'", text.replace('\'', r"'\''")));
        };
        let (user, password) = self.sample.login;
        if endpoint.description.needs_credentials() {
            add(" -u", &format!("{user}:{password}"));
        }
        if matches!(endpoint.method, Method::Put | Method::Delete) {
            add(" -X", endpoint.method.name());
        }
        if endpoint.description.takes_rule_set {
            add(" -H", "Content-Type: application/json");
            add(" -d", self.rule_set());
        }
        for parameter in endpoint.description.example {
            add(" -d", &format!("{}={}", parameter.first_name(), self.value(endpoint, parameter)));
        }
        let mut url = [&self.head.exchange.origin().concat(), self.head.urls.entry_point()].concat();
        url.push_str(endpoint.template.trim_start_matches("/api"));
        for placeholder in endpoint.placeholders() {
            url = url.replace(&format!("{{{placeholder}}}"), self.segment(endpoint, placeholder));
        }
        if let Some(format) = endpoint.description.query.iter().find(|parameter| parameter.name == FORMAT.name) {
            url.push_str(&format!("?format={}", format.example));
        }
        add("", &url);
        command
    }
}
