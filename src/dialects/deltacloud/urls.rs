//! The links in answers.

use std::fmt::Display;

use deltawall_core::FirewallId;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use super::path::Path;
use super::segment::{BESIDES_FIREWALLS, BESIDES_RULES};
use crate::store::ChangeId;

/// What cannot stand in a segment of a path (RFC 3986, `pchar`); `;`, which some take for a matrix parameter; and `&` and
/// `'`, so that an href in XML needs no entities, which clients that look for it as text would not undo.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b'/')
    .add(b';')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The same for a rule's id that itself holds encoded characters, with the id's delimiters, so that it cannot be taken
/// for one that was sent as it is. `~` is none of them, since what reads URLs may decode it (RFC 3986, 6.2.2.2). Other ids
/// stand in hrefs as they always did.
const ID_WITH_ESCAPES: &AsciiSet = &SEGMENT.add(b'@').add(b',');

/// Where the API is, as the client of one request sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Urls {
    entry_point: String,
    /// How much of it comes before the path.
    base: usize,
}

impl Urls {
    /// `base` is scheme, host and what a proxy puts before the path, in parts. Matrix parameters are kept, so that a client that
    /// follows a link stays with the driver and provider it chose.
    pub(super) fn new(base: &[&str], path: &Path) -> Self {
        let entry_point = entry_point(base, path.driver.as_deref(), path.provider.as_deref());
        Self { entry_point, base: base.iter().map(|part| part.len()).sum() }
    }

    fn base(&self) -> &str {
        self.entry_point.get(..self.base).unwrap_or_default()
    }

    /// The entry point for another choice.
    pub(super) fn choosing(&self, driver: &str, provider: Option<&str>) -> String {
        entry_point(&[self.base()], Some(driver), provider)
    }

    /// What pages are made of, which is the same for every choice.
    pub(super) fn asset(&self, name: &str) -> String {
        format!("{}/assets/{name}", entry_point(&[self.base()], None, None))
    }

    pub(super) fn entry_point(&self) -> &str {
        &self.entry_point
    }

    pub(super) fn drivers(&self) -> String {
        format!("{}/drivers", self.entry_point)
    }

    pub(super) fn driver(&self, id: &str) -> String {
        format!("{}/drivers/{}", self.entry_point, segment(id))
    }

    pub(super) fn firewalls(&self) -> String {
        format!("{}/firewalls", self.entry_point)
    }

    /// A firewall, in a spelling that nothing else has: not the page for making one, nor a step in the path. It is in the
    /// normal form of URLs (RFC 3986, 6.2.2), as all hrefs are: what reads them may bring them into it.
    pub(super) fn firewall(&self, id: &FirewallId) -> String {
        let id = id.as_str();
        let end = if BESIDES_FIREWALLS.contains(&id) { ";" } else { "" };
        format!("{}/firewalls/{}{end}", self.entry_point, segment(id))
    }

    pub(super) fn changes(&self) -> String {
        format!("{}/changes", self.entry_point)
    }

    /// Those of one firewall.
    pub(super) fn changes_of(&self, firewall: &FirewallId) -> String {
        format!("{}/changes?firewall={}", self.entry_point, utf8_percent_encode(firewall.as_str(), NON_ALPHANUMERIC))
    }

    pub(super) fn change(&self, id: &ChangeId) -> String {
        format!("{}/changes/{id}", self.entry_point)
    }

    /// The page for making a firewall.
    pub(super) fn new_firewall(&self) -> String {
        format!("{}/firewalls/new", self.entry_point)
    }

    /// The page that describes the API.
    pub(super) fn reference(&self) -> String {
        format!("{}/docs", self.entry_point)
    }

    pub(super) fn openapi(&self) -> String {
        format!("{}/openapi.json", self.entry_point)
    }

    /// A rule by its id, under the URL of its firewall.
    pub(super) fn rule(firewall: &str, id: &str) -> String {
        let set = if id.contains('%') { ID_WITH_ESCAPES } else { SEGMENT };
        let mut url = String::with_capacity(firewall.len() + 1 + id.len());
        url.extend([firewall, "/"]);
        url.extend(utf8_percent_encode(id, set));
        if BESIDES_RULES.contains(&id) {
            url.push(';');
        }
        url
    }
}

fn entry_point(base: &[&str], driver: Option<&str>, provider: Option<&str>) -> String {
    let mut url = String::with_capacity(base.iter().map(|part| part.len()).sum::<usize>() + "/api".len());
    url.extend(base.iter().copied());
    url.push_str("/api");
    for (name, value) in [("driver", driver), ("provider", provider)] {
        if let Some(value) = value {
            url.push_str(&format!(";{name}={}", segment(value)));
        }
    }
    url
}

