//! The AWS as tests use it.

use std::sync::{Arc, Mutex, MutexGuard};

use super::super::fault::Calls;
use super::super::http::HttpServer;
use super::compiled_policy::{CompiledPolicy, PolicyKind};
use super::ecs::Cluster;
use super::fault::AwsFault;
use super::identity::AccessKey;
use super::policy::Policy;
use super::recorded_call::RecordedCall;
use super::secret::{self, Secret, SecretMetadata};
use super::state::{AwsState, Key};
use super::{arn, clock, kms};

/// The AWS; it runs until it is dropped.
pub struct FakeAws {
    state: Arc<Mutex<AwsState>>,
    server: HttpServer,
}

impl FakeAws {
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(AwsState::new()));
        let shared = state.clone();
        let server = HttpServer::on_loopback(move |request| lock(&shared).reply(&request));
        Self { state, server }
    }

    /// The value for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port())
    }

    /// The environment that a program needs to call this AWS with this key.
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

    /// Stores a user with this identity policy, and returns an additional key of the user.
    pub fn put_user(&self, arn: &str, policy: impl Into<Policy>) -> AccessKey {
        self.state().identities.put_user(arn, &policy.into())
    }

    /// Stores a role. Existing sessions of a role with this ARN get the new policies.
    pub fn put_role(&self, arn: &str, trust: impl Into<Policy>, policy: impl Into<Policy>) {
        self.state().identities.put_role(arn, &trust.into(), &policy.into());
    }

    /// Opens a session without `AssumeRole`, like that of an instance or a task.
    pub fn open_session(&self, role: &str, name: &str) -> AccessKey {
        let mut state = self.state();
        assert!(state.identities.role(role).is_some(), "no such role: {role}");
        let expires = clock::now() + state.clock_offset + 3600;
        state.identities.open_session(role, name, expires).key
    }

    /// Stores a customer key.
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

    /// The ciphertext that KMS would return for this text under a key, with an encryption context.
    pub fn ciphertext(key: &str, context: &[(&str, &str)], text: &[u8]) -> Vec<u8> {
        let pairs = context.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        kms::ciphertext(key, &pairs.collect(), text)
    }

    /// Stores a secret; replaces a secret with the same ARN.
    pub fn put_secret(&self, secret: Secret) {
        let mut state = self.state();
        if let Some(key) = &secret.key {
            assert!(state.keys.contains_key(key), "no such key: {key}");
        }
        state.secrets.insert(secret.arn.clone(), secret);
    }

    /// Stores an ECS cluster; replaces a cluster with the same ARN.
    pub fn put_cluster(&self, arn: &str, cluster: Cluster) {
        arn::Arn::expect(arn, "ecs");
        self.state().clusters.insert(arn.to_owned(), cluster);
    }

    /// Stores a revision of a task definition.
    pub fn put_task_definition(&self, arn: &str, definition: serde_json::Value) {
        arn::Arn::expect(arn, "ecs");
        self.state().task_definitions.insert(arn.to_owned(), definition);
    }

    /// Makes this text the current version, and returns the id of the version.
    pub fn rotate(&self, arn: &str, text: &str) -> String {
        self.state().secrets.get_mut(arn).expect("such a secret").rotate(text)
    }

    /// The current text of a secret and its number of versions; `None` if the secret does not exist.
    pub fn stored_secret(&self, arn: &str) -> Option<(String, usize)> {
        let state = self.state();
        let secret = state.secrets.get(arn)?;
        match &secret.labelled(secret::CURRENT)?.content {
            secret::Content::Text(text) => Some((text.clone(), secret.versions.len())),
            secret::Content::Binary(_) => None,
        }
    }

    /// The description and tags of a secret, and the Regions of its replicas.
    pub fn secret_metadata(&self, arn: &str) -> SecretMetadata {
        self.state().secrets[arn].metadata()
    }

    pub fn expire_sessions(&self) {
        self.state().identities.expire_sessions();
    }

    /// Sets the clock of the services ahead of the machine's, or behind it.
    pub fn set_clock_ahead(&self, seconds: i64) {
        self.state().clock_offset = seconds;
    }

    /// Sets the lifetime of later ECR tokens, in seconds; negative for tokens that are expired when
    /// they are issued.
    pub fn set_token_lifetime(&self, seconds: i64) {
        self.state().token_lifetime = seconds;
    }

    /// Plans a fault for calls of this operation, such as `GetSecretValue`.
    pub fn inject_fault(&self, operation: &str, calls: Calls, fault: AwsFault) {
        self.state().faults.add(operation.to_owned(), calls, fault);
    }

    /// Removes the faults planned for calls of this operation.
    pub fn clear_faults(&self, operation: &str) {
        self.state().faults.clear(&operation.to_owned());
    }

    /// All calls so far, including denied and faulted ones, in order of arrival.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.state().calls.clone()
    }

    /// The number of calls of this operation so far.
    pub fn call_count(&self, operation: &str) -> usize {
        self.state().calls.iter().filter(|call| call.operation == operation).count()
    }

    fn state(&self) -> MutexGuard<'_, AwsState> {
        lock(&self.state)
    }
}

/// A panic of a handler fails the test when the server is dropped; continue until then.
fn lock(state: &Mutex<AwsState>) -> MutexGuard<'_, AwsState> {
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
