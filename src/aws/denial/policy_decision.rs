//! The kinds of policies, and how one of them decides.

/// A kind of policy that can deny a request (IAM User Guide, "Policy types").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// A policy of the caller: of a role, a user or a group.
    Identity,
    /// A policy of the resource: of a secret, a key, a repository, a bucket.
    Resource,
    /// The upper limit of what a role's or user's own policies can allow.
    PermissionsBoundary,
    /// A limit that was set when the credentials of a session were issued.
    Session,
    /// The policy of the VPC endpoint through which the request goes.
    VpcEndpoint,
    /// A policy of the organization about the accounts of its callers (SCP).
    ServiceControl,
    /// A policy of the organization about the resources of its accounts (RCP).
    ResourceControl,
    /// The policy of a role that says who may assume it.
    RoleTrust,
}

/// How the policies decide about a request, as far as AWS states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyDecision {
    /// A policy denies the request explicitly, which overrides every allow. `None` is a sentence
    /// that does not name the kind.
    ExplicitDeny(Option<PolicyKind>),
    /// No policy of this kind allows the request.
    NotAllowed(PolicyKind),
    /// The resource is not in this Region, or its policy does not allow the request, or denies it:
    /// KMS does not state which.
    AbsentOrNotAllowed,
    /// AWS does not state which policy decides.
    Unstated,
}

/// The words for each kind, in lower case. The documentation writes "sessions policy" once.
const PHRASES: [(&str, PolicyKind); 13] = [
    ("identity-based policy", PolicyKind::Identity),
    ("identity policy", PolicyKind::Identity),
    ("resource-based policy", PolicyKind::Resource),
    ("resource policy", PolicyKind::Resource),
    ("permissions boundary", PolicyKind::PermissionsBoundary),
    ("permission boundary", PolicyKind::PermissionsBoundary),
    ("session policy", PolicyKind::Session),
    ("sessions policy", PolicyKind::Session),
    ("vpc endpoint policy", PolicyKind::VpcEndpoint),
    ("service control policy", PolicyKind::ServiceControl),
    ("resource control policy", PolicyKind::ResourceControl),
    ("role trust policy", PolicyKind::RoleTrust),
    ("trust policy", PolicyKind::RoleTrust),
];

impl PolicyKind {
    /// The kind that a text in lower case begins with, and the rest of the text.
    pub(super) fn strip_from(text: &str) -> Option<(Self, &str)> {
        PHRASES.iter().find_map(|(phrase, kind)| Some((*kind, text.strip_prefix(phrase)?)))
    }

    /// The kind that a text in lower case names first.
    pub(super) fn named_in(text: &str) -> Option<Self> {
        let found = PHRASES.iter().filter_map(|(phrase, kind)| Some((text.find(phrase)?, *kind)));
        found.min_by_key(|(position, _)| *position).map(|(_, kind)| kind)
    }

    /// The name in a sentence, without an article.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Resource => "resource-based policy",
            Self::PermissionsBoundary => "permissions boundary",
            Self::Session => "session policy",
            Self::VpcEndpoint => "VPC endpoint policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::RoleTrust => "role trust policy",
        }
    }

    /// The name with its article.
    pub(super) fn with_article(self) -> String {
        let article = if self == Self::Identity { "an" } else { "a" };
        format!("{article} {}", self.name())
    }
}
