//! The forms that the content of a secret may have: exactly one of them.

use super::{content_fault::ContentFault, envelope, json::JsonObject};

/// The key that distinguishes each form from all others.
const FORMS: [&str; 7] =
    [envelope::NAME, "auths", ".dockerconfigjson", "dockerconfigjson", "ServerURL", "identitytoken", "password"];

/// Rejects content that could be read in two ways.
pub(super) fn require_one_form(content: &JsonObject) -> Result<(), ContentFault> {
    let mut forms = FORMS.into_iter().filter(|form| content.has(form));
    match (forms.next(), forms.next()) {
        (Some(first), Some(second)) => Err(ContentFault::Ambiguous(first, second)),
        _ => Ok(()),
    }
}
