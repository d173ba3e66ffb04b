//! Requests that somebody else's program could have made: a web page in a browser, or
//! whoever reaches a proxy that leads here. The socket's peer is then not who asks.

use http::Request;
use http::header::HOST;

use super::problem::{Kind, Problem};

/// The names that programs of this host call the socket by.
const HOSTS: [&str; 3] = ["", "localhost", "taskpull"];

/// Headers, or beginnings of headers where they end in `-`, that browsers and proxies add.
const ADDED: [&str; 14] = [
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

/// Lets a request pass that comes from a program on this host.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Problem> {
    let refused = |said: String| Err(Problem::new(Kind::Forwarded, &said));
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let hosts = request.headers().get_all(HOST).iter().map(|host| host.to_str().unwrap_or("?"));
    if let Some(host) = hosts.chain(authority).find(|host| !HOSTS.contains(host)) {
        return refused(format!("it is for the host `{host}`, and this is `localhost`"));
    }
    let is_added = |name: &str| {
        ADDED.iter().any(|added| if added.ends_with('-') { name.starts_with(added) } else { name == *added })
    };
    match request.headers().keys().find(|name| is_added(name.as_str())) {
        Some(name) => refused(format!("it has the header `{name}`, which a browser or a proxy adds")),
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
    fn programs_of_this_host_pass() {
        for host in ["", "localhost", "taskpull"] {
            assert!(passes(&[("host", host), ("accept", "*/*"), ("user-agent", "curl/8")], "/v1/health"));
        }
        assert!(passes(&[], "/v1/health"), "HTTP/1.0 has no host");
        assert!(passes(&[], "http://localhost/v1/health"));
    }

    #[test]
    fn browsers_and_proxies_do_not() {
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
