//! Everything this AWS knows, and how a request is turned into an answer.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::fault::FaultPlan;
use super::super::http::{Reply, Request, Stall, form_pairs};
use super::access::Caller;
use super::arn::partition_of;
use super::compiled_policy::CompiledPolicy;
use super::identity::{Identities, KeyError};
use super::protocol::{Protocol, ServiceError, ServiceResult};
use super::secret::Secret;
use super::signature::{BadSignature, Signature};
use super::{AwsFault, Call, clock, ecr, ecs, kms, secretsmanager, sts};

/// One AWS service: its name in signatures, how it is spoken to, what it answers.
pub struct Service {
    pub name: &'static str,
    pub protocol: Protocol,
    /// Before the operation in `X-Amz-Target`; empty for Query services.
    pub target_prefix: &'static str,
    pub answer: fn(&mut AwsState, &ServiceCall) -> ServiceResult,
}

const SERVICES: [&Service; 6] =
    [&ecr::SERVICE, &ecr::PUBLIC, &ecs::SERVICE, &kms::SERVICE, &secretsmanager::SERVICE, &sts::SERVICE];

/// A call that is authenticated but not yet decided.
pub struct ServiceCall {
    pub caller: Caller,
    pub operation: String,
    /// Of the signature: the Region whose endpoint is addressed.
    pub region: String,
    pub parameters: Map<String, Value>,
    pub now: i64,
}

impl ServiceCall {
    pub fn text(&self, parameter: &str) -> Option<&str> {
        self.parameters.get(parameter)?.as_str()
    }
}

pub struct Key {
    pub policy: CompiledPolicy,
    pub enabled: bool,
    pub pending_deletion: bool,
}

pub struct AwsState {
    pub identities: Identities,
    pub keys: HashMap<String, Key>,
    pub secrets: HashMap<String, Secret>,
    /// ECS's, by ARN.
    pub clusters: HashMap<String, ecs::Cluster>,
    pub task_definitions: HashMap<String, Value>,
    pub faults: FaultPlan<String, AwsFault>,
    pub calls: Vec<Call>,
    /// Seconds by which the service's clock is ahead of ours.
    pub clock_offset: i64,
    /// ECR's tokens given so far, and for how many seconds each serves.
    pub tokens: u64,
    pub token_lifetime: i64,
}

impl AwsState {
    pub fn empty() -> Self {
        Self {
            identities: Identities::default(),
            keys: HashMap::new(),
            secrets: HashMap::new(),
            clusters: HashMap::new(),
            task_definitions: HashMap::new(),
            faults: FaultPlan::new(),
            calls: Vec::new(),
            clock_offset: 0,
            tokens: 0,
            token_lifetime: ecr::TOKEN_LIFETIME,
        }
    }

