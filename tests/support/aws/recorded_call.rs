//! The record of one call.

/// One call as it arrived, and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    pub service: &'static str,
    pub operation: String,
    /// Region and time of the signature; `None` for an unsigned call.
    pub region: Option<String>,
    pub signed_at: Option<String>,
    /// The caller's ARN; `None` if the caller is unknown.
    pub principal: Option<String>,
    /// The secret, role, key or task definition that the call names, as written in the request.
    pub target: Option<String>,
    /// The error code; `fault` if a fault replaced the response.
    pub error: Option<&'static str>,
}
