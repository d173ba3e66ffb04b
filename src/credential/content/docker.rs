//! Docker's own formats of a login: `auths` of a `config.json` (and the Kubernetes secret that
//! contains one), and the answer of a credential helper.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::docker_auth_entry::{is_same_login, parse_auth_entry};
use super::json::{JsonObject, JsonValue, expose};
use super::{content_fault::ContentFault, content_fault::EntryFault, key_fault::KeyFault, object_parser::parse_object};
use crate::credential::login::Login;
use crate::credential::scope::{Scope, entry_name, is_browser_token_key};
use crate::error::Warning;
use crate::task::ImageReference;

/// The entries of `auths`.
pub(super) struct Auths {
    entries: Vec<AuthsEntry>,
}

/// One entry. Its fault matters only to the images that it covers.
struct AuthsEntry {
    /// The key if it may be shown, otherwise the number of the entry.
    name: String,
    scope: Scope,
    login: Result<Option<Login>, EntryFault>,
    warnings: Vec<Warning>,
}

impl Auths {
    /// Parses a Docker config that is the value of one key, as Kubernetes stores it: JSON as text, its
    /// base64, or the object itself.
    pub(super) fn in_kubernetes_secret(value: &JsonValue, key: &'static str) -> Result<Self, ContentFault> {
        let invalid = || ContentFault::NotDockerConfig(key);
        let text = match value {
            JsonValue::Object(config) => return Self::parse(config),
            JsonValue::Text(text) => expose(text).trim(),
            _ => return Err(invalid()),
        };
        let decoded;
        let text = if text.starts_with('{') {
            text
        } else {
            let encoded = Zeroizing::new(text.split_ascii_whitespace().collect::<String>());
            decoded = Zeroizing::new(STANDARD.decode(&*encoded).map_err(|_| invalid())?);
            std::str::from_utf8(&decoded).map_err(|_| invalid())?
        };
        let config = parse_object(text).map_err(|_| invalid())?;
        if config.has("auths") { Self::parse(&config) } else { Err(invalid()) }
    }

    /// Parses all entries. A key that is not a registry is an error for every image, because it could
    /// have been meant for this one.
    pub(super) fn parse(config: &JsonObject) -> Result<Self, ContentFault> {
        let entries = match config.get("auths", &mut Vec::new())? {
            Some(JsonValue::Object(entries)) => entries,
            Some(_) => return Err(ContentFault::KeyNotAnObject("auths")),
            None => return Err(KeyFault::Missing("auths").into()),
        };
        let entries = entries.entries().enumerate().filter(|(_, (key, _))| !is_browser_token_key(key));
        let entries = entries.map(|(index, (key, value))| {
            let number = index + 1;
            let scope = Scope::parse(key).ok_or(ContentFault::NotARegistry(number))?;
            let mut warnings = Vec::new();
            let login = parse_auth_entry(value, &mut warnings);
            Ok(AuthsEntry { name: entry_name(number, key), scope, login, warnings })
        });
        Ok(Self { entries: entries.collect::<Result<_, ContentFault>>()? })
    }

    /// The login of the most specific entry for this image. The same login in several spellings of the
    /// registry is one.
    pub(super) fn login_for(self, image: &ImageReference, warnings: &mut Vec<Warning>) -> Result<Login, ContentFault> {
        let specificity = |entry: &AuthsEntry| entry.scope.specificity_for(image);
        let Some(best) = self.entries.iter().filter_map(specificity).max() else {
            return Err(ContentFault::NoEntry(image.name()));
        };
        let best = |entry: &AuthsEntry| specificity(entry) == Some(best);
        one_login(self.entries.into_iter().filter(best), &image.name(), warnings)
    }

    /// All logins, for a check without an image.
    pub(super) fn all_logins(mut self, warnings: &mut Vec<Warning>) -> Result<Vec<Login>, ContentFault> {
        let mut logins = Vec::new();
        while let Some(first) = self.entries.first() {
            let scope = first.scope.clone();
            let (same, rest) = self.entries.into_iter().partition(|entry| entry.scope == scope);
            self.entries = rest;
            logins.push(one_login::<Vec<_>>(same, &scope.name(), warnings)?);
        }
        if logins.is_empty() { Err(ContentFault::NoEntry("any registry".to_owned())) } else { Ok(logins) }
    }
}

/// The login that entries for one registry have in common. Empty ones do not count beside others.
fn one_login<I: IntoIterator<Item = AuthsEntry>>(
    entries: I,
    covered: &str,
    warnings: &mut Vec<Warning>,
) -> Result<Login, ContentFault> {
    let mut found: Option<(String, Login)> = None;
    for entry in entries {
        let login = entry.login.map_err(|fault| ContentFault::InvalidEntry(covered.to_owned(), fault))?;
        warnings.extend(entry.warnings);
        let Some(login) = login else { continue };
        match &found {
            Some((_, other)) if is_same_login(other, &login) => {}
            Some((name, _)) => {
                let entries = format!("{name} and {}", entry.name);
                return Err(ContentFault::DuplicateEntry { covered: covered.to_owned(), entries });
            }
            None => found = Some((entry.name, login)),
        }
    }
    found.map(|(_, login)| login).ok_or_else(|| ContentFault::EmptyEntry(covered.to_owned()))
}

/// The answer of `docker-credential-… get`.
pub(super) struct HelperAnswer {
    scope: Option<Scope>,
    login: Login,
}

impl HelperAnswer {
    pub(super) fn parse(answer: &JsonObject, warnings: &mut Vec<Warning>) -> Result<Self, ContentFault> {
        let server = answer.required_text("ServerURL", warnings)?;
        let username = answer.required_text("Username", warnings)?;
        let password = answer.required_text("Secret", warnings)?;
        Ok(Self { scope: Scope::parse(expose(&server)), login: Login::from_helper(username, password) })
    }

    pub(super) fn login_for(self, image: &ImageReference) -> Result<Login, ContentFault> {
        let covers = |scope: Scope| scope.specificity_for(image);
        if self.scope.and_then(covers).is_some() {
            Ok(self.login)
        } else {
            Err(ContentFault::OtherRegistry(image.name()))
        }
    }

    /// The login, for a check without an image.
    pub(super) fn any_login(self) -> Result<Login, ContentFault> {
        if self.scope.is_some() { Ok(self.login) } else { Err(ContentFault::OtherRegistry("any image".to_owned())) }
    }
}
