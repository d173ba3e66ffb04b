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
mod arn;
mod clock;
mod compiled_policy;
mod ecr;
mod ecs;
mod identity;
mod kms;
mod policy;
mod protocol;
mod secret;
mod secret_writes;
mod secretsmanager;
mod signature;
mod state;
mod sts;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use self::compiled_policy::{CompiledPolicy, PolicyKind};
use self::state::{AwsState, Key};
use super::fault::Calls;
use super::gate::Gate;
use super::http::HttpServer;

pub use self::ecs::Cluster;
pub use self::identity::AccessKey;
pub use self::policy::Policy;
pub use self::secret::Secret;

/// What happens to a call in place of its answer, or before it.
#[derive(Clone)]
pub enum AwsFault {
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

impl AwsFault {
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

pub struct FakeAws {
    state: Arc<Mutex<AwsState>>,
    server: HttpServer,
}

impl FakeAws {
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(AwsState::empty()));
        let shared = state.clone();
        let server = HttpServer::on_loopback(move |request| lock(&shared).reply(&request));
        Self { state, server }
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
    pub fn put_user(&self, arn: &str, policy: impl Into<Policy>) -> AccessKey {
        self.state().identities.put_user(arn, &policy.into())
    }

    /// Puts a role. Sessions of a role of the same ARN go on under the new policies.
    pub fn put_role(&self, arn: &str, trust: impl Into<Policy>, policy: impl Into<Policy>) {
        self.state().identities.put_role(arn, &trust.into(), &policy.into());
    }

    /// A session of a role that nobody had to assume: an instance's, or a task's.
    pub fn open_session(&self, role: &str, name: &str) -> AccessKey {
        let mut state = self.state();
        assert!(state.identities.role(role).is_some(), "no such role: {role}");
        let expires = clock::now() + state.clock_offset + 3600;
        state.identities.open_session(role, name, expires).key
    }

    /// Puts a customer key.
    pub fn put_key(&self, arn: &str, policy: impl Into<Policy>) {
        arn::Arn::expect(arn, "kms");
        let policy = CompiledPolicy::new(&policy.into(), PolicyKind::Resource);
        self.state().keys.insert(arn.to_owned(), Key { policy, enabled: true, pending_deletion: false });
    }

    pub fn disable_key(&self, arn: &str) {
        self.state().keys.get_mut(arn).expect("such a key").enabled = false;
    }

    pub fn schedule_deletion_of_key(&self, arn: &str) {
        self.state().keys.get_mut(arn).expect("such a key").pending_deletion = true;
    }

    /// What KMS would make of this text under a key, with an encryption context.
    pub fn ciphertext(key: &str, context: &[(&str, &str)], text: &[u8]) -> Vec<u8> {
        let pairs = context.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        kms::ciphertext(key, &pairs.collect(), text)
    }

    /// Puts a secret, in place of the one of the same ARN if there is one.
    pub fn put_secret(&self, secret: Secret) {
        let mut state = self.state();
        if let Some(key) = &secret.key {
            assert!(state.keys.contains_key(key), "no such key: {key}");
        }
        state.secrets.insert(secret.arn.clone(), secret);
    }

    /// Puts an ECS cluster, in place of the one of the same ARN if there is one.
    pub fn put_cluster(&self, arn: &str, cluster: Cluster) {
        arn::Arn::expect(arn, "ecs");
        self.state().clusters.insert(arn.to_owned(), cluster);
    }

    /// Puts a revision of a task definition.
    pub fn put_task_definition(&self, arn: &str, definition: serde_json::Value) {
        arn::Arn::expect(arn, "ecs");
        self.state().task_definitions.insert(arn.to_owned(), definition);
    }

    /// Makes this text the current version; gives the version's id.
    pub fn rotate(&self, arn: &str, text: &str) -> String {
        self.state().secrets.get_mut(arn).expect("such a secret").rotate(text)
    }

    /// What a secret holds now, and how many versions it has had: none if there is no such secret.
    pub fn stored_secret(&self, arn: &str) -> Option<(String, usize)> {
        let state = self.state();
        let secret = state.secrets.get(arn)?;
        match &secret.labelled(secret::CURRENT)?.content {
            secret::Content::Text(text) => Some((text.clone(), secret.versions.len())),
            secret::Content::Binary(_) => None,
        }
    }

    /// A secret's description, tags and replicas' Regions.
    pub fn secret_metadata(&self, arn: &str) -> (String, Vec<(String, String)>, Vec<String>) {
        let state = self.state();
        let secret = &state.secrets[arn];
        let regions = secret.replicas.iter().map(|(region, _)| region.clone());
        (secret.description.clone(), secret.tags.clone(), regions.collect())
    }

    pub fn expire_sessions(&self) {
        self.state().identities.expire_sessions();
    }

    /// Sets the services' clock ahead of this machine's, or behind it.
    pub fn set_clock_ahead(&self, seconds: i64) {
        self.state().clock_offset = seconds;
    }

    /// How many seconds ECR's tokens serve from now on; less than nothing for those that are
    /// over when they come.
    pub fn set_token_lifetime(&self, seconds: i64) {
        self.state().token_lifetime = seconds;
    }

    /// Plans a fault for calls of this operation, such as `GetSecretValue`.
    pub fn inject_fault(&self, operation: &str, when: Calls, fault: AwsFault) {
        self.state().faults.add(operation.to_owned(), when, fault);
    }

    /// Ends the faults planned for calls of this operation.
    pub fn clear_faults(&self, operation: &str) {
        self.state().faults.clear(&operation.to_owned());
    }

    /// Every call so far, refused and faulted ones too, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// How many calls of this operation there have been.
    pub fn call_count(&self, operation: &str) -> usize {
        self.state().calls.iter().filter(|call| call.operation == operation).count()
    }

    fn state(&self) -> MutexGuard<'_, AwsState> {
        lock(&self.state)
    }
}

/// A handler that panicked fails its test at the server's end; until then, go on.
fn lock(state: &Mutex<AwsState>) -> MutexGuard<'_, AwsState> {
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
