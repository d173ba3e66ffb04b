//! The parser of expressions: a recursive descent over the tokens.

use regex_lite::Regex;

use super::{lexer::Token, lexer::tokenize, node::Condition, node::Node};

/// Parses an expression; `None` if it is not one, or uses an operator that taskpull does not know.
pub(super) fn parse(text: &str) -> Option<Node> {
    let tokens = tokenize(text)?;
    let mut parser = Parser { tokens: &tokens, position: 0, depth: 0 };
    let node = parser.disjunction()?;
    (parser.position == tokens.len()).then_some(node)
}

/// The deepest nesting of parentheses and negations that is accepted.
const DEPTH_LIMIT: usize = 50;

struct Parser<'a> {
    tokens: &'a [Token],
    position: usize,
    depth: usize,
}

impl Parser<'_> {
    /// Takes the next token.
    fn next(&mut self) -> Option<&Token> {
        let token = self.tokens.get(self.position);
        self.position += usize::from(token.is_some());
        token
    }

    /// Takes the next token if it is one of these operators.
    fn accept(&mut self, symbols: &[&str]) -> bool {
        let is_next = self.tokens.get(self.position).is_some_and(|token| symbols.contains(&token.operator()));
        self.position += usize::from(is_next);
        is_next
    }

    fn disjunction(&mut self) -> Option<Node> {
        let mut nodes = vec![self.conjunction()?];
        while self.accept(&["||", "or"]) {
            nodes.push(self.conjunction()?);
        }
        Some(Node::Any(nodes))
    }

    fn conjunction(&mut self) -> Option<Node> {
        let mut nodes = vec![self.factor()?];
        while self.accept(&["&&", "and"]) {
            nodes.push(self.factor()?);
        }
        Some(Node::All(nodes))
    }

    fn factor(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return None;
        }
        let node = if self.accept(&["!", "not"]) {
            Node::Not(Box::new(self.factor()?))
        } else if self.accept(&["("]) {
            let node = self.disjunction()?;
            if !self.accept(&[")"]) {
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
        let subject = self.next()?.value()?.to_owned();
        let operator = self.next()?.operator().to_owned();
        let (condition, is_negated) = match &*operator {
            "exists" => (Condition::Exists, false),
            "!exists" | "not_exists" => (Condition::Exists, true),
            "==" | "equals" => (Condition::OneOf(vec![self.value()?]), false),
            "!=" | "not_equals" => (Condition::OneOf(vec![self.value()?]), true),
            "in" => (Condition::OneOf(self.list()?), false),
            "!in" | "not_in" => (Condition::OneOf(self.list()?), true),
            // ECS uses Java's patterns; for common patterns of instance attributes they agree with these.
            "=~" | "matches" => (Condition::Matches(pattern(&self.value()?)?), false),
            "!~" | "not_matches" => (Condition::Matches(pattern(&self.value()?)?), true),
            ">" | ">=" | "<" | "<=" | "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal" => {
                self.value()?;
                (Condition::Unknown, false)
            }
            _ => return None,
        };
        let term = Node::Term { subject, condition };
        Some(if is_negated { Node::Not(Box::new(term)) } else { term })
    }

    fn value(&mut self) -> Option<String> {
        Some(self.next()?.value()?.to_owned())
    }

    fn list(&mut self) -> Option<Vec<String>> {
        if !self.accept(&["["]) {
            return None;
        }
        let mut values = vec![self.value()?];
        while self.accept(&[","]) {
            values.push(self.value()?);
        }
        self.accept(&["]"]).then_some(values)
    }
}

/// A pattern that must match the whole value.
fn pattern(text: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{text})$")).ok()
}
