//! Forms in which people store a login and which neither ECS nor taskpull reads. An error names the
//! form, so that the user knows what to change.

use super::commands;

/// A recognised form that is not read, with the names of the keys that may be shown, in backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignForm {
    kind: ForeignFormKind,
    keys: Vec<String>,
}

/// What a text is, although it should be a login as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ForeignFormKind {
    #[error("it is the name of a file and not its content")]
    FileName,
    #[error("it is a PEM block")]
    Pem,
    #[error("quotes surround the JSON")]
    OuterQuotes,
    #[error("its quotes are escaped with backslashes")]
    EscapedQuotes,
    #[error("its quotes are typographic")]
    TypographicQuotes,
    #[error("its quotes are single ones, as Python prints them")]
    SingleQuotes,
    #[error("its quotes are missing, as if a shell had removed them")]
    MissingQuotes,
    #[error("a comma follows its last value")]
    TrailingComma,
    #[error("a comma between two of its values is missing")]
    MissingComma,
    #[error("the braces around it are missing")]
    MissingBraces,
    #[error("one of its strings contains a backslash, which JSON writes twice")]
    Backslash,
    #[error("it contains a comment")]
    Comment,
    #[error("one of its strings contains a line break or a tab")]
    ControlCharacter,
    #[error("its end is missing")]
    Truncated,
    #[error("more text follows the object")]
    TrailingText,
    #[error("a Markdown code fence surrounds it")]
    CodeFence,
    #[error("it is a string that contains the JSON, as if it had been encoded twice")]
    EncodedTwice,
    #[error("it is the base64 of JSON")]
    Base64Json,
    #[error("it is the base64 of `user:password`")]
    Base64Login,
    #[error("it is a list of variables, as in an env file")]
    Assignments,
    #[error("it is YAML")]
    Yaml,
    #[error("it is a list separated by commas, as in a CSV file")]
    Csv,
    #[error("it is `user:password`")]
    UserAndPassword,
    #[error("it is two words, such as a user name and a password without their keys")]
    TwoWords,
    #[error("it is one word, such as a token or a password without its user name")]
    OneWord,
    #[error("it is a command")]
    Command,
    #[error("it is an entry of a .netrc file")]
    Netrc,
    #[error("it is a URL")]
    Url,
    #[error("it is an ARN")]
    Arn,
    #[error("it is XML or HTML")]
    Markup,
    #[error("it is a variable or a placeholder that was not filled in")]
    Placeholder,
    #[error("it is a list of objects with a key and a value")]
    KeyValueList,
    #[error("the object is in an array")]
    Array,
    #[error("it is a whole Kubernetes Secret")]
    KubernetesSecret,
    #[error("it is the answer of `aws secretsmanager get-secret-value`")]
    SecretValueAnswer,
    #[error("it is the answer of `aws ecr get-authorization-token`")]
    EcrTokenAnswer,
    #[error("it is the answer of `aws kms encrypt`")]
    EncryptAnswer,
    #[error("it is a legacy .dockercfg, whose entries are not inside `auths`")]
    LegacyDockerConfig,
    #[error("it is a Docker config whose logins are in a credential helper")]
    HelperConfig,
    #[error("it is one entry of `auths` without its registry")]
    SingleEntry,
    #[error("it is an access key of AWS")]
    AwsAccessKey,
    #[error("it is the key file of a Google service account")]
    GoogleKeyFile,
    #[error("it is an envelope without the outer key `taskpull`")]
    BareEnvelope,
    #[error("the login is inside another object")]
    Nested,
}

impl ForeignForm {
    /// A form with the keys in it. Only keys that may be shown are passed.
    pub(super) fn new(kind: ForeignFormKind, keys: Vec<String>) -> Self {
        Self { kind, keys }
    }

    /// What to store in place of this form in a secret, with complete commands.
    pub(super) fn fix(&self, arn: &str) -> String {
        use ForeignFormKind as Kind;
        let rewrite = commands::rewrite(arn);
        let put = commands::put_text(arn, "login.json");
        let convert = |what: &str, filter: &str| {
            let get = commands::get_text(arn, &format!("| {filter} > login.json"));
            format!("{what}: {get}, then {put}; or {rewrite}")
        };
        match self.kind {
            Kind::EncodedTwice => convert("decode it once", "jq --raw-output ."),
            Kind::Base64Json => convert("decode it", "base64 --decode"),
            Kind::KeyValueList => convert("write the keys and values as one object", "jq from_entries"),
            Kind::KubernetesSecret => {
                let filter = r#"jq --raw-output '.data[".dockerconfigjson"]' | base64 --decode"#;
                convert("store the Docker config in it", filter)
            }
            Kind::SecretValueAnswer => convert("store only its `SecretString`", "jq --raw-output .SecretString"),
            Kind::LegacyDockerConfig => convert("put its entries into `auths`", "jq '{auths: .}'"),
            Kind::BareEnvelope => convert("put it under the key `taskpull`", "jq '{taskpull: .}'"),
            Kind::GoogleKeyFile => {
                let store = commands::new_secret(arn, "direct", "_json_key");
                let command = commands::get_text(arn, &format!("| jq --compact-output . | {store}"));
                format!("the whole file is the password of the user name `_json_key`: {command}")
            }
            Kind::SingleEntry => {
                format!(
                    r#"write it as {{"auths": {{"HOST": {{"auth": "…"}}}}}} with the registry's host, or {rewrite}"#
                )
            }
            Kind::HelperConfig => {
                format!(
                    "the logins are on the machine where `docker login` was run, in its credential helper: {rewrite}"
                )
            }
            Kind::AwsAccessKey | Kind::EcrTokenAnswer => format!(
                "an image in ECR needs no secret: remove repositoryCredentials from its container; for another registry {rewrite}"
            ),
            Kind::EncryptAnswer => {
                format!(
                    "`taskpull secret seal` writes the whole envelope; store its output: {}",
                    commands::put_text(arn, "sealed.json")
                )
            }
            Kind::FileName => format!("store the content of the file: {put}"),
            _ => rewrite,
        }
    }
}

impl std::fmt::Display for ForeignForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.kind)?;
        match &self.keys[..] {
            [] => Ok(()),
            [key] => write!(f, ", with the key {key}"),
            [keys @ .., last] => write!(f, ", with the keys {} and {last}", keys.join(", ")),
        }
    }
}
