//! The decision on one action, by the caller's identity policy and the resource's policy together.

use super::arn::Arn;
use super::compiled_policy::{CompiledPolicy, PolicyDecision, PolicyQuery};

/// What a resource's policy must state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ResourcePolicy {
    /// In the same account either policy is enough. This is the rule for secrets.
    MayAllow,
    /// The policy must admit the caller or the caller's account. This is the rule for keys and for
    /// trust policies of roles.
    MustAllow,
}

/// An authenticated caller.
#[derive(Clone)]
pub struct Caller {
    /// The caller's ARN, followed by the role's ARN for a session of a role.
    pub principals: Vec<String>,
    pub user_id: String,
    pub policy: CompiledPolicy,
    /// Whether the caller is a session of a role. The sessions that it opens last one hour at most.
    pub is_session: bool,
}

impl Caller {
    pub fn arn(&self) -> &str {
        &self.principals[0]
    }

    pub fn account(&self) -> &str {
        self.parts().account
    }

    pub fn parts(&self) -> Arn<'_> {
        Arn::read(self.arn()).expect("a caller has an ARN")
    }

    /// The global condition keys of a request by this caller to this Region.
    fn context(&self, region: &str) -> Vec<(String, String)> {
        let identity = self.principals.last().expect("a caller has an ARN");
        let mut context = vec![
            ("aws:PrincipalArn", identity.clone()),
            ("aws:PrincipalAccount", self.account().to_owned()),
            ("aws:userid", self.user_id.clone()),
            ("aws:RequestedRegion", region.to_owned()),
            ("aws:SourceIp", "127.0.0.1".to_owned()),
            ("aws:SecureTransport", "true".to_owned()),
        ];
        if let Some(("user", name)) = self.parts().resource.split_once('/') {
            let name = name.rsplit('/').next().unwrap_or(name);
            context.push(("aws:username", name.to_owned()));
        }
        context.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// A request to perform one action on one resource.
pub struct AccessRequest<'a> {
    pub action: &'a str,
    pub resource: &'a str,
    pub region: &'a str,
    /// Condition keys of the service.
    pub context: Vec<(String, String)>,
    pub rule: ResourcePolicy,
}

/// The reason for a denial, as it ends AWS's sentence.
pub struct Denial(pub String);

impl AccessRequest<'_> {
    pub fn decide(mut self, caller: &Caller, resource_policy: Option<&CompiledPolicy>) -> Result<(), Denial> {
        self.context.extend(caller.context(self.region));
        let query = PolicyQuery {
            principals: &caller.principals,
            action: self.action,
            resource: self.resource,
            context: &self.context,
        };
        let identity_decision = caller.policy.decide(&query);
        let resource_decision = resource_policy.map_or(PolicyDecision::NotApplicable, |policy| policy.decide(&query));
        if identity_decision == PolicyDecision::Deny {
            return Err(Denial("with an explicit deny in an identity-based policy".to_owned()));
        }
        if resource_decision == PolicyDecision::Deny {
            return Err(Denial("with an explicit deny in a resource-based policy".to_owned()));
        }
        let same_account = Arn::read(self.resource).is_some_and(|arn| arn.account == caller.account());
        let resource_suffices = same_account && resource_decision == PolicyDecision::Allow;
        let resource_admits = resource_decision != PolicyDecision::NotApplicable
            || (same_account && self.rule == ResourcePolicy::MayAllow);
        let identity_allows = identity_decision == PolicyDecision::Allow;
        if resource_suffices || (identity_allows && resource_admits) {
            Ok(())
        } else if resource_admits || !(identity_allows || same_account) {
            Err(self.missing_allow("identity-based"))
        } else {
            Err(self.missing_allow("resource-based"))
        }
    }

    fn missing_allow(&self, kind: &str) -> Denial {
        Denial(format!("because no {kind} policy allows the {} action", self.action))
    }
}

impl Denial {
    /// AWS's sentence about a denied action.
    pub fn sentence(&self, caller: &Caller, action: &str, resource: &str) -> String {
        let (arn, reason) = (caller.arn(), &self.0);
        format!("User: {arn} is not authorized to perform: {action} on resource: {resource} {reason}")
    }
}
