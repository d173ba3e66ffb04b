//! A span as the collector received it.

use std::collections::BTreeMap;

use super::protobuf::{Field, all, fields};

/// A span of OTLP.
#[derive(Clone, Debug, Default)]
pub struct Span {
    pub trace: Vec<u8>,
    pub id: Vec<u8>,
    pub parent: Vec<u8>,
    pub name: String,
    pub kind: u64,
    pub begun: u64,
    pub ended: u64,
    pub attributes: BTreeMap<String, String>,
    /// The description of the status, if the status is an error.
    pub error: Option<String>,
}

impl Span {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut span = Self { attributes: attributes(bytes, 9), ..Self::default() };
        for (number, field) in fields(bytes) {
            match (number, field) {
                (1, Field::Bytes(id)) => span.trace = id,
                (2, Field::Bytes(id)) => span.id = id,
                (4, Field::Bytes(id)) => span.parent = id,
                (5, Field::Bytes(name)) => span.name = text(&name),
                (6, Field::Number(kind)) => span.kind = kind,
                (7, Field::Number(time)) => span.begun = time,
                (8, Field::Number(time)) => span.ended = time,
                (11, _) => panic!("unexpected event in a span"),
                (15, Field::Bytes(status)) => {
                    let is_error =
                        fields(&status).iter().any(|(number, field)| (*number, field) == (3, &Field::Number(2)));
                    span.error =
                        is_error.then(|| all(&status, 2).first().map(|message| text(message)).unwrap_or_default());
                }
                _ => {}
            }
        }
        span
    }

    /// The value of an attribute, which must exist.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).unwrap_or_else(|| panic!("no attribute {name}: {self:?}"))
    }
}

/// The attributes in the fields with this number, with their values as text.
pub(super) fn attributes(bytes: &[u8], number: u64) -> BTreeMap<String, String> {
    let pair = |pair: Vec<u8>| {
        let name = String::from_utf8(all(&pair, 1).remove(0)).unwrap();
        let value = match &fields(&all(&pair, 2).remove(0))[..] {
            [(1, Field::Bytes(text))] => String::from_utf8(text.clone()).unwrap(),
            [(2, Field::Number(flag))] => (*flag == 1).to_string(),
            [(3, Field::Number(number))] => number.to_string(),
            other => panic!("{name}: {other:?}"),
        };
        (name, value)
    };
    all(bytes, number).into_iter().map(pair).collect()
}
