//! A call by the names under which CloudTrail and AWS support find it.

use crate::error::Printable;

/// An answered AWS call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsRequest {
    /// The operation in the API reference, such as `GetSecretValue`.
    pub operation: &'static str,
    /// The request id that the service assigned.
    pub id: Printable,
}

/// The calls behind an identity's credentials, as a property of the SDK's credentials.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestIds(pub Vec<AwsRequest>);
