//! Recognises what a JSON value is that is not a login in a form that is read.

use super::foreign_form::{ForeignForm, ForeignFormKind as Kind};
use super::json::{JsonObject, JsonValue, expose};
use super::key_name::{KeyName, KeyRole};
use super::text_form;

/// How deep a login is searched for within other objects.
const DEPTH: usize = 3;

/// Documents that are recognised by keys which all of them have, in exactly this spelling.
const DOCUMENTS: [(&[&str], Kind); 14] = [
    (&["apiVersion", "kind"], Kind::KubernetesSecret),
    (&["SecretString"], Kind::SecretValueAnswer),
    (&["SecretBinary"], Kind::SecretValueAnswer),
    (&["authorizationData"], Kind::EcrTokenAnswer),
    (&["authorizationToken"], Kind::EcrTokenAnswer),
    (&["CiphertextBlob"], Kind::EncryptAnswer),
    (&["keyArn", "ciphertext"], Kind::BareEnvelope),
    (&["private_key", "client_email"], Kind::GoogleKeyFile),
    (&["AccessKeyId", "SecretAccessKey"], Kind::AwsAccessKey),
    (&["AccessKey"], Kind::AwsAccessKey),
    (&["aws_access_key_id"], Kind::AwsAccessKey),
    (&["AWS_ACCESS_KEY_ID"], Kind::AwsAccessKey),
    (&["credHelpers"], Kind::HelperConfig),
    (&["credsStore"], Kind::HelperConfig),
];

/// The form of an object without a login.
pub(crate) fn of_object(object: &JsonObject) -> Option<ForeignForm> {
    let has_all = |keys: &[&str]| keys.iter().all(|key| object.has_exactly(key));
    if let Some((keys, kind)) = DOCUMENTS.iter().find(|(keys, _)| has_all(keys)) {
        return Some(ForeignForm::new(*kind, keys.iter().map(|key| format!("`{key}`")).collect()));
    }
    if is_entry(object) {
        return Some(ForeignForm::new(Kind::SingleEntry, vec!["`auth`".to_owned()]));
    }
    let is_legacy = |value: &JsonValue| matches!(value, JsonValue::Object(entry) if is_entry(entry));
    if object.entries().any(|(_, value)| is_legacy(value))
        && !object.entries().any(|(key, _)| KeyName::of(key).is_some())
    {
        return Some(ForeignForm::new(Kind::LegacyDockerConfig, vec!["`auth`".to_owned()]));
    }
    nested(object, DEPTH).map(|keys| ForeignForm::new(Kind::Nested, keys))
}

/// The form of a value that is no object.
pub(super) fn of_value(value: &JsonValue) -> Option<ForeignForm> {
    match value {
        JsonValue::Text(text) => {
            let text = expose(text);
            if text.trim_start().starts_with('{') {
                let keys = JsonObject::parse_text(text.trim()).map(|object| role_names(&object)).unwrap_or_default();
                return Some(ForeignForm::new(Kind::EncodedTwice, keys));
            }
            text_form::of_text(text)
        }
        JsonValue::Array(values) => {
            let objects = values.iter().filter_map(|value| match value {
                JsonValue::Object(object) => Some(object),
                _ => None,
            });
            let is_pair = |object: &JsonObject| {
                let has = |keys: &[&str]| keys.iter().any(|key| object.has(key));
                has(&["key", "name", "field"]) && has(&["value"])
            };
            let mut objects = objects.peekable();
            objects.peek()?;
            let objects: Vec<_> = objects.collect();
            if objects.iter().all(|object| is_pair(object)) {
                let names = objects.iter().flat_map(|object| pair_keys(object)).collect();
                return Some(ForeignForm::new(Kind::KeyValueList, names));
            }
            let mut names = objects.iter().flat_map(|object| role_names(object)).collect::<Vec<_>>();
            names.dedup();
            Some(ForeignForm::new(Kind::Array, names))
        }
        _ => None,
    }
}

/// Whether an object is an entry of `auths` with an encoded login.
fn is_entry(object: &JsonObject) -> bool {
    object.has("auth") && !object.has("username") && !object.has("password")
}

/// The names of the keys on the way to an object with a user name and a password, and its own keys.
fn nested(object: &JsonObject, depth: usize) -> Option<Vec<String>> {
    if depth == 0 {
        return None;
    }
    object.entries().find_map(|(key, value)| {
        let decoded;
        let inner = match value {
            JsonValue::Object(inner) => inner,
            JsonValue::Text(text) if expose(text).trim_start().starts_with('{') => {
                decoded = JsonObject::parse_text(expose(text).trim())?;
                &decoded
            }
            _ => return None,
        };
        let names = if has_login(inner) { role_names(inner) } else { nested(inner, depth - 1)? };
        let outer = KeyName::of(key).map(|name| name.shown);
        Some(outer.into_iter().chain(names).collect())
    })
}

/// Whether an object has keys for a user name and for a password, in any spelling.
fn has_login(object: &JsonObject) -> bool {
    let roles: Vec<_> = object.entries().filter_map(|(key, _)| KeyName::of(key)?.role).collect();
    roles.contains(&KeyRole::Username) && roles.contains(&KeyRole::Password)
        || object.has("auth")
        || object.has("auths")
}

/// The names of the keys that are meant as the user name or the password.
pub(super) fn role_names(object: &JsonObject) -> Vec<String> {
    object
        .entries()
        .filter_map(|(key, _)| KeyName::of(key).filter(|name| name.role.is_some()))
        .map(|name| name.shown)
        .collect()
}

/// The key of a pair that is a value there: `{"Key": "username", "Value": "…"}`.
fn pair_keys(object: &JsonObject) -> Vec<String> {
    let texts = object.entries().filter(|(key, _)| !key.eq_ignore_ascii_case("value"));
    let texts = texts.filter_map(|(_, value)| match value {
        JsonValue::Text(text) => KeyName::of(expose(text)),
        _ => None,
    });
    texts.map(|name| name.shown).collect()
}
