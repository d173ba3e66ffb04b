//! Credential sources of a host: the metadata service of an instance, the credentials endpoint of
//! a container, and an STS that accepts the token of a web identity.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::aws::AccessKey;
use super::http::{HttpServer, Reply, Request, Stall, form_pairs};

/// A free port of the loopback address.
const LOOPBACK: &str = "127.0.0.1:0";

/// A server that records its requests.
struct RecordingServer {
    server: HttpServer,
    requests: Arc<Mutex<Vec<String>>>,
}

impl RecordingServer {
    fn start(address: &str, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let recorded = Arc::clone(&requests);
        let server = HttpServer::bind(address, move |request| {
            let line = format!("{} {}", request.method, request.path);
            recorded.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            handler(&request)
        });
        Self { server, requests }
    }

    fn port(&self) -> u16 {
        self.server.port()
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A key in the format of both endpoints.
fn credentials(key: &AccessKey) -> Value {
    json!({
        "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z",
        "AccessKeyId": key.id, "SecretAccessKey": key.secret, "Token": key.token, "Expiration": "2099-01-01T00:00:00Z",
    })
}

/// The metadata service of an instance, version 2 only: every read needs a token.
pub struct FakeInstanceMetadata(RecordingServer);

impl FakeInstanceMetadata {
    const TOKEN: &str = "token-of-the-instance";

    /// Starts the service of an instance in this Region, whose role has this session. An empty Region
    /// is not served.
    pub fn start(key: &AccessKey, region: &str) -> Self {
        Self::serve_at(LOOPBACK, key, region)
    }

    /// Starts the service at its real address, inside a private network.
    pub fn at_link_local_address(key: &AccessKey, region: &str) -> Self {
        Self::serve_at("169.254.169.254:80", key, region)
    }

    fn serve_at(address: &str, key: &AccessKey, region: &str) -> Self {
        let (key, region) = (credentials(key), region.to_owned());
        Self(RecordingServer::start(address, move |request| {
            if request.method == "PUT" && request.path == "/latest/api/token" {
                let reply = Reply::new(200, Self::TOKEN);
                return reply.header("x-aws-ec2-metadata-token-ttl-seconds", "21600");
            }
            if request.header("x-aws-ec2-metadata-token") != Some(Self::TOKEN) {
                return Reply::new(401, "");
            }
            match request.path.as_str() {
                "/latest/meta-data/iam/security-credentials/" => Reply::new(200, "instance"),
                "/latest/meta-data/iam/security-credentials/instance" => Reply::json(200, &key),
                "/latest/meta-data/placement/region" if !region.is_empty() => Reply::new(200, region.clone()),
                _ => Reply::new(404, ""),
            }
        }))
    }

    /// The service seen from a container whose instance allows one hop: the token never arrives.
    pub fn unreachable() -> Self {
        Self(RecordingServer::start(LOOPBACK, |_| Reply::stall(Stall::Hang)))
    }

    /// The service of an instance without a role: it answers, and has no credentials.
    pub fn without_role() -> Self {
        Self(RecordingServer::start(LOOPBACK, |request| match request.method.as_str() {
            "PUT" => Reply::new(200, Self::TOKEN).header("x-aws-ec2-metadata-token-ttl-seconds", "21600"),
            _ => Reply::new(404, ""),
        }))
    }

    /// The service of an instance whose `HttpEndpoint` is disabled.
    pub fn switched_off() -> Self {
        Self(RecordingServer::start(LOOPBACK, |_| Reply::new(403, "")))
    }

    /// The environment that makes a program use this service.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [
            ("AWS_EC2_METADATA_DISABLED", "false".to_owned()),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", format!("http://127.0.0.1:{}", self.0.port())),
        ]
    }

    /// All requests so far, as `GET /path`.
    pub fn requests(&self) -> Vec<String> {
        self.0.requests()
    }
}

/// The credentials endpoint of a container.
pub struct FakeContainerCredentials(RecordingServer);

impl FakeContainerCredentials {
    /// Starts an endpoint that requires this token.
    pub fn start(key: &AccessKey, token: &str) -> Self {
        let (key, token) = (credentials(key), token.to_owned());
        Self(RecordingServer::start(LOOPBACK, move |request| match request.header("authorization") {
            Some(value) if value == token => Reply::json(200, &key),
            _ => Reply::json(401, &json!({ "code": "Unauthorized", "message": "wrong token" })),
        }))
    }

    /// Starts the endpoint of the ECS agent inside a private network. It requires no token and serves
    /// only the path of the task.
    pub fn at_agent_address(key: &AccessKey, path: &str) -> Self {
        let (key, path) = (credentials(key), path.to_owned());
        Self(RecordingServer::start("169.254.170.2:80", move |request| {
            if request.path == path { Reply::json(200, &key) } else { Reply::new(404, "") }
        }))
    }

    /// Starts an endpoint that answers every request with this status.
    pub fn answering(status: u16) -> Self {
        Self(RecordingServer::start(LOOPBACK, move |_| Reply::json(status, &json!({ "message": "no" }))))
    }

    /// The value for `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub fn uri(&self) -> String {
        format!("http://127.0.0.1:{}/v1/credentials", self.0.port())
    }

    /// All requests so far, as `GET /path`.
    pub fn requests(&self) -> Vec<String> {
        self.0.requests()
    }
}

/// The one unsigned call of STS: returns this key in exchange for this token.
pub struct FakeWebIdentity {
    server: HttpServer,
}

impl FakeWebIdentity {
    pub fn start(key: &AccessKey, token: &str) -> Self {
        let (key, token) = (key.clone(), token.to_owned());
        let server = HttpServer::on_loopback(move |request| {
            let form = form_pairs(&String::from_utf8_lossy(&request.body));
            let has = |name: &str, value: &str| form.iter().any(|(key, content)| key == name && content == value);
            if !has("Action", "AssumeRoleWithWebIdentity") || !has("WebIdentityToken", &token) {
                return Reply::new(400, "");
            }
            let session = key.token.as_deref().unwrap_or_default();
            Reply::new(
                200,
                format!(
                    "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                     <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{}</AccessKeyId>\
                     <SecretAccessKey>{}</SecretAccessKey><SessionToken>{session}</SessionToken>\
                     <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
                     </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
                    key.id, key.secret
                ),
            )
        });
        Self { server }
    }

    /// The value for `AWS_ENDPOINT_URL_STS`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port())
    }
}