    /// Logs the call, then lets the fault strike it or the service answer it.
    /// The answer is decided now, even where a fault delays it.
    pub fn reply(&mut self, request: &Request) -> Reply {
        let Some((service, operation)) = addressed(request) else {
            return Reply::new(400, r#"{"__type":"UnknownOperationException"}"#);
        };
        let parameters = parameters(service.protocol, request);
        let fault = self.faults.next_fault(&operation);
        let signature = Signature::of(request);
        let call = self.authenticate(service, signature.as_ref(), request).map(|caller| ServiceCall {
            caller,
            operation: operation.clone(),
            region: signature.as_ref().map_or("", |signature| signature.region).to_owned(),
            parameters: parameters.clone(),
            now: clock::now() + self.clock_offset,
        });
        let principal = call.as_ref().ok().map(|call| call.caller.arn().to_owned());
        let answer = call.and_then(|call| (service.answer)(self, &call));
        let request_id = format!("{:08x}-5243-4f4e-8a11-0242ac110002", self.calls.len() + 1);
        let target =
            ["SecretId", "Name", "RoleArn", "KeyId", "taskDefinition"].iter().find_map(|name| parameters.get(*name));
        let error = answer.as_ref().err().map(|error| error.code);
        self.calls.push(Call {
            service: service.name,
            operation,
            region: signature.as_ref().map(|signature| signature.region.to_owned()),
            principal,
            target: target.and_then(Value::as_str).map(str::to_owned),
            signed_at: signature.map(|signature| signature.signed_at.to_owned()),
            error: if fault.as_ref().is_some_and(AwsFault::replaces) { Some("fault") } else { error },
        });
        apply_fault(fault, service.protocol, answer, &request_id)
    }

    fn authenticate(
        &self,
        service: &Service,
        signature: Option<&Signature<'_>>,
        request: &Request,
    ) -> Result<Caller, ServiceError> {
        let refuse = |refusal: Refusal| refusal.spoken(service.protocol);
        let signature = signature.ok_or_else(|| refuse(Refusal::Unsigned))?;
        if signature.service != service.name {
            let name = service.name;
            let scope = format!("Credential should be scoped to correct service: '{name}'. ");
            return Err(refuse(Refusal::Signature(BadSignature(scope))));
        }
        let partition = partition_of(signature.region).ok_or_else(|| {
            let scope = "Credential should be scoped to a valid region. ".to_owned();
            refuse(Refusal::Signature(BadSignature(scope)))
        })?;
        let now = clock::now() + self.clock_offset;
        let (secret, caller) = self
            .identities
            .bearer(signature.access_key, request.header("x-amz-security-token"), now)
            .map_err(|unknown| refuse(Refusal::Bearer(unknown)))?;
        if caller.parts().partition != partition {
            return Err(refuse(Refusal::Bearer(KeyError::Invalid)));
        }
        let verified = signature.verify(request, secret, now);
        verified.map_err(|bad| refuse(Refusal::Signature(bad)))?;
        Ok(caller)
    }
}

/// The service and the operation a request is for, whatever it is signed for.
fn addressed(request: &Request) -> Option<(&'static Service, String)> {
    if let Some(target) = request.header("x-amz-target") {
        return SERVICES
            .into_iter()
            .filter(|service| !service.target_prefix.is_empty())
            .find_map(|service| Some((service, target.strip_prefix(service.target_prefix)?.to_owned())));
    }
    let form = form_pairs(&String::from_utf8_lossy(&request.body));
    let (_, action) = form.into_iter().find(|(name, _)| name == "Action")?;
    SERVICES.into_iter().find(|service| service.target_prefix.is_empty()).map(|it| (it, action))
}

fn parameters(protocol: Protocol, request: &Request) -> Map<String, Value> {
    match protocol {
        Protocol::Json => serde_json::from_slice(&request.body).unwrap_or_default(),
        Protocol::Query => form_pairs(&String::from_utf8_lossy(&request.body))
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)))
            .collect(),
    }
}

fn apply_fault(fault: Option<AwsFault>, protocol: Protocol, answer: ServiceResult, request_id: &str) -> Reply {
    match fault {
        None => protocol.reply(answer, request_id),
        Some(AwsFault::Throttle) => protocol.reply(Err(throttled(protocol)), request_id),
        Some(AwsFault::Status(status)) => protocol.reply(Err(failed(status)), request_id),
        Some(AwsFault::Error(status, code, message)) => {
            protocol.reply(Err(ServiceError::new(status, code, message)), request_id)
        }
        Some(AwsFault::Body(body)) => protocol.reply(Ok(body), request_id),
        Some(AwsFault::Garbage) => protocol.garbage(request_id),
        Some(AwsFault::Hang) => Reply::stall(Stall::Hang),
        Some(AwsFault::Reset) => Reply::stall(Stall::Reset),
        Some(AwsFault::Slow(time)) => protocol.reply(answer, request_id).after(Stall::Pause(time)),
        Some(AwsFault::Hold(gate)) => protocol.reply(answer, request_id).after(Stall::Hold(gate)),
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

/// What happens before a service looks at a call.
enum Refusal {
    Unsigned,
    Bearer(KeyError),
    Signature(BadSignature),
}

impl Refusal {
    fn spoken(self, protocol: Protocol) -> ServiceError {
        let (json, query, message) = match self {
            Self::Unsigned => (
                "MissingAuthenticationTokenException",
                "MissingAuthenticationToken",
                "Request is missing Authentication Token".to_owned(),
            ),
            Self::Bearer(KeyError::Invalid) => (
                "UnrecognizedClientException",
                "InvalidClientTokenId",
                "The security token included in the request is invalid.".to_owned(),
            ),
            Self::Bearer(KeyError::Expired) => (
                "ExpiredTokenException",
                "ExpiredToken",
                "The security token included in the request is expired".to_owned(),
            ),
            Self::Signature(BadSignature(message)) => ("InvalidSignatureException", "SignatureDoesNotMatch", message),
        };
        match protocol {
            Protocol::Json => ServiceError::new(400, json, message),
            Protocol::Query => ServiceError::new(403, query, message),
        }
    }
}