fn segment(text: &str) -> impl Display {
    utf8_percent_encode(text, SEGMENT)
}

#[cfg(test)]
mod tests {
    use super::super::path::Resource;
    use super::*;
    use deltawall_core::RuleId;
    use proptest::prelude::*;

    /// A path as what reads URLs may rewrite it (RFC 3986, 6.2.2): hexadecimal digits in upper case, characters decoded that
    /// need no encoding, and steps taken. Nothing else stands in it than may stand there.
    fn normal_form(path: &str) -> String {
        assert!(path.chars().all(|c| c.is_ascii_graphic() && !r#""<>\^`{|}[]#?"#.contains(c)), "{path}");
        let mut parts = path.split('%');
        let mut plain = parts.next().unwrap().to_owned();
        for part in parts {
            let (digits, rest) = part.split_at(2);
            let byte = u8::from_str_radix(digits, 16).unwrap();
            match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                true => plain.push(byte.into()),
                false => plain.push_str(&format!("%{byte:02X}")),
            }
            plain.push_str(rest);
        }
        let mut segments = Vec::new();
        for segment in plain.split('/') {
            match segment {
                "." => {}
                ".." => drop(segments.pop()),
                segment => segments.push(segment),
            }
        }
        segments.join("/")
    }

    fn hostile_text() -> impl Strategy<Value = String> {
        let special =
            prop::sample::select(vec!["new", ".", "..", "rules", "new_rule", "new;", "%6Eew", "%2e", "a~egress"]);
        let not_blank = |text: &String| !text.trim().is_empty();
        prop_oneof![
            special.prop_map(str::to_owned),
            "[a-c \u{e9}._\\-:/()#,@\\[\\]+=&;{}!$*~%'\"<>|^`?\\\\0-9]{1,12}".prop_filter("it is blank", not_blank),
            "(%[0-9a-fA-F]{2}|[~@,a]){1,6}",
        ]
    }

    /// The rule's id as a rule shows it that is named so, or has such groups as sources.
    fn rule_id(cloud_id: bool, owner: &str, groups: &[String]) -> Option<String> {
        if cloud_id {
            return Some(RuleId::parse(owner).ok()?.to_string()).filter(|id| !id.contains('~'));
        }
        let escaped = |text: &str| -> String {
            let escape = |c: char| if "~@,/ %".contains(c) { format!("%{:02X}", c as u32) } else { c.to_string() };
            text.chars().map(escape).collect()
        };
        let sources: Vec<_> = groups.iter().map(|group| format!("@group,1,{}", escaped(group))).collect();
        Some(RuleId::parse(&format!("{}~tcp~1~2~{}", escaped(owner), sources.join(","))).ok()?.to_string())
    }

    proptest! {
        #[test]
        fn hrefs_are_in_normal_form_and_lead_to_what_they_are_of(
            name in hostile_text(),
            owner in hostile_text(),
            groups in prop::collection::vec(hostile_text(), 1..4),
            has_cloud_id in any::<bool>(),
        ) {
            let urls = Urls::new(&["/gateway"], &Path::parse("/api;driver=mock;provider=a-b"));
            let firewall = FirewallId::new(name).unwrap();
            let href = urls.firewall(&firewall);
            prop_assert_eq!(&normal_form(&href), &href);
            let read = |href: &str| Path::parse(href.strip_prefix("/gateway").unwrap()).resource;
            let Some(Resource::Firewall(of)) = read(&href) else { panic!("{href} leads to no firewall") };
            prop_assert!(!of.is_a_page(), "{}", href);
            prop_assert_eq!(of.firewall_id(), Ok(firewall.clone()));
            let Some(Resource::Rules(of)) = read(&format!("{href}/rules")) else { panic!("{href} has no rules") };
            prop_assert_eq!(of.firewall_id(), Ok(firewall.clone()));

            if let Some(id) = rule_id(has_cloud_id, &owner, &groups) {
                let href = Urls::rule(&href, &id);
                prop_assert_eq!(&normal_form(&href), &href);
                let Some(Resource::Rule(of, rule)) = read(&href) else { panic!("{href} leads to no rule") };
                prop_assert_eq!(of.firewall_id(), Ok(firewall.clone()));
                prop_assert_eq!(rule.rule_ids(), Ok(vec![RuleId::parse(&id).unwrap()]), "{}", href);
            }
        }
    }
}
