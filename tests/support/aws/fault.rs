//! Faults of AWS services.

use std::time::Duration;

use super::super::gate::Gate;
use super::super::http::{Reply, Stall};
use super::protocol::{Protocol, ServiceError, ServiceResult};

/// What replaces the response to a call, or delays it.
#[derive(Clone)]
pub enum AwsFault {
    Throttle,
    Status(u16),
    /// An error of the service: status, code, message.
    Error(u16, &'static str, &'static str),
    Hang,
    Reset,
    Slow(Duration),
    /// The response waits until the test opens the gate.
    Hold(Gate),
    /// A successful status with a body that violates the service's protocol.
    Garbage,
    /// A successful status with this body.
    Body(String),
}

impl AwsFault {
    /// Whether the fault replaces the response, rather than delaying it.
    pub(super) fn replaces(&self) -> bool {
        !matches!(self, Self::Slow(_) | Self::Hold(_))
    }

    /// The reply to a call: the service's result, unless the fault replaces or delays it.
    pub(super) fn reply(fault: Option<Self>, protocol: Protocol, answer: ServiceResult, request_id: &str) -> Reply {
        match fault {
            None => protocol.reply(answer, request_id),
            Some(Self::Throttle) => protocol.reply(Err(throttled(protocol)), request_id),
            Some(Self::Status(status)) => protocol.reply(Err(failed(status)), request_id),
            Some(Self::Error(status, code, message)) => {
                protocol.reply(Err(ServiceError::new(status, code, message)), request_id)
            }
            Some(Self::Body(body)) => protocol.reply(Ok(body), request_id),
            Some(Self::Garbage) => protocol.garbage(request_id),
            Some(Self::Hang) => Reply::stall(Stall::Hang),
            Some(Self::Reset) => Reply::stall(Stall::Reset),
            Some(Self::Slow(time)) => protocol.reply(answer, request_id).after(Stall::Pause(time)),
            Some(Self::Hold(gate)) => protocol.reply(answer, request_id).after(Stall::Hold(gate)),
        }
    }
}

fn throttled(protocol: Protocol) -> ServiceError {
    let code = if protocol == Protocol::Json { "ThrottlingException" } else { "Throttling" };
    ServiceError::new(400, code, "Rate exceeded")
}

fn failed(status: u16) -> ServiceError {
    let code = if status == 503 { "ServiceUnavailable" } else { "InternalServiceError" };
    ServiceError::new(status, code, "An error occurred on the server side.")
}
