//! JSON whose texts are wrapped from the parser on, and whose keys are found by name.
//!
//! A value goes from the parser straight into its wrapping; the parser's own buffer, which
//! holds a text with escapes for a moment, cannot be wiped. Keys are wiped too: people put
//! passwords there by mistake.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::ContentFault;
use crate::error::Printable;
use crate::secret::Secret;

/// A value, as far as a secret's content uses it.
pub(crate) enum Node {
    Text(Secret),
    Integer(u64),
    Object(Object),
    Null,
    Other,
}

/// An object with every key as it stands there, duplicates included.
pub(crate) struct Object(Vec<(Zeroizing<String>, Node)>);

/// What was taken and is probably not meant, said in the report.
#[derive(Default)]
pub(crate) struct ParseWarnings(pub Vec<Printable>);

impl Object {
    /// Reads the one object of a text.
    pub(crate) fn parse(text: &str) -> Result<Self, ContentFault> {
        let node: Node = serde_json::from_str(text)
            .map_err(|error| ContentFault::NotJson { line: error.line(), column: error.column() })?;
        match node {
            Node::Object(object) => Ok(object),
            _ => Err(ContentFault::NotAnObject),
        }
    }

    /// Whether something stands under this key, in any case of its letters.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries().any(|(name, node)| name.eq_ignore_ascii_case(key) && !matches!(node, Node::Null))
    }

    /// Whether something stands under exactly this key.
    pub(crate) fn has_exactly(&self, key: &str) -> bool {
        self.entries().any(|(name, _)| name == key)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(name, node)| (name.as_str(), node))
    }

    /// The value under a key: exactly so, else in another case, which is noted. `null` is
    /// none; two spellings of one key are refused, whatever stands under them.
    pub(crate) fn get(&self, key: &'static str, notes: &mut ParseWarnings) -> Result<Option<&Node>, ContentFault> {
        let mut found = self.entries().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        let Some((name, node)) = found.next() else { return Ok(None) };
        if found.next().is_some() {
            return Err(ContentFault::Twice(key));
        }
        if matches!(node, Node::Null) {
            return Ok(None);
        }
        if name != key {
            let said = format!("the secret's key `{name}` was taken for `{key}`: spell it so");
            notes.0.push(Printable::new(&said));
        }
        Ok(Some(node))
    }

    /// The text under a key.
    pub(crate) fn text(&self, key: &'static str, notes: &mut ParseWarnings) -> Result<Option<&Secret>, ContentFault> {
        match self.get(key, notes)? {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text)),
            Some(_) => Err(ContentFault::NotAString(key)),
        }
    }

    /// The text under a key that must be there and must not be empty.
    pub(crate) fn needed(&self, key: &'static str, notes: &mut ParseWarnings) -> Result<Secret, ContentFault> {
        match self.text(key, notes)? {
            None => Err(ContentFault::Missing(key)),
            Some(text) if text.is_empty() => Err(ContentFault::EmptyValue(key)),
            Some(text) => Ok(text.clone()),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(Secret::new(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(Secret::new(text)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Integer(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            object.push((Zeroizing::new(key), entries.next_value()?));
        }
        Ok(Node::Object(Object(object)))
    }
}
