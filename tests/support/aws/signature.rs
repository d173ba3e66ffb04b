//! Verifies Signature Version 4 as AWS does.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>

use sha2::digest::Output;
use sha2::{Digest, Sha256};

use super::super::digest::{hex, sha256};
use super::super::http::Request;
use super::clock;

type Hash = Output<Sha256>;

/// Maximum difference between the clocks of client and service, in seconds.
const TOLERANCE: i64 = 300;

/// The parsed `Authorization` header.
pub struct Signature<'a> {
    pub access_key: &'a str,
    pub date: &'a str,
    pub region: &'a str,
    pub service: &'a str,
    signed_headers: &'a str,
    hex: &'a str,
    /// The `X-Amz-Date` header.
    pub signed_at: &'a str,
}

/// The reason for rejecting a signature, as AWS states it.
pub struct BadSignature(pub String);

impl<'a> Signature<'a> {
    /// Parses the signature; `None` if the request has none of this version.
    pub fn parse(request: &'a Request) -> Option<Self> {
        let header = request.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let field = |name: &str| header.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        let mut scope = field("Credential")?.split('/');
        Some(Self {
            access_key: scope.next()?,
            date: scope.next()?,
            region: scope.next()?,
            service: scope.next().filter(|_| scope.next() == Some("aws4_request"))?,
            signed_headers: field("SignedHeaders")?,
            hex: field("Signature")?,
            signed_at: request.header("x-amz-date")?,
        })
    }

    /// Verifies the time and the signature. `now` is the time of the service.
    pub fn verify(&self, request: &Request, secret: &str, now: i64) -> Result<(), BadSignature> {
        let signed =
            clock::read_basic(self.signed_at).filter(|_| self.signed_at.starts_with(self.date)).ok_or_else(|| {
                BadSignature(
                    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
                        .to_owned(),
                )
            })?;
        self.check_time(signed, now)?;
        let expected = hex(&hmac(&self.signing_key(secret), self.string_to_sign(request).as_bytes()));
        if expected == self.hex {
            return Ok(());
        }
        Err(BadSignature(
            "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method. \
             Consult the service documentation for details."
                .to_owned(),
        ))
    }

    fn check_time(&self, signed: i64, now: i64) -> Result<(), BadSignature> {
        let (signed_at, current) = (self.signed_at, clock::basic(now));
        if signed < now - TOLERANCE {
            let limit = clock::basic(now - TOLERANCE);
            return Err(BadSignature(format!(
                "Signature expired: {signed_at} is now earlier than {limit} ({current} - 5 min.)"
            )));
        }
        if signed > now + TOLERANCE {
            let limit = clock::basic(now + TOLERANCE);
            return Err(BadSignature(format!(
                "Signature not yet current: {signed_at} is still later than {limit} ({current} + 5 min.)"
            )));
        }
        Ok(())
    }

    fn string_to_sign(&self, request: &Request) -> String {
        let (date, region, service) = (self.date, self.region, self.service);
        let canonical = sha256(self.canonical(request));
        let signed_at = self.signed_at;
        format!("AWS4-HMAC-SHA256\n{signed_at}\n{date}/{region}/{service}/aws4_request\n{canonical}")
    }

    /// The canonical request. Clients send POST requests to `/` without a query to these services.
    fn canonical(&self, request: &Request) -> String {
        let mut headers = String::new();
        for name in self.signed_headers.split(';') {
            let values = request.headers.iter().filter(|(header, _)| header == name);
            let values: Vec<&str> = values.map(|(_, value)| value.trim()).collect();
            headers.extend([name, ":", &values.join(","), "\n"]);
        }
        let (method, path, signed) = (&request.method, &request.path, self.signed_headers);
        let body = sha256(&request.body);
        format!("{method}\n{path}\n\n{headers}\n{signed}\n{body}")
    }

    fn signing_key(&self, secret: &str) -> Hash {
        let first = hmac(format!("AWS4{secret}").as_bytes(), self.date.as_bytes());
        [self.region, self.service, "aws4_request"].iter().fold(first, |key, part| hmac(&key, part.as_bytes()))
    }
}

/// HMAC-SHA256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Hash {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message);
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize()
}
