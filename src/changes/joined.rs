//! Rules of which the cloud keeps single sources, and makes one of those for the same traffic.
//!
//! What sources say of themselves is joined, too: each text once, with `; ` between.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use deltawall_core::{Description, NewRule, Rule, Source};

use super::matching::Subject;
use super::undone::Rules;

/// One source of a rule.
type Single<'a> = (Subject<'a>, Cow<'a, Source>);

/// What stands between what sources say.
const BETWEEN: &str = "; ";

impl Rules<'_> {
    /// The rules without the sources that the change added and with those that it took away. All others stay.
    pub(super) fn undone_by_source(self) -> Vec<Rule> {
        let (was, left, is) = (singles(self.before), singles(self.after), singles(self.now));
        let mut rules = without(self.now, |single| left.contains(single) && !was.contains(single));
        for rule in without(self.before, |single| left.contains(single) || is.contains(single)) {
            match rules.iter_mut().find(|there| Subject::from(&**there) == Subject::from(&rule)) {
                Some(there) => there.content.sources.extend(rule.content.sources),
                None => rules.push(rule),
            }
        }
        let said = [self.before, self.after, self.now].map(said);
        for rule in &mut rules {
            let subject = Subject::from(&*rule);
            let [before, after, now] = said.each_ref().map(|said| said.get(&subject).cloned().unwrap_or_default());
            rule.description = said_again(before, after, now);
        }
        rules
    }
}

/// The rules without such sources, and without rules that have none then.
pub(super) fn without(rules: &[Rule], goes: impl Fn(&Single<'_>) -> bool) -> Vec<Rule> {
    let staying = |rule: &Rule| {
        let subject = Subject::from(rule);
        let mut staying = rule.clone();
        staying.content.sources.retain(|source| !goes(&(subject, source.canonical())));
        let all_went = staying.content.sources.is_empty() && !rule.content.sources.is_empty();
        (!all_went).then_some(staying)
    };
    rules.iter().filter_map(staying).collect()
}

/// Whether both say the same of each source.
pub(super) fn are_same(rules: &[Rule], others: &[Rule]) -> bool {
    let texts = |rules| -> HashMap<Subject<'_>, BTreeSet<&str>> {
        said(rules).into_iter().map(|(subject, texts)| (subject, texts.into_iter().collect())).collect()
    };
    singles(rules) == singles(others) && texts(rules) == texts(others)
}

/// All sources of rules.
pub(super) fn singles(rules: &[Rule]) -> HashSet<Single<'_>> {
    let of_rule = |rule| sources(rule).map(move |source| (Subject::from(rule), source));
    rules.iter().flat_map(of_rule).collect()
}

fn sources(rule: &Rule) -> impl Iterator<Item = Cow<'_, Source>> {
    rule.content.sources.iter().map(Source::canonical)
}

/// What is said of traffic, text by text.
fn said(rules: &[Rule]) -> HashMap<Subject<'_>, Vec<&str>> {
    let mut said: HashMap<Subject<'_>, Vec<&str>> = HashMap::new();
    for rule in rules {
        said.entry(rule.into()).or_default().extend(texts(rule.description.as_ref()));
    }
    said
}

/// The rule without what the one that it joins says already: that will be said when it is gone, too.
pub(super) fn saying_its_own(rule: NewRule, there: &[Rule]) -> NewRule {
    let said = said(there).remove(&Subject::from(&rule)).unwrap_or_default();
    let own: Vec<&str> = texts(rule.description()).filter(|text| !said.contains(text)).collect();
    let description = together(&own);
    rule.with_description(description)
}

/// The texts that a description is joined of.
pub(super) fn texts(description: Option<&Description>) -> impl Iterator<Item = &str> {
    description.into_iter().flat_map(|text| text.as_str().split(BETWEEN))
}

/// These texts together.
pub(super) fn together(texts: &[&str]) -> Option<Description> {
    Description::from_cloud(&texts.join(BETWEEN))
}

/// What is said now, without what the change has said and with what it has no more said.
fn said_again(before: Vec<&str>, after: Vec<&str>, now: Vec<&str>) -> Option<Description> {
    if now == after {
        return together(&before);
    }
    let is_new = |text: &&str| after.contains(text) && !before.contains(text);
    let is_back = |text: &&str| !after.contains(text) && !now.contains(text);
    let staying = now.iter().filter(|text| !is_new(text));
    together(&staying.chain(before.iter().filter(|text| is_back(text))).copied().collect::<Vec<_>>())
}
