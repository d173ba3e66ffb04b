//! Finds the login for an image in the text of a secret.

use super::{
    content_error::ContentError, content_error::ContentFault, docker, envelope, forms::require_one_form, json,
    json::JsonObject,
};
use crate::aws::SecretVersion;
use crate::config::AccessTokens;
use crate::credential::login::Login;
use crate::error::Warning;
use crate::secret::Secret;
use crate::task::ImageReference;

/// A login, with the warnings for its report.
#[derive(Debug)]
pub(crate) struct ParsedLogin {
    pub login: Login,
    /// Accepted content that is probably a mistake.
    pub warnings: Vec<Warning>,
}

/// Finds the login for an image in the text of a secret, which is decrypted if it was sealed.
pub(crate) fn parse_login(
    version: &SecretVersion,
    text: &Secret,
    image: &ImageReference,
    access_tokens: AccessTokens,
) -> Result<ParsedLogin, ContentError> {
    let mut warnings = Vec::new();
    let login = json::parse_object(text)
        .and_then(|content| find_login(&content, image, access_tokens, &mut warnings))
        .map_err(|fault| ContentError::new(version, fault))?;
    Ok(ParsedLogin { login, warnings })
}

fn find_login(
    content: &JsonObject,
    image: &ImageReference,
    access_tokens: AccessTokens,
    warnings: &mut Vec<Warning>,
) -> Result<Login, ContentFault> {
    if envelope::is_envelope(content) {
        return Err(ContentFault::NestedEnvelope);
    }
    require_one_form(content)?;
    for key in [".dockerconfigjson", "dockerconfigjson"] {
        if let Some(value) = content.get(key, warnings)? {
            return docker::kubernetes_login(value, key, image, warnings);
        }
    }
    if content.has("auths") {
        docker::auths_login(content, image, warnings)
    } else if content.has("ServerURL") {
        docker::helper_login(content, image, warnings)
    } else if content.has("identitytoken") {
        // Docker writes both spellings, so neither causes a warning.
        let key = if content.has_exactly("identityToken") { "identityToken" } else { "identitytoken" };
        content.required_text(key, warnings).map(Login::IdentityToken)
    } else {
        password_login(content, access_tokens, warnings)
    }
}

fn password_login(
    content: &JsonObject,
    access_tokens: AccessTokens,
    warnings: &mut Vec<Warning>,
) -> Result<Login, ContentFault> {
    let key = match access_tokens {
        _ if content.has("password") || !content.has("accessToken") => "password",
        AccessTokens::Refuse => return Err(ContentFault::AccessToken),
        AccessTokens::Accept => "accessToken",
    };
    let username = content.required_text("username", warnings);
    let username = username.map_err(|fault| with_similar_key(content, fault, &["user", "login"]))?;
    let password = content.required_text(key, warnings);
    let similar = ["pass", "passwd", "token", "secret"];
    let password = password.map_err(|fault| with_similar_key(content, fault, &similar))?;
    Ok(Login::Password { username, password })
}

/// Adds to the fault of a missing key the one that was probably used in its place.
fn with_similar_key(content: &JsonObject, fault: ContentFault, similar: &[&'static str]) -> ContentFault {
    match (fault, similar.iter().find(|found| content.has(found))) {
        (ContentFault::Missing(key), Some(found)) => ContentFault::SimilarKey { key, found },
        (fault, _) => fault,
    }
}
