//! A host with a map of registries, shared by the tests of the credential protocols.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use crate::support::aws::Policy;
use crate::support::leak::Canary;
use crate::support::run::{Ended, Run};
use crate::support_aws_client::{GET, HOST, SECRET};
use crate::task::World;

/// The registry host of `OWN` in the tests of ECR.
pub const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
pub const REGISTRY: &str = "registry.example:5000";
pub const NOT_OURS: &str = "credentials not found in native keychain\n";

/// A world whose host may read secrets and get ECR tokens, and the folder of its configuration file.
pub struct Doors {
    pub world: World,
    pub folder: TempDir,
}

impl Doors {
    /// Creates a host whose map names the world's secret for `REGISTRY`.
    pub fn new() -> Self {
        let doors = Self { world: World::new(), folder: tempfile::tempdir().unwrap() };
        doors.map(&format!("[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{SECRET}\"\n"));
        doors.may(Policy::allow("ecr:GetAuthorizationToken", "*").and(Policy::allow(GET, "*")))
    }

    pub fn may(mut self, policy: Policy) -> Self {
        self.world.host = self.world.aws.user(HOST, policy);
        self
    }

    /// Writes the configuration file.
    pub fn map(&self, text: &str) {
        fs::write(self.folder.path().join("taskpull.toml"), text).unwrap();
    }

    pub fn set(&self, run: Run) -> Run {
        self.world.set(run).env("TASKPULL_CONFIG", self.folder.path().join("taskpull.toml"))
    }

    /// Runs the program as `docker-credential-taskpull`, from a folder whose name contains a space.
    pub fn helper(&self) -> Run {
        let folder = self.folder.path().join("a folder");
        let link = folder.join("docker-credential-taskpull");
        if !link.exists() {
            fs::create_dir_all(&folder).unwrap();
            symlink(env!("CARGO_BIN_EXE_taskpull"), &link).unwrap();
        }
        self.set(Run::program(link.to_str().unwrap()))
    }

    /// Runs `docker-credential-taskpull get` for this server.
    pub fn get(&self, server: &str) -> Ended {
        self.helper().arg("get").stdin(server).end()
    }

    /// Runs `taskpull credential kubelet` for this image, and checks that the service account's token does not leak.
    pub fn kubelet(&self, image: &str) -> Ended {
        let request = serde_json::json!({
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "kind": "CredentialProviderRequest",
            "image": image, "serviceAccountToken": "c4nary-service-account-token",
        });
        let ended = self.set(Run::new(["credential", "kubelet"])).stdin(request.to_string()).end();
        let canary = Canary::new("service account's token", "c4nary-service-account-token");
        assert_eq!(canary.in_bytes("stdout", ended.stdout.as_bytes()), []);
        assert_eq!(canary.in_bytes("stderr", ended.stderr.as_bytes()), []);
        ended
    }
}

/// Asserts that the helper failed as its protocol requires: with one line on stdout.
pub fn assert_failed(ended: &Ended, message: &str) {
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stdout.starts_with("taskpull: ") && ended.stdout.contains(message), "{message}: {ended:?}");
    assert_eq!(ended.stdout.matches('\n').count(), 1, "stdout has one line: {ended:?}");
    assert!(ended.stdout.ends_with('\n') && !ended.stdout.contains(NOT_OURS.trim()), "{ended:?}");
}

/// Asserts a failure of `get`, which is also on stderr because Docker's command line does not print it.
pub fn assert_not_given(ended: &Ended, message: &str) {
    assert_failed(ended, message);
    assert!(ended.stderr.ends_with(&ended.stdout), "stderr repeats stdout: {ended:?}");
}
