//! Names, ids and descriptions: text that every dialect can carry.

use std::fmt::{self, Write as _};

/// How many bytes of a URL the id of a new firewall may take, however it is encoded there.
pub const MAX_ID_IN_URL: usize = 4_096;

/// How many bytes of a URL a text takes at the most: RFC 3986 knows characters that are never encoded, and clients encode
/// as many of the others as they like.
pub fn length_in_url(text: &impl fmt::Display) -> usize {
    struct Length(usize);
    impl fmt::Write for Length {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            let is_unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
            let unreserved = part.bytes().filter(is_unreserved).count();
            self.0 += unreserved + 3 * (part.len() - unreserved);
            Ok(())
        }
    }
    let mut length = Length(0);
    // Nothing here can fail.
    let _ = write!(length, "{text}");
    length.0
}

/// Why a text cannot be a name, an id or a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// It is empty, or white space only.
    #[error("must not be blank")]
    Blank,
    /// It holds a control character or one of the two Unicode non-characters that XML 1.0 cannot carry either.
    #[error("must not contain control characters")]
    ControlCharacter,
}

/// Whether XML 1.0, JSON and a log line can all carry `c` as it is.
fn is_printable(c: char) -> bool {
    !c.is_control() && c != '\u{fffe}' && c != '\u{ffff}'
}

/// Defines a text that is neither blank nor holds control characters. How long it may be, and of which
/// characters, is each cloud's own business.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is.
            ///
            /// # Errors
            /// When it is blank or holds a control character.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidText> {
                let text = text.into();
                if text.trim().is_empty() {
                    return Err(InvalidText::Blank);
                }
                // Most text is ASCII, which takes no decoding.
                if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && !text.chars().all(is_printable) {
                    return Err(InvalidText::ControlCharacter);
                }
                Ok(Self(text))
            }

            /// Takes text from a cloud, which may hold what no client could have sent: control characters become
            /// U+FFFD. None when it is blank.
            pub fn from_cloud(text: &str) -> Option<Self> {
                let printable = |c| if is_printable(c) { c } else { char::REPLACEMENT_CHARACTER };
                Self::new(text.chars().map(printable).collect::<String>()).ok()
            }

            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type! {
    /// What a firewall is addressed by, within one provider. Clouds without ids use the name.
    FirewallId
}
text_type! {
    /// What people call a firewall.
    FirewallName
}
text_type! {
    /// What a firewall is for. On FGCP it names the template of a new system.
    Description
}
text_type! {
    /// A network that firewalls stand in, such as one of EC2's VPCs.
    NetworkId
}
text_type! {
    /// A list of networks that the cloud keeps, such as one of EC2's prefix lists.
    PrefixListId
}
text_type! {
    /// An account that owns firewalls: twelve digits on EC2, a user on FGCP.
    Account
}

text_type! {
    /// What stands before what is logged of a rule's matches: at most [`LogPrefix::MAX`] bytes.
    LogPrefix
}

impl LogPrefix {
    /// How many bytes of it are logged, at the most: a kernel's filter takes 127 and a driver may put words of its own before.
    pub const MAX: usize = 64;
}

/// A rule's id on a cloud that gives them: letters, digits, `-` and `_`, at most 64.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloudRuleId(String);

/// Why a text is no cloud's id of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cloud's own rule id is at most 64 letters, digits, '-' and '_'")]
pub struct InvalidCloudRuleId;

impl CloudRuleId {
    /// Takes a cloud's own id as it is.
    ///
    /// # Errors
    /// When it is empty, over 64 characters, or holds other than letters, digits, `-` and `_`.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidCloudRuleId> {
        let text = text.into();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        match (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            true => Ok(Self(text)),
            false => Err(InvalidCloudRuleId),
        }
    }

    /// The id as the cloud writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a firewall is addressed by its name.
impl From<&FirewallName> for FirewallId {
    fn from(name: &FirewallName) -> Self {
        Self(name.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_text_and_control_characters_are_refused() {
        for blank in ["", " ", "\u{a0}"] {
            assert_eq!(FirewallName::new(blank), Err(InvalidText::Blank));
        }
        for hostile in ["a\0b", "a\r\nb", "a\u{7f}", "a\u{85}b", "a\u{fffe}"] {
            assert_eq!(FirewallName::new(hostile), Err(InvalidText::ControlCharacter));
        }
        assert_eq!(FirewallName::new(" a/b ]]> é ").unwrap().as_str(), " a/b ]]> é ");
        assert_eq!(FirewallName::from_cloud("a\0b").unwrap().as_str(), "a\u{fffd}b");
        assert_eq!(FirewallName::from_cloud(" "), None);
    }
}
