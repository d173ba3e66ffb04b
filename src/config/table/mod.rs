//! The table of settings: one row for each setting, in one place.
//!
//! The rows are in `rows.rs`. From a row come the constant that names the setting, the field of
//! [`Settings`](super::Settings) with its parsing, and its entry in `docs/configuration.md` and
//! `packaging/taskpull.toml`. The table knows the types of its rows, and no source of values.

mod reference;
mod rows;

pub use super::value_kind::{Setting, ValueKind};
pub use reference::reference;
pub(super) use rows::setting_rows;
pub use rows::*;
