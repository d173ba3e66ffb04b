//! The world of a pull.

use serde_json::Value;

use super::super::aws::{AccessKey, FakeAws, Policy, Secret};
use super::super::engine::FakeEngine;
use super::super::names::{GET_SECRET_VALUE, HOST_USER, SECRET};
use super::super::run::Run;
use super::definition::LOGIN;

/// An engine, and an AWS whose host may read the secret `SECRET` with the value `LOGIN`.
pub struct World {
    pub aws: FakeAws,
    pub host: AccessKey,
    pub engine: FakeEngine,
}

impl World {
    pub fn new() -> Self {
        let aws = FakeAws::start();
        aws.put_secret(Secret::text(SECRET, LOGIN));
        let host = aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*"));
        Self { aws, host, engine: FakeEngine::start() }
    }

    /// Sets the environment by which a run finds this AWS and this engine.
    pub fn configure(&self, run: Run) -> Run {
        run.envs(self.aws.environment(&self.host)).env("DOCKER_HOST", self.engine.host())
    }

    /// `taskpull pull --output json -` in this world.
    pub fn pull(&self, definition: &Value) -> Run {
        self.configure(Run::pull(definition))
    }
}
