//! The JSON Schemas (draft 2020-12) of what programs read, made from the types themselves.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use super::Report;
use super::event::Event;

/// The schema of `--output json`, as the file in `docs/` has it.
#[must_use]
pub fn report() -> String {
    text_of::<Report>("The report of `taskpull pull --output json`")
}

/// The schema of a line of `--output json --events`, as the file in `docs/` has it.
#[must_use]
pub fn events() -> String {
    text_of::<Event<'static>>("One line of `taskpull pull --output json --events`")
}

/// The schema of what a type is written as.
#[must_use]
pub fn text_of<T: JsonSchema>(title: &str) -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    format!("{:#}\n", schema.to_value())
}
