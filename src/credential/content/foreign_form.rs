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
    #[error("it is a user name and a password on lines of their own")]
    TwoLines,
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
        match self.kind {
            Kind::KubernetesSecret => format!(
                "store the Docker config in it: `kubectl get secret NAME --output 'jsonpath={{.data.\\.dockerconfigjson}}' | base64 --decode > login.json`, then {put}; or {rewrite}"
            ),
            Kind::SecretValueAnswer => format!("store only the value of its `SecretString`, decoded: {rewrite}"),
            Kind::LegacyDockerConfig => format!(r#"write {{"auths": …}} around it: `jq '{{auths: .}}' old.json > login.json`, then {put}; or {rewrite}"#),
            Kind::SingleEntry => format!(
                r#"write it as {{"auths": {{"HOST": {{"auth": "…"}}}}}} with the registry's host, or {rewrite}"#
            ),
            Kind::HelperConfig => format!("`docker login` stores its login elsewhere on the machine that wrote the file: {rewrite}"),
            Kind::GoogleKeyFile => format!(
                "the whole file is the password of the user name `_json_key`: `jq --compact-output . key.json | {}`",
                commands::new_secret(arn, "direct", "_json_key")
            ),
            Kind::AwsAccessKey | Kind::EcrTokenAnswer => format!(
                "an image in ECR needs no secret: remove repositoryCredentials from its container; for another registry {rewrite}"
            ),
            Kind::BareEnvelope => format!(r#"write {{"taskpull": …}} around it: `jq '{{taskpull: .}}' envelope.json > login.json`, then {put}"#),
            Kind::EncryptAnswer => "seal the login with `taskpull secret seal --key ARN < login.json > sealed.json`, and store the whole output".to_owned(),
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
