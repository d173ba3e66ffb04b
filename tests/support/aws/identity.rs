//! Users, roles, their access keys and sessions.

use std::collections::HashMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};

use super::super::digest::sha256;
use super::access::Caller;
use super::arn::Arn;
use super::clock;
use super::compiled_policy::{CompiledPolicy, PolicyKind};
use super::policy::Policy;

/// The key that a client signs with. The key of a session has a token.
#[derive(Clone)]
pub struct AccessKey {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

pub struct Role {
    pub trust: CompiledPolicy,
    identity: CompiledPolicy,
}

/// A session of a role, as `AssumeRole` returns it.
pub struct Session {
    pub key: AccessKey,
    pub arn: String,
    pub user_id: String,
    pub expires: i64,
}

#[derive(Clone)]
enum KeyOwner {
    User { arn: String },
    Session { role: String, arn: String, expires: i64 },
}

/// The reason for rejecting a key.
#[derive(Clone, Copy)]
pub enum KeyError {
    /// The key does not exist, or has another token.
    Invalid,
    Expired,
}

#[derive(Default)]
pub struct Identities {
    users: HashMap<String, CompiledPolicy>,
    roles: HashMap<String, Role>,
    keys: HashMap<String, (AccessKey, KeyOwner)>,
}

impl Identities {
    pub fn put_user(&mut self, arn: &str, policy: &Policy) -> AccessKey {
        assert!(Arn::expect(arn, "iam").resource.starts_with("user/"), "no user: {arn}");
        self.users.insert(arn.to_owned(), CompiledPolicy::new(policy, PolicyKind::Identity));
        self.issue("AKIA", KeyOwner::User { arn: arn.to_owned() })
    }

    pub fn put_role(&mut self, arn: &str, trust: &Policy, policy: &Policy) {
        assert!(Arn::expect(arn, "iam").resource.starts_with("role/"), "no role: {arn}");
        let trust = CompiledPolicy::new(trust, PolicyKind::Trust);
        let identity = CompiledPolicy::new(policy, PolicyKind::Identity);
        self.roles.insert(arn.to_owned(), Role { trust, identity });
    }

    pub fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.get(arn)
    }

    pub fn open_session(&mut self, role: &str, name: &str, expires: i64) -> Session {
        let Arn { partition, account, resource, .. } = Arn::expect(role, "iam");
        let role_name = resource.rsplit('/').next().unwrap_or(resource);
        let arn = format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{name}");
        let owner = KeyOwner::Session { role: role.to_owned(), arn: arn.clone(), expires };
        let user_id = session_id(role, &arn);
        Session { key: self.issue("ASIA", owner), arn, user_id, expires }
    }

    pub fn expire_sessions(&mut self) {
        for (_, owner) in self.keys.values_mut() {
            if let KeyOwner::Session { expires, .. } = owner {
                *expires = 0;
            }
        }
    }

    /// The secret part of a key, and the caller that signs with it.
    pub fn authenticate(&self, key_id: &str, token: Option<&str>, now: i64) -> Result<(&str, Caller), KeyError> {
        let (key, owner) = self.keys.get(key_id).ok_or(KeyError::Invalid)?;
        if key.token.as_deref() != token {
            return Err(KeyError::Invalid);
        }
        let caller = match owner {
            KeyOwner::User { arn } => Caller {
                principals: vec![arn.clone()],
                user_id: unique_id("AIDA", arn),
                policy: self.users[arn].clone(),
                is_session: false,
            },
            KeyOwner::Session { expires, .. } if *expires <= now => return Err(KeyError::Expired),
            KeyOwner::Session { role, arn, .. } => Caller {
                principals: vec![arn.clone(), role.clone()],
                user_id: session_id(role, arn),
                policy: self.roles[role].identity.clone(),
                is_session: true,
            },
        };
        Ok((&key.secret, caller))
    }

    fn issue(&mut self, prefix: &str, owner: KeyOwner) -> AccessKey {
        let seed = format!("{} {}", self.keys.len(), clock::now());
        let text = |purpose| STANDARD_NO_PAD.encode(Sha256::digest(format!("{purpose} {seed}")));
        let key = AccessKey {
            id: format!("{prefix}{:016}", self.keys.len() + 1),
            secret: text("secret")[..40].to_owned(),
            token: (prefix == "ASIA").then(|| text("token")),
        };
        self.keys.insert(key.id.clone(), (key.clone(), owner));
        key
    }
}

fn session_id(role: &str, session: &str) -> String {
    let name = session.rsplit('/').next().unwrap_or_default();
    format!("{}:{name}", unique_id("AROA", role))
}

fn unique_id(prefix: &str, arn: &str) -> String {
    format!("{prefix}{}", sha256(arn)[..17].to_uppercase())
}
