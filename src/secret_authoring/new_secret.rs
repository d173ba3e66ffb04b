//! Secrets for upstream registries: what may be put into one, checked before AWS is asked.
//!
//! Nothing here asks anybody, and a token that came in is in no error. Rows of the facts about
//! the document of `upstream` are cited.

use serde::Serializer as _;
use zeroize::Zeroizing;

use crate::credential::content::VALUE_LIMIT;
use crate::secret::Secret;
use crate::secret_authoring::new_secret_error::NewSecretError;
use crate::secret_authoring::upstream::{PREFIX, SecretUse};
use crate::task::{CredentialsParameter, KeyArn, Region};

/// The limits of `CreateSecret` (API reference), in characters and tags.
const DESCRIPTION_LIMIT: usize = 2_048;
const TAG_KEY_LIMIT: usize = 128;
const TAG_VALUE_LIMIT: usize = 256;
const TAGS_LIMIT: usize = 50;

/// A token that is as long as this does not turn up within another text by chance.
const TELLING: usize = 8;

/// A secret as the command line wants it.
#[derive(Clone, Debug)]
pub struct NewSecretArgs<'a> {
    /// What it is for.
    pub usage: SecretUse,
    /// Its name.
    pub name: &'a str,
    /// The user name at the registry.
    pub username: &'a str,
    /// What it is, in words.
    pub description: Option<&'a str>,
    /// `KEY=VALUE`.
    pub tags: &'a [String],
    /// The ARN of a customer key.
    pub key: Option<&'a str>,
    /// Where it is to be; none is the host's Region.
    pub region: Option<&'a str>,
    /// Where else.
    pub replicas: &'a [String],
}

/// A secret to be made, checked as far as that goes without its token.
#[derive(Clone, Debug)]
pub struct SecretSpec {
    /// What it is for.
    pub usage: SecretUse,
    /// Its name.
    pub name: String,
    /// Where it is to be; none is the host's Region.
    pub region: Option<Region>,
    /// What it is, in words.
    pub description: Option<String>,
    /// Keys and values; not encrypted (C10).
    pub tags: Vec<(String, String)>,
    /// The customer key; none is the default key (C7).
    pub key: Option<KeyArn>,
    /// Where else it is to be.
    pub replicas: Vec<Region>,
    username: Secret,
}

/// A token as it came in.
#[derive(Clone, Debug)]
pub struct UpstreamToken {
    text: Secret,
    /// Whether a line end behind it was taken off.
    pub had_line_end: bool,
}

/// A secret to be made, with everything in it.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// Everything but its content.
    pub draft: SecretSpec,
    pub(crate) content: Secret,
    token: Secret,
}

impl NewSecret {
    /// Whether the token is in a text. A service may quote what it was sent.
    pub(crate) fn shows_in(&self, text: &str) -> bool {
        #[expect(clippy::disallowed_methods, reason = "looked for where it must not be")]
        text.contains(self.token.expose())
    }
}

impl SecretSpec {
    /// Checks what is wanted.
    ///
    /// # Errors
    /// [`DraftError`], naming what is wrong.
    pub fn new(wanted: &NewSecretArgs<'_>) -> Result<Self, NewSecretError> {
        let NewSecretArgs { usage, name, username, description, tags, key, region, replicas } = *wanted;
        let bad_name = |source| NewSecretError::Name { name: name.to_owned(), source };
        // What begins with `arn:` is no name, and would be read as an ARN.
        if let CredentialsParameter::Arn(_) = CredentialsParameter::parse(name).map_err(bad_name)? {
            return Err(NewSecretError::ArnForName);
        }
        let has_prefix = name.strip_prefix(PREFIX).is_some_and(|rest| !rest.is_empty());
        if usage == SecretUse::PullThrough && !has_prefix {
            return Err(NewSecretError::Prefix { name: name.to_owned() });
        }
        if username.is_empty() || username.contains(|c: char| c == ':' || c.is_control()) {
            return Err(NewSecretError::Username);
        }
        if description.is_some_and(|text| text.chars().count() > DESCRIPTION_LIMIT) {
            return Err(NewSecretError::Description(DESCRIPTION_LIMIT));
        }
        if usage == SecretUse::PullThrough && key.is_some() {
            return Err(NewSecretError::CustomerKey);
        }
        let key =
            key.map(|text| KeyArn::parse(text).map_err(|source| NewSecretError::Key { key: text.to_owned(), source }));
        let read = |text: &str| Region::parse(text).map_err(NewSecretError::Region);
        let region = region.map(read).transpose()?;
        let mut others: Vec<Region> = Vec::new();
        for text in replicas {
            let other = read(text)?;
            if region.as_ref() == Some(&other) || others.contains(&other) {
                return Err(NewSecretError::ReplicaTwice(other));
            }
            others.push(other);
        }
        Ok(Self {
            usage,
            name: name.to_owned(),
            region,
            description: description.map(str::to_owned),
            tags: tags_of(tags)?,
            key: key.transpose()?,
            replicas: others,
            username: Secret::new(username.to_owned()),
        })
    }

