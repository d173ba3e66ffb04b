//! What the tests of the front doors share: a host with a map of registries.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use crate::support::aws::Policy;
use crate::support::leak::Canary;
use crate::support::run::{Run, RunOutput};
use crate::support_aws_client::{GET_SECRET_VALUE, HOST_USER, SECRET};
use crate::task::World;

/// The host of `OWN` in the tests of ECR.
pub const ECR_HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
pub const REGISTRY: &str = "registry.example:5000";
pub const NOT_FOUND_MESSAGE: &str = "credentials not found in native keychain\n";

/// A world whose host is asked by other programs, and may have secrets and tokens.
pub struct CredentialWorld {
    pub world: World,
    pub folder: TempDir,
}

impl CredentialWorld {
    /// With the secret of the world for `REGISTRY`.
    pub fn new() -> Self {
        let doors = Self { world: World::new(), folder: tempfile::tempdir().unwrap() };
        doors.map(&format!("[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{SECRET}\"\n"));
        doors.may(Policy::allow("ecr:GetAuthorizationToken", "*").and(Policy::allow(GET_SECRET_VALUE, "*")))
    }

    pub fn may(mut self, policy: Policy) -> Self {
        self.world.host = self.world.aws.put_user(HOST_USER, policy);
        self
    }

    /// Writes the configuration file.
    pub fn map(&self, text: &str) {
        fs::write(self.folder.path().join("taskpull.toml"), text).unwrap();
    }

    pub fn configure(&self, run: Run) -> Run {
        self.world.configure(run).env("TASKPULL_CONFIG", self.folder.path().join("taskpull.toml"))
    }

    /// The program under its other name, in a folder with a space in it.
    pub fn helper(&self) -> Run {
        let folder = self.folder.path().join("a folder");
        let link = folder.join("docker-credential-taskpull");
        if !link.exists() {
            fs::create_dir_all(&folder).unwrap();
            symlink(env!("CARGO_BIN_EXE_taskpull"), &link).unwrap();
        }
        self.configure(Run::program(link.to_str().unwrap()))
    }

    /// `docker-credential-taskpull get`, which is asked for this server.
    pub fn get(&self, server: &str) -> RunOutput {
        self.helper().arg("get").stdin(server).output()
    }

    /// `taskpull credential kubelet`, which is asked for this image.
    pub fn kubelet(&self, image: &str) -> RunOutput {
        let request = serde_json::json!({
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "kind": "CredentialProviderRequest",
            "image": image, "serviceAccountToken": "c4nary-service-account-token",
        });
        let ended = self.configure(Run::new(["credential", "kubelet"])).stdin(request.to_string()).output();
        let canary = Canary::new("service account's token", "c4nary-service-account-token");
        assert_eq!(canary.find_in_bytes("stdout", ended.stdout.as_bytes()), []);
        assert_eq!(canary.find_in_bytes("stderr", ended.stderr.as_bytes()), []);
        ended
    }
}

/// An answer of the helper's protocol that is taken for a failure: one line on stdout.
pub fn assert_failed(ended: &RunOutput, said: &str) {
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stdout.starts_with("taskpull: ") && ended.stdout.contains(said), "{said}: {ended:?}");
    assert_eq!(ended.stdout.matches('\n').count(), 1, "one line: {ended:?}");
    assert!(ended.stdout.ends_with('\n') && !ended.stdout.contains(NOT_FOUND_MESSAGE.trim()), "{ended:?}");
}

/// The same of `get`, whose failures Docker's command line would keep to itself.
pub fn assert_not_given(ended: &RunOutput, said: &str) {
    assert_failed(ended, said);
    assert!(ended.stderr.ends_with(&ended.stdout), "what is on stdout is on stderr too: {ended:?}");
}
