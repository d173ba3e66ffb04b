//! What the engine says about a TLS connection that failed. Each cause has its own repair.

use crate::answers::rules::message_rule::MessageRule;
use crate::error::{Class, Link};

const fn tls(phrases: &'static [&'static str], explanation: &'static str, hint: &'static str) -> MessageRule {
    MessageRule::new(phrases, Link::Registry, Class::Unsupported, explanation, hint)
}

/// The first match wins, so specific phrases come before general ones.
pub(crate) const TLS_RULES: &[MessageRule] = &[
    tls(
        &["http response to https client", "does not look like a tls handshake"],
        "{server} uses plain HTTP, and the engine expects TLS",
        "enable TLS on the registry, or add `{server}` to `insecure-registries` in the daemon's configuration",
    ),
    tls(
        &[
            "tls: bad certificate",
            "certificate required",
            "remote error: tls: unknown certificate",
            "tls: certificate unknown",
        ],
        "{server} requires a client certificate, and the engine showed none that it accepts",
        "put the client certificate and its key into /etc/docker/certs.d/{server}/client.cert and client.key on the engine's host; both must be valid now and signed by the authority that the registry trusts",
    ),
    tls(
        &["unsupported protocol version", "protocol version not supported", "tls: protocol version"],
        "{server} offers only a TLS version that the engine no longer accepts",
        "enable TLS 1.2 or 1.3 on the registry or on the proxy in front of it; `openssl s_client -connect {address} -servername {name} -tls1_2 </dev/null` must succeed",
    ),
    tls(
        &[
            "tls: handshake failure",
            "insufficient security",
            "no cipher suite",
            "illegal parameter",
            "no application protocol",
        ],
        "{server} and the engine found no common TLS parameters",
        "compare the ciphers and curves that the server allows with `openssl s_client -connect {address} -servername {name} </dev/null`; a gateway may also answer so to a host name that it does not know",
    ),
    tls(
        &["unrecognized name", "tls: access denied", "tls: internal error"],
        "{server} ended the TLS handshake: it does not serve this host name, or has no certificate for it",
        "check the host name and the certificates of the server or gateway: `openssl s_client -connect {address} -servername {name} </dev/null`",
    ),
    tls(
        &["legacy common name", "not valid for any names"],
        "the certificate of {server} has no subjectAltName, only a common name, which engines no longer read",
        "issue the certificate again with the host name as subjectAltName (`subjectAltName=DNS:{name}`)",
    ),
    tls(
        &["doesn't contain any ip sans", "cannot validate certificate for"],
        "the certificate of {server} does not contain this IP address as subjectAltName",
        "use the host name of the certificate in the image's name, or issue the certificate again with `subjectAltName=IP:{name}`",
    ),
    tls(
        &["certificate is valid for", "certificate is not valid for"],
        "the certificate of {server} is for another host name",
        "use one of its names, or issue it again with the host name as subjectAltName: `openssl s_client -connect {address} -servername {name} </dev/null | openssl x509 -noout -subject -ext subjectAltName` shows the names",
    ),
    tls(
        &["is before 2", "is before 1"],
        "the certificate of {server} is not valid yet, by the clock of the engine's host",
        "check the clock of the engine's host with `timedatectl`, then the dates of the certificate: `openssl s_client -connect {address} -servername {name} </dev/null | openssl x509 -noout -dates`",
    ),
    tls(
        &["certificate has expired", "tls: expired certificate", "remote error: tls: certificate expired"],
        "the certificate of {server} has expired, or is not valid yet",
        "renew the certificate; if its dates are right, check the clock of the engine's host: `openssl s_client -connect {address} -servername {name} </dev/null | openssl x509 -noout -dates`",
    ),
    tls(
        &[
            "failed to parse certificate",
            "negative serial number",
            "malformed certificate",
            "x509: invalid",
            "x509: unsupported",
            "unhandled critical extension",
            "insecure algorithm",
            "x509: inner and outer",
        ],
        "the engine cannot read the certificate of {server}: it breaks a rule of X.509 that the engine enforces",
        "issue the certificate again with a current tool (positive serial number, SHA-256, RSA of 2048 bits or more): `openssl s_client -connect {address} -servername {name} </dev/null | openssl x509 -noout -text` shows it",
    ),
    tls(
        &[
            "not authorized to sign",
            "too many intermediates",
            "incompatible key usage",
            "name constraint",
            "not permitted by any constraint",
        ],
        "the certificate of {server} may not be used for this: an authority or a usage in its chain forbids it",
        "issue the certificate with `extendedKeyUsage=serverAuth` under an authority that may sign it: `openssl s_client -connect {address} -servername {name} -showcerts </dev/null` shows the chain",
    ),
    tls(
        &[
            "unknown authority",
            "x509: certificate is not trusted",
            "unknown ca",
            "certificate signed by",
            "x509: cannot verify",
            "x509:",
        ],
        "the engine does not trust the certificate of {server}: no authority that it knows signed it",
        "put the CA certificate into /etc/docker/certs.d/{server}/ca.crt on the engine's host, or have the server send its intermediate certificates; a proxy that inspects TLS signs with its own CA",
    ),
];

/// TLS words without a known cause; tried after the words about connections that were lost.
pub(crate) const GENERAL_TLS_RULES: &[MessageRule] = &[tls(
    &["tls: "],
    "the TLS handshake with {server} failed",
    "`openssl s_client -connect {address} -servername {name} </dev/null` on the engine's host shows what the server offers",
)];
