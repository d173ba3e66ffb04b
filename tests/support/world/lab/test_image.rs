//! Images for one test in the lab's registries. No engine has their layers.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use super::environment::{Lab, root};

/// An image in one of the lab's registries, until it is dropped.
pub struct TestImage {
    registry: &'static str,
    repository: String,
    pub digest: String,
}

impl TestImage {
    /// Pushes an image to registry one, with this number of layers and this total size in bytes.
    pub fn push(lab: &Lab, layers: usize, bytes: usize) -> Self {
        Self::push_to("registry-one", lab, layers, bytes)
    }

    /// Pushes a small image to the registry with the names of ECR.
    pub fn push_to_ecr(lab: &Lab) -> Self {
        Self::push_to("ecr", lab, 1, 100_000)
    }

    fn push_to(registry: &'static str, lab: &Lab, layers: usize, bytes: usize) -> Self {
        static IMAGE_COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = IMAGE_COUNT.fetch_add(1, Ordering::Relaxed);
        let repository = format!("faults/{:?}-{}-{number}", lab.engine, std::process::id()).to_lowercase();
        let seed = format!("{repository} {:?}", SystemTime::now());
        let mut command = Command::new("python3");
        command.arg("-B").arg(root().join("lab/images.py")).args(["push", "--registry", lab.address(registry)]);
        command.args(["--user", "puller-one", "--password-file"]).arg(lab_file("seed/puller-one.password"));
        command.args(["--layers", &layers.to_string(), "--bytes", &bytes.to_string(), "--seed", &seed]);
        command.arg(format!("{repository}:1"));
        let output = command.output().expect("Python");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { registry, repository, digest: String::from_utf8_lossy(&output.stdout).trim().to_owned() }
    }

    /// The reference of the image at this registry host.
    pub fn reference_at(&self, host: &str) -> String {
        format!("{host}/{}:1", self.repository)
    }

    fn folder(&self) -> PathBuf {
        self.storage().join("repositories").join(&self.repository)
    }

    fn storage(&self) -> PathBuf {
        lab_file(self.registry).join("data/docker/registry/v2")
    }
}

/// The address of registry one.
pub const REGISTRY: &str = "127.0.0.1:25001";

fn lab_file(path: &str) -> PathBuf {
    root().join("target/lab").join(path)
}

impl Drop for TestImage {
    /// Deletes the files: the registry itself would keep the bytes until a garbage collection.
    fn drop(&mut self) {
        for links in ["_layers/sha256", "_manifests/revisions/sha256"] {
            for digest in fs::read_dir(self.folder().join(links)).into_iter().flatten().flatten() {
                let digest = digest.file_name().to_string_lossy().into_owned();
                let _ = fs::remove_dir_all(self.storage().join("blobs/sha256").join(&digest[..2]).join(&digest));
            }
        }
        let _ = fs::remove_dir_all(self.folder());
    }
}
