//! The grammar of AWS's sentence about a denial.
//!
//! `User: P is not authorized to perform: A on resource: R because no KIND allows the A action`, or
//! `… with an explicit deny in a KIND[: POLICY]`. Resource and reason may be missing; older sentences
//! of STS have no principal and no colon. All of it may stand within another text.

use super::policy_decision::{PolicyDecision, PolicyKind};

/// What introduces the action, in lower case.
const INTRODUCTION: &str = "not authorized to perform";

/// The parts of a sentence, as they are written in it.
#[derive(Debug)]
pub(super) struct Sentence<'a> {
    pub principal: Option<&'a str>,
    pub action: Option<&'a str>,
    pub resource: Option<&'a str>,
    pub decision: PolicyDecision,
    pub policy: Option<&'a str>,
}

impl<'a> Sentence<'a> {
    /// Finds the sentence in a text with single spaces. `lower` is the same text in lower-case
    /// ASCII, so that positions agree.
    pub(super) fn find(text: &'a str, lower: &str) -> Option<Self> {
        for (start, _) in lower.match_indices(INTRODUCTION) {
            let rest = &text[start + INTRODUCTION.len()..];
            let Some(action) = rest.trim_start_matches(':').trim_start().split(' ').next().and_then(action) else {
                continue;
            };
            let before = text[..start].trim_end();
            let principal = before.strip_suffix(" is").unwrap_or(before).rsplit(' ').next();
            let end = rest.find(action).map_or(0, |position| position + action.len());
            let (text, lower) = (&rest[end..], &lower[start + INTRODUCTION.len() + end..]);
            let Reason { start, decision, policy } = reason(text, lower);
            let resource = resource(&text[..start]);
            return Some(Self { principal: principal.map(bare), action: Some(action), resource, decision, policy });
        }
        let is_denial = lower.contains("access denied") || lower.contains("accessdenied");
        let kind = PolicyKind::named_in(lower).filter(|_| is_denial)?;
        let Reason { decision, policy, .. } = reason(text, lower);
        let decision = if decision == PolicyDecision::Unstated { PolicyDecision::NotAllowed(kind) } else { decision };
        Some(Self { principal: None, action: None, resource: None, decision, policy })
    }
}

/// A word without the punctuation around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '*' | '?'))
}

/// An action such as `ecr:BatchGetImage`, with the punctuation after it removed.
fn action(word: &str) -> Option<&str> {
    let word = bare(word);
    let (service, name) = word.split_once(':')?;
    let is_service = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_action = !service.is_empty()
        && service.bytes().all(is_service)
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_action.then_some(word)
}

/// The resource between the action and the reason; `None` where only `this resource` is written.
/// IAM writes a noun before the ARN.
fn resource(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("on resource")?;
    let mut words = rest.trim_start_matches(':').split(' ').map(bare).filter(|word| !word.is_empty());
    let first = words.clone().next();
    words.find(|word| word.starts_with("arn:")).or(first)
}

struct Reason<'a> {
    /// Where the reason begins; the length of the text if there is none.
    start: usize,
    decision: PolicyDecision,
    policy: Option<&'a str>,
}

fn reason<'a>(text: &'a str, lower: &str) -> Reason<'a> {
    const DENY: &str = "with an explicit deny";
    const KEY: &str = "because the resource does not exist in this region, no resource-based polic";
    if let Some(start) = lower.find(DENY) {
        let after = &lower[start + DENY.len()..];
        let named = strip_article(after).and_then(PolicyKind::strip_from);
        let rest = named.map_or("", |(_, rest)| rest);
        // A VPC endpoint passes on the decision of another policy.
        let through = rest.split_once("transitively through ").and_then(|(_, rest)| PolicyKind::named_in(rest));
        let decision = PolicyDecision::ExplicitDeny(through.or(named.map(|(kind, _)| kind)));
        return Reason { start, decision, policy: policy(&text[text.len() - rest.len()..]) };
    }
    if let Some(start) = lower.find(KEY) {
        return Reason { start, decision: PolicyDecision::AbsentOrNotAllowed, policy: None };
    }
    for (start, phrase) in lower.match_indices("because no ") {
        if let Some((kind, rest)) = PolicyKind::strip_from(&lower[start + phrase.len()..]) {
            let policy = policy(&text[text.len() - rest.len()..]);
            return Reason { start, decision: PolicyDecision::NotAllowed(kind), policy };
        }
    }
    let start = lower.find(" because ").unwrap_or(lower.len());
    Reason { start, decision: PolicyDecision::Unstated, policy: None }
}

/// The text after ` in a `, ` in an ` or ` in the `.
fn strip_article(text: &str) -> Option<&str> {
    [" in an ", " in a ", " in the "].iter().find_map(|article| text.strip_prefix(article))
}

/// The policy that a colon after its kind introduces: an ARN, or the name of an inline policy.
fn policy(text: &str) -> Option<&str> {
    let word = text.strip_prefix(": ")?.split(' ').next()?;
    Some(word.trim_end_matches(['.', ',', ';', ')', '"', '\''])).filter(|word: &&str| !word.is_empty())
}
