//! `taskpull secret new`, `check` and `seal`.
//!
//! Every argument is checked before the first byte of stdin is read, and stdin before AWS is called.

mod check;
mod client;
mod new;
mod new_secret_report;
mod seal;

pub(super) use check::check;
pub(super) use new::new;
pub(super) use seal::seal;
