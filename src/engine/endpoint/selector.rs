//! Resolves the settings of the engine to its address, with the precedence of Docker's CLI.

use std::path::{Path, PathBuf};

use super::address::DockerAddress;
use super::address_error::AddressError;
use super::context::{context_address, current_context};
use super::tls::{Tls, Trust};

/// Which engine to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineEndpoint {
    /// The engine at this address, as in `DOCKER_HOST`.
    Host(String),
    /// The engine of this Docker context.
    Context(String),
    /// No setting names an engine: the one of Docker's current context, if any.
    Current {
        /// The address to use without a current context.
        default_host: String,
    },
}

/// Whether a `tcp://` address uses TLS. A context has its own setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsUse {
    /// The connection is plain HTTP.
    Off,
    /// TLS, and the engine's certificate is verified.
    Verified,
    /// TLS without verification: refused, because pulls send logins.
    Unverified,
}

/// The settings that select an engine.
#[derive(Clone, Debug)]
pub struct EngineSelector {
    /// The engine to use.
    pub endpoint: EngineEndpoint,
    /// Whether a `tcp://` address uses TLS.
    pub tls: TlsUse,
    /// Folder of `ca.pem`, `cert.pem` and `key.pem`; without it, `docker_folder` is used.
    pub cert_folder: Option<PathBuf>,
    /// Folder of Docker's `config.json` and `contexts/`.
    pub docker_folder: Option<PathBuf>,
}

/// The engine that the settings select.
#[derive(Clone, Debug)]
pub struct ResolvedEngine {
    /// The engine's address, with TLS if that is enabled.
    pub address: DockerAddress,
    /// Name of Docker's current context, if the address comes from it and no setting names an engine.
    pub current_context: Option<String>,
}

impl EngineSelector {
    /// Resolves the settings to an address. Reads files, and contacts no engine.
    ///
    /// # Errors
    /// [`AddressError`], which names the address, the context or the file.
    pub fn resolve(&self) -> Result<ResolvedEngine, AddressError> {
        let (address, current_context) = match &self.endpoint {
            EngineEndpoint::Host(host) => (self.host_address(host)?, None),
            EngineEndpoint::Context(name) => (self.context_address(name)?, None),
            EngineEndpoint::Current { default_host } => {
                let name = self.docker_folder.as_deref().map(current_context).transpose()?.flatten();
                let address = match &name {
                    Some(name) => self.context_address(name)?,
                    None => self.host_address(default_host)?,
                };
                (address, name)
            }
        };
        Ok(ResolvedEngine { address, current_context })
    }

    fn host_address(&self, host: &str) -> Result<DockerAddress, AddressError> {
        let address = DockerAddress::parse(host)?;
        match self.tls {
            _ if !matches!(address, DockerAddress::Tcp(_)) => Ok(address),
            TlsUse::Off => Ok(address),
            TlsUse::Verified => {
                let folder = self.cert_folder.as_deref().or(self.docker_folder.as_deref());
                let folder = required(folder, || "TLS to the engine requires certificates".to_owned())?;
                Ok(address.with_tls(Tls::read(folder, Trust::Ca)?))
            }
            TlsUse::Unverified => {
                Err(AddressError::Unverified { host: host.to_owned(), setting: "DOCKER_TLS".to_owned() })
            }
        }
    }

    fn context_address(&self, name: &str) -> Result<DockerAddress, AddressError> {
        let purpose = || format!("the engine is that of the Docker context `{name}`");
        context_address(required(self.docker_folder.as_deref(), purpose)?, name)
    }
}

fn required(folder: Option<&Path>, purpose: impl FnOnce() -> String) -> Result<&Path, AddressError> {
    folder.ok_or_else(|| AddressError::NoFolder { purpose: purpose() })
}
