//! A new secret with its content.
//!
//! Nothing here contacts AWS, and no error contains the token.

use serde::Serializer as _;
use zeroize::Zeroizing;

use crate::credential::content::VALUE_LIMIT;
use crate::secret::Secret;
use crate::secret_authoring::{new_secret_error::NewSecretError, secret_spec::SecretSpec};

/// The shortest token that is searched for within other texts, in bytes; a shorter one may occur by
/// coincidence.
const MIN_SEARCH_LENGTH: usize = 8;

/// A secret that can be created or updated.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// Everything except the content.
    pub spec: SecretSpec,
    /// The JSON to store.
    pub(crate) content: Secret,
    token: Secret,
}

impl NewSecret {
    /// Builds the content from the user name and the token. The token may occur nowhere else: names,
    /// descriptions and tags are not encrypted (C10).
    ///
    /// # Errors
    /// [`NewSecretError`], which repeats nothing of the token.
    pub fn new(spec: SecretSpec, token: &UpstreamToken) -> Result<Self, NewSecretError> {
        #[expect(clippy::disallowed_methods, reason = "compared with unencrypted fields, and written to the content")]
        let (username, text) = (spec.username.expose(), token.text.expose());
        let contains_token = |field: &str| field == text || (text.len() >= MIN_SEARCH_LENGTH && field.contains(text));
        if username == text {
            return Err(NewSecretError::TokenIsUsername);
        }
        if contains_token(&spec.name) {
            return Err(NewSecretError::TokenInClear("name"));
        }
        if spec.description.as_deref().is_some_and(contains_token) {
            return Err(NewSecretError::TokenInClear("description"));
        }
        if spec.tags.iter().any(|(key, value)| contains_token(key) || contains_token(value)) {
            return Err(NewSecretError::TokenInClear("tags"));
        }
        let content = content(username, spec.usage.token_key(), text);
        #[expect(clippy::disallowed_methods, reason = "its length is measured")]
        let length = content.expose().len();
        if length > VALUE_LIMIT {
            return Err(NewSecretError::Long(length));
        }
        Ok(Self { spec, content, token: token.text.clone() })
    }

    /// Whether a text contains the token. A service may quote the request that it rejects.
    pub(crate) fn token_occurs_in(&self, text: &str) -> bool {
        #[expect(clippy::disallowed_methods, reason = "searched for where it must not be")]
        text.contains(self.token.expose())
    }
}

/// `{"username": …, key: …}`, in a buffer that does not have to grow, because JSON escapes a byte
/// to at most six bytes.
#[expect(clippy::expect_used, reason = "strings serialize to JSON, and JSON is UTF-8")]
fn content(username: &str, key: &str, token: &str) -> Secret {
    let mut json = Zeroizing::new(Vec::with_capacity(6 * (username.len() + token.len()) + 64));
    let pairs = [("username", username), (key, token)];
    serde_json::Serializer::new(&mut *json).collect_map(pairs).expect("strings serialize to JSON");
    Secret::new(std::str::from_utf8(&json).expect("JSON is UTF-8").to_owned())
}

/// One line of text without surrounding white space.
#[derive(Clone, Debug)]
pub struct UpstreamToken {
    pub(super) text: Secret,
    /// Whether a trailing line end was removed.
    pub line_end_removed: bool,
}

impl UpstreamToken {
    /// The most bytes worth reading: a value, a line end, and one byte that shows there was more.
    pub const READ_LIMIT: usize = VALUE_LIMIT + 3;

