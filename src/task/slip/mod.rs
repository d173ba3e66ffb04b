//! Slips: values that are in the wrong form or in the wrong field, and what was meant.
//!
//! [`Slip::find`] is the one check that every value passes before it is parsed. A parser would name the
//! first rule of its grammar that the value breaks; a slip names the mistake: a placeholder that was not
//! filled in, white space at an end, the address of a web page, a login.

mod blank_word;
mod field;
mod registry_domains;
#[expect(clippy::module_inception, reason = "the file has the name of its type")]
mod slip;
#[cfg(test)]
mod tests;
mod web_page;
mod white_space;

pub use field::Field;
pub use slip::Slip;

pub(super) use blank_word::is_unnumbered;
pub(super) use registry_domains::is_registry_host;
