//! The JSON of a task definition: its encoding, its keys and its faults.
//!
//! Unknown keys are ignored, because ECS adds keys every year, unless they resemble a key that
//! taskpull reads: such a key would silently change what is pulled, and how. Wrong types are refused
//! with path, line and column. An error never repeats a value of the input: definitions contain
//! passwords in `environment`, and users put passwords in the wrong place.

mod definition;
mod json_error;
mod known_keys;
mod nested_keys;
mod object;
mod resemblance;
mod source_text;
mod stray_key;
mod syntax_fault;
mod words;

pub(super) use definition::{Container, Definition, Document, RuntimePlatform, parse};
pub(super) use json_error::JsonError;
pub(super) use object::Object;
pub(super) use resemblance::normalize;
pub(super) use source_text::SourceText;
pub use stray_key::StrayKey;
