//! ECS's cluster query language, as far as placement constraints use it (`memberOf`).
//!
//! A question about one instance has three answers: yes, no, and not known, because not all
//! that an expression may speak of is known here. Who keeps images warm takes what is not
//! known for a yes: an image too many costs a transfer, one too few a cold start.

use std::collections::BTreeMap;

use regex_lite::Regex;

use super::words::{Word, words};

/// What an instance is known by: its attributes, and what else an expression may ask for,
/// such as `ec2InstanceId`. One without a value has the empty one.
pub type Attributes = BTreeMap<String, String>;

/// A parsed expression.
#[derive(Debug)]
pub struct Expression(Node);

#[derive(Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Term { subject: String, test: Test },
}

#[derive(Debug)]
enum Test {
    Exists,
    OneOf(Vec<String>),
    Matches(Regex),
    /// A comparison of what changes by itself: numbers of tasks, versions, dates.
    Unknown,
}

impl Expression {
    /// Reads one; `None` for what is none, or has something in it that is not known here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let words = words(text)?;
        let mut parser = Parser { words: &words, at: 0, depth: 0 };
        let node = parser.any()?;
        (parser.at == words.len()).then_some(Self(node))
    }

    /// Whether it holds for an instance; `None` where that is not known.
    #[must_use]
    pub fn holds(&self, attributes: &Attributes) -> Option<bool> {
        self.0.holds(attributes)
    }
}

impl Node {
    fn holds(&self, attributes: &Attributes) -> Option<bool> {
        match self {
            Self::All(nodes) => all(nodes.iter().map(|node| node.holds(attributes))),
            Self::Any(nodes) => {
                all(nodes.iter().map(|node| node.holds(attributes).map(|holds| !holds))).map(|none| !none)
            }
            Self::Not(node) => node.holds(attributes).map(|holds| !holds),
            Self::Term { subject, test } => {
                // What is no attribute, and is not among them, is something else of the instance's.
                let value = match (subject.strip_prefix("attribute:"), attributes.get(subject)) {
                    (Some(name), _) => attributes.get(name),
                    (None, Some(value)) => Some(value),
                    (None, None) => return None,
                };
                match (test, value) {
                    (Test::Unknown, _) => None,
                    (_, None) => Some(false),
                    (Test::Exists, Some(_)) => Some(true),
                    (Test::OneOf(values), Some(value)) => Some(values.contains(value)),
                    (Test::Matches(pattern), Some(value)) => Some(pattern.is_match(value)),
                }
            }
        }
    }
}

/// Whether all hold, where it is enough that one does not.
fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(true);
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            None => known = None,
            Some(true) => {}
        }
    }
    known
}

/// Parentheses within parentheses that are taken.
const DEPTH_LIMIT: usize = 50;

struct Parser<'a> {
    words: &'a [Word],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<&Word> {
        let word = self.words.get(self.at);
        self.at += usize::from(word.is_some());
        word
    }

    fn takes(&mut self, symbols: &[&str]) -> bool {
        let is_there = self.words.get(self.at).is_some_and(|word| symbols.contains(&word.text()));
        self.at += usize::from(is_there);
        is_there
    }

    fn any(&mut self) -> Option<Node> {
        let mut nodes = vec![self.all()?];
        while self.takes(&["||", "or"]) {
            nodes.push(self.all()?);
        }
        Some(Node::Any(nodes))
    }

    fn all(&mut self) -> Option<Node> {
        let mut nodes = vec![self.one()?];
        while self.takes(&["&&", "and"]) {
            nodes.push(self.one()?);
        }
        Some(Node::All(nodes))
    }

    fn one(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return None;
        }
        let node = if self.takes(&["!", "not"]) {
            Node::Not(Box::new(self.one()?))
        } else if self.takes(&["("]) {
            let node = self.any()?;
            if !self.takes(&[")"]) {
                return None;
            }
            node
        } else {
            self.term()?
        };
        self.depth -= 1;
        Some(node)
    }

    fn term(&mut self) -> Option<Node> {
        let subject = self.next()?.name()?.to_owned();
        let operator = self.next()?.text().to_owned();
        let (test, is_negated) = match &*operator {
            "exists" => (Test::Exists, false),
            "!exists" | "not_exists" => (Test::Exists, true),
            "==" | "equals" => (Test::OneOf(vec![self.value()?]), false),
            "!=" | "not_equals" => (Test::OneOf(vec![self.value()?]), true),
            "in" => (Test::OneOf(self.list()?), false),
            "!in" | "not_in" => (Test::OneOf(self.list()?), true),
            // Java's patterns and these agree in what people write about instances.
            "=~" | "matches" => (Test::Matches(pattern(&self.value()?)?), false),
            "!~" | "not_matches" => (Test::Matches(pattern(&self.value()?)?), true),
            ">" | ">=" | "<" | "<=" | "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal" => {
                self.value()?;
                (Test::Unknown, false)
            }
            _ => return None,
        };
        let term = Node::Term { subject, test };
        Some(if is_negated { Node::Not(Box::new(term)) } else { term })
    }

    fn value(&mut self) -> Option<String> {
        Some(self.next()?.name()?.to_owned())
    }

    fn list(&mut self) -> Option<Vec<String>> {
        if !self.takes(&["["]) {
            return None;
        }
        let mut values = vec![self.value()?];
        while self.takes(&[","]) {
            values.push(self.value()?);
        }
        self.takes(&["]"]).then_some(values)
    }
}

