//! Amazon Resource Names of secrets, roles and KMS keys.
//!
//! A value of these types is well-formed: partition, Region and a twelve-digit account id are
//! checked. Sources: the ARN format of the AWS General Reference; for secret names, A2.

mod arn_error;
mod cluster_arn;
mod key_arn;
mod role_arn;
mod secret_arn;

pub use arn_error::{ArnError, is_account_id};
pub use cluster_arn::check_cluster;
pub use key_arn::KeyArn;
pub use role_arn::RoleArn;
pub use secret_arn::SecretArn;

pub(super) use arn_error::{account, partition};
pub(super) use role_arn::check_role_name;
pub(super) use secret_arn::{check_secret_name, ends_like_a_full_arn};
