//! Secrets and their logins, as the tests of this module build and read them.

use crate::aws::{Ciphertext, SecretValue, SecretVersion};
use crate::config::AccessTokens;
use crate::credential::content::{ContentError, ContentFault, ParsedLogin, SecretContent, parse_login};
use crate::credential::login::Login;
use crate::secret::{Secret, SecretBytes};
use crate::task::ImageReference;

pub(super) const IMAGE: &str = "registry.example:5000/team-a/app";
pub(super) const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234";

/// The ARN of the secret in hints.
pub(super) const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:team/registry-AbCdEf";

pub(super) fn version(value: SecretValue) -> SecretVersion {
    SecretVersion { arn: ARN.into(), version_id: "v1".into(), stage: None, requests: Vec::new(), value }
}

pub(super) fn text_version(text: &str) -> SecretVersion {
    version(SecretValue::Text(Secret::new(text.to_owned())))
}

pub(super) fn binary_version(bytes: &[u8]) -> SecretVersion {
    version(SecretValue::Binary(SecretBytes::new(bytes.to_vec())))
}

/// The login in a text that is not sealed.
pub(super) fn parse(image: &str, text: &str, access_tokens: AccessTokens) -> Result<ParsedLogin, ContentError> {
    let version = text_version(text);
    sealed(&version)?;
    parse_login(&version, &Secret::new(text.to_owned()), &ImageReference::parse(image).unwrap(), access_tokens)
}

pub(super) fn parse_fault(text: &str) -> ContentFault {
    parse(IMAGE, text, AccessTokens::Refuse).unwrap_err().fault
}

pub(super) fn sealed(version: &SecretVersion) -> Result<Option<Ciphertext>, ContentError> {
    SecretContent::new(version).map(|content| match content {
        SecretContent::Sealed(ciphertext) => Some(ciphertext),
        SecretContent::Text(_) => None,
    })
}

/// `user:password`, or `token:…`, for comparisons.
pub(super) fn shown(login: &Login) -> String {
    #[expect(clippy::disallowed_methods, reason = "the test compares the values")]
    match login {
        Login::Anonymous => "anonymous".to_owned(),
        Login::Password { username, password } => format!("{}:{}", username.expose(), password.expose()),
        Login::IdentityToken(token) => format!("token:{}", token.expose()),
    }
}

pub(super) fn login(image: &str, text: &str) -> String {
    shown(&parse(image, text, AccessTokens::Refuse).unwrap().login)
}

/// The inside of an envelope, as text, so that a test can damage it.
pub(super) fn envelope() -> String {
    format!(r#""version": 1, "keyArn": "{KEY}", "ciphertext": "AQID", "encryptionContext": {{"team": "web"}}"#)
}
