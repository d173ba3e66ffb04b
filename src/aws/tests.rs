//! The error catalogue of the module: every kind, as its reader sees it.

use aws_config::Region;

use crate::aws::aws_error::ErrorContext;
use crate::aws::aws_error::IdentityError;
use crate::aws::ca_bundle::CaBundleError;
use crate::aws::sdk_error::FailedCall;
use crate::aws::{AwsCall, AwsError, AwsErrorKind as Kind, AwsResource, EndpointVariant, TokenScope};
use crate::config::{AccountEntry, AssumingIdentity};
use crate::error::{Explain as _, Failure, catalogue};
use crate::identity::{AccountRoles, Identity, SessionName};
use crate::task::{CredentialsParameter, KeyArn, RoleArn};

const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:hub-Ab12Cd";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// The kinds that every call can have.
const COMMON: [Kind; 8] = [
    Kind::NoHostIdentity,
    Kind::IdentityRejected,
    Kind::ClockSkew,
    Kind::Denied,
    Kind::Throttled,
    Kind::Unavailable,
    Kind::TimedOut,
    Kind::Other,
];

/// The failures of assuming a role.
const ROLE: [Kind; 4] = [Kind::RoleDenied, Kind::RoleRegionDisabled, Kind::RoleFailed, Kind::RoleUnavailable];

fn secret(text: &str) -> AwsResource {
    AwsResource::Secret(CredentialsParameter::parse(text).unwrap())
}

fn execution_role() -> RoleArn {
    RoleArn::parse("arn:aws:iam::111122223333:role/web").unwrap()
}

/// The execution role, or with an account role the role of account 444455556666.
fn role(account_role: Option<(Option<&str>, AssumingIdentity)>) -> Identity {
    let entry = account_role.map(|(external_id, via)| AccountEntry {
        id: "444455556666".to_owned(),
        role_arn: "arn:aws:iam::444455556666:role/reader".to_owned(),
        external_id: external_id.map(str::to_owned),
        via,
    });
    let accounts = AccountRoles::new(&Vec::from_iter(entry)).unwrap();
    let secret = CredentialsParameter::parse(SECRET).unwrap();
    accounts.identity_for_secret(&secret, Some(&execution_role()), &SessionName::from_family(Some("web"))).unwrap()
}

fn token(region: &str) -> AwsResource {
    let region = crate::task::Region::parse(region).unwrap();
    AwsResource::Token(TokenScope::Ecr(region, EndpointVariant::default()))
}

/// The errors of these kinds for one call, with a message of the service.
fn errors(call: AwsCall, resource: &AwsResource, identity: &Identity, kinds: &[Kind]) -> Vec<(String, Failure)> {
    let context = ErrorContext { call, resource: resource.clone(), identity: identity.clone() };
    let region = match resource {
        AwsResource::Token(TokenScope::Ecr(region, _)) => region.to_string(),
        AwsResource::Token(TokenScope::EcrPublic) => "us-east-1".to_owned(),
        _ => "eu-west-1".to_owned(),
    };
    let region = Region::new(region);
    let error = |kind: &Kind| {
        let failed = FailedCall { kind: *kind, message: "Code: text (request id 1)".into() };
        let error = context.call_error(failed, &region);
        (format!("{} {kind:?}", call.permission()), error.to_failure())
    };
    kinds.iter().map(error).collect()
}