    /// Takes the bytes, and wipes them. One trailing line end is removed.
    ///
    /// # Errors
    /// [`NewSecretError`], which repeats nothing of the bytes.
    pub fn new(bytes: Vec<u8>) -> Result<Self, NewSecretError> {
        let bytes = Zeroizing::new(bytes);
        let text = std::str::from_utf8(&bytes).map_err(|_| NewSecretError::NotText)?;
        let stripped = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        if stripped.trim().is_empty() {
            return Err(NewSecretError::EmptyToken);
        }
        if stripped.contains(char::is_control) {
            return Err(NewSecretError::Lines);
        }
        if stripped.trim().len() != stripped.len() {
            return Err(NewSecretError::Spaces);
        }
        if stripped.len() > VALUE_LIMIT {
            return Err(NewSecretError::Long(stripped.len()));
        }
        Ok(Self { text: Secret::new(stripped.to_owned()), line_end_removed: stripped.len() < text.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::{NewSecret, NewSecretError, VALUE_LIMIT};
    use crate::secret_authoring::new_secret::UpstreamToken;
    use crate::secret_authoring::secret_spec::{NewSecretArgs, SecretSpec};
    use crate::secret_authoring::secret_use::{PULL_THROUGH_PREFIX as PREFIX, SecretUse};
    use crate::secret_authoring::tests::{ARGS as HUB, KEY};

    fn spec_error(args: &NewSecretArgs<'_>) -> NewSecretError {
        SecretSpec::new(args).unwrap_err()
    }

    fn new_secret(args: &NewSecretArgs<'_>, token: &str) -> Result<NewSecret, NewSecretError> {
        NewSecret::new(SecretSpec::new(args).unwrap(), &UpstreamToken::new(token.into()).unwrap())
    }

    fn text(secret: &NewSecret) -> &str {
        #[expect(clippy::disallowed_methods, reason = "the test checks the content")]
        secret.content.expose()
    }

    #[test]
    fn content_has_exactly_the_two_keys_of_its_use() {
        let secret = new_secret(&HUB, "t\"ken").unwrap();
        assert_eq!(text(&secret), r#"{"username":"me","accessToken":"t\"ken"}"#);
        let direct = NewSecretArgs { usage: SecretUse::Direct, name: "hub", key: Some(KEY), ..HUB };
        assert_eq!(text(&new_secret(&direct, "t").unwrap()), r#"{"username":"me","password":"t"}"#);
    }

    #[test]
    fn name_without_prefix_or_beyond_the_limits_is_rejected() {
        for name in ["docker-hub", "ECR-pullthroughcache/hub", PREFIX, "x/ecr-pullthroughcache/hub"] {
            assert!(matches!(spec_error(&NewSecretArgs { name, ..HUB }), NewSecretError::Prefix { .. }), "{name}");
        }
        let longest = format!("{PREFIX}{}", "n".repeat(512 - PREFIX.len()));
        assert!(SecretSpec::new(&NewSecretArgs { name: &longest, ..HUB }).is_ok());
        for name in [&*format!("{longest}n"), "ecr-pullthroughcache/hüb", "ecr-pullthroughcache/a b", ""] {
            assert!(matches!(spec_error(&NewSecretArgs { name, ..HUB }), NewSecretError::Name { .. }), "{name}");
        }
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub";
        assert!(matches!(spec_error(&NewSecretArgs { name: arn, ..HUB }), NewSecretError::ArnForName));
    }

    #[test]
    fn customer_key_is_rejected_for_pull_through() {
        assert!(matches!(spec_error(&NewSecretArgs { key: Some(KEY), ..HUB }), NewSecretError::CustomerKey));
        let direct = NewSecretArgs { usage: SecretUse::Direct, name: "hub", ..HUB };
        assert!(matches!(spec_error(&NewSecretArgs { key: Some("alias/a"), ..direct }), NewSecretError::Key { .. }));
    }

    #[test]
    fn value_of_more_than_65_536_bytes_is_rejected() {
        let around = r#"{"username":"me","accessToken":""}"#.len();
        assert!(new_secret(&HUB, &"t".repeat(VALUE_LIMIT - around)).is_ok());
        let long = new_secret(&HUB, &"t".repeat(VALUE_LIMIT - around + 1)).unwrap_err();
        assert!(matches!(long, NewSecretError::Long(65_537)), "{long}");
    }

    #[test]
    fn token_in_an_unencrypted_field_is_rejected() {
        let tags = |text: &str| vec![text.to_owned()];
        for tags in [tags("team=dckr_pat_1"), tags("dckr_pat_1=x"), tags("note=it is dckr_pat_1!")] {
            assert!(matches!(
                new_secret(&NewSecretArgs { tags: &tags, ..HUB }, "dckr_pat_1"),
                Err(NewSecretError::TokenInClear(_))
            ));
        }
        assert!(
            new_secret(&NewSecretArgs { tags: &tags("team=web"), ..HUB }, "we").is_ok(),
            "too short to be more than a coincidence"
        );
        assert!(new_secret(&NewSecretArgs { tags: &tags("team=we"), ..HUB }, "we").is_err());
        let description = Some("dckr_pat_1");
        assert!(new_secret(&NewSecretArgs { description, ..HUB }, "dckr_pat_1").is_err());
        assert!(matches!(new_secret(&HUB, "me"), Err(NewSecretError::TokenIsUsername)));
    }

    #[test]
    fn token_of_several_lines_is_rejected() {
        let parse = |text: &str| UpstreamToken::new(text.into());
        assert!(!parse("token").unwrap().line_end_removed);
        assert!(parse("token\n").unwrap().line_end_removed && parse("token\r\n").unwrap().line_end_removed);
        assert!(matches!(parse("").unwrap_err(), NewSecretError::EmptyToken));
        assert!(matches!(parse("\n").unwrap_err(), NewSecretError::EmptyToken));
        assert!(matches!(parse("one\ntwo\n").unwrap_err(), NewSecretError::Lines));
        assert!(matches!(parse("token \n").unwrap_err(), NewSecretError::Spaces));
        assert!(matches!(UpstreamToken::new(vec![0xff]).unwrap_err(), NewSecretError::NotText));
    }

    #[test]
    fn malformed_tags_and_regions_are_rejected() {
        for tag in
            ["team", "=web", "aws:team=web", &format!("{}=1", "k".repeat(129)), &format!("k={}", "v".repeat(257))]
        {
            assert!(
                matches!(spec_error(&NewSecretArgs { tags: &[tag.to_owned()], ..HUB }), NewSecretError::Tag),
                "{tag}"
            );
        }
        let twice = ["a=1".to_owned(), "a=2".to_owned()];
        assert!(matches!(spec_error(&NewSecretArgs { tags: &twice, ..HUB }), NewSecretError::Tag));
        let own = NewSecretArgs { region: Some("eu-west-1"), replicas: &["eu-west-1".to_owned()], ..HUB };
        assert!(matches!(spec_error(&own), NewSecretError::ReplicaTwice(_)));
        assert!(matches!(spec_error(&NewSecretArgs { region: Some("eu-west-1a"), ..HUB }), NewSecretError::Region(_)));
    }
}
