//! The catalogue of faults of the host's identity and of AWS's endpoints, as their reader sees them.

use std::io;

use aws_config::Region;
use rustls::CertificateError;

use crate::aws::aws_error::{ErrorContext, IdentityError};
use crate::aws::endpoint_fault::EndpointFault;
use crate::aws::host_fault::{HostFault, MetadataAnswer, ProfileFault};
use crate::aws::sdk_error::FailedCall;
use crate::aws::{AwsCall, AwsErrorKind};
use crate::config::HostKind;
use crate::error::{Explain as _, Failure, catalogue};
use crate::identity::Identity;
use crate::task::CredentialsParameter;

fn context() -> ErrorContext {
    let secret = CredentialsParameter::parse("prod/hub").unwrap();
    ErrorContext::secret(AwsCall::GetSecretValue, &secret, &Identity::Host)
}

fn host(fault: HostFault) -> Failure {
    IdentityError::host(fault).into_aws_error(&context(), None).to_failure()
}

fn profile(fault: ProfileFault) -> HostFault {
    let files = "~/.aws/config and ~/.aws/credentials".to_owned();
    HostFault::Profile { profile: "prod".to_owned(), files, fault }
}

fn task_endpoint(status: Option<u16>) -> HostFault {
    HostFault::TaskEndpoint { host: "169.254.170.2".to_owned(), status, message: "text".to_owned() }
}

#[test]
fn every_fault_of_the_host_has_its_reason_and_hint() {
    let message = || "text".to_owned();
    let kinds = [HostKind::Auto, HostKind::Ec2, HostKind::Fargate, HostKind::External];
    let nothing = kinds.map(|kind| HostFault::NoSource { kind, asked: "the environment, the profile".to_owned() });
    let answers = [
        MetadataAnswer::NotAsked,
        MetadataAnswer::Silent,
        MetadataAnswer::Forbidden,
        MetadataAnswer::NoRole,
        MetadataAnswer::Other,
    ];
    let metadata = [HostKind::Auto, HostKind::Ec2]
        .into_iter()
        .flat_map(|kind| answers.map(|answer| HostFault::Metadata { kind, answer, message: message() }));
    let process = |message: &str| ProfileFault::Process { program: "signer".to_owned(), message: message.to_owned() };
    let profiles = [
        ProfileFault::Missing(vec!["default".to_owned(), "test".to_owned()]),
        ProfileFault::Value("its region is `x`, which is not an AWS Region such as us-east-1".to_owned()),
        ProfileFault::SignIn,
        process("external process exited with code exit status: 127"),
        process("external process exited with code exit status: 126"),
        process("external process exited with code exit status: 3"),
        process("could not parse response"),
        ProfileFault::Other { message: message(), is_final: true },
        ProfileFault::Other { message: message(), is_final: false },
    ];
    let others = [
        HostFault::MalformedFile { files: "~/.aws/config".to_owned(), text: "line 3".to_owned() },
        HostFault::WebIdentity { message: message() },
        HostFault::UnusableKey {
            source_name: "the profile".to_owned(),
            name: "the secret access key",
            flaw: "a line end",
        },
    ];
    let endpoints = [Some(404), Some(403), Some(500), None].map(task_endpoint);
    let faults = nothing.into_iter().chain(metadata).chain(endpoints).chain(profiles.map(profile)).chain(others);
    insta::assert_snapshot!(catalogue::render(faults.map(|fault| ("the host", host(fault)))));
}

#[test]
fn every_fault_of_an_endpoint_has_its_reason_and_hint() {
    let certificate = |error| io::Error::other(rustls::Error::InvalidCertificate(error));
    let errors = || {
        [
            io::Error::from(io::ErrorKind::ConnectionRefused),
            io::Error::other("dns error"),
            certificate(CertificateError::UnknownIssuer),
            certificate(CertificateError::Expired),
            certificate(CertificateError::NotValidYet),
            certificate(CertificateError::NotValidForName),
            certificate(CertificateError::BadEncoding),
        ]
    };
    let hosts = ["secretsmanager.eu-west-1.amazonaws.com", "vpce-0abc.secretsmanager.eu-west-1.vpce.amazonaws.com"];
    let failures = hosts.into_iter().flat_map(|host| errors().map(|error| (host, error))).map(|(host, error)| {
        let fault = EndpointFault::new(host, 443, &error);
        let failed = FailedCall { kind: AwsErrorKind::Unavailable, message: fault.into() };
        (host, context().call_error(failed, &Region::from_static("eu-west-1")).to_failure())
    });
    insta::assert_snapshot!(catalogue::render(failures));
}
