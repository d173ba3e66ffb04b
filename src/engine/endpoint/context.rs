//! Docker contexts, as Docker's CLI stores them: which one is current, and its address.
//!
//! The folder `contexts/` next to `config.json` has one folder for each context, named after the
//! SHA-256 of the context's name. Only `currentContext` is read from `config.json`; the logins in it
//! are read by `credential::host_logins` (`instance.docker_config`).

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::address::DockerAddress;
use super::address_error::AddressError;
use super::tls::{Tls, Trust};

/// The name of the default context, whose address comes from the settings.
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

/// Returns the context that `docker context use` selected, unless it is the default one.
///
/// A file that this user may not read belongs to another user and selects nothing for this one.
pub(crate) fn current_context(folder: &Path) -> Result<Option<String>, AddressError> {
    let config: Config = match read_json(&folder.join("config.json")) {
        Err(AddressError::UnreadableFile { source, .. })
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

/// Returns the address of a context, with the context's own TLS files.
pub(crate) fn context_address(folder: &Path, name: &str) -> Result<DockerAddress, AddressError> {
    let store = folder.join("contexts");
    let id = context_id(name);
    let path = store.join("meta").join(&id).join("meta.json");
    let meta: Meta = match read_json(&path) {
        Err(AddressError::UnreadableFile { source, path }) if source.kind() == ErrorKind::NotFound => {
            return Err(AddressError::UnknownContext { name: name.to_owned(), path });
        }
        meta => meta?,
    };
    let Some(endpoint) = meta.endpoints.docker.filter(|endpoint| !endpoint.host.is_empty()) else {
        let message = format!("the context `{name}` has no address of an engine");
        return Err(AddressError::InvalidDockerFile { path, message });
    };
    let address = DockerAddress::parse(&endpoint.host)?;
    if !matches!(address, DockerAddress::Tcp(_)) {
        return Ok(address);
    }
    if endpoint.skip_tls_verify {
        let setting = format!("the Docker context `{name}`");
        return Err(AddressError::Unverified { host: endpoint.host, setting });
    }
    let files = store.join("tls").join(&id).join("docker");
    if files.is_dir() { Ok(address.with_tls(Tls::read(&files, Trust::CaOrSystem)?)) } else { Ok(address) }
}

/// The SHA-256 of the name in hexadecimal digits.
fn context_id(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, AddressError> {
    let text = fs::read(path).map_err(|source| AddressError::UnreadableFile { path: path.to_owned(), source })?;
    // The library's message may quote the file, and a config.json contains logins.
    serde_json::from_slice(&text).map_err(|error| AddressError::InvalidDockerFile {
        path: path.to_owned(),
        message: format!("line {}, column {}", error.line(), error.column()),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::{context_address, context_id, current_context};

    #[test]
    fn folder_of_a_context_is_the_sha256_of_its_name() {
        // `docker context create desktop-linux` creates this folder.
        assert_eq!(context_id("desktop-linux"), "fe9c6bd7a66301f49ca9b6a70b217107cd1284598bfc254700c989b916da791e");
    }

    /// Writes both files of a context, as Docker's CLI does.
    fn write_context(folder: &std::path::Path, name: &str, config: &[u8], meta: &[u8]) {
        let store = folder.join("contexts/meta").join(context_id(name));
        fs::create_dir_all(&store).unwrap();
        fs::write(folder.join("config.json"), config).unwrap();
        fs::write(store.join("meta.json"), meta).unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn context_files_lead_to_the_name_and_address_in_them(name in "[^\"\\\\]{1,20}", path in "/[a-z /]{0,20}") {
            let folder = tempfile::tempdir().unwrap();
            let config = serde_json::json!({ "currentContext": name, "auths": {} });
            let meta = serde_json::json!({ "Endpoints": { "docker": { "Host": format!("unix://{path}") } } });
            write_context(folder.path(), &name, config.to_string().as_bytes(), meta.to_string().as_bytes());
            let current = current_context(folder.path()).unwrap();
            prop_assert_eq!(current.as_deref(), Some(&*name).filter(|name| *name != "default"));
            let address = context_address(folder.path(), &name).unwrap();
            prop_assert_eq!(address.to_string(), format!("unix://{path}"));
        }

        #[test]
        fn context_files_of_any_bytes_are_never_quoted(bytes: Vec<u8>, secret in "[a-z]{16}") {
            let folder = tempfile::tempdir().unwrap();
            let text = [secret.as_bytes(), &bytes].concat();
            write_context(folder.path(), "c", &text, &text);
            let config = current_context(folder.path()).unwrap_err().to_string();
            let meta = context_address(folder.path(), "c").unwrap_err().to_string();
            prop_assert!(!config.contains(&secret) && !meta.contains(&secret), "{config} {meta}");
        }
    }
}
