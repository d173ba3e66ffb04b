//! The JSON Schemas (draft 2020-12) of the output for programs, generated from the types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use super::event::Event;
use super::run_report::Report;

/// The schema of `--output json`, for `docs/report.schema.json`.
#[must_use]
pub fn report() -> String {
    render::<Report>("The report of `taskpull pull --output json`")
}

/// The schema of a line of `--output json --events`, for `docs/events.schema.json`.
#[must_use]
pub fn events() -> String {
    render::<Event<'static>>("One line of `taskpull pull --output json --events`")
}

/// The schema of the JSON that a type is serialized to.
#[must_use]
pub fn render<T: JsonSchema>(title: &str) -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    format!("{:#}\n", schema.to_value())
}
