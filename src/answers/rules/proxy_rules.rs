//! What a proxy of the engine says, and what the engine says about its proxy.

use crate::answers::rules::message_rule::MessageRule;
use crate::answers::rules::registry_rules::SERVER_STATUSES;
use crate::error::{Class, Link};

const SETTINGS: &str = "the daemon's own configuration sets the proxy (`proxies` in /etc/docker/daemon.json, or HTTPS_PROXY in /etc/systemd/system/docker.service.d/http-proxy.conf): `docker info --format '{{.HTTPProxy}} {{.HTTPSProxy}} {{.NoProxy}}'` shows it";

/// The engine's words about a proxy that it cannot use. The first match wins.
pub(crate) const PROXY_CONNECTION_RULES: &[MessageRule] = &[
    MessageRule::new(
        &["proxyconnect tcp: tls: first record", "proxyconnect tcp: http: server gave http response"],
        Link::Engine,
        Class::Unsupported,
        "the engine speaks TLS to its proxy, and the proxy expects plain HTTP",
        "give the proxy's address with `http://` in HTTPS_PROXY too: the scheme is that of the connection to the proxy",
    ),
    MessageRule::new(
        &["proxyconnect tcp: tls:", "proxyconnect tcp: x509:", "proxyconnect tcp: remote error: tls"],
        Link::Engine,
        Class::Unsupported,
        "the engine does not trust the certificate of its proxy",
        "add the CA of the proxy to the system's certificates on the engine's host and restart the engine, or use the proxy's plain HTTP port",
    ),
    MessageRule::new(
        &["proxyconnect", "socks connect"],
        Link::Registry,
        Class::Unavailable,
        "the engine's proxy does not answer",
        SETTINGS,
    ),
    MessageRule::new(
        &["invalid proxy address", "unknown scheme: "],
        Link::Engine,
        Class::Unsupported,
        "the address of the engine's proxy is invalid",
        SETTINGS,
    ),
];

/// A proxy's answer by its status. The first phrase that the status line contains decides.
pub(crate) const PROXY_RULES: &[MessageRule] = &[
    MessageRule::new(
        &["407", "authentication required", "authenticationrequired", "authorizedonly"],
        Link::Engine,
        Class::Refused,
        "the engine's proxy requires a login of its own, and received none that it accepts; the registry was not reached",
        "the login is part of the proxy's address (`http://USER:PASSWORD@PROXY:PORT`, special characters percent-encoded): `docker info --format '{{.HTTPProxy}} {{.HTTPSProxy}} {{.NoProxy}}'` shows the address, which `proxies` in /etc/docker/daemon.json or /etc/systemd/system/docker.service.d/http-proxy.conf sets; restart the engine after a change",
    ),
    MessageRule::new(
        &["429", "too many requests"],
        Link::Registry,
        Class::Throttled,
        "the engine's proxy limits the rate of connections",
        "wait, or lower pull.concurrency_per_registry",
    ),
    MessageRule::new(
        &["500", "502", "503", "504", "internal server error", "bad gateway", "service unavailable", "gateway time"],
        Link::Registry,
        Class::Unavailable,
        "the engine's proxy or a gateway cannot reach {server}",
        "try again later; if the error remains, check the name resolution and the route of the proxy, and whether {server} belongs in NO_PROXY",
    ),
    MessageRule::new(
        &["403", "forbidden"],
        Link::Engine,
        Class::Refused,
        "the engine's proxy forbids a connection to {server}; the registry was not reached",
        "have {server} allowed on the proxy, or add it to NO_PROXY of the daemon if the registry is reachable without it: `docker info --format '{{.HTTPProxy}} {{.HTTPSProxy}} {{.NoProxy}}'` shows both",
    ),
    MessageRule::new(
        &[""],
        Link::Engine,
        Class::Unsupported,
        "the engine's proxy does not open a connection to {server}; the registry was not reached",
        SETTINGS,
    ),
];

/// A web page in place of a registry's answer, by its status.
pub(crate) const PAGE_RULES: &[MessageRule] = &[
    MessageRule::new(
        &["429"],
        Link::Registry,
        Class::Throttled,
        "the registry, or a gateway in front of it, limits the rate of requests",
        "wait, or lower pull.concurrency_per_registry",
    ),
    MessageRule::new(
        &["403", "401"],
        Link::Registry,
        Class::Refused,
        "a web page answers HTTP {status} in place of the registry: a proxy, a gateway or a firewall between the engine and {server} refuses access",
        "the login was most likely not checked: `curl -si https://{host}/v2/` on the engine's host shows the page and who sends it; have the gateway or firewall let the engine's host through",
    )
    .and_final(),
    MessageRule::new(
        &["404"],
        Link::Registry,
        Class::Absent,
        "a web page answers `not found` in place of the registry",
        "check the spelling of host and port: the address may belong to a web server or a proxy; `curl -si https://{host}/v2/` shows what answers",
    ),
    MessageRule::new(
        SERVER_STATUSES,
        Link::Registry,
        Class::Unavailable,
        "a gateway in front of the registry answers HTTP {status}",
        "try again later; if the error remains, check the registry behind the gateway",
    ),
    MessageRule::new(
        &[""],
        Link::Registry,
        Class::Unknown,
        "a web page answers in place of the registry",
        "a proxy, a gateway or a login page answers in its place: `curl -si https://{host}/v2/` on the engine's host shows it",
    )
    .and_final(),
];
