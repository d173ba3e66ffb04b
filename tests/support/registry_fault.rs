//! Faults that a registry, or the proxy in front of one, can inject, and what they do to a response.

use std::time::Duration;

use hyper::body::Bytes;

use super::gate::Gate;
use super::http::{Reply, Stall, Step};

/// What a request to a registry asks for. An engine requests a manifest twice: HEAD by tag, then
/// GET by digest; both are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// `/v2/`
    Ping,
    /// `/token`
    Token,
    Manifest,
    Config,
    Layer,
}

/// What replaces a response, or happens to it.
#[derive(Clone)]
pub enum RegistryFault {
    /// This status, additional header and body in place of the response.
    Response(u16, Option<(&'static str, &'static str)>, &'static str),
    /// No response; the connection stays open.
    Hang,
    /// Half of the body, then the connection is reset.
    Cut,
    /// The whole body, with its second half corrupted.
    Garbage,
    /// The body in this number of pieces, with this pause after each.
    Drip(usize, Duration),
    /// The whole response waits until the test opens the gate.
    Hold(Gate),
    /// Half of the body is sent; the rest waits until the test opens the gate.
    HoldMidBody(Gate),
}

impl RegistryFault {
    /// A failure as registries report it, with their error code and message.
    pub fn status(status: u16) -> Self {
        let body = match status {
            401 => r#"{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}"#,
            403 => r#"{"errors": [{"code": "DENIED", "message": "requested access to the resource is denied"}]}"#,
            404 => r#"{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}"#,
            429 => r#"{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}"#,
            _ => "it is down",
        };
        let header = (status == 401).then_some(("www-authenticate", "Basic realm=\"the proxy\""));
        Self::Response(status, header, body)
    }

    /// The reply with this body, as the fault leaves it. It has no headers yet.
    pub fn reply(fault: Option<Self>, status: u16, body: &Bytes) -> Reply {
        let length = body.len();
        let piece = |from: usize, to: usize| Step::Send(body.slice(from..to));
        let whole = |body| Reply::script(status, vec![Step::Send(body)]);
        match fault {
            Some(Self::Cut) => Reply::script(status, vec![piece(0, length / 2), Step::Stall(Stall::Reset)]),
            Some(Self::Garbage) => {
                let corrupt = |(at, byte): (usize, &u8)| if at < length / 2 { *byte } else { !*byte };
                whole(body.iter().enumerate().map(corrupt).collect())
            }
            Some(Self::Drip(pieces, pause)) => {
                let size = length.div_ceil(pieces).max(1);
                let pieces = (0..length).step_by(size).map(|at| piece(at, length.min(at + size)));
                Reply::script(status, pieces.flat_map(|piece| [piece, Step::Stall(Stall::Pause(pause))]).collect())
            }
            Some(Self::HoldMidBody(gate)) => {
                let steps = vec![piece(0, length / 2), Step::Stall(Stall::Hold(gate)), piece(length / 2, length)];
                Reply::script(status, steps)
            }
            Some(Self::Hang) => whole(body.clone()).after(Stall::Hang),
            Some(Self::Hold(gate)) => whole(body.clone()).after(Stall::Hold(gate)),
            Some(Self::Response(..)) | None => whole(body.clone()),
        }
    }
}
