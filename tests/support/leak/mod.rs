//! Searches for a secret in places where it must not be.
//!
//! A [`Canary`] is a secret that a test plants. The search looks for the secret itself and for the
//! forms in which it can leak: encoded, escaped, or printed as bytes. A finding names the place and
//! the form; the secret itself is never printed.

mod canary;
mod files;
mod forms;
mod search;

pub use self::canary::{Canary, Scan};
pub use self::files::Folder;
