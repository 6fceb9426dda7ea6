//! What a change would do, as pages tell it.

use super::words;
use crate::changes;
use crate::dialects::deltacloud::filled_in::{FilledIn, Form};
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::parameter_table::{DRY_RUN, FORMAT};
use crate::dialects::deltacloud::shown_rule::ShownRule;

/// What a change would do, and the button that does exactly that.
pub(super) struct Planned<'a> {
    pub(super) warnings: Vec<&'a str>,
    /// What becomes of traffic and of rules, each with a sentence that says it.
    pub(super) lists: Vec<(&'static str, Vec<String>)>,
    /// What else there is to say, in sentences.
    pub(super) notes: Vec<String>,
    pub(super) confirm: Option<Confirm<'a>>,
}

/// What becomes of traffic and of rules, in the order in which it is told: if the change is made, and where it was.
const SENTENCES: [(&str, &str); 5] = [
    ("This traffic would be let through, and is not now:", "This traffic is let through, and was not:"),
    ("This traffic is let through now, and would not be:", "This traffic was let through, and is not any more:"),
    ("These rules would be added:", "These rules were added:"),
    ("These rules would go:", "These rules are gone:"),
    ("These rules would get another place:", "These rules have got another place:"),
];

/// A form that needs nothing filled in.
pub(super) struct Confirm<'a> {
    pub(super) action: String,
    pub(super) values: Vec<(&'a str, &'a str)>,
    /// What is on its button.
    pub(super) label: &'static str,
    pub(super) is_deletion: bool,
}

impl<'a> Planned<'a> {
    /// What was done, where the plan tells what others did.
    pub(super) fn facts(&self) -> Vec<(&'static str, &[String])> {
        let fact = |would: &str| SENTENCES.iter().find(|(said, _)| *said == would).map(|(_, fact)| *fact);
        self.lists.iter().filter_map(|(would, lines)| Some((fact(would)?, lines.as_slice()))).collect()
    }

    /// What was planned, with a button that sends this form there again.
    pub(super) fn new(planned: &'a changes::Planned, form: Option<(&'a FilledIn, String)>, head: &Head<'_>) -> Self {
        let changes::Planned { firewall, plan, is_new, .. } = planned;
        let can = head.driver().capabilities();
        let traffic = |all: &[deltawall_core::Traffic]| all.iter().map(ToString::to_string).collect();
        let adds = plan.adds.iter().map(|add| words::rule(&ShownRule::new(&add.rule, add.index, can)));
        let removes = plan.removes.iter().map(|gone| words::rule(&ShownRule::in_part(gone, firewall, can)));
        let moves = plan.moves.iter().map(|moved| {
            let rule = words::rule(&ShownRule::in_part(&moved.rule, firewall, can));
            format!("{rule}: to place {}", moved.position)
        });
        let lists: [Vec<String>; 5] =
            [traffic(&plan.opens), traffic(&plan.closes), adds.collect(), removes.collect(), moves.collect()];
        let lists = SENTENCES.iter().map(|(would, _)| *would).zip(lists);
        let mut notes = Vec::new();
        if *is_new {
            notes.push(format!("The firewall {} would be made.", firewall.name));
        } else if plan.is_empty() {
            notes.push("Nothing would change.".to_owned());
        }
        if !plan.is_empty() && plan.opens.is_empty() && plan.closes.is_empty() {
            notes.push("The same traffic would be let through as now.".to_owned());
        }
        if plan.keeps > 0 {
            let s = if plan.keeps == 1 { "" } else { "s" };
            notes.push(format!("{} rule{s} would stay as and where they are.", plan.keeps));
        }
        notes.extend(plan.default.map(words::defaults));
        Self {
            warnings: plan.warnings.iter().map(|warning| warning.message.as_str()).collect(),
            lists: lists.filter(|(_, lines)| !lines.is_empty()).collect(),
            notes,
            confirm: form.filter(|(form, _)| form.is_whole).map(|(form, action)| Confirm::new(form, action)),
        }
    }
}

impl<'a> Confirm<'a> {
    fn new(form: &'a FilledIn, action: String) -> Self {
        let (label, is_deletion) = match form.form {
            Form::NewFirewall => ("Create firewall", false),
            Form::DeleteFirewall(_) => ("Delete firewall", true),
            Form::NewRule(_) => ("Create rule", false),
            Form::EditRule(..) => ("Save rule", false),
            Form::MoveRule(..) => ("Move rule", false),
            Form::DeleteRule(..) => ("Delete rule", true),
        };
        let is_meant = |name: &str| ![DRY_RUN.name, FORMAT.name].contains(&name);
        let values = form.values.0.iter().filter(|(name, _)| is_meant(name));
        Self { action, values: values.map(|(name, value)| (&**name, &**value)).collect(), label, is_deletion }
    }
}
