//! Task definitions for the tests at the wire, and the worlds they are pulled in.

use serde_json::{Value, json};

use crate::support::aws::{AccessKey, FakeAws, Policy, Secret};
use crate::support::engine::FakeEngine;
use crate::support::run::Run;
use crate::support_aws_client::{GET_SECRET_VALUE, HOST_USER, SECRET};

pub const IMAGE: &str = "registry.example:5000/team/app:v1";
pub const LOGIN: &str = r#"{"username": "me", "password": "swordfish"}"#;

/// A container with the secret that its registry wants.
pub fn container(name: &str, image: &str, secret: &str) -> Value {
    json!({ "name": name, "image": image, "repositoryCredentials": { "credentialsParameter": secret } })
}

/// A container without credentials.
pub fn open_container(name: &str, image: &str) -> Value {
    json!({ "name": name, "image": image })
}

pub fn task(containers: &[Value]) -> Value {
    json!({ "family": "web", "containerDefinitions": containers })
}

/// An AWS whose host may read `SECRET`, which holds `LOGIN`, and an engine.
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

    /// A run in this world.
    pub fn configure(&self, run: Run) -> Run {
        run.envs(self.aws.environment(&self.host)).env("DOCKER_HOST", self.engine.host())
    }

    /// `taskpull pull --output json -` in this world.
    pub fn pull(&self, definition: &Value) -> Run {
        self.configure(Run::pull(definition))
    }
}
