//! An AWS in process: it decides by policy, answers in AWS's own shapes, takes
//! scripted faults, and keeps a log of calls.
//!
//! One endpoint serves every service and Region: the signature says which is
//! meant. A service is a file here and a row in `world.rs`.
//!
//! Decisions follow
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>,
//! without organization policies, permission boundaries and session policies.

mod access;
mod answer;
mod arn;
mod clock;
mod ecr;
mod ecs;
mod evaluate;
mod identity;
mod kms;
mod policy;
mod secret;
mod secretsmanager;
mod signature;
mod sts;
mod upkeep;
mod world;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use self::evaluate::{Attached, CompiledPolicy};
use self::world::{Key, World};
use super::fault::When;
use super::gate::Gate;
use super::http::Server;

pub use self::ecs::Cluster;
pub use self::identity::AccessKey;
pub use self::policy::Policy;
pub use self::secret::Secret;

/// What happens to a call in place of its answer, or before it.
#[derive(Clone)]
pub enum Fault {
    Throttle,
    Status(u16),
    /// An error of the service's own: status, code, message.
    Error(u16, &'static str, &'static str),
    Hang,
    Reset,
    Slow(Duration),
    /// The answer waits until the test opens the gate.
    Hold(Gate),
    /// Success by its status, but not in the service's protocol.
    Garbage,
    /// Success with this body.
    Body(String),
}

impl Fault {
    fn replaces(&self) -> bool {
        !matches!(self, Self::Slow(_) | Self::Hold(_))
    }
}

/// One call as it arrived and as it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub service: &'static str,
    pub operation: String,
    /// The Region and the time of the signature; `None` for an unsigned call.
    pub region: Option<String>,
    pub signed_at: Option<String>,
    /// The caller's ARN; `None` when the caller is not known.
    pub principal: Option<String>,
    /// The secret, role, key or task definition asked for, as it was written.
    pub target: Option<String>,
    /// The error's code; `fault` when a fault took the answer's place.
    pub error: Option<&'static str>,
}

pub struct Aws {
    world: Arc<Mutex<World>>,
    server: Server,
}

impl Aws {
    pub fn start() -> Self {
        let world = Arc::new(Mutex::new(World::empty()));
        let shared = world.clone();
        let server = Server::on_loopback(move |request| lock(&shared).reply(&request));
        Self { world, server }
    }

    /// For `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port())
    }

    /// What a program needs in its environment to call this AWS with this key.
    pub fn environment(&self, key: &AccessKey) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", key.id.clone()),
            ("AWS_SECRET_ACCESS_KEY", key.secret.clone()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        variables.extend(key.token.clone().map(|token| ("AWS_SESSION_TOKEN", token)));
        variables
    }

    /// Puts a user with this identity policy, and gives one more key of theirs.
    pub fn user(&self, arn: &str, policy: impl Into<Policy>) -> AccessKey {
        self.world().identities.put_user(arn, &policy.into())
    }

    /// Puts a role. Sessions of a role of the same ARN go on under the new policies.
    pub fn role(&self, arn: &str, trust: impl Into<Policy>, policy: impl Into<Policy>) {
        self.world().identities.put_role(arn, &trust.into(), &policy.into());
    }

    /// A session of a role that nobody had to assume: an instance's, or a task's.
    pub fn session(&self, role: &str, name: &str) -> AccessKey {
        let mut world = self.world();
        assert!(world.identities.role(role).is_some(), "no such role: {role}");
        let expires = clock::now() + world.ahead + 3600;
        world.identities.open_session(role, name, expires).key
    }

    /// Puts a customer key.
    pub fn key(&self, arn: &str, policy: impl Into<Policy>) {
        arn::Arn::expect(arn, "kms");
        let policy = CompiledPolicy::new(&policy.into(), Attached::ToResource);
        self.world().keys.insert(arn.to_owned(), Key { policy, enabled: true, pending_deletion: false });
    }

    pub fn disable_key(&self, arn: &str) {
        self.world().keys.get_mut(arn).expect("such a key").enabled = false;
    }

    pub fn schedule_deletion_of_key(&self, arn: &str) {
        self.world().keys.get_mut(arn).expect("such a key").pending_deletion = true;
    }

    /// What KMS would make of this text under a key, with an encryption context.
    pub fn ciphertext(key: &str, context: &[(&str, &str)], text: &[u8]) -> Vec<u8> {
        let pairs = context.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        kms::ciphertext(key, &pairs.collect(), text)
    }

    /// Puts a secret, in place of the one of the same ARN if there is one.
    pub fn secret(&self, secret: Secret) {
        let mut world = self.world();
        if let Some(key) = &secret.key {
            assert!(world.keys.contains_key(key), "no such key: {key}");
        }
        world.secrets.insert(secret.arn.clone(), secret);
    }

    /// Puts an ECS cluster, in place of the one of the same ARN if there is one.
    pub fn cluster(&self, arn: &str, cluster: Cluster) {
        arn::Arn::expect(arn, "ecs");
        self.world().clusters.insert(arn.to_owned(), cluster);
    }

    /// Puts a revision of a task definition.
    pub fn task_definition(&self, arn: &str, definition: serde_json::Value) {
        arn::Arn::expect(arn, "ecs");
        self.world().task_definitions.insert(arn.to_owned(), definition);
    }

    /// Makes this text the current version; gives the version's id.
    pub fn rotate(&self, arn: &str, text: &str) -> String {
        self.world().secrets.get_mut(arn).expect("such a secret").rotate(text)
    }

    /// What a secret holds now, and how many versions it has had: none if there is no such secret.
    pub fn stored(&self, arn: &str) -> Option<(String, usize)> {
        let world = self.world();
        let secret = world.secrets.get(arn)?;
        match &secret.labelled(secret::CURRENT)?.content {
            secret::Content::Text(text) => Some((text.clone(), secret.versions.len())),
            secret::Content::Binary(_) => None,
        }
    }

    /// A secret's description, tags and replicas' Regions.
    pub fn described(&self, arn: &str) -> (String, Vec<(String, String)>, Vec<String>) {
        let world = self.world();
        let secret = &world.secrets[arn];
        let regions = secret.replicas.iter().map(|(region, _)| region.clone());
        (secret.description.clone(), secret.tags.clone(), regions.collect())
    }

    pub fn expire_sessions(&self) {
        self.world().identities.expire_sessions();
    }

    /// Sets the services' clock ahead of this machine's, or behind it.
    pub fn set_clock_ahead(&self, seconds: i64) {
        self.world().ahead = seconds;
    }

    /// How many seconds ECR's tokens serve from now on; less than nothing for those that are
    /// over when they come.
    pub fn set_token_life(&self, seconds: i64) {
        self.world().token_life = seconds;
    }

    /// Plans a fault for calls of this operation, such as `GetSecretValue`.
    pub fn fault(&self, operation: &str, when: When, fault: Fault) {
        self.world().faults.plan(operation.to_owned(), when, fault);
    }

    /// Ends the faults planned for calls of this operation.
    pub fn lift(&self, operation: &str) {
        self.world().faults.lift(&operation.to_owned());
    }

    /// Every call so far, refused and faulted ones too, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.world().calls.clone()
    }

    /// How many calls of this operation there have been.
    pub fn count(&self, operation: &str) -> usize {
        self.world().calls.iter().filter(|call| call.operation == operation).count()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }
}

/// A handler that panicked fails its test at the server's end; until then, go on.
fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
