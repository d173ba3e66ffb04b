//! Why an engine's address, its TLS files or its context cannot be used; told before
//! anybody is asked.

use std::io;
use std::path::PathBuf;

use crate::error::{Class, Explain, Link};

/// What was given does not lead to an engine.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The address has none of the forms.
    #[error("the engine's address `{host}` cannot be used: {why}")]
    Malformed {
        /// The address.
        host: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The address wants an SSH client.
    #[error("the engine's address `{host}` wants ssh, which taskpull does not speak")]
    Ssh {
        /// The address.
        host: String,
    },
    /// TLS that does not look whom it talks to.
    #[error("{by} asks for TLS without verification to {host}: logins would go to whoever answers")]
    Unverified {
        /// The address.
        host: String,
        /// Who asks.
        by: String,
    },
    /// Nobody says where Docker's own files are.
    #[error("{what}, and nobody says where Docker keeps its files: DOCKER_CONFIG and HOME are unset")]
    NoFolder {
        /// What is wanted of them.
        what: String,
    },
    /// A file cannot be read.
    #[error("{path}, which the connection to the engine needs, cannot be read", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A PEM file has not what it must have.
    #[error("{path} cannot be used: {message}", path = .path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// One of a certificate and its key is there.
    #[error("{there} is there and {missing} is not", there = .there.display(), missing = .missing.display())]
    Half {
        /// The one that is there.
        there: PathBuf,
        /// The one that is not.
        missing: PathBuf,
    },
    /// A certificate and a key that do not belong together.
    #[error("{certificate} and {key} cannot be used together: {message}", certificate = .certificate.display(), key = .key.display())]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong with them.
        message: String,
    },
    /// TLS cannot be set up at all.
    #[error("TLS to the engine cannot be set up: {message}")]
    Tls {
        /// Why not.
        message: String,
    },
    /// There is no such context.
    #[error("there is no Docker context `{name}`: {path} does not exist", path = .path.display())]
    NoContext {
        /// Its name.
        name: String,
        /// Where it would be.
        path: PathBuf,
    },
    /// One of Docker's own files is not as Docker writes it.
    #[error("{path} is not as Docker writes it: {message}", path = .path.display())]
    NotDockers {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; never what stands in it.
        message: String,
    },
}

impl Explain for AddressError {
    fn link(&self) -> Link {
        Link::Engine
    }

    fn class(&self) -> Class {
        match self {
            Self::NoContext { .. } | Self::Half { .. } => Class::Absent,
            Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound => Class::Absent,
            Self::Ssh { .. } | Self::Unverified { .. } => Class::Unsupported,
            _ => Class::Invalid,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::Malformed { host, .. } | Self::Ssh { host } | Self::Unverified { host, .. } => host.clone(),
            Self::File { path, .. } | Self::Pem { path, .. } | Self::NotDockers { path, .. } => {
                path.display().to_string()
            }
            Self::Half { missing: path, .. } | Self::Pair { certificate: path, .. } => path.display().to_string(),
            Self::NoContext { name, .. } => name.clone(),
            Self::NoFolder { .. } | Self::Tls { .. } => "Docker Engine".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Malformed { .. } => {
                "DOCKER_HOST, engine.host or a context's endpoint is `unix:///path/to/socket` or `tcp://host:port`"
            }
            Self::Ssh { .. } => {
                "forward the engine's socket with `ssh -N -L /run/taskpull/docker.sock:/var/run/docker.sock USER@HOST`, and set DOCKER_HOST=unix:///run/taskpull/docker.sock"
            }
            Self::Unverified { .. } => {
                "set DOCKER_TLS_VERIFY=1 and put the ca.pem of the engine's certificate into DOCKER_CERT_PATH; for a context, update it with `ca=…` and without `skip-tls-verify`"
            }
            Self::NoFolder { .. } => {
                "name the folder of config.json and contexts/ in DOCKER_CONFIG or engine.config_folder, that of the certificates in DOCKER_CERT_PATH or engine.cert_path"
            }
            Self::File { .. } | Self::Half { .. } => {
                "TLS takes ca.pem, and for an engine that asks who comes cert.pem and key.pem, from DOCKER_CERT_PATH or engine.cert_path, or from the context; this user must be able to read them"
            }
            Self::Pem { .. } => "it must be PEM: `-----BEGIN CERTIFICATE-----`, or a private key without a passphrase",
            Self::Pair { .. } => "the key must be the one the certificate was made for; make both anew",
            Self::Tls { .. } => return None,
            Self::NoContext { .. } => {
                "`docker context ls`, as the same user, shows what there is; DOCKER_CONFIG or engine.config_folder names another folder"
            }
            Self::NotDockers { .. } => {
                "`docker context inspect` shows a context; with DOCKER_HOST or engine.host none is read"
            }
        };
        Some(hint.to_owned())
    }
}
