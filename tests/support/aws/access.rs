//! The decision over one action: the caller's own policy and the resource's together.

use super::arn::Arn;
use super::compiled_policy::{CompiledPolicy, PolicyDecision, PolicyQuery};

/// How much a resource's policy must say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ResourcePolicy {
    /// In the same account either policy is enough: secrets.
    MayAllow,
    /// It must admit the caller or the caller's account: keys, and roles' trust.
    MustAllow,
}

/// Who asks.
#[derive(Clone)]
pub struct Caller {
    /// The ARN; for a role's session, the role's ARN after it.
    pub principals: Vec<String>,
    pub user_id: String,
    pub policy: CompiledPolicy,
    /// A session: what it assumes in turn lasts an hour at most.
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

/// One action asked for.
pub struct AccessRequest<'a> {
    pub action: &'a str,
    pub resource: &'a str,
    pub region: &'a str,
    /// Condition keys of the service.
    pub context: Vec<(String, String)>,
    pub rule: ResourcePolicy,
}

/// Why an action is refused, in AWS's own half sentence.
pub struct Denial(pub String);

impl AccessRequest<'_> {
    pub fn decide(mut self, caller: &Caller, resource_policy: Option<&CompiledPolicy>) -> Result<(), Denial> {
        self.context.extend(caller.context(self.region));
        let question = PolicyQuery {
            principals: &caller.principals,
            action: self.action,
            resource: self.resource,
            context: &self.context,
        };
        let own = caller.policy.answers(&question);
        let theirs = resource_policy.map_or(PolicyDecision::NotApplicable, |policy| policy.answers(&question));
        if own == PolicyDecision::Deny {
            return Err(Denial("with an explicit deny in an identity-based policy".to_owned()));
        }
        if theirs == PolicyDecision::Deny {
            return Err(Denial("with an explicit deny in a resource-based policy".to_owned()));
        }
        let same_account = Arn::read(self.resource).is_some_and(|arn| arn.account == caller.account());
        let resource_enough = same_account && theirs == PolicyDecision::Allow;
        let resource_admits =
            theirs != PolicyDecision::NotApplicable || (same_account && self.rule == ResourcePolicy::MayAllow);
        let own_allows = own == PolicyDecision::Allow;
        if resource_enough || (own_allows && resource_admits) {
            Ok(())
        } else if resource_admits || !(own_allows || same_account) {
            Err(self.missing("identity-based"))
        } else {
            Err(self.missing("resource-based"))
        }
    }

    fn missing(&self, kind: &str) -> Denial {
        Denial(format!("because no {kind} policy allows the {} action", self.action))
    }
}

impl Denial {
    /// AWS's sentence about a refused action.
    pub fn sentence(&self, caller: &Caller, action: &str, resource: &str) -> String {
        let (arn, reason) = (caller.arn(), &self.0);
        format!("User: {arn} is not authorized to perform: {action} on resource: {resource} {reason}")
    }
}
