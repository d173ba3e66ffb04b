//! The JSON Schema of the audit log, generated from its types.

use super::AuditEntry;
use crate::report::schema;

/// Returns the schema of a line as JSON; `docs/audit.schema.json` is a copy of it.
#[must_use]
pub fn audit() -> String {
    schema::render::<AuditEntry<'static>>("One line of the audit log of `taskpull serve`")
}
