//! The state of this AWS, and the steps from a request to its reply.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::fault::FaultPlan;
use super::super::http::{Reply, Request, form_pairs};
use super::access::Caller;
use super::arn::partition_of;
use super::compiled_policy::CompiledPolicy;
use super::fault::AwsFault;
use super::identity::{Identities, KeyError};
use super::protocol::{Protocol, ServiceError, ServiceResult};
use super::recorded_call::RecordedCall;
use super::secret::Secret;
use super::signature::{BadSignature, Signature};
use super::{clock, ecr, ecs, kms, secretsmanager, sts};

/// An AWS service: its name in signatures, its protocol, and the function that answers calls.
pub struct Service {
    pub name: &'static str,
    pub protocol: Protocol,
    /// The prefix of the operation in `X-Amz-Target`; empty for Query services.
    pub target_prefix: &'static str,
    pub answer: fn(&mut AwsState, &ServiceCall) -> ServiceResult,
}

const SERVICES: [&Service; 6] =
    [&ecr::SERVICE, &ecr::PUBLIC, &ecs::SERVICE, &kms::SERVICE, &secretsmanager::SERVICE, &sts::SERVICE];

/// An authenticated call before its policy decision.
pub struct ServiceCall {
    pub caller: Caller,
    pub operation: String,
    /// The Region of the signature, which is the Region that the client addresses.
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
    /// ECS clusters by ARN.
    pub clusters: HashMap<String, ecs::Cluster>,
    pub task_definitions: HashMap<String, Value>,
    pub faults: FaultPlan<String, AwsFault>,
    pub calls: Vec<RecordedCall>,
    /// Seconds by which the clock of the services is ahead of the machine's.
    pub clock_offset: i64,
    /// Number of ECR tokens issued so far, and the lifetime of a token in seconds.
    pub tokens: u64,
    pub token_lifetime: i64,
}

impl AwsState {
    pub fn new() -> Self {
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

    /// Records the call, then applies the fault or lets the service answer. The service decides
    /// now, even if a fault delays the reply.
    pub fn reply(&mut self, request: &Request) -> Reply {
        let Some((service, operation)) = addressed_operation(request) else {
            return Reply::new(400, r#"{"__type":"UnknownOperationException"}"#);
        };
        let parameters = parameters(service.protocol, request);
        let fault = self.faults.next_fault(&operation);
        let signature = Signature::parse(request);
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
        self.calls.push(RecordedCall {
            service: service.name,
            operation,
            region: signature.as_ref().map(|signature| signature.region.to_owned()),
            principal,
            target: target.and_then(Value::as_str).map(str::to_owned),
            signed_at: signature.map(|signature| signature.signed_at.to_owned()),
            error: if fault.as_ref().is_some_and(AwsFault::replaces) { Some("fault") } else { error },
        });
        AwsFault::reply(fault, service.protocol, answer, &request_id)
    }

    fn authenticate(
        &self,
        service: &Service,
        signature: Option<&Signature<'_>>,
        request: &Request,
    ) -> Result<Caller, ServiceError> {
        let refuse = |refusal: Refusal| refusal.into_error(service.protocol);
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
            .authenticate(signature.access_key, request.header("x-amz-security-token"), now)
            .map_err(|error| refuse(Refusal::Key(error)))?;
        if caller.parts().partition != partition {
            return Err(refuse(Refusal::Key(KeyError::Invalid)));
        }
        let verified = signature.verify(request, secret, now);
        verified.map_err(|bad| refuse(Refusal::Signature(bad)))?;
        Ok(caller)
    }
}

/// The service and the operation that a request names, whatever its signature names.
fn addressed_operation(request: &Request) -> Option<(&'static Service, String)> {
    if let Some(target) = request.header("x-amz-target") {
        return SERVICES
            .into_iter()
            .filter(|service| !service.target_prefix.is_empty())
            .find_map(|service| Some((service, target.strip_prefix(service.target_prefix)?.to_owned())));
    }
    let form = form_pairs(&String::from_utf8_lossy(&request.body));
    let (_, action) = form.into_iter().find(|(name, _)| name == "Action")?;
    SERVICES.into_iter().find(|service| service.target_prefix.is_empty()).map(|service| (service, action))
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

/// Reasons for rejecting a call before the service sees it.
enum Refusal {
    Unsigned,
    Key(KeyError),
    Signature(BadSignature),
}

impl Refusal {
    fn into_error(self, protocol: Protocol) -> ServiceError {
        let (json, query, message) = match self {
            Self::Unsigned => (
                "MissingAuthenticationTokenException",
                "MissingAuthenticationToken",
                "Request is missing Authentication Token".to_owned(),
            ),
            Self::Key(KeyError::Invalid) => (
                "UnrecognizedClientException",
                "InvalidClientTokenId",
                "The security token included in the request is invalid.".to_owned(),
            ),
            Self::Key(KeyError::Expired) => (
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
