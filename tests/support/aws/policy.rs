//! Policy documents in short form.
//!
//! ```ignore
//! Policy::allow("secretsmanager:GetSecretValue", SECRET)              // identity policy
//! Policy::allow("secretsmanager:GetSecretValue", "*").to(ROLE)        // resource policy
//! Policy::trust(HOST_USER).when("StringEquals", "sts:ExternalId", "blue")  // trust policy
//! Policy::allow("kms:*", "*").to(ROOT).and(Policy::deny("kms:Decrypt", "*").to(ROLE))
//! ```
//!
//! Whole documents are accepted as text or as `serde_json::Value`.

use serde_json::{Value, json};

#[derive(Clone)]
pub struct Policy {
    pub(super) version: Value,
    pub(super) statements: Vec<Value>,
}

impl Policy {
    /// A document without statements.
    pub fn none() -> Self {
        Self { version: json!("2012-10-17"), statements: Vec::new() }
    }

    pub fn allow(action: &str, resource: &str) -> Self {
        Self::none().with(json!({ "Effect": "Allow", "Action": action, "Resource": resource }))
    }

    pub fn deny(action: &str, resource: &str) -> Self {
        Self::none().with(json!({ "Effect": "Deny", "Action": action, "Resource": resource }))
    }

    /// The trust policy of a role that lets this principal assume it.
    pub fn trust(principal: &str) -> Self {
        Self::none().with(json!({ "Effect": "Allow", "Action": "sts:AssumeRole" })).to(principal)
    }

    /// Sets the principal of the last statement, which a resource policy needs.
    pub fn to(self, principal: &str) -> Self {
        self.amend("Principal", json!({ "AWS": principal }))
    }

    /// Sets the condition of the last statement; a second call replaces the first.
    pub fn when(self, operator: &str, key: &str, value: &str) -> Self {
        self.amend("Condition", json!({ operator: { key: value } }))
    }

    /// Appends the statements of the other document.
    pub fn and(mut self, other: Self) -> Self {
        self.statements.extend(other.statements);
        self
    }

    fn with(mut self, statement: Value) -> Self {
        self.statements.push(statement);
        self
    }

    fn amend(mut self, element: &str, value: Value) -> Self {
        self.statements.last_mut().expect("a statement to amend")[element] = value;
        self
    }
}

impl From<Value> for Policy {
    fn from(mut document: Value) -> Self {
        let statements = match document["Statement"].take() {
            Value::Array(statements) => statements,
            one @ Value::Object(_) => vec![one],
            _ => panic!("a policy needs a `Statement`: {document}"),
        };
        // In AWS, too, a document without a version uses the older policy language.
        let version = document.get("Version").cloned().unwrap_or(json!("2008-10-17"));
        Self { version, statements }
    }
}

impl From<&str> for Policy {
    fn from(text: &str) -> Self {
        Self::from(serde_json::from_str::<Value>(text).expect("a policy is JSON"))
    }
}
