//! AWS: the only module that knows the AWS SDK.
//!
//! [`AwsClient`] reads secrets, decrypts with KMS and obtains ECR's tokens; [`SecretAdminClient`]
//! creates and updates a secret; [`EcsClient`] reads an ECS cluster. Every call is made as an
//! explicit identity, in the Region of its resource, so that a failure states whether the host, the
//! role, the secret or the key is the cause. Every failure is an [`AwsError`]. The SDK owns the
//! retries of a call. taskpull sets the deadline for all attempts together; it is the only time
//! limit that an operator has to know.
//!
//! Must not: decide what the content of a secret means, cache a secret or a token.

mod aws_call;
mod aws_error;
mod aws_error_kind;
mod aws_resource;
mod ca_bundle;
mod client;
mod clock_offset;
mod config_loader;
mod denial;
mod ecr;
#[cfg(feature = "ecs")]
mod ecs_client;
#[cfg(feature = "ecs")]
mod ecs_documents;
mod endpoint_connector;
mod endpoint_fault;
mod error_codes;
mod explanation;
#[cfg(test)]
mod fault_tests;
mod hints;
mod host_credentials;
mod host_fault;
mod host_region;
mod host_source;
mod http_clients;
mod kms;
mod metadata_service;
mod observed_call;
mod principal;
mod profiles;
mod registry_token;
mod role_sessions;
mod sdk_error;
mod secret_admin_client;
mod secret_batcher;
mod secret_lookup;
mod secret_metadata;
mod secret_reader;
mod secret_search;
mod secret_version;
mod sts;
#[cfg(test)]
mod tests;

pub use aws_call::{AwsCall, AwsRequest, AwsService};
pub use aws_error::AwsError;
pub use aws_error_kind::{AwsErrorKind, ServiceError};
pub use aws_resource::AwsResource;
pub use ca_bundle::CaBundleError;
pub use client::AwsClient;
pub use denial::{Denial, DenialContext, PolicyDecision, PolicyKind};
#[cfg(feature = "ecs")]
pub use ecs_client::EcsClient;
pub use host_region::HostRegion;
pub use kms::{Ciphertext, DecryptedBytes};
pub use observed_call::{AwsCallEvent, CallObserver, CallOutcome};
pub use principal::AwsPrincipal;
pub use registry_token::{EndpointVariant, RegistryToken, TokenScope};
pub use secret_admin_client::{CreatedSecret, SecretAdminClient, SecretCreation};
pub use secret_lookup::{ListedSecret, SecretLookup};
pub use secret_metadata::{Replica, ReplicaState, SecretMetadata};
pub use secret_version::{SecretValue, SecretVersion};
