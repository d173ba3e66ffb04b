//! An AWS in the test process: it decides by policy, responds in the formats of AWS, injects
//! faults, and records calls.
//!
//! One endpoint serves all services and Regions; the signature names which. A service is a file in
//! this module and a row in `state.rs`.
//!
//! Decisions follow
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>,
//! without organization policies, permission boundaries and session policies.

mod access;
mod arn;
mod clock;
mod compiled_policy;
mod ecr;
mod ecs;
mod fake_aws;
mod fault;
mod identity;
mod kms;
mod policy;
mod protocol;
mod recorded_call;
mod secret;
mod secret_writes;
mod secretsmanager;
mod signature;
mod state;
mod sts;

pub use self::ecs::Cluster;
pub use self::fake_aws::FakeAws;
pub use self::fault::AwsFault;
pub use self::identity::AccessKey;
pub use self::policy::Policy;
pub use self::recorded_call::RecordedCall;
pub use self::secret::Secret;
