//! Docker contexts, as Docker's CLI stores them: which one is current, and where it leads.
//!
//! The store is `contexts/` beside `config.json`; a context's folder is named after the
//! SHA-256 of its name. Nothing but `currentContext` is taken from `config.json`: the logins
//! in it are another matter (`instance.docker_config`).

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::engine::address::DockerAddress;
use crate::engine::address_error::AddressError;
use crate::engine::tls::{Tls, Trust};

/// The context that is none: the address comes from the settings.
const DEFAULT: &str = "default";

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "currentContext", default)]
    current: String,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "Endpoints", default)]
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
struct Endpoints {
    docker: Option<Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(rename = "Host", default)]
    host: String,
    #[serde(rename = "SkipTLSVerify", default)]
    skip_tls_verify: bool,
}

/// The context that `docker context use` chose, unless that is the default one.
///
/// A file that this user may not read is another user's, and chooses nothing for this one.
pub(crate) fn current(folder: &Path) -> Result<Option<String>, AddressError> {
    let config: Config = match read(&folder.join("config.json")) {
        Err(AddressError::File { source, .. })
            if matches!(
                source.kind(),
                ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        config => config?,
    };
    Ok(Some(config.current).filter(|name| !name.is_empty() && name != DEFAULT))
}

/// Where a context leads, with its own TLS files.
pub(crate) fn address(folder: &Path, name: &str) -> Result<DockerAddress, AddressError> {
    let store = folder.join("contexts");
    let id = id(name);
    let path = store.join("meta").join(&id).join("meta.json");
    let meta: Meta = match read(&path) {
        Err(AddressError::File { source, path }) if source.kind() == ErrorKind::NotFound => {
            return Err(AddressError::NoContext { name: name.to_owned(), path });
        }
        meta => meta?,
    };
    let Some(endpoint) = meta.endpoints.docker.filter(|endpoint| !endpoint.host.is_empty()) else {
        return Err(AddressError::NotDockers {
            path,
            message: format!("the context `{name}` has no engine's address"),
        });
    };
    let address = DockerAddress::parse(&endpoint.host)?;
    if !matches!(address, DockerAddress::Tcp(_)) {
        return Ok(address);
    }
    if endpoint.skip_tls_verify {
        return Err(AddressError::Unverified { host: endpoint.host, by: format!("the Docker context `{name}`") });
    }
    let files = store.join("tls").join(&id).join("docker");
    if files.is_dir() { Ok(address.with_tls(Tls::read(&files, Trust::CaOrSystem)?)) } else { Ok(address) }
}

fn id(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, AddressError> {
    let text = fs::read(path).map_err(|source| AddressError::File { path: path.to_owned(), source })?;
    // The error's own text may quote the file, and a config.json holds logins.
    serde_json::from_slice(&text).map_err(|error| AddressError::NotDockers {
        path: path.to_owned(),
        message: format!("line {}, column {}", error.line(), error.column()),
    })
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn a_contexts_folder_is_the_sha_256_of_its_name() {
        // `docker context create desktop-linux` makes this folder.
        assert_eq!(id("desktop-linux"), "fe9c6bd7a66301f49ca9b6a70b217107cd1284598bfc254700c989b916da791e");
    }
}