    /// Puts the token in. It must stand nowhere else: names, descriptions and tags are not
    /// encrypted (C10).
    ///
    /// # Errors
    /// [`DraftError`], without a word of the token.
    pub fn with_token(self, UpstreamToken { text: given, .. }: &UpstreamToken) -> Result<NewSecret, NewSecretError> {
        #[expect(clippy::disallowed_methods, reason = "compared with what goes out in clear, and put into the content")]
        let (username, token) = (self.username.expose(), given.expose());
        let shows = |text: &str| text == token || (token.len() >= TELLING && text.contains(token));
        if username == token {
            return Err(NewSecretError::TokenIsUsername);
        }
        if shows(&self.name) {
            return Err(NewSecretError::TokenInClear("name"));
        }
        if self.description.as_deref().is_some_and(shows) {
            return Err(NewSecretError::TokenInClear("description"));
        }
        if self.tags.iter().any(|(key, value)| shows(key) || shows(value)) {
            return Err(NewSecretError::TokenInClear("tags"));
        }
        let content = content(username, self.usage.token_key(), token);
        #[expect(clippy::disallowed_methods, reason = "its length is measured")]
        let length = content.expose().len();
        if length > VALUE_LIMIT {
            return Err(NewSecretError::Long(length));
        }
        Ok(NewSecret { draft: self, content, token: given.clone() })
    }
}

impl UpstreamToken {
    /// The longest text that is worth reading, in bytes: a value and a line end, and one more
    /// that shows there was more.
    pub const READ_LIMIT: usize = VALUE_LIMIT + 3;

    /// Takes the bytes and wipes them. One line end behind the token is taken off.
    ///
    /// # Errors
    /// [`DraftError`], without a word of them.
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
        Ok(Self { text: Secret::new(stripped.to_owned()), had_line_end: stripped.len() < text.len() })
    }
}

/// `{"username": …, key: …}`, in a buffer that does not grow: six times is the most that JSON
/// makes of a byte.
#[expect(clippy::expect_used, reason = "texts are JSON, and JSON is UTF-8")]
fn content(username: &str, key: &str, token: &str) -> Secret {
    let mut json = Zeroizing::new(Vec::with_capacity(6 * (username.len() + token.len()) + 64));
    let pairs = [("username", username), (key, token)];
    serde_json::Serializer::new(&mut *json).collect_map(pairs).expect("texts are JSON");
    Secret::new(std::str::from_utf8(&json).expect("JSON is UTF-8").to_owned())
}

