//! Finds the login for an image in the text of a secret.

use super::docker::{Auths, HelperAnswer};
use super::json::JsonObject;
use super::login_keys::{KeySpelling, LoginValues, read_login_keys};
use super::{
    content_error::ContentError, content_fault::ContentFault, envelope, forms::require_one_form, object_parser,
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

/// The content of a secret in one of its forms.
enum LoginContent {
    /// One login, for any registry.
    Login(Login),
    /// The logins of a Docker config, by registry.
    Auths(Auths),
    /// The login for one registry.
    Helper(HelperAnswer),
}

/// Finds the login for an image in the text of a secret, which is decrypted if it was sealed.
pub(crate) fn parse_login(
    version: &SecretVersion,
    text: &Secret,
    image: &ImageReference,
    access_tokens: AccessTokens,
) -> Result<ParsedLogin, ContentError> {
    let mut warnings = Vec::new();
    let login = parse_text(text, access_tokens, &mut warnings).and_then(|content| match content {
        LoginContent::Login(login) => Ok(login),
        LoginContent::Auths(auths) => auths.login_for(image, &mut warnings),
        LoginContent::Helper(answer) => answer.login_for(image),
    });
    let login = login.map_err(|fault| ContentError::new(version, fault))?;
    Ok(ParsedLogin { login, warnings })
}

/// All logins in the text of a secret. The error is the one that [`parse_login`] has for an image of
/// each registry in it.
pub(crate) fn parse_all_logins(text: &Secret, access_tokens: AccessTokens) -> Result<Vec<Login>, ContentFault> {
    let mut warnings = Vec::new();
    match parse_text(text, access_tokens, &mut warnings)? {
        LoginContent::Login(login) => Ok(vec![login]),
        LoginContent::Auths(auths) => auths.all_logins(&mut warnings),
        LoginContent::Helper(answer) => answer.any_login().map(|login| vec![login]),
    }
}

fn parse_text(
    text: &Secret,
    access_tokens: AccessTokens,
    warnings: &mut Vec<Warning>,
) -> Result<LoginContent, ContentFault> {
    let content = object_parser::parse_secret(text, warnings)?;
    if envelope::is_envelope(&content) {
        return Err(ContentFault::NestedEnvelope);
    }
    require_one_form(&content)?;
    for key in [".dockerconfigjson", "dockerconfigjson"] {
        if let Some(value) = content.get(key, warnings)? {
            return Auths::in_kubernetes_secret(value, key).map(LoginContent::Auths);
        }
    }
    if content.has("auths") {
        content.get("auths", warnings)?;
        Auths::parse(&content).map(LoginContent::Auths)
    } else if content.has("ServerURL") {
        HelperAnswer::parse(&content, warnings).map(LoginContent::Helper)
    } else if content.has("identitytoken") {
        // Docker writes both spellings, so neither causes a warning.
        let key = if content.has_exactly("identityToken") { "identityToken" } else { "identitytoken" };
        Ok(LoginContent::Login(Login::IdentityToken(content.required_text(key, warnings)?)))
    } else {
        password_login(&content, access_tokens, warnings).map(LoginContent::Login)
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
    let LoginValues { username, password } = read_login_keys(content, key, KeySpelling::AnyCase, warnings)?;
    Ok(Login::Password { username, password })
}
