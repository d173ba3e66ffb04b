//! The JSON Schema of the audit trail, made from its types.

use super::Line;
use crate::report::schema;

/// The schema of a line, as the file in `docs/` has it.
#[must_use]
pub fn audit() -> String {
    schema::render::<Line<'static>>("One line of the audit trail of `taskpull serve`")
}
