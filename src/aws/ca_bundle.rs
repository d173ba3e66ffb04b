//! `aws.ca_bundle`: the file with the only certificates that are trusted for AWS's endpoints.

use std::io;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::error::{Class, Explain, Link};
use crate::regular_file::{RegularFileError, read_regular_file};

/// The longest bundle, in bytes: four times the size of the certificates that systems trust.
const LIMIT: usize = 1_024 * 1_024;

/// Why the bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CaBundleError {
    /// The file cannot be read.
    #[error("aws.ca_bundle: {path} cannot be read", path = .path.display())]
    Unreadable {
        /// The path in the settings.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The path is a folder, a pipe, a device or another special file.
    #[error("aws.ca_bundle: {path} is not a regular file", path = .path.display())]
    NotRegular {
        /// The path in the settings.
        path: PathBuf,
    },
    /// The file is longer than any bundle.
    #[error("aws.ca_bundle: {path} is longer than 1 MiB", path = .path.display())]
    TooLong {
        /// The path in the settings.
        path: PathBuf,
    },
    /// The file contains no certificate.
    #[error("aws.ca_bundle: {path} contains no certificate", path = .path.display())]
    Empty {
        /// The path in the settings.
        path: PathBuf,
    },
    /// A certificate in the file is malformed.
    #[error("aws.ca_bundle: certificate {number} in {path} cannot be used: {message}", path = .path.display())]
    Certificate {
        /// The path in the settings.
        path: PathBuf,
        /// The position of the certificate, from 1.
        number: usize,
        /// What is wrong with it.
        message: String,
    },
}

impl Explain for CaBundleError {
    fn link(&self) -> Link {
        Link::HostIdentity
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        let (Self::Unreadable { path, .. }
        | Self::NotRegular { path }
        | Self::TooLong { path }
        | Self::Empty { path }
        | Self::Certificate { path, .. }) = self;
        path.display().to_string()
    }

    fn hint(&self) -> Option<String> {
        Some("give a file of PEM certificates (`-----BEGIN CERTIFICATE-----`) that this user may read, or unset AWS_CA_BUNDLE".to_owned())
    }
}

/// Reads a bundle in which every certificate is valid. The SDK would panic on any other.
///
/// # Errors
/// [`CaBundleError`]
pub(super) fn read_ca_bundle(path: &Path) -> Result<Vec<u8>, CaBundleError> {
    let owned_path = || path.to_owned();
    let pem = read_regular_file(path, LIMIT).map_err(|error| match error {
        RegularFileError::Unreadable(source) => CaBundleError::Unreadable { path: owned_path(), source },
        RegularFileError::NotRegular => CaBundleError::NotRegular { path: owned_path() },
        RegularFileError::TooLong => CaBundleError::TooLong { path: owned_path() },
    })?;
    let mut roots = RootCertStore::empty();
    for (index, certificate) in CertificateDer::pem_slice_iter(&pem).enumerate() {
        let invalid = |message| CaBundleError::Certificate { path: owned_path(), number: index + 1, message };
        let certificate = certificate.map_err(|error| invalid(error.to_string()))?;
        roots.add(certificate).map_err(|error| invalid(error.to_string()))?;
    }
    if roots.is_empty() { Err(CaBundleError::Empty { path: owned_path() }) } else { Ok(pem.to_vec()) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;

    use super::{CaBundleError, LIMIT, read_ca_bundle};

    const TRUNCATED: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    const NOT_A_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";

    fn error(text: &str) -> CaBundleError {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read_ca_bundle(file.path()).unwrap_err()
    }

    #[test]
    fn a_bundle_on_which_the_sdk_would_panic_is_refused() {
        assert!(matches!(error(""), CaBundleError::Empty { .. }));
        assert!(matches!(error("not a certificate"), CaBundleError::Empty { .. }));
        assert!(matches!(error(TRUNCATED), CaBundleError::Certificate { number: 1, .. }));
        assert!(matches!(error(NOT_A_CERTIFICATE), CaBundleError::Certificate { number: 1, .. }));
        assert!(matches!(error(&"x".repeat(LIMIT + 1)), CaBundleError::TooLong { .. }));
    }

    #[test]
    fn a_bundle_that_is_not_a_readable_file_is_refused() {
        let missing = read_ca_bundle(Path::new("/nonexistent/ca.pem")).unwrap_err();
        assert!(matches!(missing, CaBundleError::Unreadable { .. }));
        let device = read_ca_bundle(Path::new("/dev/zero")).unwrap_err();
        assert!(matches!(device, CaBundleError::NotRegular { .. }));
    }
}
