//! The vocabulary of errors: links, classes, failures.
//!
//! Every module has its own error types. Each implements [`Explain`], which states what a user
//! needs to know: which link of the chain broke, which resource the failure is about, whether a
//! retry can help, and what to do next. [`Failure`] is the form in which an error leaves its
//! module: cloneable, because equal needs share one; printable, because control characters are
//! removed, so that a hostile registry cannot control the user's terminal; and without any secret,
//! because no error type holds one: what a user wrote is in an error as an [`Excerpt`]. A [`Warning`]
//! is what did not fail and the user should still know.

#[cfg(test)]
pub(crate) mod catalogue;
mod class;
mod excerpt;
mod exit_code;
mod failure;
mod input_kind;
mod link;
mod login_shape;
mod login_words;
mod placeholder;
mod printable;
mod warning;

pub use class::{Class, Retryability};
pub use excerpt::{Excerpt, InputText};
pub use exit_code::{ExitCode, reference as exit_code_reference};
pub use failure::{Explain, Failure};
pub use input_kind::InputKind;
pub use link::Link;
pub use placeholder::find_placeholder;
pub use printable::Printable;
pub use warning::{Warning, WarningId, reference as warning_reference};
