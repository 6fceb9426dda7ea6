//! Traffic that has to stay open, or closed, whatever anybody changes.

use std::net::IpAddr;

use deltawall_core::{
    Context, Driver, Effect, Error, ErrorKind, Firewall, NewRule, Packet, RuleSet, TooMuch, Verdict, Warning,
    WarningCode,
};

use super::place::provider;
use crate::config::Guard;

/// All guards.
#[derive(Debug, Clone, Default)]
pub struct Guards {
    configured: Vec<Guard>,
    own: Option<OwnPort>,
}

/// The gateway's own port, on firewalls of the host that it runs on: whoever changes them there has to reach it afterwards.
#[derive(Debug, Clone, Copy)]
struct OwnPort {
    driver: &'static str,
    port: u16,
    /// Whether what comes from this machine is let through before any rule.
    passes_loopback: bool,
}

/// A firewall that is to be changed.
pub(super) struct Guarded<'a> {
    pub(super) driver: &'a dyn Driver,
    pub(super) context: &'a Context,
    /// As it is.
    pub(super) firewall: &'a Firewall,
    /// Whether the change undoes itself: what it closes comes back.
    pub(super) is_trial: bool,
    /// Where the change comes from.
    pub(super) peer: Option<IpAddr>,
}

impl Guards {
    /// Those of the configuration.
    pub fn new(guards: Vec<Guard>) -> Self {
        Self { configured: guards, own: None }
    }

    /// The same, and one that keeps the gateway's port open, on firewalls of this driver's own provider, for who changes them. Whoever is
    /// on this machine need not be looked after where that is let through before any rule.
    #[must_use]
    pub fn with_own_port(self, driver: &'static str, port: u16, passes_loopback: bool) -> Self {
        Self { own: Some(OwnPort { driver, port, passes_loopback }), ..self }
    }

    /// Whether some may be for firewalls of this driver.
    pub(super) fn are_for(&self, driver: &str) -> bool {
        self.configured.iter().any(|guard| is(guard.driver.as_deref(), driver))
            || self.own.is_some_and(|own| own.driver == driver)
    }

    /// Whether some are for this firewall.
    pub(super) fn guard(&self, guarded: &Guarded<'_>) -> bool {
        self.of(guarded).next().is_some() || self.own_packet(guarded).is_some()
    }

    /// Whether all hold where a firewall gets these rules, or goes.
    ///
    /// # Errors
    /// [`ErrorKind::Blocked`], naming the first that does not.
    pub(super) fn check(&self, guarded: &Guarded<'_>, after: Option<&RuleSet>) -> Result<(), Error> {
        if let Some(sentence) = self.own_sentence(guarded, after) {
            return Err(Error::new(ErrorKind::Blocked, guarded.driver.id(), sentence));
        }
        let broken = self.of(guarded).find(|guard| is_broken(guard, guarded, after));
        broken.map_or(Ok(()), |guard| Err(Error::new(ErrorKind::Blocked, guarded.driver.id(), sentence(guard))))
    }

    /// A warning for each that does not hold then.
    pub(super) fn warnings(&self, guarded: &Guarded<'_>, after: Option<&RuleSet>) -> Vec<Warning> {
        let broken = self.of(guarded).filter(|guard| is_broken(guard, guarded, after));
        let own = self.own_sentence(guarded, after);
        let sentences = own.into_iter().chain(broken.map(sentence));
        sentences.map(|message| Warning { code: WarningCode::Guard, message, rule: None }).collect()
    }

    /// What has to come through so that who makes a change reaches the gateway afterwards; none where that is not up to the
    /// firewall.
    fn own_packet(&self, guarded: &Guarded<'_>) -> Option<(Packet, String)> {
        let OwnPort { driver, port, passes_loopback } = self.own?;
        let peer = guarded.peer.filter(|peer| !(passes_loopback && peer.to_canonical().is_loopback()))?;
        let text = format!("tcp/{port} from {}", peer.to_canonical());
        let packet = text.parse().ok()?;
        let chosen = guarded.context.provider.as_ref();
        let is_here = chosen.is_none_or(|chosen| guarded.driver.default_provider().as_ref() == Some(chosen));
        (guarded.driver.id() == driver && is_here && !guarded.is_trial).then_some((packet, text))
    }

