//! Docker's own formats of a login: `auths` of a `config.json` (and the Kubernetes secret that
//! contains one), and the answer of a credential helper.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::json::{JsonObject, JsonValue, expose};
use super::{content_error::ContentFault, docker_auth_entry::parse_auth_entry};
use crate::credential::{login::Login, scope::Scope, scope::is_browser_token_key};
use crate::error::Warning;
use crate::task::ImageReference;

/// The login in a Docker config that is the value of one key, as Kubernetes stores it: JSON as
/// text, its base64, or the object itself.
pub(super) fn kubernetes_login(
    value: &JsonValue,
    key: &'static str,
    image: &ImageReference,
    warnings: &mut Vec<Warning>,
) -> Result<Login, ContentFault> {
    let invalid = || ContentFault::NotDockerConfig(key);
    let text = match value {
        JsonValue::Object(config) => return auths_login(config, image, warnings),
        JsonValue::Text(text) => text,
        _ => return Err(invalid()),
    };
    let text = expose(text).trim();
    let decoded;
    let text = if text.starts_with('{') {
        text
    } else {
        let encoded = Zeroizing::new(text.split_ascii_whitespace().collect::<String>());
        decoded = Zeroizing::new(STANDARD.decode(&*encoded).map_err(|_| invalid())?);
        std::str::from_utf8(&decoded).map_err(|_| invalid())?
    };
    let config = JsonObject::parse(text).map_err(|_| invalid())?;
    if !config.has("auths") {
        return Err(invalid());
    }
    auths_login(&config, image, warnings)
}

/// The login of the most specific entry for this image. A key that is not a registry is an error for
/// every image, because it could have been meant for this one.
pub(super) fn auths_login(
    config: &JsonObject,
    image: &ImageReference,
    warnings: &mut Vec<Warning>,
) -> Result<Login, ContentFault> {
    let entries = match config.get("auths", warnings)? {
        Some(JsonValue::Object(entries)) => entries,
        Some(_) => return Err(ContentFault::KeyNotAnObject("auths")),
        None => return Err(ContentFault::Missing("auths")),
    };
    let mut best: Option<(usize, &JsonValue)> = None;
    let mut is_duplicate = false;
    let entries = entries.entries().enumerate().filter(|(_, (key, _))| !is_browser_token_key(key));
    for (index, (key, value)) in entries {
        let scope = Scope::parse(key).ok_or(ContentFault::NotARegistry(index + 1))?;
        let Some(specificity) = scope.specificity_for(image) else { continue };
        match best {
            Some((other, _)) if other > specificity => {}
            Some((other, _)) if other == specificity => is_duplicate = true,
            _ => (best, is_duplicate) = (Some((specificity, value)), false),
        }
    }
    match best {
        None => Err(ContentFault::NoEntry(image.name())),
        Some(_) if is_duplicate => Err(ContentFault::DuplicateEntry(image.name())),
        Some((_, value)) => parse_auth_entry(value, warnings)
            .map_err(|fault| ContentFault::InvalidEntry(image.name(), fault))?
            .ok_or_else(|| ContentFault::EmptyEntry(image.name())),
    }
}

/// The login in the answer of `docker-credential-… get`.
pub(super) fn helper_login(
    answer: &JsonObject,
    image: &ImageReference,
    warnings: &mut Vec<Warning>,
) -> Result<Login, ContentFault> {
    let server = answer.required_text("ServerURL", warnings)?;
    let username = answer.required_text("Username", warnings)?;
    let password = answer.required_text("Secret", warnings)?;
    if Scope::parse(expose(&server)).and_then(|scope| scope.specificity_for(image)).is_none() {
        return Err(ContentFault::OtherRegistry(image.name()));
    }
    Ok(Login::from_helper(username, password))
}
