//! What went wrong in an AWS call, as precisely as the service says it.

/// The reasons for which an AWS call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwsErrorKind {
    /// No source of the host has AWS credentials.
    NoHostIdentity,
    /// A source of the host has credentials, but they cannot be loaded.
    HostIdentityFailed,
    /// The Region of the resource is not known.
    NoRegion,
    /// STS denies the caller the right to assume the role.
    RoleDenied,
    /// STS is not active in the Region where it was called.
    RoleRegionDisabled,
    /// STS rejects the request to assume the role for another reason, which its message states.
    RoleFailed,
    /// STS did not answer, or is throttling.
    RoleUnavailable,
    /// AWS does not accept the caller's access key or session.
    IdentityRejected,
    /// AWS rejects the signature because the host's clock is wrong.
    ClockSkew,
    /// A policy does not allow the call.
    Denied,
    /// The resource does not exist in this account and Region.
    NotFound,
    /// The service received too many requests.
    Throttled,
    /// The service gave no usable answer, or an answer with a server error.
    Unavailable,
    /// The call did not end before its deadline.
    TimedOut,
    /// The service rejects the call for another reason, which its message states.
    Other,

    /// The policy of the secret's customer key does not admit the caller, or the key is disabled.
    SecretKeyDenied,
    /// The secret belongs to another account and is encrypted under the default key, which admits
    /// only its own account.
    DefaultKey,
    /// The secret's key cannot decrypt it.
    Undecryptable,
    /// The secret's key cannot encrypt it.
    EncryptionFailed,
    /// The secret is marked for deletion.
    MarkedForDeletion,
    /// The secret has no version labelled `AWSCURRENT`.
    NoCurrentVersion,
    /// The secret has no version with the staging label that was requested.
    NoStagedVersion,
    /// A secret of this name exists.
    AlreadyExists,
    /// The account has reached its quota of secrets or versions.
    LimitExceeded,

    /// The ciphertext is damaged, or bound to another encryption context.
    CiphertextMismatch,
    /// The ciphertext was made by another key.
    WrongKey,
    /// The key is disabled.
    KeyDisabled,
    /// The key is pending deletion, or its material is missing.
    KeyBadState,
    /// The key is of a kind that cannot encrypt and decrypt symmetrically.
    KeyBadUsage,
    /// The ciphertext's key is in another Region, does not exist, or does not admit the caller:
    /// KMS does not say which.
    KeyDeniedOrElsewhere,

    /// The settings require an endpoint that cannot exist.
    NoEndpoint,
    /// The answer is not an authorization token.
    MalformedToken,

    /// The cluster has no such container instance.
    NoContainerInstance,
}

/// The source of an AWS error.
pub type ServiceError = Box<dyn std::error::Error + Send + Sync>;
