//! A host with a map of registries, shared by the tests of the credential protocols.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use crate::support::aws::Policy;
use crate::support::leak::Canary;
use crate::support::run::{Run, RunOutput};
use crate::support_aws_client::{GET_SECRET_VALUE, HOST_USER, SECRET};
use crate::task::World;

/// The registry host of `OWN` in the tests of ECR.
pub const ECR_HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
pub const REGISTRY: &str = "registry.example:5000";
pub const NOT_FOUND_MESSAGE: &str = "credentials not found in native keychain\n";

/// A world whose host may read secrets and get ECR tokens, and the folder of its configuration file.
pub struct CredentialWorld {
    pub world: World,
    pub folder: TempDir,
}

impl CredentialWorld {
    /// Creates a host whose map names the world's secret for `REGISTRY`.
    pub fn new() -> Self {
        let fixture = Self { world: World::new(), folder: tempfile::tempdir().unwrap() };
        fixture.write_config(&format!("[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{SECRET}\"\n"));
        fixture.with_policy(Policy::allow("ecr:GetAuthorizationToken", "*").and(Policy::allow(GET_SECRET_VALUE, "*")))
    }

    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.world.host = self.world.aws.put_user(HOST_USER, policy);
        self
    }

    /// Writes the configuration file.
    pub fn write_config(&self, text: &str) {
        fs::write(self.folder.path().join("taskpull.toml"), text).unwrap();
    }

    pub fn configure(&self, run: Run) -> Run {
        self.world.configure(run).env("TASKPULL_CONFIG", self.folder.path().join("taskpull.toml"))
    }

    /// Runs the program as `docker-credential-taskpull`, from a folder whose name contains a space.
    pub fn helper(&self) -> Run {
        let folder = self.folder.path().join("a folder");
        let link = folder.join("docker-credential-taskpull");
        if !link.exists() {
            fs::create_dir_all(&folder).unwrap();
            symlink(env!("CARGO_BIN_EXE_taskpull"), &link).unwrap();
        }
        self.configure(Run::program(link.to_str().unwrap()))
    }

    /// Runs `docker-credential-taskpull get` for this server.
    pub fn get(&self, server: &str) -> RunOutput {
        self.helper().arg("get").stdin(server).output()
    }

    /// Runs `taskpull credential kubelet` for this image, and checks that the service account's token does not leak.
    pub fn kubelet(&self, image: &str) -> RunOutput {
        let request = serde_json::json!({
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "kind": "CredentialProviderRequest",
            "image": image, "serviceAccountToken": "c4nary-service-account-token",
        });
        let output = self.configure(Run::new(["credential", "kubelet"])).stdin(request.to_string()).output();
        let canary = Canary::new("service account's token", "c4nary-service-account-token");
        assert_eq!(canary.find_in_bytes("stdout", output.stdout.as_bytes()), []);
        assert_eq!(canary.find_in_bytes("stderr", output.stderr.as_bytes()), []);
        output
    }
}

/// Asserts that the helper failed as its protocol requires: with one line on stdout.
pub fn assert_failed(output: &RunOutput, message: &str) {
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stdout.starts_with("taskpull: ") && output.stdout.contains(message), "{message}: {output:?}");
    assert_eq!(output.stdout.matches('\n').count(), 1, "stdout has one line: {output:?}");
    assert!(output.stdout.ends_with('\n') && !output.stdout.contains(NOT_FOUND_MESSAGE.trim()), "{output:?}");
}

/// Asserts a failure of `get`, which is also on stderr because Docker's command line does not print it.
pub fn assert_get_failed(output: &RunOutput, message: &str) {
    assert_failed(output, message);
    assert!(output.stderr.ends_with(&output.stdout), "stderr repeats stdout: {output:?}");
}
