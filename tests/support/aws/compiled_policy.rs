//! Evaluates one policy for one query. Only this file uses `iam-rs`.
//!
//! The crate matches statements, wildcards, variables and conditions. Where it is stricter or
//! looser than AWS, this file corrects it:
//!
//! - It accepts one principal per request. A session of a role is evaluated as itself, as its
//!   role, and as its account; the strongest decision counts.
//! - It cannot parse a `Principal` map with several kinds. Only `AWS` principals send requests in
//!   tests, so the other kinds are dropped.
//! - It accepts wildcards in principals, unknown elements and a missing `Principal`. AWS rejects
//!   such documents, so this file panics.
//! - A trust policy has no `Resource`, so the crate would never match it.
//! - It compares `ArnEquals` literally; in AWS it means `ArnLike`.

use iam_rs::{
    Arn, Context, ContextValue, Decision, EvaluationOptions, IAMPolicy, IAMRequest, PolicyEvaluator, Principal,
    PrincipalId,
};
use serde_json::{Value, json};

use super::policy::Policy;

/// What a policy is attached to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    Identity,
    Resource,
    /// The trust policy of a role.
    Trust,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyDecision {
    Deny,
    Allow,
    /// Allows the caller's account; the caller's own policy decides.
    AllowAccount,
    NotApplicable,
}

pub struct PolicyQuery<'a> {
    /// The caller's ARN, followed by the role's ARN for a session of a role.
    pub principals: &'a [String],
    pub action: &'a str,
    pub resource: &'a str,
    pub context: &'a [(String, String)],
}

#[derive(Clone)]
pub struct CompiledPolicy {
    evaluator: PolicyEvaluator,
    attached: PolicyKind,
}

impl CompiledPolicy {
    /// Panics, naming the error, if AWS would reject the document here.
    pub fn new(policy: &Policy, attached: PolicyKind) -> Self {
        let statements = policy.statements.iter().cloned();
        let statements: Vec<Value> = statements.map(|statement| convert_statement(statement, attached)).collect();
        let document = json!({ "Version": policy.version, "Statement": statements });
        let parsed = serde_json::from_value::<IAMPolicy>(document.clone());
        let parsed = parsed.unwrap_or_else(|error| panic!("unreadable policy ({error}): {document}"));
        let options = EvaluationOptions {
            ignore_resource_constraints: attached == PolicyKind::Trust,
            ..EvaluationOptions::default()
        };
        let evaluator = PolicyEvaluator::with_policies(vec![parsed]).with_options(options);
        Self { evaluator, attached }
    }

    pub fn decide(&self, query: &PolicyQuery<'_>) -> PolicyDecision {
        let decide = |principal: &str| self.decide_for(principal, query);
        if self.attached == PolicyKind::Identity {
            return decide(&query.principals[0]);
        }
        let decisions: Vec<PolicyDecision> = query.principals.iter().map(|each| decide(each)).collect();
        let account = decide(&account_root(&query.principals[0]));
        if decisions.contains(&PolicyDecision::Deny) || account == PolicyDecision::Deny {
            PolicyDecision::Deny
        } else if decisions.contains(&PolicyDecision::Allow) {
            PolicyDecision::Allow
        } else if account == PolicyDecision::Allow {
            PolicyDecision::AllowAccount
        } else {
            PolicyDecision::NotApplicable
        }
    }

    fn decide_for(&self, principal: &str, query: &PolicyQuery<'_>) -> PolicyDecision {
        let request = IAMRequest::new_with_context(
            Principal::Aws(PrincipalId::String(principal.to_owned())),
            query.action,
            Arn::parse(query.resource).expect("decisions are about ARNs"),
            context(query.context),
        );
        let evaluated = self.evaluator.evaluate(&request);
        match evaluated.unwrap_or_else(|error| panic!("policy not evaluated: {error}")).decision {
            Decision::Allow => PolicyDecision::Allow,
            Decision::Deny => PolicyDecision::Deny,
            Decision::NotApplicable => PolicyDecision::NotApplicable,
        }
    }
}

fn context(pairs: &[(String, String)]) -> Context {
    let mut context = Context::new();
    for (key, value) in pairs {
        let value = match value.parse() {
            Ok(yes) => ContextValue::Boolean(yes),
            Err(_) => ContextValue::String(value.clone()),
        };
        context.insert(key.clone(), value);
    }
    context
}

fn account_root(principal: &str) -> String {
    let parts: Vec<&str> = principal.split(':').collect();
    format!("arn:{}:iam::{}:root", parts[1], parts[4])
}

/// The statement in the form that `iam-rs` reads.
fn convert_statement(mut statement: Value, attached: PolicyKind) -> Value {
    let elements = statement.as_object_mut().expect("a statement is an object");
    for name in elements.keys() {
        const KNOWN: [&str; 9] = [
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        assert!(KNOWN.contains(&name.as_str()), "a statement has no element `{name}`");
    }
    let has = |name: &str| elements.contains_key(name);
    let names_principal = has("Principal") || has("NotPrincipal");
    let names_resource = has("Resource") || has("NotResource");
    assert_eq!(
        names_principal,
        attached != PolicyKind::Identity,
        "identity policies name no principal, all others do: {statement}",
    );
    assert_eq!(
        names_resource,
        attached != PolicyKind::Trust,
        "trust policies name no resource, all others do: {statement}",
    );
    for element in ["Principal", "NotPrincipal"] {
        if let Some(principal) = elements.get_mut(element) {
            *principal = convert_principal(principal);
        }
    }
    if let Some(condition) = elements.get_mut("Condition").and_then(Value::as_object_mut) {
        let operators = std::mem::take(condition);
        for (operator, keys) in operators {
            let like = operator.replace("ArnEquals", "ArnLike").replace("ArnNotEquals", "ArnNotLike");
            assert!(condition.insert(like, keys).is_none(), "one operator twice: {operator}");
        }
    }
    statement
}

fn convert_principal(principal: &Value) -> Value {
    if principal == "*" {
        return json!("*");
    }
    let kinds = principal.as_object().expect("a principal is `*` or a map");
    let Some(principals) = kinds.get("AWS") else {
        return principal.clone();
    };
    let names = principals.as_array().cloned().unwrap_or_else(|| vec![principals.clone()]);
    for name in &names {
        let name = name.as_str().expect("a principal's name is text");
        if name == "*" {
            return json!("*");
        }
        assert!(!name.contains(['*', '?']), "no wildcard within a principal: {name}");
    }
    json!({ "AWS": names })
}
