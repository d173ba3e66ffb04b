//! The world of the `secret` commands, which need no engine.

use super::super::aws::{AccessKey, FakeAws, Policy};
use super::super::leak::Canary;
use super::super::names::{ACCOUNT_ROOT, HOST_USER, KEY};
use super::super::run::{Run, RunOutput};

/// An AWS, and a host that has an identity policy there.
pub struct SecretWorld {
    pub aws: FakeAws,
    pub host: AccessKey,
}

impl SecretWorld {
    /// Creates a world whose host has this identity policy.
    pub fn new(policy: Policy) -> Self {
        let aws = FakeAws::start();
        let host = aws.put_user(HOST_USER, policy);
        Self { aws, host }
    }

    /// Creates a world that also has the customer key `KEY`, whose key policy admits the account.
    pub fn with_key(policy: Policy) -> Self {
        let world = Self::new(policy);
        world.aws.put_key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
        world
    }

    /// Runs the program with the host's credentials and a log at trace level, and asserts that the
    /// output does not contain this secret.
    pub fn output(&self, run: Run, secret: &str) -> RunOutput {
        let output = run.envs(self.aws.environment(&self.host)).env("RUST_LOG", "trace").output();
        Canary::new("secret", secret).assert_absent(&output);
        output
    }
}
