//! A new secret with its content.
//!
//! Nothing here contacts AWS, and no error contains the token.

use serde::Serializer as _;
use zeroize::Zeroizing;

use crate::credential::{TextFlaw, content::VALUE_LIMIT};
use crate::secret::Secret;
use crate::secret_authoring::{new_secret_error::NewSecretError, secret_spec::SecretSpec, secret_use::SecretUse};

/// The shortest token that is searched for within other texts, in bytes; a shorter one may occur by
/// coincidence.
const MIN_SEARCH_LENGTH: usize = 8;

/// A secret that can be created or updated.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// Everything except the content.
    pub spec: SecretSpec,
    /// What the user should know about the login before it is used.
    pub notes: Vec<&'static str>,
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
        let flaws = TextFlaw::find(text, Some(username));
        if !flaws.is_empty() {
            return Err(NewSecretError::TokenFlaws(flaws));
        }
        if username == text && spec.usage == SecretUse::PullThrough {
            return Err(NewSecretError::TokenIsUsername);
        }
        let notes = [
            (username == text, "the token is the user name, which is right for few registries, such as DigitalOcean's"),
            (text.contains(':'), "the token contains a colon: if it is `user:token`, pass the token alone"),
        ];
        let notes = notes.into_iter().filter(|(applies, _)| *applies).map(|(_, note)| note).collect();
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
        Ok(Self { spec, notes, content, token: token.text.clone() })
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

/// A text that may be a token. [`NewSecret::new`] checks it beside its user name.
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
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(NewSecretError::Utf16);
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| NewSecretError::NotText)?;
        let stripped = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        if stripped.trim().is_empty() {
            return Err(NewSecretError::EmptyToken);
        }
        if stripped.len() > VALUE_LIMIT {
            return Err(NewSecretError::Long(stripped.len()));
        }
        Ok(Self { text: Secret::new(stripped.to_owned()), line_end_removed: stripped.len() < text.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::{NewSecret, NewSecretError, TextFlaw, VALUE_LIMIT};
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
    fn one_line_end_is_removed_and_an_empty_token_rejected() {
        let parse = |text: &str| UpstreamToken::new(text.into());
        assert!(!parse("token").unwrap().line_end_removed);
        assert!(parse("token\n").unwrap().line_end_removed && parse("token\r\n").unwrap().line_end_removed);
        assert!(matches!(parse("").unwrap_err(), NewSecretError::EmptyToken));
        assert!(matches!(parse("\n").unwrap_err(), NewSecretError::EmptyToken));
        assert!(matches!(UpstreamToken::new(vec![0xff, 0xfe, b't', 0]).unwrap_err(), NewSecretError::Utf16));
        assert!(matches!(UpstreamToken::new(vec![0xff]).unwrap_err(), NewSecretError::NotText));
    }

    /// The flaws of a token beside the user name `me`.
    fn flaws(token: &str) -> Vec<TextFlaw> {
        match new_secret(&HUB, token) {
            Err(NewSecretError::TokenFlaws(flaws)) => flaws,
            other => panic!("{token}: {other:?}"),
        }
    }

    #[test]
    fn text_that_cannot_be_a_token_is_rejected() {
        use TextFlaw::*;
        let table = [
            ("one\ntwo", Lines),
            ("token ", SpaceAfter),
            ("\u{a0}token", SpaceBefore),
            ("token\n\n", LineEnd),
            ("\u{feff}token", ByteOrderMark),
            ("tok\u{200b}en", Invisible),
            ("tok\u{7}en", Control),
            ("\"token\"", Quotes),
            ("'token'", Quotes),
            ("“token”", Quotes),
            (r#"{"username":"me","password":"token"}"#, Json),
            (r#"[{"Key":"token"}]"#, Json),
            ("me:token", UserAndToken),
            ("other:dckr_pat_0123456789", UserAndToken),
            ("bWU6dG9rZW4=", EncodedLogin),
            ("Bearer token", Header),
            ("Authorization: Basic bWU6dG9rZW4=", Header),
            ("export TOKEN=token", Assignment),
            ("GITHUB_TOKEN=ghp_0123456789abcdef", Assignment),
            ("password: token", Assignment),
            ("$env:TOKEN = 'token'", Assignment),
            ("$ cat token.txt", Command),
            ("docker login -u me -p token", Command),
            ("me@host:~$ token", Command),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:hub-Ab12Cd", Arn),
            ("https://hub.docker.com/settings/security", Url),
            ("file://token.txt", Url),
            ("token.txt", FileName),
            ("./secrets/token.json", FileName),
            ("-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----", Pem),
            ("<token>", Placeholder),
            ("${TOKEN}", Placeholder),
            ("$TOKEN", Placeholder),
            ("$(cat token)", Placeholder),
            ("{{ token }}", Placeholder),
            ("%TOKEN%", Placeholder),
            ("YOUR_ACCESS_TOKEN", Placeholder),
            ("***", Mask),
            ("••••••••", Mask),
        ];
        for (token, flaw) in table {
            assert_eq!(flaws(token), [flaw], "{token}");
        }
        assert_eq!(flaws("\u{feff}\"token\" "), [ByteOrderMark, SpaceAfter, Quotes]);
    }

    #[test]
    fn tokens_as_registries_issue_them_are_accepted() {
        let tokens = [
            "dckr_pat_aBcDeFgHiJkLmNoPqRsTuVwXyZ0",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "glpat-xYz_12-34.56.0a1b2c3d4",
            "+ACRx0/AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+AbCd=",
            "cmVmdGtuOjAxOjAwMDAwMDAwMDA6YWJjZGVm",
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2ln",
            "pässwört>>>???~",
            "correct horse battery staple",
            "a:b",
            "$ecret",
            "p@ss\"word'",
            "xx",
            "token",
        ];
        for token in tokens {
            assert!(new_secret(&HUB, token).is_ok(), "{token}");
        }
        let google = NewSecretArgs { username: "_json_key", usage: SecretUse::Direct, name: "gcr", ..HUB };
        assert!(new_secret(&google, r#"{"type": "service_account", "private_key": "x"}"#).is_ok());
        assert_eq!(new_secret(&HUB, "other:token").unwrap().notes.len(), 1);
        let direct = NewSecretArgs { username: "dop_v1_0123456789", usage: SecretUse::Direct, name: "do", ..HUB };
        assert_eq!(new_secret(&direct, "dop_v1_0123456789").unwrap().notes.len(), 1);
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
