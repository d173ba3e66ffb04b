//! The registry's own HTTP API, as far as a question needs no engine: would it let this
//! login in?
//!
//! A login goes to the registry that was named, and to the token service that this registry
//! names, and nowhere else: no redirection is followed. Nothing of an answer is shown but its
//! status, because a registry can put what it was sent into its words.

mod challenge;
mod http;
mod login;
mod login_error;
mod target;

pub use login::{Accepted, try_login};
pub use login_error::LoginError;
pub use target::{Target, TargetError};
