//! The environment variables that the AWS SDK reads by itself.
//!
//! The SDK uses their values as they are: a line end in an access key makes it panic, and a wrong
//! Region or endpoint fails only when the first request is sent. Every command checks them before it
//! asks anybody.

use http::Uri;

use super::config_error::ConfigError;
use crate::task::{Region, RoleArn};

/// What the value of a variable must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum VariableKind {
    /// A part of a login, which is never shown: visible ASCII characters.
    Key,
    /// The name of a Region.
    Region,
    /// The value of an HTTP header, which is never shown.
    Header,
    /// An address with its scheme.
    Url,
    /// An address whose path can be a secret, so that it is never shown.
    SecretUrl,
    /// The absolute path of an address. It can be a secret, so it is never shown.
    SecretPath,
    /// The ARN of a role.
    Role,
    /// A path or a name, which may contain spaces.
    Text,
    /// One of these words, in upper or lower case.
    Word(&'static [&'static str]),
    /// A number from 1.
    Count,
}

const SWITCH: VariableKind = VariableKind::Word(&["true", "false"]);

const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";

/// Source: the environment variables in the reference guide of the AWS SDKs and tools.
const VARIABLES: &[(&str, VariableKind)] = &[
    (ACCESS_KEY_ID, VariableKind::Key),
    (SECRET_ACCESS_KEY, VariableKind::Key),
    ("AWS_SESSION_TOKEN", VariableKind::Key),
    ("AWS_REGION", VariableKind::Region),
    ("AWS_DEFAULT_REGION", VariableKind::Region),
    ("AWS_PROFILE", VariableKind::Text),
    ("AWS_CONFIG_FILE", VariableKind::Text),
    ("AWS_SHARED_CREDENTIALS_FILE", VariableKind::Text),
    ("AWS_ROLE_ARN", VariableKind::Role),
    ("AWS_ROLE_SESSION_NAME", VariableKind::Text),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", VariableKind::Text),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", VariableKind::SecretPath),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", VariableKind::SecretUrl),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN", VariableKind::Header),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", VariableKind::Text),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", VariableKind::Url),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", VariableKind::Word(&["IPv4", "IPv6"])),
    ("AWS_EC2_METADATA_DISABLED", SWITCH),
    ("AWS_ENDPOINT_URL", VariableKind::Url),
    ("AWS_ENDPOINT_URL_SECRETS_MANAGER", VariableKind::Url),
    ("AWS_ENDPOINT_URL_KMS", VariableKind::Url),
    ("AWS_ENDPOINT_URL_STS", VariableKind::Url),
    ("AWS_ENDPOINT_URL_ECR", VariableKind::Url),
    ("AWS_ENDPOINT_URL_ECR_PUBLIC", VariableKind::Url),
    ("AWS_ENDPOINT_URL_ECS", VariableKind::Url),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", SWITCH),
    ("AWS_USE_FIPS_ENDPOINT", SWITCH),
    ("AWS_USE_DUALSTACK_ENDPOINT", SWITCH),
    ("AWS_MAX_ATTEMPTS", VariableKind::Count),
    ("AWS_RETRY_MODE", VariableKind::Word(&["legacy", "standard", "adaptive"])),
];

/// Checks the variables, as `variable` returns their values. An empty one counts as unset.
///
/// # Errors
/// [`ConfigError::InvalidVariable`] names the variable. It shows the value only where that cannot be
/// a part of a login.
pub(super) fn check(variable: impl Fn(&'static str) -> Result<Option<String>, ConfigError>) -> Result<(), ConfigError> {
    for (name, kind) in VARIABLES {
        if let Some(value) = variable(name)?
            && let Some(flaw) = find_flaw(*kind, &value)
        {
            return Err(ConfigError::InvalidVariable { variable: name, flaw });
        }
    }
    for (name, other) in [(ACCESS_KEY_ID, SECRET_ACCESS_KEY), (SECRET_ACCESS_KEY, ACCESS_KEY_ID)] {
        if variable(name)?.is_none() && variable(other)?.is_some() {
            let flaw = format!("is not set, although {other} is");
            return Err(ConfigError::InvalidVariable { variable: name, flaw });
        }
    }
    Ok(())
}

/// What is wrong with a value, as a verb phrase.
fn find_flaw(kind: VariableKind, value: &str) -> Option<String> {
    if let Some(flaw) = find_stray_characters(value) {
        return Some(flaw.to_owned());
    }
    let is_right = match kind {
        VariableKind::Key => value.bytes().all(|byte| byte.is_ascii_graphic()),
        VariableKind::Header => value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()),
        VariableKind::Region => Region::parse(value).is_ok() && without_fips(value).is_none(),
        VariableKind::Url | VariableKind::SecretUrl => is_url(value),
        VariableKind::SecretPath => value.starts_with('/') && value.parse::<Uri>().is_ok(),
        VariableKind::Role => RoleArn::parse(value).is_ok(),
        VariableKind::Text => true,
        VariableKind::Word(words) => words.iter().any(|word| word.eq_ignore_ascii_case(value)),
        VariableKind::Count => value.parse::<u32>().is_ok_and(|count| count > 0),
    };
    (!is_right).then(|| match kind {
        VariableKind::Key => "has a space or a character that no key has".to_owned(),
        VariableKind::Region => region_flaw(value),
        VariableKind::Header => "has a character that no HTTP header has".to_owned(),
        VariableKind::SecretUrl => "is not an address such as `http://169.254.170.23/v1/credentials`".to_owned(),
        VariableKind::Url if has_userinfo(value) => "has a login in its address".to_owned(),
        VariableKind::Url if !value.contains("://") => format!("is `{value}`, which lacks `http://` or `https://`"),
        VariableKind::Url => format!("is `{value}`, which is not an address such as `https://host:port`"),
        VariableKind::SecretPath => "is not a path that begins with `/`".to_owned(),
        VariableKind::Role => format!("is `{value}`, which is not the ARN of a role"),
        VariableKind::Text => "is not valid".to_owned(),
        VariableKind::Word(words) => format!("is `{value}`, but must be `{}`", words.join("` or `")),
        VariableKind::Count => format!("is `{value}`, but must be a number from 1"),
    })
}

