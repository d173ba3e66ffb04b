//! A JSON object with the keys that taskpull reads, and the keys that are meant as them.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, IntoDeserializer, MapAccess, Visitor,
    value::StringDeserializer,
};
use serde::forward_to_deserialize_any;

use super::known_keys::KnownKey;
use super::nested_keys::NestedKeys;
use super::stray_key::{StrayKey, StrayKeys};

/// A JSON object and nothing else. Without it, serde also accepts an array in place of a struct,
/// with the values in the order of the fields.
#[derive(Debug, Default)]
pub(in crate::task) struct Object<T> {
    /// The keys that taskpull reads.
    pub value: T,
    /// The keys that are meant as one that taskpull reads.
    pub stray_keys: Vec<StrayKey>,
}

impl<T: Serialize> Serialize for Object<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Keys<'a, T> {
            #[serde(flatten)]
            value: &'a T,
            #[serde(flatten)]
            stray_keys: StrayKeys<'a>,
        }
        Keys { value: &self.value, stray_keys: StrayKeys(&self.stray_keys) }.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// Reads an object from the entries of a map.
pub(super) struct ObjectVisitor<T>(pub PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        let mut stray_keys = Vec::new();
        let value = T::deserialize(ObjectDeserializer { map, stray_keys: &mut stray_keys })?;
        Ok(Object { value, stray_keys })
    }
}

/// Shows a struct only the keys that it has fields for.
struct ObjectDeserializer<'a, A> {
    map: A,
    stray_keys: &'a mut Vec<StrayKey>,
}

impl<'de, A: MapAccess<'de>> Deserializer<'de> for ObjectDeserializer<'_, A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self.map)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_map(FieldAccess { map: self.map, fields, stray_keys: self.stray_keys })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct FieldAccess<'a, A> {
    map: A,
    fields: &'static [&'static str],
    stray_keys: &'a mut Vec<StrayKey>,
}

impl<'de, A: MapAccess<'de>> FieldAccess<'_, A> {
    /// Skips the value of a key without a field, and records which key was meant. A container is the
    /// only object within which a key of credentials is never right.
    fn skip_value(&mut self, key: &str) -> Result<(), A::Error> {
        let nested = if self.fields.contains(&"image") {
            self.map.next_value_seed(NestedKeys { key })?
        } else {
            self.map.next_value::<IgnoredAny>()?;
            None
        };
        let stray = match (KnownKey::meant_by(key, self.fields), nested) {
            (Some(meant), _) => Some(StrayKey::new(key, None, meant)),
            (None, Some(nested)) => {
                KnownKey::credentials_meant_by(&nested).map(|meant| StrayKey::new(&nested, Some(key), meant))
            }
            (None, None) => None,
        };
        self.stray_keys.extend(stray);
        Ok(())
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for FieldAccess<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<String>()? {
            if self.fields.contains(&&*key) {
                let key: StringDeserializer<A::Error> = key.into_deserializer();
                return seed.deserialize(key).map(Some);
            }
            self.skip_value(&key)?;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