fn tags_of(texts: &[String]) -> Result<Vec<(String, String)>, NewSecretError> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for text in texts {
        let (key, value) = text.split_once('=').ok_or(NewSecretError::Tag)?;
        let fits = (1..=TAG_KEY_LIMIT).contains(&key.chars().count()) && value.chars().count() <= TAG_VALUE_LIMIT;
        let is_ours = !key.to_ascii_lowercase().starts_with("aws:");
        if !fits || !is_ours || tags.iter().any(|(known, _)| known == key) {
            return Err(NewSecretError::Tag);
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    if tags.len() > TAGS_LIMIT { Err(NewSecretError::Tags(TAGS_LIMIT)) } else { Ok(tags) }
}

#[cfg(test)]
mod tests {
    use super::{NewSecret, NewSecretArgs, NewSecretError, PREFIX, SecretSpec, SecretUse, UpstreamToken, VALUE_LIMIT};

    const HUB: NewSecretArgs<'_> = NewSecretArgs {
        usage: SecretUse::PullThrough,
        name: "ecr-pullthroughcache/docker-hub",
        username: "me",
        description: None,
        tags: &[],
        key: None,
        region: None,
        replicas: &[],
    };

    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";

    fn refused(wanted: &NewSecretArgs<'_>) -> NewSecretError {
        SecretSpec::new(wanted).unwrap_err()
    }

    fn with(wanted: &NewSecretArgs<'_>, token: &str) -> Result<NewSecret, NewSecretError> {
        SecretSpec::new(wanted).unwrap().with_token(&UpstreamToken::new(token.into()).unwrap())
    }

    fn text(secret: &NewSecret) -> &str {
        #[expect(clippy::disallowed_methods, reason = "it is what is tested")]
        secret.content.expose()
    }

    #[test]
    fn the_content_has_both_keys_of_its_use_and_nothing_else() {
        let secret = with(&HUB, "t\"ken").unwrap();
        assert_eq!(text(&secret), r#"{"username":"me","accessToken":"t\"ken"}"#);
        let direct = NewSecretArgs { usage: SecretUse::Direct, name: "hub", key: Some(KEY), ..HUB };
        assert_eq!(text(&with(&direct, "t").unwrap()), r#"{"username":"me","password":"t"}"#);
    }

    #[test]
    fn a_name_is_held_to_the_prefix_and_to_secrets_managers_limits() {
        for name in ["docker-hub", "ECR-pullthroughcache/hub", PREFIX, "x/ecr-pullthroughcache/hub"] {
            assert!(matches!(refused(&NewSecretArgs { name, ..HUB }), NewSecretError::Prefix { .. }), "{name}");
        }
        let longest = format!("{PREFIX}{}", "n".repeat(512 - PREFIX.len()));
        assert!(SecretSpec::new(&NewSecretArgs { name: &longest, ..HUB }).is_ok());
        for name in [&*format!("{longest}n"), "ecr-pullthroughcache/hüb", "ecr-pullthroughcache/a b", ""] {
            assert!(matches!(refused(&NewSecretArgs { name, ..HUB }), NewSecretError::Name { .. }), "{name}");
        }
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub";
        assert!(matches!(refused(&NewSecretArgs { name: arn, ..HUB }), NewSecretError::ArnForName));
    }

    #[test]
    fn a_customer_key_is_for_direct_pulls_only() {
        assert!(matches!(refused(&NewSecretArgs { key: Some(KEY), ..HUB }), NewSecretError::CustomerKey));
        let direct = NewSecretArgs { usage: SecretUse::Direct, name: "hub", ..HUB };
        assert!(matches!(refused(&NewSecretArgs { key: Some("alias/a"), ..direct }), NewSecretError::Key { .. }));
    }

    #[test]
    fn a_value_has_65_536_bytes_and_no_more() {
        let around = r#"{"username":"me","accessToken":""}"#.len();
        assert!(with(&HUB, &"t".repeat(VALUE_LIMIT - around)).is_ok());
        let long = with(&HUB, &"t".repeat(VALUE_LIMIT - around + 1)).unwrap_err();
        assert!(matches!(long, NewSecretError::Long(65_537)), "{long}");
    }

    #[test]
    fn the_token_stands_nowhere_in_clear() {
        let tags = |text: &str| vec![text.to_owned()];
        for tags in [tags("team=dckr_pat_1"), tags("dckr_pat_1=x"), tags("note=it is dckr_pat_1!")] {
            assert!(matches!(
                with(&NewSecretArgs { tags: &tags, ..HUB }, "dckr_pat_1"),
                Err(NewSecretError::TokenInClear(_))
            ));
        }
        assert!(with(&NewSecretArgs { tags: &tags("team=web"), ..HUB }, "we").is_ok(), "by chance");
        assert!(with(&NewSecretArgs { tags: &tags("team=we"), ..HUB }, "we").is_err());
        let description = Some("dckr_pat_1");
        assert!(with(&NewSecretArgs { description, ..HUB }, "dckr_pat_1").is_err());
        assert!(matches!(with(&HUB, "me"), Err(NewSecretError::TokenIsUsername)));
    }

    #[test]
    fn a_token_is_one_line() {
        let of = |text: &str| UpstreamToken::new(text.into());
        assert!(!of("token").unwrap().had_line_end);
        assert!(of("token\n").unwrap().had_line_end && of("token\r\n").unwrap().had_line_end);
        assert!(matches!(of("").unwrap_err(), NewSecretError::EmptyToken));
        assert!(matches!(of("\n").unwrap_err(), NewSecretError::EmptyToken));
        assert!(matches!(of("one\ntwo\n").unwrap_err(), NewSecretError::Lines));
        assert!(matches!(of("token \n").unwrap_err(), NewSecretError::Spaces));
        assert!(matches!(UpstreamToken::new(vec![0xff]).unwrap_err(), NewSecretError::NotText));
    }

    #[test]
    fn tags_and_regions_are_held_to_their_form() {
        for tag in
            ["team", "=web", "aws:team=web", &format!("{}=1", "k".repeat(129)), &format!("k={}", "v".repeat(257))]
        {
            assert!(matches!(refused(&NewSecretArgs { tags: &[tag.to_owned()], ..HUB }), NewSecretError::Tag), "{tag}");
        }
        let twice = ["a=1".to_owned(), "a=2".to_owned()];
        assert!(matches!(refused(&NewSecretArgs { tags: &twice, ..HUB }), NewSecretError::Tag));
        let own = NewSecretArgs { region: Some("eu-west-1"), replicas: &["eu-west-1".to_owned()], ..HUB };
        assert!(matches!(refused(&own), NewSecretError::ReplicaTwice(_)));
        assert!(matches!(refused(&NewSecretArgs { region: Some("eu-west-1a"), ..HUB }), NewSecretError::Region(_)));
    }
}
