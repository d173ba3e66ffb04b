//! What the engine says about a connection to the registry, its token service or its layer store.

use crate::answers::rules::message_rule::MessageRule;
use crate::error::{Class, Link};

/// The first match wins, so specific phrases come before general ones.
pub(crate) const CONNECTION_RULES: &[MessageRule] = &[
    MessageRule::new(
        &["no such host", "server misbehaving", "name resolution", "dial tcp: lookup", "no suitable address"],
        Link::Registry,
        Class::Unavailable,
        "the host name {server} cannot be resolved",
        "check the spelling of the host name, then the name resolution of the engine's host",
    ),
    MessageRule::new(
        &[
            "cannot assign requested address",
            "network is unreachable",
            "no route to host",
            "address family not supported",
        ],
        Link::Registry,
        Class::Unavailable,
        "the engine's host has no route to {server}",
        "check the routes of the engine's host for IPv4 and IPv6: a name with IPv6 addresses needs a host with one; then the firewall and the VPC endpoint",
    ),
    MessageRule::new(
        &[
            "connection refused",
            "connection reset",
            "connection timed out",
            "i/o timeout",
            "timeout exceeded",
            "timeout awaiting response headers",
            "deadline exceeded",
            "handshake timeout",
            "request canceled",
            "talk to a v1 container registry",
            "broken pipe",
            "transport connection broken",
            "short read: expected",
            "unexpected http response code: 5",
            "goaway",
            "stream error",
            "internal_error",
            "refused_stream",
            "protocol_error",
            "enhance_your_calm",
            "http2:",
            "connection lost",
            "use of closed",
            "closed idle connection",
            "closed network connection",
            "bad record mac",
            "connection aborted",
            "malformed http",
            "read: ",
            ": eof",
        ],
        Link::Registry,
        Class::Unavailable,
        "{server} does not answer, or the connection to it was lost",
        "try again later; if the error remains, check the route, the firewall and the VPC endpoint from the engine's host to {server}",
    ),
];
