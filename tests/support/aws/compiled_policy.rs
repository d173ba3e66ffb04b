//! The only file that knows `iam-rs`: what one policy says to one question.
//!
//! The crate matches statements, wildcards, variables and conditions. It is
//! stricter or looser than AWS in some places, which are mended here:
//!
//! - It knows one principal per request. A role's session is answered as itself,
//!   as its role, and as its account; the strongest answer counts.
//! - A `Principal` map with several kinds does not parse. Only `AWS` principals
//!   call us, so the other kinds are dropped.
//! - It takes wildcards in principals, unknown elements and missing `Principal`s
//!   without a word. AWS refuses such documents, and so do we, by panicking.
//! - A trust policy has no `Resource`; the crate would never match it.
//! - `ArnEquals` compares literally; in AWS it is `ArnLike`.

use iam_rs::{
    Arn, Context, ContextValue, Decision, EvaluationOptions, IAMPolicy, IAMRequest, PolicyEvaluator, Principal,
    PrincipalId,
};
use serde_json::{Value, json};

use super::policy::Policy;

/// Where a policy is attached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    Identity,
    Resource,
    /// A role's trust policy.
    Trust,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyDecision {
    Deny,
    Allow,
    /// Allows the caller's account, which leaves the decision to the caller's own policy.
    AllowAccount,
    NotApplicable,
}

pub struct PolicyQuery<'a> {
    /// The caller's ARN; for a role's session, the role's ARN after it.
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
    /// Panics, naming the fault, for a document that AWS would not accept here.
    pub fn new(policy: &Policy, attached: PolicyKind) -> Self {
        let each = policy.statements.iter().cloned();
        let statements: Vec<Value> = each.map(|statement| accepted(statement, attached)).collect();
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

    pub fn answers(&self, question: &PolicyQuery<'_>) -> PolicyDecision {
        let said = |principal: &str| self.says_to(principal, question);
        if self.attached == PolicyKind::Identity {
            return said(&question.principals[0]);
        }
        let own: Vec<PolicyDecision> = question.principals.iter().map(|each| said(each)).collect();
        let account = said(&account_root(&question.principals[0]));
        if own.contains(&PolicyDecision::Deny) || account == PolicyDecision::Deny {
            PolicyDecision::Deny
        } else if own.contains(&PolicyDecision::Allow) {
            PolicyDecision::Allow
        } else if account == PolicyDecision::Allow {
            PolicyDecision::AllowAccount
        } else {
            PolicyDecision::NotApplicable
        }
    }

    fn says_to(&self, principal: &str, question: &PolicyQuery<'_>) -> PolicyDecision {
        let request = IAMRequest::new_with_context(
            Principal::Aws(PrincipalId::String(principal.to_owned())),
            question.action,
            Arn::parse(question.resource).expect("decisions are about ARNs"),
            context(question.context),
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

/// The statement as `iam-rs` reads it.
fn accepted(mut statement: Value, attached: PolicyKind) -> Value {
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
            *principal = accepted_principal(principal);
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

fn accepted_principal(principal: &Value) -> Value {
    if principal == "*" {
        return json!("*");
    }
    let kinds = principal.as_object().expect("a principal is `*` or a map");
    let Some(ours) = kinds.get("AWS") else {
        return principal.clone();
    };
    let names = ours.as_array().cloned().unwrap_or_else(|| vec![ours.clone()]);
    for name in &names {
        let name = name.as_str().expect("a principal's name is text");
        if name == "*" {
            return json!("*");
        }
        assert!(!name.contains(['*', '?']), "no wildcard within a principal: {name}");
    }
    json!({ "AWS": names })
}
