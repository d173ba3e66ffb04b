//! A denied request, as AWS words it.

use super::denied_request::DeniedRequest;
use super::policy_decision::{PolicyDecision, PolicyKind};
use super::remedy;
use super::safe_arn::{SafeArn, is_name, is_word};
use super::sentence::Sentence;

/// A request that policies do not permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    principal: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    region: Option<String>,
    decision: PolicyDecision,
    policy: Option<String>,
    /// Whether a secret was read by its bare name; AWS's sentence may complete the name to an ARN.
    reads_by_name: bool,
}

/// What is known about a request apart from AWS's sentence. Each part that is known takes the place
/// of what the sentence names less precisely.
#[derive(Clone, Copy, Debug, Default)]
pub struct DenialContext<'a> {
    /// The ARN of the role that made the request, with its path, which a session's ARN lacks.
    pub principal: Option<&'a str>,
    /// The IAM action, such as `ecr:BatchGetImage`, if the sentence names none.
    pub action: Option<&'a str>,
    /// The ARN of the resource, or the name of a secret. It is ignored if the sentence names an ARN.
    pub resource: Option<&'a str>,
    /// The Region where the request was sent.
    pub region: Option<&'a str>,
}

impl Denial {
    /// Reads AWS's sentence in a message of a service, a registry or an engine; `None` if it is not
    /// in there.
    #[must_use]
    pub fn parse(message: &str) -> Option<Self> {
        let text = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let sentence = Sentence::find(&text, &text.to_ascii_lowercase())?;
        let name = |text: Option<&str>| text.filter(|text| is_name(text)).map(str::to_owned);
        Some(Self {
            principal: name(sentence.principal.filter(|text| text.starts_with("arn:"))),
            action: sentence.action.map(str::to_owned),
            resource: name(sentence.resource),
            region: None,
            decision: sentence.decision,
            policy: name(sentence.policy),
            reads_by_name: false,
        })
    }

    /// A denial without AWS's sentence.
    #[must_use]
    pub fn unstated(context: DenialContext<'_>) -> Self {
        let nothing = Self {
            principal: None,
            action: None,
            resource: None,
            region: None,
            decision: PolicyDecision::Unstated,
            policy: None,
            reads_by_name: false,
        };
        nothing.in_context(context)
    }

    /// Adds what is known about the request.
    #[must_use]
    pub fn in_context(self, context: DenialContext<'_>) -> Self {
        let known = |text: Option<&str>| text.filter(|text| is_name(text)).map(str::to_owned);
        let is_precise = |resource: &str| resource == "*" || resource.starts_with("arn:");
        let resource = match self.resource {
            Some(resource) if is_precise(&resource) => Some(resource),
            resource => known(context.resource).or(resource),
        };
        let action = self.action.or(known(context.action));
        let is_name = context.resource.is_some_and(|resource| !is_precise(resource));
        Self {
            principal: known(context.principal).or(self.principal),
            reads_by_name: is_name && action.as_deref() == Some("secretsmanager:GetSecretValue"),
            action,
            resource,
            region: context.region.filter(|region| is_word(region)).map(str::to_owned).or(self.region),
            ..self
        }
    }

    /// The IAM action, such as `ecr:BatchGetImage`.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        self.action.as_deref()
    }

    /// The ARN or name of the resource; `*` if the action has no resource.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    /// The ARN of the caller: of a user, of a role, or of a session of a role.
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        self.principal.as_deref()
    }

    /// How the policies decide.
    #[must_use]
    pub fn decision(&self) -> PolicyDecision {
        self.decision
    }

    /// Why the request is denied, as the end of a sentence: `a service control policy explicitly
    /// denies it`.
    #[must_use]
    pub fn reason(&self) -> String {
        let policy = self.policy.as_deref().map(|policy| format!(" ({policy})")).unwrap_or_default();
        match self.decision {
            PolicyDecision::ExplicitDeny(Some(kind)) => {
                format!("{}{policy} explicitly denies it", kind.with_article())
            }
            PolicyDecision::ExplicitDeny(None) => {
                "a policy explicitly denies it, and AWS does not say which one".to_owned()
            }
            PolicyDecision::NotAllowed(PolicyKind::Session) => format!("the session policy{policy} does not allow it"),
            PolicyDecision::NotAllowed(kind) => format!("no {}{policy} allows it", kind.name()),
            PolicyDecision::AbsentOrNotAllowed => {
                "the key is not in this Region, or its policy does not allow it or denies it; KMS does not say which"
                    .to_owned()
            }
            PolicyDecision::Unstated => "AWS does not say which policy denies it".to_owned(),
        }
    }

    /// Whether AWS's sentence is missing, or gives no reason.
    #[must_use]
    pub fn is_unstated(&self) -> bool {
        self.decision == PolicyDecision::Unstated
    }

    /// The caller in a sentence about its policies.
    #[must_use]
    pub fn holder(&self) -> String {
        self.request().holder()
    }

    /// What resolves the denial, who can do it, and a complete command that shows the policy.
    #[must_use]
    pub fn hint(&self) -> String {
        remedy::hint(&self.request(), self.decision, self.policy.as_deref())
    }

    fn request(&self) -> DeniedRequest<'_> {
        DeniedRequest {
            principal: self.principal.as_deref().and_then(SafeArn::parse),
            action: self.action.as_deref(),
            resource: self.resource.as_deref(),
            region: self.region.as_deref(),
            reads_by_name: self.reads_by_name,
        }
    }
}
