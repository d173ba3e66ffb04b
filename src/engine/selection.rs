//! From what was said about the engine to its address, in the order of Docker's CLI.

use std::path::{Path, PathBuf};

use crate::engine::address::DockerAddress;
use crate::engine::address_error::AddressError;
use crate::engine::context;
use crate::engine::tls::{Tls, Trust};

/// Which engine is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineEndpoint {
    /// The one at this address.
    Host(String),
    /// The one this Docker context leads to.
    Context(String),
    /// Nobody said: the one of Docker's current context, or else at this address.
    Current {
        /// The address.
        otherwise: String,
    },
}

/// Whether an address on TCP is one with TLS. A context says so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsUse {
    /// It is without.
    No,
    /// It is with, and the engine must prove who it is.
    Verified,
    /// It is with, and nobody looks: refused, because logins are sent.
    Unverified,
}

/// What was said about the engine.
#[derive(Clone, Debug)]
pub struct EngineSelector {
    /// Which one.
    pub place: EngineEndpoint,
    /// How.
    pub tls: TlsUse,
    /// The folder of `ca.pem`, `cert.pem` and `key.pem`; without one the next serves.
    pub cert_folder: Option<PathBuf>,
    /// The folder of Docker's `config.json` and `contexts/`.
    pub docker_folder: Option<PathBuf>,
}

/// Where it is.
#[derive(Clone, Debug)]
pub struct ResolvedEngine {
    /// The address.
    pub address: DockerAddress,
    /// The current context that it was found by, because nobody said anything.
    pub by_current_context: Option<String>,
}

impl EngineSelector {
    /// Finds it. Files are read, nobody is asked.
    ///
    /// # Errors
    /// [`AddressError`], naming the address, the context or the file.
    pub fn find(&self) -> Result<ResolvedEngine, AddressError> {
        let said = |address| ResolvedEngine { address, by_current_context: None };
        match &self.place {
            EngineEndpoint::Host(host) => self.host(host).map(said),
            EngineEndpoint::Context(name) => self.context(name).map(said),
            EngineEndpoint::Current { otherwise } => {
                match self.docker_folder.as_deref().map(context::current).transpose()? {
                    Some(Some(name)) => {
                        Ok(ResolvedEngine { address: self.context(&name)?, by_current_context: Some(name) })
                    }
                    _ => self.host(otherwise).map(said),
                }
            }
        }
    }

    fn host(&self, host: &str) -> Result<DockerAddress, AddressError> {
        let address = DockerAddress::parse(host)?;
        match self.tls {
            _ if !matches!(address, DockerAddress::Tcp(_)) => Ok(address),
            TlsUse::No => Ok(address),
            TlsUse::Verified => {
                let folder = self.cert_folder.as_deref().or(self.docker_folder.as_deref());
                Ok(address.with_tls(Tls::read(known(folder, "TLS to the engine needs certificates")?, Trust::Ca)?))
            }
            TlsUse::Unverified => Err(AddressError::Unverified { host: host.to_owned(), by: "DOCKER_TLS".to_owned() }),
        }
    }

    fn context(&self, name: &str) -> Result<DockerAddress, AddressError> {
        let what = format!("the engine is that of the Docker context `{name}`");
        context::address(known(self.docker_folder.as_deref(), &what)?, name)
    }
}

fn known<'a>(folder: Option<&'a Path>, what: &str) -> Result<&'a Path, AddressError> {
    folder.ok_or_else(|| AddressError::NoFolder { what: what.to_owned() })
}
