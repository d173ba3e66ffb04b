//! The syntax tree of an expression, and its evaluation.

use std::collections::BTreeMap;

use regex_lite::Regex;

/// The attributes of an instance and its other properties that an expression may refer to, such as
/// `ec2InstanceId`. An attribute without a value has the empty string.
pub type Attributes = BTreeMap<String, String>;

/// A node of the syntax tree.
#[derive(Debug)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Term { subject: String, condition: Condition },
}

/// The condition that a term sets for its subject.
#[derive(Debug)]
pub(super) enum Condition {
    Exists,
    OneOf(Vec<String>),
    Matches(Regex),
    /// A comparison with a value that is not constant: a number of tasks, a version, a date.
    Unknown,
}

impl Node {
    /// Whether the node holds; `None` if the attributes do not decide it.
    pub(super) fn evaluate(&self, attributes: &Attributes) -> Option<bool> {
        match self {
            Self::All(nodes) => all_true(nodes.iter().map(|node| node.evaluate(attributes))),
            // By De Morgan: any node holds unless all of them do not.
            Self::Any(nodes) => {
                all_true(nodes.iter().map(|node| node.evaluate(attributes).map(|holds| !holds))).map(|none| !none)
            }
            Self::Not(node) => node.evaluate(attributes).map(|holds| !holds),
            Self::Term { subject, condition } => {
                let value = match (subject.strip_prefix("attribute:"), attributes.get(subject)) {
                    (Some(name), _) => attributes.get(name),
                    (None, Some(value)) => Some(value),
                    // The property is not known to taskpull, such as the task group.
                    (None, None) => return None,
                };
                match (condition, value) {
                    (Condition::Unknown, _) => None,
                    (_, None) => Some(false),
                    (Condition::Exists, Some(_)) => Some(true),
                    (Condition::OneOf(values), Some(value)) => Some(values.contains(value)),
                    (Condition::Matches(pattern), Some(value)) => Some(pattern.is_match(value)),
                }
            }
        }
    }
}

/// Whether all answers are true. One false answer decides, even if others are unknown.
fn all_true(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            None => result = None,
            Some(true) => {}
        }
    }
    result
}
