//! A rule as the form for it is filled in, or as a query has it.

use deltawall_core::{NewRule, Rule, Source};

use super::pairs::Pairs;
use super::parameter::Parameter;
use super::parameter_table::{
    DIRECTION, GROUP, GROUP_OWNER, IP_ADDRESS, LOG_PREFIX, LOG_RULE, PORT_FROM, PORT_TO, PORTS, POSITION, PREFIX_LIST,
    PROTOCOL, RULE_ACTION, RULE_DESCRIPTION,
};
use super::parameters::Parameters;
use super::shown_rule::ShownRule;

/// The parameters that would make the rule.
pub(super) fn prefilled(rule: &ShownRule<'_>) -> Parameters {
    let mut pairs = Pairs::new();
    let mut add = |name: &str, value: Option<String>| pairs.extend(value.map(|value| (name.to_owned(), value)));
    add(PROTOCOL.name, rule.protocol.name().map(Into::into));
    match (rule.ports(), rule.protocol.numbers()) {
        (Some(list), _) => add(PORTS.name, Some(list)),
        (None, Some((from, to))) => {
            add(PORT_FROM.name, Some(from.to_string()));
            add(PORT_TO.name, Some(to.to_string()));
        }
        (None, None) => {}
    }
    add(DIRECTION.name, Some(rule.direction.name().to_owned()));
    add(RULE_ACTION.name, rule.action.map(|action| action.name().to_owned()));
    add(LOG_RULE.name, rule.is_logged.map(|is_logged| is_logged.to_string()));
    add(LOG_PREFIX.name, rule.log.and_then(|log| log.prefix.as_ref()).map(ToString::to_string));
    add(RULE_DESCRIPTION.name, rule.description.map(ToString::to_string));
    add(POSITION.name, rule.position.map(|position| position.to_string()));
    rule.conditions().for_each(|(name, value)| add(name, Some(value.into_owned())));
    let mut numbers = [0; 3];
    let mut add_source = |kind: usize, values: &[(&Parameter, String)]| {
        let Some(number) = numbers.get_mut(kind) else { return };
        *number += 1;
        for (parameter, value) in values {
            add(&parameter.name.replacen('N', &number.to_string(), 1), Some(value.clone()));
        }
    };
    for source in rule.sources {
        match source {
            Source::Group(group) => {
                add_source(0, &[(&GROUP, group.name.to_string()), (&GROUP_OWNER, group.owner.to_string())]);
            }
            Source::PrefixList(list) => add_source(1, &[(&PREFIX_LIST, list.to_string())]),
            Source::Address(_) | Source::Range(_) => add_source(2, &[(&IP_ADDRESS, source.to_string())]),
        }
    }
    Parameters::new(pairs)
}

/// Whether what was made of a form is the rule that it was filled in with.
pub(super) fn is_same(new: &NewRule, rule: &Rule) -> bool {
    new.log() == rule.log.as_ref()
        && new.description() == rule.description.as_ref()
        && new.clone().into_content(rule.content.owner.clone()).same_as(&rule.content)
}
