//! The search for a secret that does not exist where it was read: at most two calls that read names.
//!
//! Must not: search after any other failure, or prolong a failure beyond its limit.

use std::time::Duration;

use aws_config::Region;
use tokio::time::{Instant, timeout_at};

use crate::aws::{AwsErrorKind, SecretLookup, secret_lookup::MeantNames, secret_reader::SecretReader};
use crate::identity::Identity;
use crate::task::{CredentialsParameter, RoleArn};

/// The longest time that a search adds to a failure.
const LIMIT: Duration = Duration::from_secs(3);

/// Lists the secrets with the name that was meant in the Regions of these readers, as far as the
/// identity may, until `end` at the latest. The second reader is asked only if the first one
/// answered without a match. `None` if the secret belongs to another account than the identity:
/// that account's secrets cannot be listed.
pub(crate) async fn search(
    readers: Vec<(Region, SecretReader<'_>)>,
    identity: &Identity,
    secret: &CredentialsParameter,
    end: Instant,
) -> Option<SecretLookup> {
    if secret.account().zip(identity.role().map(RoleArn::account)).is_some_and(|(owner, own)| owner != own) {
        return None;
    }
    let (names, end) = (MeantNames::of(secret), end.min(Instant::now() + LIMIT));
    let mut lookup = SecretLookup::default();
    for (region, reader) in readers {
        match timeout_at(end, reader.list(names.prefix())).await {
            Ok(Ok(listed)) => {
                lookup.found.extend(listed.into_iter().filter(|found| names.include(&found.name)));
                lookup.searched.push(region.to_string());
            }
            Ok(Err(failed)) => {
                tracing::debug!(%region, message = %failed.message, "the secrets cannot be listed");
                lookup.is_incomplete |= failed.kind == AwsErrorKind::Denied || lookup.searched.is_empty();
            }
            Err(_) => lookup.is_incomplete = true,
        }
        if lookup.is_incomplete || !lookup.found.is_empty() {
            break;
        }
    }
    Some(lookup)
}