    /// Why who makes a change would not reach the gateway any more, where that comes of it.
    fn own_sentence(&self, guarded: &Guarded<'_>, after: Option<&RuleSet>) -> Option<String> {
        let (packet, text) = self.own_packet(guarded)?;
        let can = guarded.driver.capabilities();
        let default = guarded.firewall.default;
        let before = Effect::of(guarded.firewall, &can).explain(&packet).verdict;
        let verdict = |after| Effect::of_rules(after, default, &can).explain(&packet).verdict;
        let reaches_less = after.map_or(Verdict::Left, verdict).reach() < before.reach();
        // A rule for an interface or a type of packets may well be for these. A rate is for who asks more often.
        let is_sure = |set: &RuleSet| {
            let rules = set.rules.iter().filter(|rule| !has_rate(rule)).cloned().collect();
            let set = RuleSet { rules, default: set.default };
            let effect = Effect::of_rules(&set, default, &can);
            text.parse().is_ok_and(|traffic| effect.lets_all_through(&traffic).unwrap_or(false))
        };
        // Where no rule has such conditions, the verdict says it all.
        let is_unsure = |after: &RuleSet| {
            let mut conditioned = after.rules.iter().filter(|rule| rule.conditions().is_some() && !has_rate(rule));
            conditioned.next().is_some() && !is_sure(after)
        };
        let is_less_sure =
            || after.is_some_and(is_unsure) && RuleSet::of(guarded.firewall).is_ok_and(|before| is_sure(&before));
        (reaches_less || is_less_sure()).then(|| {
            format!(
                "After the change the gateway itself could not be reached from where you are ({text}). Let that in first, or try the change with confirm_within."
            )
        })
    }

    fn of<'a>(&'a self, guarded: &'a Guarded<'_>) -> impl Iterator<Item = &'a Guard> {
        let Guarded { driver, context, firewall, .. } = guarded;
        let provider = provider(*driver, context.provider.as_ref());
        self.configured.iter().filter(move |guard| {
            is(guard.driver.as_deref(), driver.id())
                && is(guard.provider.as_deref(), &provider)
                && (matches(&guard.firewall, firewall.id.as_str()) || matches(&guard.firewall, firewall.name.as_str()))
        })
    }
}

fn has_rate(rule: &NewRule) -> bool {
    rule.conditions().is_some_and(|conditions| conditions.limit.is_some())
}

fn is(asked: Option<&str>, there: &str) -> bool {
    asked.is_none_or(|asked| asked.eq_ignore_ascii_case(there))
}

fn sentence(guard: &Guard) -> String {
    let Guard { firewall, traffic, is_open, .. } = guard;
    let state = if *is_open { "open" } else { "closed" };
    format!("A guard keeps {traffic} {state} on firewalls '{firewall}', and after the change that would not be so.")
}

/// Whether a guard does not hold after a change, and the change has a part in that. What is too much to look at counts as such.
fn is_broken(guard: &Guard, guarded: &Guarded<'_>, after: Option<&RuleSet>) -> bool {
    if guard.is_open && guarded.is_trial {
        return false;
    }
    match after {
        Some(after) => breaks(guard, guarded, after).unwrap_or(true),
        // Nothing passes by a firewall that is gone.
        None => guard.is_open,
    }
}

fn breaks(guard: &Guard, guarded: &Guarded<'_>, after: &RuleSet) -> Result<bool, TooMuch> {
    let can = guarded.driver.capabilities();
    let is = Effect::of_rules(after, guarded.firewall.default, &can);
    let holds = match guard.is_open {
        true => is.lets_all_through(&guard.traffic)?,
        false => is.lets_none_through(&guard.traffic)?,
    };
    if holds {
        return Ok(false);
    }
    // What nobody has made worse may stay as it is, or nobody could mend it step by step.
    let (opens, closes) = Effect::of(guarded.firewall, &can).changes(&is)?;
    Ok(!if guard.is_open { closes.is_empty() } else { opens.is_empty() })
}

/// Whether a text is of this pattern, in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut others: Vec<&str> = parts.collect();
    let Some(last) = others.pop() else { return rest.is_empty() };
    for part in others {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text) in
            [("*", "web"), ("web*", "web"), ("web*", "web-1"), ("*b", "web"), ("w*b*1", "web-1"), ("web", "web")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("web", "web1"), ("web*", "we"), ("*x*", "web"), ("w*b", "web1"), ("we*eb", "web"), ("", "web")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
