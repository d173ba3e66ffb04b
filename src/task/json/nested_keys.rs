//! Finds keys of credentials within the value of a key that taskpull does not read.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::known_keys::KnownKey;

/// The keys of a container under which users choose the keys.
const FREE_KEYS: [&str; 2] = ["dockerLabels", "options"];

/// The value of a key, of which only the first key of credentials is returned, at any depth.
pub(super) struct NestedKeys<'a> {
    /// The key of the value.
    pub key: &'a str,
}

impl<'de> DeserializeSeed<'de> for NestedKeys<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if FREE_KEYS.contains(&self.key) {
            IgnoredAny::deserialize(deserializer)?;
            return Ok(None);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NestedKeys<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            let nested = map.next_value_seed(NestedKeys { key: &key })?;
            let is_credentials = KnownKey::credentials_meant_by(&key).is_some();
            found = found.or(if is_credentials { Some(key) } else { nested });
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(nested) = seq.next_element_seed(NestedKeys { key: self.key })? {
            found = found.or(nested);
        }
        Ok(found)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
