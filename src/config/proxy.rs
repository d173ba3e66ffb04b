//! The variables that name a proxy. The AWS SDK reads them for itself, and passes a malformed
//! one over: every call would then go past the proxy, or into a firewall, without a word.

use http::Uri;

use super::config_error::ConfigError;

/// Each in both its forms; the first that is set counts.
const HTTPS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
/// Stands in for the others.
const ALL: [&str; 2] = ["ALL_PROXY", "all_proxy"];

/// Checks those that `variable` says are set.
///
/// # Errors
/// [`ConfigError::Proxy`] names the variable and never its value, which may hold a password.
pub(super) fn check(variable: impl Fn(&'static str) -> Result<Option<String>, ConfigError>) -> Result<(), ConfigError> {
    let is_set = |names: [&'static str; 2]| {
        for name in names {
            if let Some(text) = variable(name)? {
                return if is_address(&text) { Ok(true) } else { Err(ConfigError::Proxy { variable: name }) };
            }
        }
        Ok(false)
    };
    let for_aws = is_set(HTTPS)?;
    is_set(HTTP)?;
    // Many a desktop has `ALL_PROXY=socks5://…` there, which hurts nobody where it is not asked.
    if !for_aws {
        is_set(ALL)?;
    }
    Ok(())
}

/// Whether the SDK would understand it as a proxy, and the one that is meant: an `@`, `/` or
/// `:` of a password that is not percent-encoded moves the host to somewhere else.
fn is_address(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let Some(authority) = uri.authority() else { return false };
    let place = authority.as_str().split_once('@').map_or(authority.as_str(), |(_, place)| place);
    let host = authority.host();
    let Some(port) = place.strip_prefix(host) else { return false };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    uri.scheme_str().is_none_or(|scheme| matches!(scheme, "http" | "https"))
        && !host.is_empty()
        && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

#[cfg(test)]
mod tests {
    use super::{check, is_address};

    #[test]
    fn an_address_is_a_host_with_or_without_scheme_port_and_login() {
        for good in [
            "http://proxy:3128",
            "https://proxy.example/",
            "proxy:3128",
            "proxy",
            "http://me:p%40ss@10.0.0.1:80",
            "http://me@[::1]:3128",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "http://",
            "http://:3128",
            "http//proxy:3128",
            "http:/proxy:3128",
            "proxy:3128/",
            " http://proxy:3128",
            "http://proxy:31280000",
            "http://proxy:port",
            "http://proxy:",
            "http://me:p@ss@proxy:3128",
            "http://me:p/ss@proxy:3128",
            "socks5://proxy:1080",
            "/proxy",
            "*",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn what_stands_in_for_the_others_counts_only_where_it_does() {
        let with = |set: &'static [(&str, &str)]| {
            check(move |name| {
                let found = set.iter().find(|(is, _)| *is == name);
                Ok(found.map(|(_, value)| (*value).to_owned()))
            })
        };
        assert!(with(&[]).is_ok());
        assert!(with(&[("ALL_PROXY", "socks5://proxy:1080")]).is_err());
        assert!(with(&[("ALL_PROXY", "socks5://proxy:1080"), ("https_proxy", "http://proxy:3128")]).is_ok());
        assert!(with(&[("HTTPS_PROXY", "http://proxy:3128"), ("https_proxy", "*")]).is_ok(), "the first counts");
        assert!(with(&[("https_proxy", "*")]).unwrap_err().to_string().contains("https_proxy"));
    }
}
