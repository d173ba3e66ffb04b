//! Why an endpoint could not be reached or trusted. The SDK's error names neither the host nor,
//! for a certificate, anything that an operator can act on.

use std::error::Error;
use std::fmt;
use std::io;

use rustls::CertificateError;

use crate::aws::{AwsService, explanation::Explanation};
use crate::error::Class;

/// The suffixes of the hosts that the SDK derives from a Region. Every other host is from a setting,
/// and so is the host of a VPC endpoint.
const OWN_SUFFIXES: [&str; 8] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".api.aws",
    ".amazonaws.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
];

/// An endpoint that gave no answer, and why.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{host}: {text}")]
pub(crate) struct EndpointFault {
    /// The host that was asked.
    host: String,
    /// The port that was asked.
    port: u16,
    cause: FaultCause,
    /// The texts of the error and its causes.
    text: String,
}

/// What failed on the way to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultCause {
    /// The name resolution has no address for the host.
    UnresolvedName,
    /// The certificate of the host was rejected.
    Certificate(CertificateFault),
    /// The connection failed, or ended before an answer.
    Connection,
}

/// Why the certificate of an endpoint was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CertificateFault {
    /// No authority that this host trusts has issued it.
    UnknownIssuer,
    /// Its period of validity is over.
    Expired,
    /// Its period of validity has not begun.
    NotYetValid,
    /// It does not contain the name of the host.
    WrongName,
    /// It cannot be used for another reason, which the text states.
    Other,
}

impl EndpointFault {
    /// Reads the error of a connection to this host and port.
    pub(super) fn new(host: &str, port: u16, error: &(dyn Error + 'static)) -> Self {
        let mut texts: Vec<String> = Vec::new();
        let mut cause = FaultCause::Connection;
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = cause_of(error) {
                cause = found;
            }
            let text = error.to_string();
            // The text of an error often repeats the text of its source.
            if texts.last().is_none_or(|last| !last.ends_with(&text)) {
                texts.push(text);
            }
            next = source_of(error);
        }
        Self { host: host.to_owned(), port, cause, text: texts.join(": ") }
    }

    /// The fault among an error and its sources.
    pub(super) fn find<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(fault) = error.downcast_ref() {
                return Some(fault);
            }
            next = source_of(error);
        }
        None
    }

    /// The fault as the source of an error, which may share it with others.
    pub(super) fn cause(&self) -> FaultCause {
        self.cause
    }

    /// Adds what is known about the endpoint to the explanation of the failed call.
    pub(super) fn explain(&self, service: AwsService, base: Explanation) -> Explanation {
        let Self { host, .. } = self;
        match self.cause {
            FaultCause::Connection => match self.override_variables(service) {
                Some(variables) => {
                    let hint = base.hint.map(|hint| format!("{hint}; {variables} selects this endpoint"));
                    Explanation { hint, ..base }
                }
                None => base,
            },
            FaultCause::UnresolvedName => {
                let reason = format!("the name {host} cannot be resolved");
                let lookup = format!("`getent hosts {host}` must print an address");
                let hint = match self.override_variables(service) {
                    Some(variables) => format!(
                        "check the spelling of the host in {variables}, or unset it to use {}'s own endpoint: {lookup}",
                        service.name()
                    ),
                    None => format!("check this host's name resolution and the Region's spelling: {lookup}"),
                };
                Explanation { reason, hint: Some(hint), ..base }
            }
            FaultCause::Certificate(fault) => {
                let reason = format!("the certificate of {host} {}", fault.describe());
                // The same request gets the same certificate.
                Explanation { class: Class::Invalid, reason, hint: Some(self.certificate_hint(fault)), ..base }
            }
        }
    }

    fn certificate_hint(&self, fault: CertificateFault) -> String {
        let Self { host, port, .. } = self;
        let show = format!(
            "`openssl s_client -connect {host}:{port} -servername {host} </dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName`"
        );
        match fault {
            CertificateFault::UnknownIssuer => format!(
                "{show} shows its issuer: if that is your own proxy or authority, add the authority's certificate to the file in AWS_CA_BUNDLE (aws.ca_bundle), which replaces the system's authorities, or unset it to trust those"
            ),
            CertificateFault::Expired | CertificateFault::NotYetValid => format!(
                "check this host's clock first (`timedatectl`), then the certificate: {show}; a certificate that is not from AWS belongs to a proxy, whose authority AWS_CA_BUNDLE (aws.ca_bundle) names"
            ),
            CertificateFault::WrongName => format!(
                "another host answers in its place: check the name resolution, the proxy (HTTPS_PROXY) and AWS_ENDPOINT_URL: {show} shows whose certificate it is"
            ),
            CertificateFault::Other => format!(
                "{show} shows the certificate; if it is not from AWS, correct the proxy that presents it, or AWS_CA_BUNDLE (aws.ca_bundle)"
            ),
        }
    }

    /// The variables that may have selected this host; `None` if it follows from the Region.
    fn override_variables(&self, service: AwsService) -> Option<String> {
        let host = self.host.to_ascii_lowercase();
        let is_own = !host.contains("vpce") && OWN_SUFFIXES.iter().any(|suffix| host.ends_with(suffix));
        (!is_own)
            .then(|| format!("{} (or AWS_ENDPOINT_URL, or endpoint_url of the profile)", service.endpoint_variable()))
    }
}

