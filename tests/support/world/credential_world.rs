//! A world for programs that request logins: credential helpers and kubelets.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;
use tempfile::TempDir;

use super::super::aws::Policy;
use super::super::leak::Canary;
use super::super::names::{GET_SECRET_VALUE, HOST_USER, SECRET};
use super::super::run::{Run, RunOutput};
use super::pull_world::World;

/// The registry host of the image `OWN_IMAGE`.
pub const ECR_HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
pub const REGISTRY: &str = "registry.example:5000";
/// The message by which a credential helper states that it has no login.
pub const NOT_FOUND_MESSAGE: &str = "credentials not found in native keychain\n";

/// A world with a configuration file, whose host may read secrets and get ECR tokens.
pub struct CredentialWorld {
    pub world: World,
    pub folder: TempDir,
}

impl CredentialWorld {
    /// Creates a world whose configuration maps `REGISTRY` to the secret of the world.
    pub fn new() -> Self {
        let world = Self { world: World::new(), folder: tempfile::tempdir().unwrap() };
        world.write_config(&format!("[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{SECRET}\"\n"));
        world.with_policy(Policy::allow("ecr:GetAuthorizationToken", "*").and(Policy::allow(GET_SECRET_VALUE, "*")))
    }

    /// Sets the identity policy of the host.
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.world.host = self.world.aws.put_user(HOST_USER, policy);
        self
    }

    /// Writes the configuration file.
    pub fn write_config(&self, text: &str) {
        fs::write(self.folder.path().join("taskpull.toml"), text).unwrap();
    }

    /// Sets the environment by which a run finds this world and the configuration file.
    pub fn configure(&self, run: Run) -> Run {
        self.world.configure(run).env("TASKPULL_CONFIG", self.folder.path().join("taskpull.toml"))
    }

    /// A run of `docker-credential-taskpull`, from a folder with a space in its name.
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

    /// Runs `taskpull credential kubelet` for this image, and asserts that the service account
    /// token of the request does not leak.
    pub fn kubelet(&self, image: &str) -> RunOutput {
        let request = json!({
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "kind": "CredentialProviderRequest",
            "image": image, "serviceAccountToken": "c4nary-service-account-token",
        });
        let output = self.configure(Run::new(["credential", "kubelet"])).stdin(request.to_string()).output();
        Canary::new("service account's token", "c4nary-service-account-token").assert_absent(&output);
        output
    }
}

/// Asserts that a credential helper failed with one line on stdout that contains this text.
pub fn assert_failed(output: &RunOutput, text: &str) {
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stdout.starts_with("taskpull: ") && output.stdout.contains(text), "{text}: {output:?}");
    assert_eq!(output.stdout.matches('\n').count(), 1, "one line: {output:?}");
    assert!(output.stdout.ends_with('\n') && !output.stdout.contains(NOT_FOUND_MESSAGE.trim()), "{output:?}");
}

/// Asserts the same of `get`, whose failure must also be on stderr: Docker does not show stdout.
pub fn assert_get_failed(output: &RunOutput, text: &str) {
    assert_failed(output, text);
    assert!(output.stderr.ends_with(&output.stdout), "stderr repeats the message of stdout: {output:?}");
}
