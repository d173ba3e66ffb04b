//! `GET /info`: where the engine keeps its images, and for what it runs them.
//!
//! Asked past bollard, whose model has an error for every field that an engine writes
//! otherwise. It takes Docker 20.10 some 10 ms and Podman 4.3 some 150: nobody waits for it
//! who does not need it.

use std::path::{Path, PathBuf};

use http::{StatusCode, Uri};
use serde::Deserialize;

use crate::engine::Storage;
use crate::engine::address::DockerAddress;
use crate::engine::engine_error::EngineError;
use crate::engine::http_get::get;
use crate::engine::ping::ApiVersion;
use crate::task::Platform;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Info {
    docker_root_dir: PathBuf,
    driver: String,
    #[serde(default)]
    driver_status: Vec<Vec<String>>,
    #[serde(default, rename = "OSType")]
    os_type: String,
    #[serde(default)]
    architecture: String,
}

/// Where the engine keeps its images, if that is a place on this host; whether it can be seen
/// is the reader's to find out.
pub(crate) async fn storage(
    address: &DockerAddress,
    (major, minor): ApiVersion,
) -> Result<Option<Storage>, EngineError> {
    // An engine behind TCP may be anywhere, and a folder of the same name here means nothing.
    let DockerAddress::Unix(_) = address else { return Ok(None) };
    let Ok(path) = format!("/v{major}.{minor}/info").parse::<Uri>() else { return Ok(None) };
    let answer = get(address, path).await?;
    if answer.status() != StatusCode::OK {
        return Ok(None);
    }
    Ok(serde_json::from_slice(answer.body()).ok().and_then(read))
}

fn read(info: Info) -> Option<Storage> {
    let Info { docker_root_dir: root, driver, driver_status, os_type, architecture } = info;
    // Its images are containerd's then, in a folder that nobody tells.
    let is_containerds =
        driver_status.iter().any(|row| matches!(&**row, [_, kind] if kind.starts_with("io.containerd.")));
    // The driver's name is a folder's in the root, and must lead nowhere else.
    let is_folder = Path::new(&driver).components().count() == 1 && !driver.contains(['/', '.']);
    if is_containerds || !is_folder || !root.is_absolute() {
        return None;
    }
    let platform = Platform::parse(&format!("{os_type}/{architecture}")).ok();
    Some(Storage { sign: root.join(driver), root, platform })
}

#[cfg(test)]
mod tests {
    use super::{Storage, read};
    use crate::task::Platform;

    fn of(json: &str) -> Option<Storage> {
        read(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn the_root_is_the_engines_own() {
        let docker = r#"{"DockerRootDir": "/var/lib/docker", "Driver": "overlay2", "OSType": "linux",
            "DriverStatus": [["Backing Filesystem", "extfs"]], "Architecture": "x86_64", "Plugins": {}}"#;
        let storage = of(docker).unwrap();
        assert_eq!(storage.root.to_str(), Some("/var/lib/docker"));
        assert_eq!(storage.sign.to_str(), Some("/var/lib/docker/overlay2"));
        assert_eq!(storage.platform, Platform::parse("linux/amd64").ok());
    }

    #[test]
    fn images_in_containerds_store_are_not_in_the_root() {
        let status = r#""DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]"#;
        assert!(of(&format!(r#"{{"DockerRootDir": "/var/lib/docker", "Driver": "overlayfs", {status}}}"#)).is_none());
        for (root, driver) in [("lib/docker", "vfs"), ("/", "../etc"), ("/", ""), ("/", "/etc")] {
            assert!(
                of(&format!(r#"{{"DockerRootDir": "{root}", "Driver": "{driver}"}}"#)).is_none(),
                "{root} {driver}"
            );
        }
    }
}