/// White space, line ends and quotation marks that a shell, an editor or an env file added.
fn find_stray_characters(value: &str) -> Option<&'static str> {
    let is_line_end = |c: char| matches!(c, '\n' | '\r');
    let first = value.chars().next()?;
    let last = value.chars().next_back()?;
    if is_line_end(last) {
        Some("ends with a line end")
    } else if value.contains(is_line_end) {
        Some("contains a line end")
    } else if value.chars().any(char::is_control) {
        Some("contains a control character")
    } else if value.contains(is_invisible) {
        Some("contains an invisible character")
    } else if last.is_whitespace() {
        Some("ends with white space")
    } else if first.is_whitespace() {
        Some("begins with white space")
    } else if matches!(first, '"' | '\'' | '`' | '“' | '‘') || matches!(last, '"' | '\'' | '`' | '”' | '’') {
        Some("has quotation marks around its value")
    } else {
        None
    }
}

/// A character that no terminal shows: zero-width spaces and joiners, direction marks, a byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// The Region of a pseudo Region such as `fips-us-east-1` or `us-east-1-fips`, which older SDKs know.
fn without_fips(value: &str) -> Option<&str> {
    let region = value.strip_prefix("fips-").or_else(|| value.strip_suffix("-fips"))?;
    Region::parse(region).is_ok().then_some(region)
}

fn region_flaw(value: &str) -> String {
    if let Some(region) = without_fips(value) {
        return format!("is `{value}`: set it to `{region}`, and AWS_USE_FIPS_ENDPOINT to `true`");
    }
    if let Some(other) = value.chars().find(|c| !c.is_ascii()) {
        return format!("is `{value}`, in which U+{:04X} is not an ASCII character", u32::from(other));
    }
    let without_zone = value.trim_end_matches(|c: char| c.is_ascii_lowercase());
    if without_zone.len() + 1 == value.len() && Region::parse(without_zone).is_ok() {
        return format!("is `{value}`, an Availability Zone of the Region `{without_zone}`");
    }
    let lower = value.to_ascii_lowercase();
    if Region::parse(&lower).is_ok() {
        return format!("is `{value}`, which must be in lower case: `{lower}`");
    }
    format!("is `{value}`, which is not the code of a Region such as `us-east-1`")
}

fn is_url(value: &str) -> bool {
    let Ok(uri) = value.parse::<Uri>() else { return false };
    // The type takes any text for a port, and then has none.
    let has_port = |uri: &Uri| match (uri.authority(), uri.host()) {
        (Some(authority), Some(host)) => authority.as_str() == host || uri.port_u16().is_some_and(|port| port > 0),
        _ => false,
    };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && has_port(&uri)
        && uri.host().is_some_and(|host| !host.is_empty())
        && !has_userinfo(value)
}

