//! The forms in which engines write the HTTP status of an answer.

/// The status of an answer, and the words behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StatusWords<'a> {
    pub status: u16,
    /// The URL that was asked, if the words contain it.
    pub url: Option<&'a str>,
    /// The body of the answer, as far as the engine shows it.
    pub rest: &'a str,
}

/// Words in front of a status. The number follows, also behind a URL or a host.
const FORMS: &[&str] = &[
    "error parsing http ",
    "received unexpected http status: ",
    "unexpected http status: ",
    "unexpected http response code: ",
    "invalid status code from registry ",
    "statuscode: ",
    "unexpected status from ",
    "unexpected status: ",
    "unexpected status code: ",
    "unexpected status code ",
    "pulling from host ",
    "unexpected response status: ",
    "http ",
];

impl<'a> StatusWords<'a> {
    /// Reads the status at the beginning of a text.
    pub(crate) fn find(text: &'a str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let bare = || lower.get(3..5) == Some(": ") && number(&lower).is_some();
        let form = FORMS.iter().find(|form| lower.starts_with(*form));
        if form.is_none() && bare() {
            return Some(Self { status: number(text)?, url: None, rest: text.get(5..)? });
        }
        let is_reason =
            |words: &str| words.starts_with(' ') && words.bytes().all(|b| b.is_ascii_alphabetic() || b == b' ');
        if form.is_none() && text.get(3..).is_some_and(is_reason) {
            return Some(Self { status: number(text)?, url: None, rest: "" });
        }
        let inner = text.get(form?.len()..)?;
        // `GET request to URL: 404 …`, `URL: 404 …`, `HOST failed with status code [manifests 1]: 404 …`
        let (url, inner) = if number(inner).is_some() {
            (None, inner)
        } else {
            let (before, after) = inner.split_once(": ")?;
            (before.rsplit(' ').next().filter(|url| url.contains("://")), after)
        };
        let status = number(inner)?;
        Some(Self { status, url, rest: body(inner.get(3..)?) })
    }
}

fn number(text: &str) -> Option<u16> {
    let digits = text.get(..3).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let is_end = !text.as_bytes().get(3).is_some_and(u8::is_ascii_digit);
    digits.parse().ok().filter(|status| is_end && (100..600).contains(status))
}

/// The body behind the number: the reason of the status is no part of it.
fn body(rest: &str) -> &str {
    let separators = [" response body: ", " - Server message: ", ": ", ", "];
    let found = separators.iter().filter_map(|mark| Some((rest.find(mark)?, mark.len()))).min();
    found.map_or("", |(at, length)| &rest[at + length..])
}

/// The body that Go quotes behind its complaint about it, such as
/// `invalid character '<' looking for beginning of value: "<html>"`; otherwise the words.
pub(crate) fn quoted_body(words: &str) -> String {
    let lower = words.to_ascii_lowercase();
    let complaints =
        ["invalid character ", "unexpected end of json input: ", "no error details found in http response body: "];
    let quoted = complaints.iter().any(|complaint| lower.starts_with(complaint)).then(|| words.split_once(": \""));
    match quoted.flatten() {
        Some((_, body)) => unquote(body.strip_suffix('"').unwrap_or(body)),
        None if words.len() > 1 && words.starts_with('"') && words.ends_with('"') => {
            unquote(&words[1..words.len() - 1])
        }
        None => words.to_owned(),
    }
}

fn unquote(text: &str) -> String {
    text.replace("\\\"", "\"").replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::{StatusWords, quoted_body};

    #[test]
    fn the_status_is_found_in_every_form() {
        let url = Some("http://r.example/v2/a/manifests/1");
        for (text, status, asked, rest) in [
            (
                "error parsing HTTP 403 response body: invalid character 'x': \"x\"",
                403,
                None,
                "invalid character 'x': \"x\"",
            ),
            ("received unexpected HTTP status: 500 Internal Server Error", 500, None, ""),
            ("invalid status code from registry 404 (Not Found)", 404, None, ""),
            ("StatusCode: 418, teapot", 418, None, "teapot"),
            ("unexpected status from HEAD request to http://r.example/v2/a/manifests/1: 403 Forbidden", 403, url, ""),
            (
                "unexpected status code http://r.example/v2/a/manifests/1: 429 Too Many Requests - Server message: toomanyrequests: slow",
                429,
                url,
                "toomanyrequests: slow",
            ),
            ("pulling from host r.example failed with status code [manifests 1]: 403 Forbidden", 403, None, ""),
            ("HTTP 403 (Forbidden)", 403, None, ""),
            ("404: Image not found", 404, None, "Image not found"),
            ("503 Service Unavailable", 503, None, ""),
        ] {
            let found = StatusWords::find(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found, StatusWords { status, url: asked, rest }, "{text}");
        }
        for text in ["", "http: server gave HTTP response to HTTPS client", "4: x", "1234: x", "statuscode: x"] {
            assert_eq!(StatusWords::find(text), None, "{text}");
        }
    }

    #[test]
    fn a_body_is_read_from_its_quotes() {
        assert_eq!(
            quoted_body("invalid character '<' looking for beginning of value: \"<a b=\\\"c\\\">\\n\""),
            "<a b=\"c\">\n"
        );
        assert_eq!(quoted_body("unexpected end of JSON input: \"\""), "");
        assert_eq!(quoted_body("some words"), "some words");
    }
}
