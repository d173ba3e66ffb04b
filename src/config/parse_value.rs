//! Parsing of a setting's text, from the text and its kind alone, and the users and groups of this host
//! that a setting names.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use super::value_kind::ValueKind;

/// A type that one text of a setting is parsed into. `None` means that the kind does not accept
/// the text.
pub(super) trait ParseValue: Sized {
    fn parse_value(text: &str, kind: &ValueKind) -> Option<Self>;
}

impl ParseValue for String {
    fn parse_value(text: &str, _: &ValueKind) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl ParseValue for PathBuf {
    fn parse_value(text: &str, _: &ValueKind) -> Option<Self> {
        Some(Self::from(text))
    }
}

impl ParseValue for NonZeroU32 {
    fn parse_value(text: &str, kind: &ValueKind) -> Option<Self> {
        let ValueKind::Number(min, max) = kind else { return None };
        text.parse().ok().filter(|number: &Self| (*min..=*max).contains(&number.get()))
    }
}

impl ParseValue for NonZeroUsize {
    fn parse_value(text: &str, kind: &ValueKind) -> Option<Self> {
        NonZeroU32::parse_value(text, kind)?.try_into().ok()
    }
}

/// A number of bytes: a whole number, and optionally a decimal or binary unit.
impl ParseValue for u64 {
    fn parse_value(text: &str, _: &ValueKind) -> Option<Self> {
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let number: Self = text[..text.len() - unit.len()].parse().ok()?;
        let (base, power) = match unit.trim_start() {
            "" | "B" => (1, 0),
            "KiB" => (1_024, 1),
            "MiB" => (1_024, 2),
            "GiB" => (1_024, 3),
            "TiB" => (1_024, 4),
            "kB" => (1_000, 1),
            "MB" => (1_000, 2),
            "GB" => (1_000, 3),
            "TB" => (1_000, 4),
            _ => return None,
        };
        number.checked_mul(Self::pow(base, power))
    }
}

/// A loopback address: metrics have no access control of their own.
impl ParseValue for SocketAddr {
    fn parse_value(text: &str, _: &ValueKind) -> Option<Self> {
        text.parse().ok().filter(|address: &Self| address.ip().is_loopback())
    }
}

impl ParseValue for Vec<Principal> {
    fn parse_value(text: &str, _: &ValueKind) -> Option<Self> {
        Principal::parse_list(text)
    }
}

/// A user or a group, by name or number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A user, by name or uid.
    User(String),
    /// A group, by name or gid; written with a leading `@`.
    Group(String),
}

impl Principal {
    /// Parses a list separated by commas; an empty text is an empty list.
    #[must_use]
    pub fn parse_list(text: &str) -> Option<Vec<Self>> {
        if text.trim().is_empty() {
            return Some(Vec::new());
        }
        text.split(',').map(|name| Self::parse(name.trim())).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let (name, is_group) = text.strip_prefix('@').map_or((text, false), |name| (name, true));
        // The names that useradd accepts, and those of directories: with dots, at signs, backslashes.
        let is_valid = |c: char| c.is_alphanumeric() || "_-.@\\$".contains(c);
        if name.is_empty() || name.starts_with('@') || !name.chars().all(is_valid) {
            return None;
        }
        Some(if is_group { Self::Group(name.to_owned()) } else { Self::User(name.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::{ParseValue, Principal};
    use crate::config::table::ValueKind;

    fn size(text: &str) -> Option<u64> {
        u64::parse_value(text, &ValueKind::Size)
    }

    fn address(text: &str) -> Option<SocketAddr> {
        SocketAddr::parse_value(text, &ValueKind::Text(""))
    }

    #[test]
    fn metrics_listen_accepts_loopback_addresses_only() {
        for text in ["127.0.0.1:9464", "127.1.2.3:1", "[::1]:9464"] {
            assert!(address(text).is_some(), "{text}");
        }
        for text in ["0.0.0.0:9464", "[::]:9464", "10.0.0.1:9464", "9464", "localhost:9464", "127.0.0.1", ""] {
            assert!(address(text).is_none(), "{text}");
        }
    }

    #[test]
    fn sizes_accept_decimal_and_binary_units() {
        for (text, bytes) in [
            ("0", 0),
            ("7", 7),
            ("7 B", 7),
            ("20GiB", 20 << 30),
            ("512 MiB", 512 << 20),
            ("3kB", 3_000),
            ("1TB", 1_000_000_000_000),
        ] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["", "GiB", "-1", "1.5GiB", "1G", "1gib", "99999999999TiB", "99999999999999999999"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn size_in_kibibytes_is_1024_times_the_number(number in 0..=u64::MAX / 1_024) {
            prop_assert_eq!(size(&format!("{number}KiB")), Some(number * 1_024));
        }

        #[test]
        fn number_is_accepted_exactly_within_its_range(number: u64, min in 1..1_000_u32, more in 0..1_000_u32) {
            let kind = ValueKind::Number(min, min + more);
            let is_in_range = (u64::from(min)..=u64::from(min + more)).contains(&number);
            prop_assert_eq!(NonZeroU32::parse_value(&number.to_string(), &kind).is_some(), is_in_range);
            prop_assert!(NonZeroU32::parse_value(&min.to_string(), &kind).is_some());
            prop_assert!(NonZeroU32::parse_value(&(min + more).to_string(), &kind).is_some());
        }

        #[test]
        fn arbitrary_text_never_panics_the_parsers(text: String) {
            let _ = (size(&text), address(&text));
            let _ = NonZeroU32::parse_value(&text, &ValueKind::Number(1, 7));
        }
    }

    #[test]
    fn at_sign_distinguishes_groups_from_users() {
        let user = |name: &str| Principal::User(name.to_owned());
        let group = |name: &str| Principal::Group(name.to_owned());
        let list = Principal::parse_list("root, @taskpull,1000,@100, EXAMPLE\\me").unwrap();
        assert_eq!(list, [user("root"), group("taskpull"), user("1000"), group("100"), user("EXAMPLE\\me")]);
        assert_eq!(Principal::parse_list(" "), Some(Vec::new()));
        for invalid in ["root,", "@", "@@wheel", "a b", "*"] {
            assert_eq!(Principal::parse_list(invalid), None, "{invalid}");
        }
    }

    proptest! {
        #[test]
        fn list_of_names_survives_joining_and_parsing(
            names in proptest::collection::vec(("[a-z0-9_.$-]{1,8}", any::<bool>()), 1..6),
        ) {
            let written: Vec<_> =
                names.iter().map(|(name, is_group)| format!("{}{name}", if *is_group { "@" } else { "" })).collect();
            let parsed = Principal::parse_list(&written.join(" , ")).unwrap();
            let expected = names.into_iter().map(|(name, is_group)| {
                if is_group { Principal::Group(name) } else { Principal::User(name) }
            });
            prop_assert_eq!(parsed, expected.collect::<Vec<_>>());
        }

        #[test]
        fn arbitrary_text_never_panics_the_parser(text: String) {
            let _ = Principal::parse_list(&text);
        }
    }
}
