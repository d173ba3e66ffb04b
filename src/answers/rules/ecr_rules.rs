//! What ECR says: its tokens, its pull-through cache rules and its repositories.

use crate::answers::rules::message_rule::MessageRule;
use crate::error::{Class, Link};

/// Words that only ECR says, whatever the name under which it is asked. The first match wins.
pub(crate) const ECR_RULES: &[MessageRule] = &[
    // [`crate::aws::Denial`] reads the whole sentence first.
    MessageRule::new(
        &["is not authorized to perform"],
        Link::Repository,
        Class::Refused,
        "a policy does not allow this pull",
        "allow the action in the message on the repository: in the caller's policy or, across accounts, also in the repository's",
    )
    .and_final(),
    MessageRule::new(
        &["authorization token has expired", "security token included in the request is expired", "expiredtoken"],
        Link::Registry,
        Class::Refused,
        "the registry's authorization token has expired",
        "ECR's tokens last 12 hours, and taskpull replaces its own when they are refused: check the host's clock with `timedatectl`",
    )
    .about_login(),
    MessageRule::new(
        &["security token included in the request is invalid", "unrecognizedclientexception"],
        Link::Registry,
        Class::Refused,
        "ECR does not accept the identity behind this authorization token: its AWS credentials were deleted or deactivated, or belong to another partition",
        "`aws sts get-caller-identity --region {region}` must succeed with the credentials that get the token (those of the host or of the execution role); then pull again",
    )
    .about_login(),
    MessageRule::new(
        &["authorization token is invalid", "authorization token invalid"],
        Link::Registry,
        Class::Refused,
        "ECR does not accept this authorization token: a token is valid in one Region, and for either ECR or ECR Public",
        "the token must come from the image's Region: check whether AWS_ENDPOINT_URL_ECR, AWS_ENDPOINT_URL or `endpoint_url` of the profile leads to another Region than that of {host}, and unset it",
    )
    .about_login(),
    MessageRule::new(
        &[
            "authentication to the upstream registry failed",
            "secret associated with the pull through cache",
            "secret associated with pull through cache",
            "secret specified in the pull through cache",
            "unable to access the secret",
            "unable to decrypt the secret",
            "unable to be decrypted",
            "secret is unable to be accessed",
            "secretnotfound",
            "unabletoaccesssecret",
            "unabletodecryptsecret",
            "unabletogetupstreamimage",
            "issue with the secrets manager secret",
            "credentials provided in the pull through cache rule",
        ],
        Link::Repository,
        Class::Refused,
        "ECR cannot log in to the upstream registry: the secret of the pull-through cache rule in account {account} is missing, cannot be read by ECR, or holds a login that the upstream refuses",
        "`aws ecr describe-pull-through-cache-rules --registry-id {account} --ecr-repository-prefixes {prefix} --region {region}` shows the rule's credentialArn: the secret must exist in the same account and Region, its name must begin with `ecr-pullthroughcache/`, and its username and accessToken must be valid; `aws ecr validate-pull-through-cache-rule --registry-id {account} --ecr-repository-prefix {prefix} --region {region}` tests it",
    )
    .and_final(),
    MessageRule::new(
        &["upstream image", "upstream layer", "upstream registry", "pull through cache"],
        Link::Repository,
        Class::Unavailable,
        "ECR could not get the image from the upstream registry of the pull-through cache rule",
        "try again later; if the error remains, check that the upstream has the image (Docker Hub's official images need `library/` after the prefix) and the rule itself: `aws ecr validate-pull-through-cache-rule --registry-id {account} --ecr-repository-prefix {prefix} --region {region}`",
    ),
];

/// Words that other registries say too; only an image in ECR has an account and a Region.
pub(crate) const ECR_IMAGE_RULES: &[MessageRule] = &[
    MessageRule::new(
        &["the repository with name", "repositorynotfoundexception"],
        Link::Repository,
        Class::Absent,
        "the repository {repository} does not exist in account {account} in {region}, and no pull-through cache rule created it",
        "check the spelling: `aws ecr describe-repositories --registry-id {account} --repository-names {repository} --region {region}`; if `{prefix}/` is the prefix of a pull-through cache rule, `aws ecr describe-pull-through-cache-rules --registry-id {account} --region {region}` must list it (otherwise create it: `aws ecr create-pull-through-cache-rule --registry-id {account} --ecr-repository-prefix {prefix} --upstream-registry-url {upstream} --region {region}`, with `--credential-arn` for an upstream that requires a login), and the identity of the first pull needs ecr:CreateRepository and ecr:BatchImportUpstreamImage",
    ),
    MessageRule::new(
        &["requested image not found"],
        Link::Manifest,
        Class::Absent,
        "there is no such tag or digest in {repository}",
        "`aws ecr describe-images --registry-id {account} --repository-name {repository} --region {region}` lists what is there: a lifecycle policy may have removed the image; behind a pull-through cache rule the upstream must have it, and the identity of the first pull needs ecr:BatchImportUpstreamImage",
    ),
];

/// ECR Public answers an expired token with status 400 and without words.
pub(crate) const ECR_PUBLIC_REFUSED: MessageRule = MessageRule::new(
    &[],
    Link::Registry,
    Class::Refused,
    "ECR Public does not accept this authorization token",
    "tokens last 12 hours, and taskpull has requested a new one since: check the host's clock with `timedatectl`",
)
.about_login();
