//! The AWS principals that make requests, and the decision which one reads a secret or gets a token.
//!
//! An [`Identity`] is part of every cache key: the answer to one identity is never given to
//! another. This module decides which identity a request uses; it does not fetch its AWS
//! credentials.

mod account_roles;
mod account_roles_error;
#[expect(clippy::module_inception, reason = "the file has the name of its type")]
mod identity;
#[cfg(test)]
mod tests;

pub use account_roles::AccountRoles;
pub use account_roles_error::{AccountRolesError, PartitionError};
pub use identity::{AccountRole, Identity, RoleSession, SessionName};