#[test]
fn every_error_has_its_link_class_text_and_hint() {
    let host = Identity::Host;
    let key = AwsResource::Key(KeyArn::parse(KEY).unwrap());
    let key_of_secret = AwsResource::KeyOfSecret(SECRET.to_owned());
    let cluster = AwsResource::Cluster("web".to_owned());
    let secret_kinds = [
        Kind::HostIdentityFailed,
        Kind::NotFound,
        Kind::SecretKeyDenied,
        Kind::DefaultKey,
        Kind::Undecryptable,
        Kind::MarkedForDeletion,
        Kind::NoCurrentVersion,
        Kind::NoStagedVersion,
    ];
    let key_kinds = [
        Kind::CiphertextMismatch,
        Kind::WrongKey,
        Kind::KeyDisabled,
        Kind::NotFound,
        Kind::KeyBadState,
        Kind::KeyBadUsage,
    ];
    let write_kinds = [
        Kind::EncryptionFailed,
        Kind::AlreadyExists,
        Kind::LimitExceeded,
        Kind::SecretKeyDenied,
        Kind::MarkedForDeletion,
    ];
    let catalogue = [
        errors(AwsCall::GetSecretValue, &secret(SECRET), &host, &COMMON),
        errors(AwsCall::GetSecretValue, &secret(SECRET), &role(None), &secret_kinds),
        errors(AwsCall::GetSecretValue, &secret(SECRET), &role(None), &[Kind::IdentityRejected, Kind::Denied]),
        errors(AwsCall::GetSecretValue, &secret(SECRET), &role(None), &ROLE),
        errors(
            AwsCall::GetSecretValue,
            &secret(SECRET),
            &role(Some((Some("blue"), AssumingIdentity::Host))),
            &ROLE[..1],
        ),
        errors(
            AwsCall::GetSecretValue,
            &secret(SECRET),
            &role(Some((None, AssumingIdentity::ExecutionRole))),
            &ROLE[..1],
        ),
        errors(AwsCall::GetSecretValue, &secret(&SECRET[..SECRET.len() - 7]), &host, &[Kind::Denied]),
        errors(AwsCall::GetSecretValue, &secret("prod/hub"), &host, &[Kind::NoRegion, Kind::Denied, Kind::NotFound]),
        errors(AwsCall::CreateSecret, &secret("prod/hub"), &host, &write_kinds),
        errors(AwsCall::ReplicateSecretToRegions, &secret("prod/hub"), &host, &[Kind::Denied]),
        errors(AwsCall::Decrypt, &key, &role(None), &COMMON),
        errors(AwsCall::Decrypt, &key, &role(None), &key_kinds),
        errors(AwsCall::Decrypt, &key_of_secret, &role(None), &[Kind::KeyDeniedOrElsewhere, Kind::Denied]),
        errors(AwsCall::Encrypt, &key, &host, &[Kind::Denied]),
        errors(AwsCall::GetEcrToken, &token("eu-west-1"), &host, &COMMON),
        errors(AwsCall::GetEcrToken, &token("eu-west-1"), &role(None), &[Kind::NoEndpoint, Kind::MalformedToken]),
        errors(AwsCall::GetEcrToken, &token("eu-west-9"), &host, &[Kind::Unavailable, Kind::TimedOut]),
        errors(AwsCall::GetEcrPublicToken, &AwsResource::Token(TokenScope::EcrPublic), &host, &COMMON),
        errors(AwsCall::ListServices, &cluster, &host, &COMMON),
        errors(
            AwsCall::DescribeContainerInstances,
            &cluster,
            &host,
            &[Kind::HostIdentityFailed, Kind::NoRegion, Kind::NotFound, Kind::NoContainerInstance],
        ),
        denials(),
        other_sources(),
        ca_bundle_errors(),
    ];
    insta::assert_snapshot!(catalogue::render(catalogue.into_iter().flatten()));
}