/// A pattern that must match the whole value.
fn pattern(text: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{text})$")).ok()
}

#[cfg(test)]
mod tests {
    use super::{Attributes, Expression};

    fn holds(text: &str) -> Option<bool> {
        let attributes = [
            ("ecs.instance-type", "t3.large"),
            ("ecs.availability-zone", "eu-west-1a"),
            ("stack", "web"),
            ("gpu", ""),
            ("ec2InstanceId", "i-1"),
        ];
        let attributes: Attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Expression::parse(text).unwrap_or_else(|| panic!("{text}")).holds(&attributes)
    }

    #[test]
    fn each_operator_does_what_ecs_says() {
        for (text, expected) in [
            ("attribute:stack == web", Some(true)),
            ("attribute:stack equals api", Some(false)),
            ("attribute:stack != web", Some(false)),
            ("attribute:absent != web", Some(true)),
            ("attribute:ecs.instance-type =~ t3.*", Some(true)),
            ("attribute:ecs.instance-type =~ (t2|t3).*", Some(true)),
            ("attribute:ecs.instance-type =~ t3", Some(false)),
            ("attribute:ecs.instance-type !~ g2.*", Some(true)),
            ("attribute:ecs.availability-zone in [eu-west-1a, eu-west-1b]", Some(true)),
            ("attribute:ecs.availability-zone not_in [eu-west-1a]", Some(false)),
            ("attribute:ecs.availability-zone !in [us-east-1a]", Some(true)),
            ("attribute:gpu exists", Some(true)),
            ("attribute:gpu !exists", Some(false)),
            ("attribute:tpu not_exists", Some(true)),
            ("ec2InstanceId in ['i-1', 'i-2']", Some(true)),
        ] {
            assert_eq!(holds(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_decides_only_where_nothing_else_does() {
        for (text, expected) in [
            ("runningTasksCount < 3", None),
            ("task:group == service:production", None),
            ("task:group == service:production and attribute:stack == api", Some(false)),
            ("task:group == service:production or attribute:stack == web", Some(true)),
            ("not (task:group == service:production)", None),
        ] {
            assert_eq!(holds(text), expected, "{text}");
        }
    }

    #[test]
    fn expressions_are_joined_as_everywhere() {
        for (text, expected) in [
            ("attribute:stack == web && attribute:gpu exists", true),
            ("attribute:stack == api || attribute:gpu exists && attribute:tpu exists", false),
            ("(attribute:stack == api || attribute:gpu exists) and !(attribute:tpu exists)", true),
            ("not(attribute:ecs.instance-type =~ g2.*) and attribute:stack equals web", true),
        ] {
            assert_eq!(holds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_none() {
        let deep = format!("{}attribute:a exists{}", "(".repeat(1_000), ")".repeat(1_000));
        for text in [
            "",
            "attribute:a",
            "attribute:a is b",
            "(attribute:a exists",
            "attribute:a in []",
            "a =~ (",
            "a == b c",
            &deep,
        ] {
            assert!(Expression::parse(text).is_none(), "{text}");
        }
    }
}
