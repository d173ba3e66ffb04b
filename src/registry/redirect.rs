//! Where a redirect leads, and whether a request may follow it: a login goes to no other server than
//! the one it is for.

use http::{Method, StatusCode, Uri, header};

use super::http_response::HttpResponse;

/// Where a redirect leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RedirectTarget {
    /// Another path of the same server, or the same server with TLS.
    SameServer(Uri),
    /// Another server, the same one without TLS, or an address that is none. The text is the server,
    /// or what there is of the address.
    OtherServer(String),
}

/// The target of a response to a request for `uri`; `None` if the response is no redirect.
pub(super) fn redirect_target(uri: &Uri, method: &Method, response: &HttpResponse) -> Option<RedirectTarget> {
    let is_redirect = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if !is_redirect {
        return None;
    }
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let other = || RedirectTarget::OtherServer("an address that it does not name".to_owned());
    let Some(target) = resolve(uri, location) else { return Some(other()) };
    // A form with a login is not sent twice.
    let can_follow = is_same_server(uri, &target) && matches!(*method, Method::GET | Method::HEAD);
    let server = |uri: &Uri| format!("{}://{}", uri.scheme_str().unwrap_or_default(), host_and_port(uri));
    Some(if can_follow { RedirectTarget::SameServer(target) } else { RedirectTarget::OtherServer(server(&target)) })
}

/// The address of a location that may be relative (RFC 9110, 10.2.2).
fn resolve(base: &Uri, location: &str) -> Option<Uri> {
    let scheme = base.scheme_str()?;
    let authority = base.authority()?.as_str();
    let location = location.split('#').next().unwrap_or_default();
    let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    let address = match location {
        "" => return None,
        location if location.starts_with("//") => format!("{scheme}:{location}"),
        location if location.starts_with('/') => format!("{scheme}://{authority}{location}"),
        location if location.contains("://") => location.to_owned(),
        location => format!("{scheme}://{authority}{folder}/{location}"),
    };
    let address: Uri = address.parse().ok()?;
    address.authority().is_some().then_some(address)
}

/// Whether both addresses are of one server: the same host and port, or the same host with TLS.
fn is_same_server(from: &Uri, to: &Uri) -> bool {
    let has_login = to.authority().is_some_and(|authority| authority.as_str().contains('@'));
    let is_same_host = from.host().zip(to.host()).is_some_and(|(from, to)| from.eq_ignore_ascii_case(to));
    let is_upgrade = from.scheme_str() == Some("http") && to.scheme_str() == Some("https");
    let is_same_scheme = from.scheme_str() == to.scheme_str() && port(from) == port(to);
    is_same_host && !has_login && (is_same_scheme || is_upgrade)
}

fn port(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 })
}

/// The host, with the port if the address has one and without a login.
fn host_and_port(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    uri.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{Method, Response, Uri, header};

    use super::{RedirectTarget, redirect_target};

    fn target(from: &str, status: u16, location: &str) -> Option<RedirectTarget> {
        let response = Response::builder().status(status).header(header::LOCATION, location).body(Bytes::new());
        redirect_target(&from.parse().unwrap(), &Method::GET, &response.unwrap())
    }

    #[test]
    fn a_redirect_within_the_server_is_followed() {
        let from = "https://r.example/v2/team/app/manifests/1";
        for (location, to) in [
            ("/v2/a", "https://r.example/v2/a"),
            ("https://R.example:443/v2/", "https://R.example:443/v2/"),
            ("2?x=y#part", "https://r.example/v2/team/app/manifests/2?x=y"),
            ("//r.example/b", "https://r.example/b"),
        ] {
            let to: Uri = to.parse().unwrap();
            assert_eq!(target(from, 307, location), Some(RedirectTarget::SameServer(to)), "{location}");
        }
        let secure: Uri = "https://r.example/v2/".parse().unwrap();
        assert_eq!(
            target("http://r.example:8080/v2", 301, "https://r.example/v2/"),
            Some(RedirectTarget::SameServer(secure))
        );
    }

    #[test]
    fn a_redirect_to_another_server_is_named_and_not_followed() {
        let other = |to: &str| Some(RedirectTarget::OtherServer(to.to_owned()));
        let from = "https://r.example/v2/";
        assert_eq!(target(from, 302, "https://s3.example/bucket?signature=x"), other("https://s3.example"));
        assert_eq!(target(from, 302, "http://r.example/v2/"), other("http://r.example"));
        assert_eq!(target(from, 302, "https://me:pw@r.example:5000/"), other("https://r.example:5000"));
        assert_eq!(target(from, 308, ""), other("an address that it does not name"));
        assert_eq!(target(from, 302, "https://"), other("an address that it does not name"));
        assert_eq!(target(from, 304, "/v2/"), None);
        assert_eq!(target(from, 200, "/v2/"), None);
    }
}
