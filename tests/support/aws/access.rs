//! The decision over one action: the caller's own policy and the resource's together.

use super::arn::Arn;
use super::evaluate::{CompiledPolicy, Question, Verdict};

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
pub struct Access<'a> {
    pub action: &'a str,
    pub resource: &'a str,
    pub region: &'a str,
    /// Condition keys of the service.
    pub context: Vec<(String, String)>,
    pub rule: ResourcePolicy,
}

/// Why an action is refused, in AWS's own half sentence.
pub struct Denied(pub String);

impl Access<'_> {
    pub fn decide(mut self, caller: &Caller, resource_policy: Option<&CompiledPolicy>) -> Result<(), Denied> {
        self.context.extend(caller.context(self.region));
        let question = Question {
            principals: &caller.principals,
            action: self.action,
            resource: self.resource,
            context: &self.context,
        };
        let own = caller.policy.answers(&question);
        let theirs = resource_policy.map_or(Verdict::Silent, |policy| policy.answers(&question));
        if own == Verdict::Denies {
            return Err(Denied("with an explicit deny in an identity-based policy".to_owned()));
        }
        if theirs == Verdict::Denies {
            return Err(Denied("with an explicit deny in a resource-based policy".to_owned()));
        }
        let same_account = Arn::read(self.resource).is_some_and(|arn| arn.account == caller.account());
        let resource_enough = same_account && theirs == Verdict::Allows;
        let resource_admits = theirs != Verdict::Silent || (same_account && self.rule == ResourcePolicy::MayAllow);
        let own_allows = own == Verdict::Allows;
        if resource_enough || (own_allows && resource_admits) {
            Ok(())
        } else if resource_admits || !(own_allows || same_account) {
            Err(self.missing("identity-based"))
        } else {
            Err(self.missing("resource-based"))
        }
    }

    fn missing(&self, kind: &str) -> Denied {
        Denied(format!("because no {kind} policy allows the {} action", self.action))
    }
}

impl Denied {
    /// AWS's sentence about a refused action.
    pub fn sentence(&self, caller: &Caller, action: &str, resource: &str) -> String {
        let (arn, reason) = (caller.arn(), &self.0);
        format!("User: {arn} is not authorized to perform: {action} on resource: {resource} {reason}")
    }
}
