//! How the tests of slips read and compare them.

use crate::task::slip::{Field, Slip};

/// The cause and the hint of the slip in a value, in one line.
pub(super) fn slip(field: Field, value: &str) -> String {
    match Slip::find(field, value) {
        Some(slip) => format!("{slip} | {}", slip.hint()),
        None => "none".to_owned(),
    }
}

pub(super) fn assert_slips(field: Field, cause: &str, values: &[&str]) {
    for value in values {
        let found = slip(field, value);
        assert!(found.contains(cause), "{value}: {found}");
    }
}
