//! Placeholders of templates and documents: the parts of a text that are to be filled in.

use std::ops::Range;

/// How a placeholder is written: what is before and after its name, and what its name consists of.
struct Form {
    open: &'static str,
    close: &'static str,
    is_name: fn(&str) -> bool,
}

const fn form(open: &'static str, close: &'static str, is_name: fn(&str) -> bool) -> Form {
    Form { open, close, is_name }
}

/// The forms of templates, longest opening first. An empty closing means that the name ends with its letters.
const FORMS: [Form; 17] = [
    form("${{", "}}", is_expression),
    form("<%=", "%>", is_expression),
    form("<%", "%>", is_expression),
    form("{{", "}}", is_expression),
    form("${", "}", is_expression),
    form("$(", ")", is_expression),
    form("#{", "}", is_expression),
    form("((", "))", is_expression),
    form("[[", "]]", is_expression),
    form("@@", "@@", is_name),
    form("__", "__", is_upper_case),
    form("<", ">", is_expression),
    form("{", "}", is_name),
    form("[", "]", is_name),
    form("%", "%", is_upper_case),
    form("@", "@", is_upper_case),
    form("$", "", is_name),
];

/// The beginning of a text that a tool should have resolved: CloudFormation's functions, Terraform's references.
/// Terraform's are the whole text: `module.example/app` begins with a host.
const REFERENCES: [&str; 9] =
    ["!Ref ", "!Sub ", "!GetAtt ", "!Join ", "!ImportValue ", "Fn::", "data.aws_", "var.", "module."];

/// Finds the first placeholder of a text: `<IMAGE>`, `${IMAGE}`, `{{ image }}`, `%IMAGE%`, `__IMAGE__`, `…`.
#[must_use]
pub fn find_placeholder(text: &str) -> Option<Range<usize>> {
    let may_be_host = text.contains(['/', ':']);
    let is_reference =
        |start: &str| text.trim_start().starts_with(start) && !(may_be_host && start.ends_with(['.', '_']));
    if REFERENCES.iter().any(|start| is_reference(start)) {
        return Some(0..text.len());
    }
    let starts = text.char_indices().map(|(start, _)| start);
    let mut found = starts.filter_map(|start| FORMS.iter().find_map(|form| form.at(text, start)));
    found.next().or_else(|| find_ellipsis(text))
}

/// The text without its placeholders, each of which becomes the letter `x`.
pub(super) fn without_placeholders(text: &str) -> String {
    let (mut rest, mut result) = (text, String::with_capacity(text.len()));
    while let Some(Range { start, end }) = find_placeholder(rest) {
        result += &rest[..start];
        result.push('x');
        rest = &rest[end..];
    }
    result + rest
}

impl Form {
    /// The placeholder of this form that begins at `start`.
    fn at(&self, text: &str, start: usize) -> Option<Range<usize>> {
        let body = text[start..].strip_prefix(self.open)?;
        let length = match self.close {
            "" => body.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(body.len()),
            close => body.find(close)?,
        };
        let end = start + self.open.len() + length + self.close.len();
        (self.is_name)(&body[..length]).then_some(start..end)
    }
}

/// An ellipsis that is a whole component, as in `arn:aws:secretsmanager:...`.
fn find_ellipsis(text: &str) -> Option<Range<usize>> {
    if let Some(start) = text.find('…') {
        return Some(start..start + '…'.len_utf8());
    }
    let is_border = |c: Option<char>| c.is_none_or(|c| matches!(c, ':' | '/' | '-' | '@' | ' '));
    text.match_indices("...")
        .map(|(start, _)| start..start + 3)
        .find(|range| is_border(text[..range.start].chars().next_back()) && is_border(text[range.end..].chars().next()))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.- ".contains(c))
}

fn is_upper_case(text: &str) -> bool {
    text.len() > 2
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// What templates have between braces: a name, a path, a filter. Text with quotes is JSON.
fn is_expression(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty()
        && text.len() <= 100
        && text.starts_with(|c: char| c.is_alphabetic() || "_.!".contains(c))
        && text.chars().all(|c| c.is_alphanumeric() || "_.-:!/|[] ".contains(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{find_placeholder, without_placeholders};

    #[test]
    fn every_form_of_a_placeholder_is_found() {
        for (text, placeholder) in [
            ("<IMAGE1_NAME>", "<IMAGE1_NAME>"),
            ("arn:aws:iam::<account>:role/exec", "<account>"),
            ("<your image here>", "<your image here>"),
            ("${IMAGE}", "${IMAGE}"),
            ("registry.example/app:${TAG:-latest}", "${TAG:-latest}"),
            ("${AWS::AccountId}.dkr.ecr.us-east-1.amazonaws.com/app", "${AWS::AccountId}"),
            ("${{ steps.build.outputs.image }}", "${{ steps.build.outputs.image }}"),
            ("$IMAGE", "$IMAGE"),
            ("registry.example/app:$TAG", "$TAG"),
            ("$(IMAGE)", "$(IMAGE)"),
            ("{{image}}", "{{image}}"),
            ("{{ .Values.image.repository }}:1", "{{ .Values.image.repository }}"),
            ("{image}", "{image}"),
            ("#{IMAGE}#", "#{IMAGE}"),
            ("((image))", "((image))"),
            ("[[image]]", "[[image]]"),
            ("[account-id].dkr.ecr.us-east-1.amazonaws.com/app", "[account-id]"),
            ("<%= image %>", "<%= image %>"),
            ("%IMAGE%", "%IMAGE%"),
            ("@@image@@", "@@image@@"),
            ("@IMAGE@", "@IMAGE@"),
            ("registry.example/__IMAGE_NAME__:1", "__IMAGE_NAME__"),
            ("!Ref Image", "!Ref Image"),
            ("data.aws_secretsmanager_secret.hub.arn", "data.aws_secretsmanager_secret.hub.arn"),
            ("var.image", "var.image"),
            ("arn:aws:secretsmanager:...", "..."),
            ("arn:aws:secretsmanager:us-east-1:…", "…"),
        ] {
            assert_eq!(find_placeholder(text).map(|range| &text[range]), Some(placeholder), "{text}");
        }
    }

    #[test]
    fn what_is_filled_in_is_no_placeholder() {
        for text in [
            "registry.example/team/app:1.0",
            "a/b/c/d__e.f--g",
            "[::1]:5000/app",
            "[2001:db8::1]:5000/app",
            "a...b/c",
            "var.example/app",
            "module.example:5000/app",
            "registry.example/app@sha256:12",
            "team%2Fregistry%20x",
            "{\"username\": \"alice\"}",
            "[1, 2]",
            "arn:aws:iam::111122223333:role/a+b=c,d.e@f-g",
            "__init__",
            "100%",
            "$",
        ] {
            assert_eq!(find_placeholder(text), None, "{text}");
        }
        assert_eq!(without_placeholders("a/${B}:<c>$D"), "a/x:xx");
    }

    proptest! {
        #[test]
        fn a_placeholder_is_a_part_of_its_text(text in "[$<>{}%@_#()!A-Za-z .\"…-]{0,24}|\\PC{0,24}") {
            if let Some(range) = find_placeholder(&text) {
                prop_assert!(!text[range].is_empty());
            }
            let _ = without_placeholders(&text);
        }
    }
}
