//! Web pages in place of a registry's response: a login page, a gateway's error, a web site.

use http::header;

use super::http_response::HttpResponse;

/// Whether a response is a web page, by its media type or its first characters.
pub(super) fn is_web_page(response: &HttpResponse) -> bool {
    let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_html = media_type.is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with("text/html"));
    is_html || is_html_text(&String::from_utf8_lossy(response.body().get(..64).unwrap_or(response.body())))
}

/// Whether a response says that it is a manifest, so that its body need not be read.
pub(super) fn has_manifest_type(response: &HttpResponse) -> bool {
    let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().to_ascii_lowercase();
    ["manifest", "image.index", "application/json"].iter().any(|part| media_type.contains(part))
}

/// Whether a text begins like a web page.
pub(super) fn is_html_text(text: &str) -> bool {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// The title of a web page.
pub(super) fn page_title(html: &str) -> Option<&str> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(html[start..end].trim()).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{Response, header};

    use super::{is_web_page, page_title};

    #[test]
    fn a_web_page_is_recognized_by_its_type_or_its_start() {
        let is_page = |media_type: &str, body: &'static str| {
            let response = Response::builder().header(header::CONTENT_TYPE, media_type).body(Bytes::from(body));
            is_web_page(&response.unwrap())
        };
        assert!(is_page("text/html; charset=utf-8", ""));
        assert!(is_page("TEXT/HTML", "x"));
        assert!(is_page("application/json", "\u{feff}\n<!DOCTYPE html><p>"));
        assert!(is_page("text/plain", "<HTML>"));
        assert!(!is_page("application/json", "{}"));
        assert!(!is_page("text/plain", "<Error><Code>AccessDenied</Code></Error>"));
    }

    #[test]
    fn the_title_of_a_web_page_is_found() {
        assert_eq!(page_title("<html><head><TITLE lang=en>403 Forbidden</Title>"), Some("403 Forbidden"));
        for text in ["<html>", "<title>", "<title> </title>", "<title", "</title>"] {
            assert_eq!(page_title(text), None, "{text}");
        }
    }
}
