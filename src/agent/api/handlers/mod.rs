//! Handlers: one function for each route. The router has checked the caller's right before.

pub(super) mod credentials;
pub(super) mod pulls;
pub(super) mod status;
