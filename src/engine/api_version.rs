//! Versions of the Docker Engine API.

use std::fmt;

/// A version of the API, such as 1.41.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ApiVersion {
    pub major: usize,
    pub minor: usize,
}

impl ApiVersion {
    /// The oldest version that taskpull supports: Docker 20.10.
    pub(crate) const OLDEST: Self = Self { major: 1, minor: 41 };

    /// Parses `major.minor`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// Returns the path in this version of the API, such as `/v1.41/info`.
    pub(crate) fn path(self, path: &str) -> String {
        format!("/v{self}{path}")
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ApiVersion;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(ApiVersion::parse("1.9") < ApiVersion::parse("1.41"));
        assert_eq!(ApiVersion::parse("one"), None);
    }

    proptest! {
        #[test]
        fn a_version_parses_to_what_it_displays(major: usize, minor: usize) {
            let version = ApiVersion { major, minor };
            prop_assert_eq!(ApiVersion::parse(&version.to_string()), Some(version));
        }

        #[test]
        fn a_parsed_header_has_two_numbers(text in ".*") {
            if let Some(version) = ApiVersion::parse(&text) {
                prop_assert_eq!(version.path(""), format!("/v{text}"));
            }
        }
    }
}
