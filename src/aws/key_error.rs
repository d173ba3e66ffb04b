//! Why KMS did not decrypt what a secret holds, or encrypt what was to be sealed.

use crate::aws::secret_error::{FIND_HOST_IDENTITY, MEND_HOST_IDENTITY, SET_THE_CLOCK};
use crate::error::{Class, Explain, Link};
use crate::identity::Identity;

/// KMS said no, or nothing.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct KeyError {
    /// The key; where the ciphertext itself names it, the secret that holds it.
    pub thing: String,
    /// What was asked.
    pub action: KeyAction,
    /// Who asked.
    pub identity: Identity,
    /// Where.
    pub region: String,
    /// What went wrong.
    pub fault: KeyFault,
    /// The service's own words: code, message, request id.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What KMS is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAction {
    /// `kms:Decrypt`
    Decrypt,
    /// `kms:Encrypt`
    Encrypt,
}

/// The ways in which a call of KMS fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// The ciphertext is damaged, or bound to another encryption context.
    Mismatch,
    /// Another key made the ciphertext.
    WrongKey,
    /// The key is disabled.
    Disabled,
    /// There is no such key in this Region.
    Absent,
    /// The key is pending deletion, or its material is gone.
    BadState,
    /// The key is of a kind that cannot do this.
    BadUsage,
    /// A policy does not allow it.
    Denied,
    /// The ciphertext's key is in another Region, is gone, or is not for the caller: KMS does
    /// not say which.
    DeniedOrElsewhere,
    /// No place of the host's has anybody to ask as.
    NoIdentity,
    /// Somebody was found, and could not be had.
    IdentityFailed,
    /// The caller's access key or session is not accepted.
    IdentityRejected,
    /// The host's clock is wrong.
    ClockSkew,
    /// Too many requests.
    Throttled,
    /// No answer, or a server error.
    Unavailable,
    /// The deadline passed.
    TimedOut,
    /// Something else; the service's words say what.
    Other,
}

impl KeyError {
    fn verb(&self) -> &'static str {
        match self.action {
            KeyAction::Decrypt => "kms:Decrypt",
            KeyAction::Encrypt => "kms:Encrypt",
        }
    }

    fn sentence(&self) -> String {
        let Self { thing, identity, region, .. } = self;
        let verb = self.verb();
        match self.fault {
            KeyFault::Mismatch => {
                format!("{thing}: the ciphertext is damaged, or was made with another encryption context")
            }
            KeyFault::WrongKey => format!("{thing}: the ciphertext was made by another key"),
            KeyFault::Disabled => format!("{thing}: the key is disabled"),
            KeyFault::Absent => format!("{thing}: there is no such key in {region}"),
            KeyFault::BadState => format!("{thing}: the key is pending deletion or without its material"),
            KeyFault::BadUsage => format!("{thing}: the key is not one that encrypts and decrypts symmetrically"),
            KeyFault::Denied => format!("{thing}: {identity} is not allowed {verb}"),
            KeyFault::DeniedOrElsewhere => format!(
                "{thing}: the ciphertext's key is not in {region}, does not exist, or does not admit {identity}; KMS does not say which"
            ),
            KeyFault::NoIdentity => format!("{thing}: no AWS credentials were found on this host to ask with"),
            KeyFault::IdentityFailed => format!("{thing}: the host's AWS credentials could not be had"),
            KeyFault::IdentityRejected => format!("{thing}: KMS does not accept the credentials of {identity}"),
            KeyFault::ClockSkew => format!("{thing}: KMS refused the signature because of its time"),
            KeyFault::Throttled => format!("{thing}: KMS in {region} is throttling"),
            KeyFault::Unavailable => format!("{thing}: KMS in {region} did not answer properly"),
            KeyFault::TimedOut => format!("{thing}: KMS in {region} did not answer in time"),
            KeyFault::Other => format!("{thing}: KMS in {region} refused {verb}"),
        }
    }
}

impl Explain for KeyError {
    fn link(&self) -> Link {
        match (self.fault, &self.identity) {
            (KeyFault::NoIdentity | KeyFault::IdentityFailed | KeyFault::ClockSkew, _)
            | (KeyFault::IdentityRejected, Identity::Host) => Link::HostIdentity,
            (KeyFault::IdentityRejected, _) => Link::Role,
            _ => Link::Key,
        }
    }

    fn class(&self) -> Class {
        match self.fault {
            KeyFault::Mismatch | KeyFault::WrongKey | KeyFault::BadUsage => Class::Invalid,
            KeyFault::Absent | KeyFault::NoIdentity => Class::Absent,
            KeyFault::Disabled
            | KeyFault::BadState
            | KeyFault::Denied
            | KeyFault::DeniedOrElsewhere
            | KeyFault::IdentityRejected
            | KeyFault::ClockSkew => Class::Refused,
            KeyFault::Throttled => Class::Throttled,
            KeyFault::IdentityFailed | KeyFault::Unavailable => Class::Unavailable,
            KeyFault::TimedOut => Class::TimedOut,
            KeyFault::Other => Class::Unknown,
        }
    }

    fn thing(&self) -> String {
        self.thing.clone()
    }

    fn hint(&self) -> Option<String> {
        let Self { thing, identity, region, .. } = self;
        let verb = self.verb();
        Some(match self.fault {
            KeyFault::Mismatch => {
                "the envelope's encryptionContext must be the one it was sealed with, to the letter: seal the login again with `taskpull secret seal`".to_owned()
            }
            KeyFault::WrongKey => "put the ARN of the key that sealed it into keyArn, or seal the login again".to_owned(),
            KeyFault::Disabled => format!("enable it: `aws kms enable-key --region {region} --key-id KEY`"),
            KeyFault::Absent => format!(
                "the key's ARN names {region}, and KMS is asked there: compare `aws kms list-keys --region {region}` in the key's account"
            ),
            KeyFault::BadState => format!(
                "`aws kms describe-key --region {region}` shows its state; a deletion can be cancelled: `aws kms cancel-key-deletion`"
            ),
            KeyFault::BadUsage => "use a symmetric key with the usage ENCRYPT_DECRYPT".to_owned(),
            KeyFault::Denied => format!(
                "allow {verb} on {thing} in the policy of {identity}, and let the key's own policy admit it (a condition on the encryption context counts too)"
            ),
            KeyFault::DeniedOrElsewhere => format!(
                "a binary secret is decrypted in the secret's own Region: seal it under a key of {region} that admits {identity} with {verb}, or put an envelope with the key's ARN into the secret"
            ),
            KeyFault::NoIdentity => FIND_HOST_IDENTITY.to_owned(),
            KeyFault::IdentityFailed | KeyFault::IdentityRejected => MEND_HOST_IDENTITY.to_owned(),
            KeyFault::ClockSkew => SET_THE_CLOCK.to_owned(),
            KeyFault::Throttled | KeyFault::Unavailable => {
                "it may pass: try again; if it stays, see the network path to KMS's endpoint (route, VPC endpoint, proxy)"
                    .to_owned()
            }
            KeyFault::TimedOut => {
                "see the network path to KMS's endpoint (route, VPC endpoint, proxy), or raise secrets.timeout".to_owned()
            }
            KeyFault::Other => return None,
        })
    }
}
