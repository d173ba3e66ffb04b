//! JSON whose strings are wrapped as secrets by the parser, and whose keys are found by name.
//!
//! A string goes from the parser straight into its wrapper. The parser's own buffer, which briefly
//! contains a string with escapes, cannot be wiped. Keys are wiped as well, because users put
//! passwords there by mistake.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::key_fault::KeyFault;
use crate::error::{Warning, WarningId};
use crate::secret::Secret;

/// A JSON value, as far as the formats of a login need it.
pub(crate) enum JsonValue {
    Text(Secret),
    Integer(u64),
    Object(JsonObject),
    Array(Vec<JsonValue>),
    Null,
    Other,
}

/// A JSON object with every key as it was written, including duplicates.
pub(crate) struct JsonObject(Vec<(Zeroizing<String>, JsonValue)>);

impl JsonObject {
    /// The object that a text consists of; `None` if it is anything else.
    pub(super) fn parse_text(text: &str) -> Option<Self> {
        match serde_json::from_str(text) {
            Ok(JsonValue::Object(object)) => Some(object),
            _ => None,
        }
    }

    /// Whether the object has a value other than `null` under this key, in upper or lower case.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries().any(|(name, value)| name.eq_ignore_ascii_case(key) && !matches!(value, JsonValue::Null))
    }

    /// Whether the object has exactly this key.
    pub(crate) fn has_exactly(&self, key: &str) -> bool {
        self.entries().any(|(name, _)| name == key)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &JsonValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The value under a key, in upper or lower case; another case than that of `key` adds a warning.
    /// `null` is no value. Two spellings of one key are an error, whatever their values are.
    pub(crate) fn get(&self, key: &'static str, warnings: &mut Vec<Warning>) -> Result<Option<&JsonValue>, KeyFault> {
        let mut matching = self.entries().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        let Some((name, value)) = matching.next() else { return Ok(None) };
        if matching.next().is_some() {
            return Err(KeyFault::Duplicate(key));
        }
        if matches!(value, JsonValue::Null) {
            return Ok(None);
        }
        if name != key {
            let message = format!("the secret's key `{name}` was read as `{key}`; rename it to `{key}`");
            warnings.push(Warning::new(WarningId::SecretKeyCase, &message));
        }
        Ok(Some(value))
    }

    /// The string under a key.
    pub(crate) fn text(&self, key: &'static str, warnings: &mut Vec<Warning>) -> Result<Option<&Secret>, KeyFault> {
        match self.get(key, warnings)? {
            None => Ok(None),
            Some(JsonValue::Text(text)) => Ok(Some(text)),
            Some(_) => Err(KeyFault::NotAString(key)),
        }
    }

    /// The string under a key that must exist and must not be empty.
    pub(crate) fn required_text(&self, key: &'static str, warnings: &mut Vec<Warning>) -> Result<Secret, KeyFault> {
        match self.text(key, warnings)? {
            None => Err(KeyFault::Missing(key)),
            Some(text) if text.is_empty() => Err(KeyFault::Empty(key)),
            Some(text) => Ok(text.clone()),
        }
    }
}

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = JsonValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<JsonValue, E> {
        Ok(JsonValue::Text(Secret::new(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<JsonValue, E> {
        Ok(JsonValue::Text(Secret::new(text)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<JsonValue, E> {
        Ok(JsonValue::Integer(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<JsonValue, E> {
        Ok(JsonValue::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<JsonValue, E> {
        Ok(JsonValue::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<JsonValue, E> {
        Ok(JsonValue::Other)
    }

    fn visit_unit<E>(self) -> Result<JsonValue, E> {
        Ok(JsonValue::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<JsonValue, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element()? {
            values.push(value);
        }
        Ok(JsonValue::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            entries.push((Zeroizing::new(key), map.next_value()?));
        }
        Ok(JsonValue::Object(JsonObject(entries)))
    }
}

/// The text itself, for the parsers of secrets and of the host's logins.
pub(crate) fn expose(secret: &Secret) -> &str {
    #[expect(clippy::disallowed_methods, reason = "the parsers of secrets and host logins read the text here")]
    secret.expose()
}
