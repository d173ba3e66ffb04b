//! Why the address, the TLS files or the Docker context of an engine cannot be used.

use std::io;
use std::path::PathBuf;

use crate::error::{Class, Explain, Link};

/// The settings do not lead to an engine; found before any connection.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The address has none of the supported forms.
    #[error("invalid engine address `{host}`: {problem}")]
    Malformed {
        /// The address, as configured.
        host: String,
        /// The rule that the address breaks.
        problem: &'static str,
    },
    /// The address requires an SSH client.
    #[error("the engine address `{host}` requires SSH, which taskpull does not support")]
    Ssh {
        /// The address, as configured.
        host: String,
    },
    /// TLS is enabled without verifying the server.
    #[error("{setting} uses TLS to {host} without verification: any server could receive the logins")]
    Unverified {
        /// The address, as configured.
        host: String,
        /// The setting that disables the verification.
        setting: String,
    },
    /// Docker's configuration folder is unknown.
    #[error("{purpose}, but Docker's configuration folder is unknown: DOCKER_CONFIG and HOME are unset")]
    NoFolder {
        /// Why the folder is required.
        purpose: String,
    },
    /// A file cannot be read.
    #[error("{path}, which the connection to the engine requires, cannot be read", path = .path.display())]
    UnreadableFile {
        /// The file that the settings or the context name.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A PEM file does not contain what it must.
    #[error("{path} cannot be used: {message}", path = .path.display())]
    InvalidPem {
        /// The file that must be PEM.
        path: PathBuf,
        /// What is wrong with its content.
        message: String,
    },
    /// Only one file of a certificate and its key exists.
    #[error("{present} exists, but {missing} does not", present = .present.display(), missing = .missing.display())]
    IncompleteKeyPair {
        /// The file that exists.
        present: PathBuf,
        /// The file that is missing.
        missing: PathBuf,
    },
    /// A certificate and a key do not belong together.
    #[error("{certificate} and {key} cannot be used together: {message}", certificate = .certificate.display(), key = .key.display())]
    KeyMismatch {
        /// File of the client certificate.
        certificate: PathBuf,
        /// File of the private key.
        key: PathBuf,
        /// The message of the TLS library.
        message: String,
    },
    /// The TLS library cannot be configured.
    #[error("TLS to the engine cannot be configured: {message}")]
    TlsSetup {
        /// The message of the TLS library.
        message: String,
    },
    /// The Docker context does not exist.
    #[error("the Docker context `{name}` does not exist: there is no {path}", path = .path.display())]
    UnknownContext {
        /// Name of the context.
        name: String,
        /// The file that describes a context of this name.
        path: PathBuf,
    },
    /// One of Docker's own files does not have Docker's format.
    #[error("{path} does not have Docker's format: {message}", path = .path.display())]
    InvalidDockerFile {
        /// The file of Docker's CLI.
        path: PathBuf,
        /// What is wrong with it; never its content, which can include logins.
        message: String,
    },
}

impl Explain for AddressError {
    fn link(&self) -> Link {
        Link::Engine
    }

    fn class(&self) -> Class {
        match self {
            Self::UnknownContext { .. } | Self::IncompleteKeyPair { .. } => Class::Absent,
            Self::UnreadableFile { source, .. } if source.kind() == io::ErrorKind::NotFound => Class::Absent,
            Self::Ssh { .. } | Self::Unverified { .. } => Class::Unsupported,
            _ => Class::Invalid,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::Malformed { host, .. } | Self::Ssh { host } | Self::Unverified { host, .. } => host.clone(),
            Self::UnreadableFile { path, .. }
            | Self::InvalidPem { path, .. }
            | Self::InvalidDockerFile { path, .. }
            | Self::IncompleteKeyPair { missing: path, .. }
            | Self::KeyMismatch { certificate: path, .. } => path.display().to_string(),
            Self::UnknownContext { name, .. } => name.clone(),
            Self::NoFolder { .. } | Self::TlsSetup { .. } => "Docker Engine".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Malformed { .. } => {
                "set DOCKER_HOST, engine.host or the context's endpoint to `unix:///path/to/socket` or `tcp://host:port`"
            }
            Self::Ssh { .. } => {
                "forward the engine's socket with `ssh -N -L /run/taskpull/docker.sock:/var/run/docker.sock USER@HOST`, and set DOCKER_HOST=unix:///run/taskpull/docker.sock"
            }
            Self::Unverified { .. } => {
                "set DOCKER_TLS_VERIFY=1 and put the ca.pem of the engine's CA into DOCKER_CERT_PATH; update a context with `ca=…` and without `skip-tls-verify`"
            }
            Self::NoFolder { .. } => {
                "set DOCKER_CONFIG or engine.config_folder to the folder of config.json and contexts/, and DOCKER_CERT_PATH or engine.cert_path to the folder of the certificates"
            }
            Self::UnreadableFile { .. } | Self::IncompleteKeyPair { .. } => {
                "TLS requires ca.pem, and for an engine with tlsverify cert.pem and key.pem, in DOCKER_CERT_PATH, engine.cert_path or the context; this user must be able to read them"
            }
            Self::InvalidPem { .. } => {
                "it must be PEM: `-----BEGIN CERTIFICATE-----`, or a private key without a passphrase"
            }
            Self::KeyMismatch { .. } => {
                "the key must be the one that the certificate was issued for; if in doubt, issue both again"
            }
            Self::TlsSetup { .. } => return None,
            Self::UnknownContext { .. } => {
                "`docker context ls`, as the same user, lists the contexts; DOCKER_CONFIG or engine.config_folder selects another folder"
            }
            Self::InvalidDockerFile { .. } => {
                "check a context with `docker context inspect`; with DOCKER_HOST or engine.host, taskpull reads none"
            }
        };
        Some(hint.to_owned())
    }
}
