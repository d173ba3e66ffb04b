//! The token of an upstream registry, as the user entered it.

use zeroize::Zeroizing;

use crate::credential::content::VALUE_LIMIT;
use crate::secret::Secret;
use crate::secret_authoring::new_secret_error::NewSecretError;

/// One line of text without surrounding white space.
#[derive(Clone, Debug)]
pub struct UpstreamToken {
    pub(super) text: Secret,
    /// Whether a trailing line end was removed.
    pub line_end_removed: bool,
}

impl UpstreamToken {
    /// The number of bytes to read: a value, a line end, and one byte that shows that the input is
    /// longer.
    pub const READ_LIMIT: usize = VALUE_LIMIT + 3;

    /// Takes the bytes, and wipes them. One trailing line end is removed.
    ///
    /// # Errors
    /// [`NewSecretError`], which repeats nothing of the bytes.
    pub fn new(bytes: Vec<u8>) -> Result<Self, NewSecretError> {
        let bytes = Zeroizing::new(bytes);
        let text = std::str::from_utf8(&bytes).map_err(|_| NewSecretError::NotText)?;
        let stripped = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        if stripped.trim().is_empty() {
            return Err(NewSecretError::EmptyToken);
        }
        if stripped.contains(char::is_control) {
            return Err(NewSecretError::Lines);
        }
        if stripped.trim().len() != stripped.len() {
            return Err(NewSecretError::Spaces);
        }
        if stripped.len() > VALUE_LIMIT {
            return Err(NewSecretError::Long(stripped.len()));
        }
        Ok(Self { text: Secret::new(stripped.to_owned()), line_end_removed: stripped.len() < text.len() })
    }
}
