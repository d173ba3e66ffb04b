//! What a secret may hold, and which login that is for an image.
//!
//! Every form is taken as what it is or refused with the reason; nothing is guessed.
//! Forms: `username` and `password` (A8); `username` and `accessToken` where the operator
//! accepts it (A9, C15); Docker's `auths`, also as Kubernetes keeps them; a credential
//! helper's answer; an identity token. A text may be sealed: an [`Envelope`], or the bytes
//! of a KMS ciphertext.

mod content_error;
mod docker;
pub(crate) mod docker_auth_entry;
mod envelope;
pub(crate) mod json;
#[cfg(test)]
mod tests;
pub(crate) mod username_token;

use std::collections::BTreeMap;

pub use content_error::{ContentError, ContentFault};
pub use docker_auth_entry::EntryFault;
pub use envelope::Envelope;

use super::Login;
use crate::aws::{Ciphertext, SecretValue, SecretVersion};
use crate::config::AccessTokens;
use crate::error::Printable;
use crate::secret::{Secret, SecretBytes};
use crate::task::ImageReference;
use json::{Object, ParseWarnings};

/// Secrets Manager's limit for a value, in bytes (C6).
pub(crate) const VALUE_LIMIT: usize = 65_536;

/// What a secret holds at first sight.
pub(crate) enum Content<'a> {
    /// A text to be read as a login.
    Text(&'a Secret),
    /// What must be decrypted first.
    Sealed(Ciphertext),
}

/// Tells a ciphertext from a text.
pub(crate) fn of(version: &SecretVersion) -> Result<Content<'_>, ContentError> {
    let found = match &version.value {
        SecretValue::Binary(bytes) => ciphertext(bytes).map(Content::Sealed),
        SecretValue::Text(text) => envelope_in(text).map(|sealed| sealed.map_or(Content::Text(text), Content::Sealed)),
    };
    found.map_err(|fault| about(version, fault))
}

fn ciphertext(bytes: &SecretBytes) -> Result<Ciphertext, ContentFault> {
    #[expect(clippy::disallowed_methods, reason = "the one reader of a secret's bytes")]
    let bytes = bytes.expose();
    // A text put there by mistake is not sent anywhere.
    let is_text =
        std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()));
    if bytes.is_empty() {
        Err(ContentFault::Empty)
    } else if is_text || bytes.len() > envelope::CIPHERTEXT_LIMIT {
        Err(ContentFault::Binary)
    } else {
        Ok(Ciphertext { key: None, bytes: bytes.to_vec(), context: BTreeMap::new() })
    }
}

/// A text that is no JSON is no envelope either; what is wrong with it is said by whoever
/// reads it as a login.
fn envelope_in(text: &Secret) -> Result<Option<Ciphertext>, ContentFault> {
    match Object::parse(text_of(text)) {
        Ok(content) if envelope::is_one(&content) => {
            only_one_form(&content)?;
            let Envelope { key, ciphertext, context } = envelope::read(&content)?;
            Ok(Some(Ciphertext { key: Some(key), bytes: ciphertext, context }))
        }
        _ => Ok(None),
    }
}

/// The text that KMS has decrypted.
pub(crate) fn decrypted(version: &SecretVersion, plaintext: &SecretBytes) -> Result<Secret, ContentError> {
    #[expect(clippy::disallowed_methods, reason = "the one reader of a secret's bytes")]
    let text = std::str::from_utf8(plaintext.expose());
    let text = text.map_err(|_| about(version, ContentFault::DecryptedBinary))?;
    Ok(Secret::new(text.to_owned()))
}

/// What is wrong with a text that is to be sealed, as far as it shows without an image.
pub(crate) fn is_sealable(text: &Secret) -> Result<(), ContentFault> {
    let content = object(text)?;
    if envelope::is_one(&content) { Err(ContentFault::EnvelopeInEnvelope) } else { only_one_form(&content) }
}

/// The login for an image in a secret's text, and what is odd about it.
pub(crate) fn login(
    version: &SecretVersion,
    text: &Secret,
    image: &ImageReference,
    tokens: AccessTokens,
) -> Result<(Login, Vec<Printable>), ContentError> {
    let mut notes = ParseWarnings::default();
    let login = object(text).and_then(|content| read(&content, image, tokens, &mut notes));
    login.map(|login| (login, notes.0)).map_err(|fault| about(version, fault))
}

fn about(version: &SecretVersion, fault: ContentFault) -> ContentError {
    ContentError { arn: version.arn.clone(), version_id: version.version_id.clone(), fault }
}

fn object(text: &Secret) -> Result<Object, ContentFault> {
    let text = text_of(text);
    if text.len() > VALUE_LIMIT {
        return Err(ContentFault::Long);
    }
    if text.trim().is_empty() {
        return Err(ContentFault::Empty);
    }
    Object::parse(text)
}

/// The key that tells each form from all others.
const FORMS: [&str; 7] =
    [envelope::NAME, "auths", ".dockerconfigjson", "dockerconfigjson", "ServerURL", "identitytoken", "password"];

fn only_one_form(content: &Object) -> Result<(), ContentFault> {
    let mut forms = FORMS.into_iter().filter(|form| content.has(form));
    match (forms.next(), forms.next()) {
        (Some(one), Some(other)) => Err(ContentFault::Ambiguous(one, other)),
        _ => Ok(()),
    }
}

fn read(
    content: &Object,
    image: &ImageReference,
    tokens: AccessTokens,
    notes: &mut ParseWarnings,
) -> Result<Login, ContentFault> {
    if envelope::is_one(content) {
        return Err(ContentFault::EnvelopeInEnvelope);
    }
    only_one_form(content)?;
    for key in [".dockerconfigjson", "dockerconfigjson"] {
        if let Some(node) = content.get(key, notes)? {
            return docker::kubernetes(node, key, image, notes);
        }
    }
    if content.has("auths") {
        docker::auths(content, image, notes)
    } else if content.has("ServerURL") {
        docker::helper(content, image, notes)
    } else if content.has("identitytoken") {
        // Docker writes it in two ways; both are exact.
        let key = if content.has_exactly("identityToken") { "identityToken" } else { "identitytoken" };
        content.needed(key, notes).map(Login::IdentityToken)
    } else {
        name_and_password(content, tokens, notes)
    }
}

fn name_and_password(content: &Object, tokens: AccessTokens, notes: &mut ParseWarnings) -> Result<Login, ContentFault> {
    let key = match tokens {
        _ if content.has("password") || !content.has("accessToken") => "password",
        AccessTokens::Refuse => return Err(ContentFault::AccessToken),
        AccessTokens::Accept => "accessToken",
    };
    let username = content.needed("username", notes).map_err(|fault| near(content, fault, &["user", "login"]))?;
    let meant = ["pass", "passwd", "token", "secret"];
    let password = content.needed(key, notes).map_err(|fault| near(content, fault, &meant))?;
    Ok(Login::Password { username, password })
}

/// A missing key with the one that was probably meant for it.
fn near(content: &Object, fault: ContentFault, meant: &[&'static str]) -> ContentFault {
    match (fault, meant.iter().find(|found| content.has(found))) {
        (ContentFault::Missing(key), Some(found)) => ContentFault::NearMiss { key, found },
        (fault, _) => fault,
    }
}

/// The text itself, for the readers of this room.
fn text_of(secret: &Secret) -> &str {
    #[expect(clippy::disallowed_methods, reason = "the one reader of a secret's text")]
    secret.expose()
}