fn has_userinfo(value: &str) -> bool {
    let authority = value.split_once("://").map_or(value, |(_, rest)| rest).split('/').next().unwrap_or_default();
    authority.contains('@')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{VARIABLES, check};
    use crate::config::ConfigError;

    fn check_values(values: &[(&str, &str)]) -> Result<(), ConfigError> {
        check(|name| {
            let found = values.iter().find(|(known, _)| *known == name);
            Ok(found.map(|(_, value)| (*value).to_owned()).filter(|value| !value.is_empty()))
        })
    }

    #[test]
    fn each_flaw_of_a_value_is_named_with_its_variable() {
        for (name, value, flaw) in [
            ("AWS_ACCESS_KEY_ID", "AKIA\n", "ends with a line end"),
            ("AWS_SECRET_ACCESS_KEY", "x\r\n", "ends with a line end"),
            ("AWS_SECRET_ACCESS_KEY", "a b", "has a space"),
            ("AWS_SECRET_ACCESS_KEY", "pässword", "has a space or a character that no key has"),
            ("AWS_SESSION_TOKEN", "x\ny", "contains a line end"),
            ("AWS_SESSION_TOKEN", "x\u{1b}y", "contains a control character"),
            ("AWS_SESSION_TOKEN", " x", "begins with white space"),
            ("AWS_SESSION_TOKEN", "\"x\"", "quotation marks"),
            ("AWS_PROFILE", "prod ", "ends with white space"),
            ("AWS_PROFILE", "prod\r", "ends with a line end"),
            ("AWS_REGION", "us-east-1 ", "ends with white space"),
            ("AWS_REGION", "'us-east-1'", "quotation marks"),
            ("AWS_REGION", "us-east-1a", "an Availability Zone of the Region `us-east-1`"),
            ("AWS_REGION", "US-EAST-1", "must be in lower case: `us-east-1`"),
            ("AWS_DEFAULT_REGION", "N. Virginia", "not the code of a Region"),
            ("AWS_DEFAULT_REGION", "us_east_1", "not the code of a Region"),
            ("AWS_ENDPOINT_URL", "127.0.0.1:6012", "lacks `http://` or `https://`"),
            ("AWS_ENDPOINT_URL", "localhost", "lacks `http://` or `https://`"),
            ("AWS_ENDPOINT_URL", "http://", "not an address"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:99999", "not an address"),
            ("AWS_ENDPOINT_URL", "http://aws.example:", "not an address"),
            ("AWS_REGION", "us-east-1\u{a0}", "ends with white space"),
            ("AWS_REGION", "us-east-1\u{200b}", "contains an invisible character"),
            ("AWS_REGION", "\u{feff}us-east-1", "contains an invisible character"),
            ("AWS_REGION", "us\u{2011}east\u{2011}1", "U+2011 is not an ASCII character"),
            ("AWS_REGION", "fips-us-east-1", "set it to `us-east-1`, and AWS_USE_FIPS_ENDPOINT to `true`"),
            ("AWS_REGION", "us-gov-west-1-fips", "set it to `us-gov-west-1`"),
            ("AWS_REGION", "aws-global", "not the code of a Region"),
            ("AWS_REGION", "local", "not the code of a Region"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "x\n", "ends with a line end"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "ü", "no HTTP header has"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "169.254.170.23/v1", "is not an address"),
            ("AWS_ROLE_SESSION_NAME", "x\n", "ends with a line end"),
            ("AWS_ENDPOINT_URL_KMS", "ftp://kms.example", "not an address"),
            ("AWS_ENDPOINT_URL_STS", "https://sts example", "not an address"),
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "v2/credentials", "is not a path that begins with `/`"),
            ("AWS_ROLE_ARN", "exec", "not the ARN of a role"),
            ("AWS_USE_FIPS_ENDPOINT", "yes", "must be `true` or `false`"),
            ("AWS_MAX_ATTEMPTS", "0", "a number from 1"),
            ("AWS_RETRY_MODE", "fast", "must be `legacy` or `standard` or `adaptive`"),
        ] {
            let error = check_values(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(flaw), "{name}={value:?}: {error}");
        }
    }

    #[test]
    fn usual_values_are_accepted_and_empty_ones_ignored() {
        let values = [
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEXAMPLE//////////=="),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_DEFAULT_REGION", ""),
            ("AWS_PROFILE", "my team/prod"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
            ("AWS_ENDPOINT_URL_ECR", "https://vpce-1.api.ecr.eu-west-1.vpce.amazonaws.com/"),
            ("AWS_ENDPOINT_URL_STS", "http://[::1]:4566/aws/"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic dGVzdA=="),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1?x=y"),
            ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/team/exec"),
            ("AWS_USE_FIPS_ENDPOINT", "True"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6"),
            ("AWS_MAX_ATTEMPTS", "5"),
        ];
        check_values(&values).unwrap();
    }

    #[test]
    fn half_a_key_pair_is_refused() {
        let error = check_values(&[("AWS_ACCESS_KEY_ID", "AKIA")]).unwrap_err().to_string();
        assert!(error.contains("AWS_SECRET_ACCESS_KEY is not set, although AWS_ACCESS_KEY_ID is"), "{error}");
        assert!(check_values(&[("AWS_SECRET_ACCESS_KEY", "x")]).is_err());
    }

    #[test]
    fn an_address_that_can_be_a_secret_is_not_shown() {
        for name in ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
            for value in ["x/hunter2", "127.0.0.1/?t=hunter2", "/a b/hunter2", "http://h:x/hunter2", "ftp://h/hunter2"]
            {
                let checked = check_values(&[(name, value)]);
                assert!(!format!("{checked:?}").contains("hunter2"), "{name}={value}: {checked:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_error_contains_a_key(value in "[a-z]{0,3}[ \n\u{80}-\u{ff}][a-z]{8,12}") {
            for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
                let error = check_values(&[(name, &value)]).unwrap_err();
                let secret = value.trim_matches(|c: char| !c.is_ascii_lowercase());
                prop_assert!(!format!("{error} {error:?}").contains(&secret[secret.len() - 8..]), "{error}");
            }
        }

        #[test]
        fn no_value_makes_the_check_panic(value in any::<String>()) {
            for (name, _) in VARIABLES {
                let _ = check_values(&[(name, &value)]);
            }
        }
    }
}
