//! Refuses requests that a browser or a proxy sent: a web page, or a client of the proxy,
//! may have caused them, and the peer of the socket is then not the real sender.

use http::Request;
use http::header::HOST;

use super::problem::{Problem, ProblemKind};

/// Values of `Host` that programs on this host use.
const HOSTS: [&str; 3] = ["", "localhost", "taskpull"];

/// Headers that browsers and proxies add; an entry that ends in `-` is a prefix.
const FORBIDDEN_HEADERS: [&str; 14] = [
    "origin",
    "referer",
    "sec-",
    "cookie",
    "access-control-",
    "upgrade-insecure-requests",
    "forwarded",
    "x-forwarded-",
    "x-real-ip",
    "x-original-",
    "x-envoy-",
    "via",
    "proxy-",
    "cf-",
];

/// Checks that a request has a local host name and no header of a browser or a proxy.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Problem> {
    let refuse = |detail: String| Err(Problem::new(ProblemKind::FORWARDED, &detail));
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let hosts = request.headers().get_all(HOST).iter().map(|host| host.to_str().unwrap_or("?"));
    if let Some(host) = hosts.chain(authority).find(|host| !HOSTS.contains(host)) {
        return refuse(format!("the request is for the host `{host}`; use `localhost`"));
    }
    let is_forbidden = |name: &str| {
        FORBIDDEN_HEADERS
            .iter()
            .any(|entry| if entry.ends_with('-') { name.starts_with(entry) } else { name == *entry })
    };
    match request.headers().keys().find(|name| is_forbidden(name.as_str())) {
        Some(name) => refuse(format!("the request has the header `{name}`, which browsers and proxies add")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::check;

    fn passes(headers: &[(&str, &str)], uri: &str) -> bool {
        let request = headers.iter().fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
        check(&request.body(()).unwrap()).is_ok()
    }

    #[test]
    fn requests_from_local_programs_pass() {
        for host in ["", "localhost", "taskpull"] {
            assert!(passes(&[("host", host), ("accept", "*/*"), ("user-agent", "curl/8")], "/v1/health"));
        }
        assert!(passes(&[], "/v1/health"), "HTTP/1.0 has no host");
        assert!(passes(&[], "http://localhost/v1/health"));
    }

    #[test]
    fn requests_from_browsers_and_proxies_are_refused() {
        for header in
            ["Origin", "Referer", "Sec-Fetch-Mode", "Forwarded", "X-Forwarded-For", "Via", "Cookie", "X-Real-IP"]
        {
            assert!(!passes(&[("host", "localhost"), (header, "null")], "/"), "{header}");
        }
        for host in ["localhost:8080", "evil.example", "127.0.0.1", "LOCALHOST."] {
            assert!(!passes(&[("host", host)], "/"), "{host}");
        }
        assert!(!passes(&[("host", "localhost"), ("host", "evil.example")], "/"));
        assert!(!passes(&[("host", "localhost")], "http://evil.example/"));
    }
}
