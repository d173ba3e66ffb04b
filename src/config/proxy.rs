//! The environment variables that name a proxy.
//!
//! The AWS SDK reads them itself, and silently ignores a malformed one: every call would then bypass
//! the proxy, or be dropped by a firewall.

use http::Uri;

use super::config_error::ConfigError;

/// Each variable in upper and lower case; the first that is set takes effect.
const HTTPS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
/// Used where the variable for the scheme is unset.
const ALL: [&str; 2] = ["ALL_PROXY", "all_proxy"];

/// Checks the variables, as `variable` returns their values.
///
/// # Errors
/// [`ConfigError::InvalidProxy`] names the variable and never its value, which may hold a password.
pub(super) fn check(variable: impl Fn(&'static str) -> Result<Option<String>, ConfigError>) -> Result<(), ConfigError> {
    let is_set = |names: [&'static str; 2]| {
        for name in names {
            if let Some(text) = variable(name)? {
                return if is_address(&text) { Ok(true) } else { Err(ConfigError::InvalidProxy { variable: name }) };
            }
        }
        Ok(false)
    };
    let for_aws = is_set(HTTPS)?;
    is_set(HTTP)?;
    // Many desktops set `ALL_PROXY=socks5://…`, which is harmless if the SDK does not use it.
    if !for_aws {
        is_set(ALL)?;
    }
    Ok(())
}

/// Whether the SDK would understand the text as a proxy, and as the intended one: an `@`, `/` or
/// `:` in a password that is not percent-encoded changes what is parsed as the host.
fn is_address(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let Some(authority) = uri.authority() else { return false };
    let host_and_port =
        authority.as_str().split_once('@').map_or(authority.as_str(), |(_, host_and_port)| host_and_port);
    let host = authority.host();
    let Some(port) = host_and_port.strip_prefix(host) else { return false };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    uri.scheme_str().is_none_or(|scheme| matches!(scheme, "http" | "https"))
        && !host.is_empty()
        && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

#[cfg(test)]
mod tests {
    use super::{check, is_address};

    #[test]
    fn proxy_address_is_a_host_with_optional_scheme_port_and_login() {
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
    fn all_proxy_is_checked_only_where_https_proxy_is_unset() {
        let with = |set: &'static [(&str, &str)]| {
            check(move |name| {
                let found = set.iter().find(|(known, _)| *known == name);
                Ok(found.map(|(_, value)| (*value).to_owned()))
            })
        };
        assert!(with(&[]).is_ok());
        assert!(with(&[("ALL_PROXY", "socks5://proxy:1080")]).is_err());
        assert!(with(&[("ALL_PROXY", "socks5://proxy:1080"), ("https_proxy", "http://proxy:3128")]).is_ok());
        assert!(
            with(&[("HTTPS_PROXY", "http://proxy:3128"), ("https_proxy", "*")]).is_ok(),
            "the first variable takes effect"
        );
        assert!(with(&[("https_proxy", "*")]).unwrap_err().to_string().contains("https_proxy"));
    }
}
