//! What the store of the layers says. Behind ECR it is S3, which the engine asks with a URL that
//! ECR signs.

use crate::answers::rules::message_rule::MessageRule;
use crate::error::{Class, Link};

const GATEWAY: &str = "the engine's host needs a route to S3 in {region}: an S3 gateway endpoint in the route table of its subnet (`aws ec2 describe-vpc-endpoints --filters Name=service-name,Values=com.amazonaws.{region}.s3 --region {region}` lists them) or a NAT gateway, and no firewall or proxy in the way of {bucket_host}";

/// The errors of S3, Azure Blob Storage, Google Cloud Storage and `MinIO` that pass, also those of the KMS behind S3.
const TRANSIENT: &[&str] = &[
    "slowdown",
    "serviceunavailable",
    "internalerror",
    "kmsinternalexception",
    "dependencytimeout",
    "throttl",
    "toomanyrequests",
    "serverbusy",
    "operationtimedout",
    "operationaborted",
    "servernotinitialized",
    "<code>requesttimeout</code>",
    "requesttimeout $",
    "please reduce your request rate",
];

/// How the same stores, and Cloudflare's, say that a signed URL is too old. The registry signs another at the next attempt.
const EXPIRED: &[&str] = &[
    "requesttimetooskewed",
    "request has expired",
    "expiredtoken",
    "expiredrequest",
    "not valid in the specified time frame",
];

/// The store's own words behind ECR, by the code of its error. The first match wins.
pub(crate) const ECR_STORE_RULES: &[MessageRule] = &[
    MessageRule::new(
        TRANSIENT,
        Link::Layers,
        Class::Unavailable,
        "S3, which stores ECR's layers, cannot answer now",
        "try again later",
    ),
    MessageRule::new(
        EXPIRED,
        Link::Layers,
        Class::Unavailable,
        "S3, which stores ECR's layers, considers the signed URL of a layer expired",
        "check the clock of the engine's host with `timedatectl`; a pull that takes hours gets new URLs with the next attempt",
    ),
    MessageRule::new(
        &["nosuchkey", "nosuchbucket", "notfound"],
        Link::Layers,
        Class::Absent,
        "S3, which stores ECR's layers, no longer has one of the image's layers",
        "push the image again",
    ),
    MessageRule::new(
        &["kms."],
        Link::Layers,
        Class::Refused,
        "S3 cannot decrypt the layer: the KMS key of the ECR repository is disabled, deleted, or its grant was revoked",
        "`aws ecr describe-repositories --registry-id {account} --repository-names {repository} --region {region}` shows the key under encryptionConfiguration: it must be enabled, and its grant for ECR must exist",
    )
    .and_final(),
    MessageRule::new(
        &["signaturedoesnotmatch", "invalidargument", "authorizationheadermalformed"],
        Link::Layers,
        Class::Refused,
        "S3, which stores ECR's layers, holds the signed URL of a layer for changed",
        "a proxy between the engine and S3 changes the request or adds a header: let it pass {bucket_host} unchanged",
    )
    .and_final(),
    MessageRule::new(
        &[""],
        Link::Layers,
        Class::Refused,
        "S3, which stores ECR's layers, denied access to the bucket {bucket}",
        "allow `s3:GetObject` on `{bucket_arn}/*` for every principal that pulls: in the policy of the S3 gateway endpoint (`aws ec2 describe-vpc-endpoints --filters Name=service-name,Values=com.amazonaws.{region}.s3 --region {region}` shows it), and in a service control policy, if one restricts S3",
    )
    .and_final(),
];

/// A connection to the store behind ECR that failed.
pub(crate) const ECR_STORE_UNREACHABLE: MessageRule = MessageRule::new(
    &[],
    Link::Layers,
    Class::Unavailable,
    "S3, which stores ECR's layers, cannot be reached",
    GATEWAY,
);

/// The store's own words behind another registry.
pub(crate) const STORE_RULES: &[MessageRule] = &[
    MessageRule::new(
        TRANSIENT,
        Link::Registry,
        Class::Unavailable,
        "the store of the registry's layers cannot answer now",
        "try again later",
    ),
    MessageRule::new(
        EXPIRED,
        Link::Layers,
        Class::Unavailable,
        "the store of the registry's layers considers the signed URL of a layer expired",
        "check the clocks of the registry and of the engine's host with `timedatectl`; a pull that takes hours gets new URLs with the next attempt",
    ),
    MessageRule::new(
        &["nosuchkey", "blobnotfound", "nosuchbucket"],
        Link::Layers,
        Class::Absent,
        "the store of the registry's layers no longer has one of the image's layers",
        "push the image again",
    ),
    MessageRule::new(
        &[""],
        Link::Registry,
        Class::Refused,
        "the object store behind the registry denied access",
        "check the policy of the registry's bucket, the registry's own access to it, and a VPC endpoint policy on the way: the message is the store's, and the login was already accepted",
    )
    .and_final(),
];