impl CertificateFault {
    fn describe(self) -> &'static str {
        match self {
            Self::UnknownIssuer => "is not issued by an authority that this host trusts",
            Self::Expired => "has expired, or this host's clock is wrong",
            Self::NotYetValid => "is not valid yet, or this host's clock is wrong",
            Self::WrongName => "is for another name",
            Self::Other => "cannot be used",
        }
    }
}

impl fmt::Display for FaultCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnresolvedName => "unresolved-name",
            Self::Certificate(_) => "certificate",
            Self::Connection => "connection",
        })
    }
}

/// The source of an error. That of an I/O error skips the error which it contains.
fn source_of<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn cause_of(error: &(dyn Error + 'static)) -> Option<FaultCause> {
    if let Some(rustls::Error::InvalidCertificate(error)) = error.downcast_ref() {
        return Some(FaultCause::Certificate(match error {
            CertificateError::UnknownIssuer => CertificateFault::UnknownIssuer,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateFault::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                CertificateFault::NotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                CertificateFault::WrongName
            }
            _ => CertificateFault::Other,
        }));
    }
    // The HTTP client does not export the type of this error.
    let text = error.to_string();
    let is_unresolved = ["dns error", "failed to lookup address"].iter().any(|word| text.starts_with(word));
    is_unresolved.then_some(FaultCause::UnresolvedName)
}

#[cfg(test)]
mod tests {
    use std::io;

    use rustls::CertificateError;

    use super::{CertificateFault, EndpointFault, FaultCause};
    use crate::aws::AwsService;

    fn fault(host: &str, error: io::Error) -> EndpointFault {
        EndpointFault::new(host, 443, &error)
    }

    #[test]
    fn a_rejected_certificate_is_found_within_an_io_error() {
        let cause = |error| {
            let error = io::Error::other(rustls::Error::InvalidCertificate(error));
            fault("sts.eu-west-1.amazonaws.com", error).cause()
        };
        for (error, expected) in [
            (CertificateError::UnknownIssuer, CertificateFault::UnknownIssuer),
            (CertificateError::Expired, CertificateFault::Expired),
            (CertificateError::NotValidYet, CertificateFault::NotYetValid),
            (CertificateError::NotValidForName, CertificateFault::WrongName),
            (CertificateError::BadSignature, CertificateFault::Other),
        ] {
            assert_eq!(cause(error), FaultCause::Certificate(expected));
        }
    }

    #[test]
    fn the_variable_is_named_only_for_a_host_that_a_setting_selects() {
        let refused = |host| fault(host, io::ErrorKind::ConnectionRefused.into());
        let service = AwsService::SecretsManager;
        for own in
            ["secretsmanager.us-east-1.amazonaws.com", "kms.cn-north-1.amazonaws.com.cn", "ecr.eu-west-1.api.aws"]
        {
            assert_eq!(refused(own).override_variables(service), None, "{own}");
        }
        for other in ["vpce-0abc.secretsmanager.us-east-1.vpce.amazonaws.com", "127.0.0.1", "aws.example"] {
            let variables = refused(other).override_variables(service).unwrap();
            assert!(variables.starts_with("AWS_ENDPOINT_URL_SECRETS_MANAGER"), "{variables}");
        }
    }
}