/// Denials as AWS words them; the module of denials has all kinds.
fn denials() -> Vec<(String, Failure)> {
    let session = "arn:aws:sts::111122223333:assumed-role/web/web";
    let sentence = |caller: &str, action: &str, resource: &str, reason: &str| {
        format!(
            "AccessDeniedException: User: {caller} is not authorized to perform: {action} on resource: {resource} {reason}"
        )
    };
    let read = "secretsmanager:GetSecretValue";
    let scp = "with an explicit deny in a service control policy";
    let bare = "because no identity-based policy allows the secretsmanager:GetSecretValue action";
    let user = "arn:aws:iam::111122223333:user/host";
    let assume = |reason: &str| sentence(user, "sts:AssumeRole", execution_role().as_str(), reason);
    let (get, decrypt) = (AwsCall::GetSecretValue, AwsCall::Decrypt);
    let table = [
        (get, secret(SECRET), Kind::Denied, sentence(session, read, "x", scp)),
        (get, secret("partner/hub"), Kind::Denied, sentence(session, read, "partner/hub", bare)),
        (get, secret(SECRET), Kind::SecretKeyDenied, sentence(session, "kms:Decrypt", KEY, scp)),
        (
            get,
            secret(SECRET),
            Kind::RoleDenied,
            assume("because no role trust policy allows the sts:AssumeRole action"),
        ),
        (
            get,
            secret(SECRET),
            Kind::RoleDenied,
            assume("because no identity-based policy allows the sts:AssumeRole action"),
        ),
        (
            decrypt,
            AwsResource::KeyOfSecret(SECRET.to_owned()),
            Kind::KeyDisabled,
            format!("DisabledException: {KEY} is disabled."),
        ),
    ];
    let failures = table.map(|(call, resource, kind, message)| {
        let context = ErrorContext { call, resource, identity: role(None) };
        let error = context.call_error(FailedCall { kind, message: message.into() }, &Region::from_static("eu-west-1"));
        (format!("{} {kind:?} in AWS's words", call.permission()), error.to_failure())
    });
    failures.into()
}

#[test]
fn every_cause_of_an_sts_outage_is_shown() {
    let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused");
    let source = CaBundleError::Unreadable { path: "/etc/ca.pem".into(), source: refused };
    let context =
        ErrorContext::secret(AwsCall::GetSecretValue, &CredentialsParameter::parse(SECRET).unwrap(), &role(None));
    let error = IdentityError::new(&role(None), Kind::RoleUnavailable, Box::new(source)).into_aws_error(&context, None);
    let causes: Vec<_> = error.to_failure().caused_by.iter().map(ToString::to_string).collect();
    assert_eq!(causes, ["aws.ca_bundle: /etc/ca.pem cannot be read", "connection refused"]);
}

/// Errors whose source decides about the text, or that have none.
fn other_sources() -> Vec<(String, Failure)> {
    let secret = CredentialsParameter::parse("prod/hub").unwrap();
    let context = ErrorContext::secret(AwsCall::CreateSecret, &secret, &Identity::Host);
    let region = Region::from_static("us-gov-west-1");
    let message = "User: x is not authorized to perform: secretsmanager:TagResource on resource: y";
    let tags = context.call_error(FailedCall { kind: Kind::Denied, message: message.into() }, &region);
    let timed_out = IdentityError::timed_out(&role(None)).into_aws_error(&context, Some(&region));
    [
        ("a permission that the service names", tags),
        ("a role without an answer", timed_out),
        ("a secret without a Region", AwsError::for_secret(&secret, &Identity::Host, Kind::TimedOut)),
        ("a token without a Region", AwsError::for_token(&TokenScope::EcrPublic, &Identity::Host, Kind::TimedOut)),
    ]
    .map(|(name, error)| (name.to_owned(), error.to_failure()))
    .into()
}

fn ca_bundle_errors() -> Vec<(String, Failure)> {
    let path = || "/etc/ca.pem".into();
    [
        CaBundleError::Unreadable { path: path(), source: std::io::ErrorKind::PermissionDenied.into() },
        CaBundleError::NotRegular { path: path() },
        CaBundleError::TooLong { path: path() },
        CaBundleError::Empty { path: path() },
        CaBundleError::Certificate { path: path(), number: 1, message: "missing END".to_owned() },
    ]
    .map(|error| ("aws.ca_bundle".to_owned(), error.to_failure()))
    .into()
}
