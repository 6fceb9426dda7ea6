//! The segments of paths that name something.

use std::borrow::Cow;

use deltawall_core::{FirewallId, RuleId};
use percent_encoding::percent_decode_str;

use super::error::{ApiError, Failure};
use crate::text::shown;

/// A segment of a path that names something, as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment(pub(super) String);

/// The name of the page for making a firewall.
pub(super) const NEW_FIREWALL_PAGE: &str = "new";

/// What is not taken for the name of a firewall where one would stand: a page, and steps in the path, which clients never
/// send, not even percent-encoded.
pub(super) const BESIDES_FIREWALLS: [&str; 3] = [NEW_FIREWALL_PAGE, ".", ".."];

/// What is not taken for the id of a rule where one would stand: what rules are added to, and the page for making one.
pub(super) const BESIDES_RULES: [&str; 3] = ["rules", "new_rule", "drift"];

/// How long the id of a firewall may be, in bytes. EC2's are the longest, of 255 characters.
const MAX_FIREWALL_ID: usize = 1024;

/// What the ids of rules are divided by, as it is and percent-encoded.
const ID_DELIMITERS: [(char, &str); 3] = [('~', "%7E"), ('@', "%40"), (',', "%2C")];

impl Segment {
    /// The name as it was sent. The empty matrix parameter with which a name is sent that would be taken for something else
    /// is no part of it.
    fn name(&self) -> &str {
        let is_special = |name: &&str| BESIDES_FIREWALLS.contains(name) || BESIDES_RULES.contains(name);
        self.0.strip_suffix(';').filter(is_special).unwrap_or(&self.0)
    }

    /// The text that the segment stands for, as far as it is UTF-8.
    pub(super) fn text(&self) -> Cow<'_, str> {
        percent_decode_str(self.name()).decode_utf8_lossy()
    }

    /// Whether a page stands where a firewall of this name would.
    pub(super) fn is_a_page(&self) -> bool {
        self.0 == NEW_FIREWALL_PAGE
    }

    /// The firewall that the segment names. None has a name that is longer than any cloud's, which answers would repeat.
    pub(super) fn firewall_id(&self) -> Result<FirewallId, ApiError> {
        let id = decode(self.name()).filter(|id| id.len() <= MAX_FIREWALL_ID);
        let id = id.and_then(|id| FirewallId::new(id).ok());
        id.ok_or_else(|| Failure::NotFound.with(format!("There is no firewall '{}'.", shown(&self.text()))))
    }

    /// The rule that the segment names: one id, or two that it might be.
    ///
    /// Clients send ids percent-encoded or as they are, and an id may itself hold encoded characters, so it must be
    /// known which of the two it was. What encodes a character does so wherever it stands: where one stands both
    /// encoded and not, the id came as it is. Where that does not decide it, and both readings are ids, both are given,
    /// the decoded one first. Our own hrefs never leave it open.
    pub(super) fn rule_ids(&self) -> Result<Vec<RuleId<'static>>, ApiError> {
        let name = self.name();
        let upper = name.to_ascii_uppercase();
        let is_mixed = |(plain, encoded): &(char, &str)| upper.contains(*plain) && upper.contains(encoded);
        let came_as_it_is = ID_DELIMITERS.iter().any(is_mixed);
        let decoded = decode(name).filter(|_| !came_as_it_is);
        let readings = [decoded.as_deref().map(RuleId::parse), Some(RuleId::parse(name))];
        let mut ids: Vec<_> = readings.into_iter().flatten().filter_map(Result::ok).collect();
        ids.dedup();
        if ids.is_empty() {
            let why =
                RuleId::parse(&self.text()).err().map_or_else(String::new, |why| format!(" It should be: {why}."));
            let message = format!("There is no rule '{}'.{why}", shown(&self.text()));
            return Err(Failure::NotFound.with(message));
        }
        Ok(ids)
    }
}

fn decode(segment: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(segment).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(text: &str) -> Segment {
        Segment(text.to_owned())
    }

    #[test]
    fn firewall_ids_are_decoded_once() {
        for (text, id) in [("a%20b%2Fc", "a b/c"), ("a%252Fb", "a%2Fb"), ("a+b", "a+b"), ("%", "%")] {
            assert_eq!(segment(text).firewall_id().unwrap().as_str(), id);
        }
        for text in ["%00", "%ff", "%20", "%0A"] {
            assert_eq!(segment(text).firewall_id().unwrap_err().failure, Failure::NotFound);
        }
    }

    fn escaped(name: &str) -> String {
        let escape = |c: char| match c {
            '~' | '@' | ',' | '/' | ' ' | '%' => format!("%{:02X}", c as u32),
            _ => c.to_string(),
        };
        name.chars().map(escape).collect()
    }

    #[test]
    fn an_id_arrives_encoded_or_as_it_is() {
        for name in ["plain", "a,b", "a~egress", "a@b", "a b", "a/b", "50%", "x,@address,ipv4,0.0.0.0,0", "a%zz,b"] {
            let raw = format!("1~tcp~22~22~@group,1,{},@address,ipv4,10.0.0.0,8", escaped(name));
            let expected = RuleId::parse(&raw).unwrap();
            let fully = raw.replace('%', "%25").replace('~', "%7e").replace('@', "%40").replace(',', "%2C");
            let like_javascript = raw.replace('%', "%25").replace('@', "%40").replace(',', "%2C");
            for spelling in [&raw, &fully, &like_javascript] {
                assert_eq!(segment(spelling).rule_ids().as_ref(), Ok(&vec![expected.clone()]), "{spelling}");
            }
        }
    }

    /// The id of a group whose own name looks encoded, and the id of another that a client has encoded in part.
    #[test]
    fn an_id_that_can_be_read_in_two_ways_is() {
        let both = segment("1~tcp~22~22~@group,1,a%252Cb").rule_ids().unwrap();
        let expected = ["1~tcp~22~22~@group,1,a%2Cb", "1~tcp~22~22~@group,1,a%252Cb"].map(RuleId::parse);
        assert_eq!(both, expected.map(Result::unwrap));
    }
}
