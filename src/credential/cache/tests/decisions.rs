//! Properties of the decisions of the caches, for all times and random numbers.

use proptest::prelude::*;

use super::super::lookup::{Lookup, RefusalLookup};
use super::super::secret_cache::SecretCache;
use super::super::token_cache::{CachedToken, TokenCacheKey};
use super::super::token_cache::{TokenCache, token_lifetime};
use super::*;
use crate::error::Failure;

fn secret(version_id: &str, flight: FlightId, fetched_at: Instant) -> Arc<CachedSecret> {
    let fetched = FetchedSecret { version: version_of(version_id), text: Secret::new("{}".to_owned()) };
    let start = FetchStart { at: fetched_at, after_refusal: false };
    Arc::new(CachedSecret::new(fetched, flight, start, fetched_at))
}

fn failure(kind: AwsErrorKind) -> Failure {
    Failure::from(AwsError::for_secret(&host_key("a").parameter, &Identity::Host, kind))
}

proptest! {
    #[test]
    fn secret_is_used_alone_until_max_age_and_with_an_outage_until_max_stale(
        random: f64,
        age in 0_u32..8_000,
        pause_random: f64,
    ) {
        let (mut cache, start) = (SecretCache::new(CONFIG), Instant::now());
        cache.insert(host_key("a"), secret("v1", FlightId::default(), start), start, random);
        let (age, now) = (age * SECOND, start + age * SECOND);
        let lookup = cache.lookup(&host_key("a"), now);
        let is_due = matches!(lookup, Lookup::RefreshDue(_));
        match lookup {
            Lookup::Fresh(_) => prop_assert!(age < CONFIG.max_age.mul_f64(0.951)),
            Lookup::RefreshDue(_) => prop_assert!(age >= CONFIG.max_age.mul_f64(0.749) && age < CONFIG.max_age),
            Lookup::Miss => prop_assert!(age >= CONFIG.max_age),
        }
        let outage = cache.record_failure(&host_key("a"), failure(AwsErrorKind::Unavailable), now, pause_random);
        let stale = cache.stale_secret(&host_key("a"), Arc::new(outage));
        prop_assert_eq!(stale.is_ok(), age < CONFIG.max_age + CONFIG.max_stale);
        // The pause after an outage never makes a value usable for longer than that.
        let later = cache.lookup(&host_key("a"), start + CONFIG.max_age + CONFIG.max_stale);
        prop_assert!(matches!(later, Lookup::Miss));
        prop_assert!(!is_due || stale.is_ok());
    }

    #[test]
    fn any_failure_other_than_an_outage_evicts(random: f64, age in 0_u32..8_000) {
        for kind in [AwsErrorKind::Denied, AwsErrorKind::NotFound, AwsErrorKind::MarkedForDeletion, AwsErrorKind::Other] {
            let (mut cache, start) = (SecretCache::new(CONFIG), Instant::now());
            cache.insert(host_key("a"), secret("v1", FlightId::default(), start), start, random);
            let now = start + age * SECOND;
            let failure = cache.record_failure(&host_key("a"), failure(kind), now, random);
            prop_assert!(cache.stale_secret(&host_key("a"), Arc::new(failure)).is_err());
            prop_assert!(matches!(cache.lookup(&host_key("a"), now), Lookup::Miss));
        }
    }

    #[test]
    fn quarantine_lasts_until_the_secret_is_read_again(
        random: f64,
        age in 0_u32..3_000,
        same_version: bool,
        other_repository in "[a-z]{1,8}",
    ) {
        prop_assume!(other_repository != "app");
        let (mut cache, start) = (SecretCache::new(CONFIG), Instant::now());
        let (refused, key, now) = (secret("v1", FlightId::default(), start), host_key("a"), start + age * SECOND);
        cache.insert(key.clone(), Arc::clone(&refused), start, random);
        let (app, other) = (image("registry.example/app:1"), image(&format!("registry.example/{other_repository}")));
        prop_assert!(cache.quarantine_reason(&key, &app, &refused, now).is_none());
        let outage = Arc::new(failure(AwsErrorKind::TimedOut));
        prop_assert!(cache.quarantine(&key, &app, &refused, outage, now).is_err());
        prop_assert!(cache.quarantine_reason(&key, &image("registry.example/app:2"), &refused, now).is_some());
        prop_assert!(cache.quarantine_reason(&key, &other, &refused, now).is_none());
        let read_again = secret(if same_version { "v1" } else { "v2" }, FlightId::default(), now);
        cache.insert(key.clone(), Arc::clone(&read_again), now, random);
        prop_assert!(cache.quarantine_reason(&key, &app, &refused, now).is_none());
        let lookup = cache.lookup_after_refusal(&key, &app, &read_again, now, now);
        prop_assert_eq!(matches!(lookup, RefusalLookup::Confirmed), same_version);
    }

    #[test]
    fn token_is_never_used_after_its_expiry(random: f64, lifetime in 0_u32..50_000, age in 0_u32..60_000, fails: bool) {
        let (mut cache, start) = (TokenCache::new(CONFIG.capacity), Instant::now());
        let key = TokenCacheKey { identity: Identity::Host, scope: TokenScope::EcrPublic };
        let expires_at = start + lifetime * SECOND;
        let secret = |text: &str| Secret::new(text.to_owned());
        let (username, password) = (secret("AWS"), secret("token"));
        let token = RegistryToken { username, password, expires: None, requests: Vec::new() };
        let (flight, after_refusal) = (FlightId::default(), false);
        let token = CachedToken { token, flight, after_refusal, fetched_at: start, expires_at };
        cache.insert(key.clone(), Arc::new(token), start, random);
        let now = start + age * SECOND;
        if fails {
            cache.record_failure(&key, &Arc::new(failure(AwsErrorKind::Unavailable)), now, random);
        }
        prop_assert_eq!(!matches!(cache.lookup(&key, now), Lookup::Miss), now < expires_at);
        prop_assert!(matches!(cache.lookup(&key, expires_at), Lookup::Miss));
    }

    #[test]
    fn any_expiry_can_be_added_to_the_clock(expires in 0_u64..=i64::MAX as u64, now in 0_u64..100_000) {
        let time = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        prop_assert!(Instant::now().checked_add(token_lifetime(Some(time(expires)), time(now))).is_some());
    }

    #[test]
    fn life_of_a_token_ends_with_its_expiry(expires in 0_u64..100_000, now in 0_u64..100_000) {
        let time = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let lifetime = token_lifetime(Some(time(expires)), time(now));
        prop_assert_eq!(lifetime, Duration::from_secs(expires.saturating_sub(now)));
        prop_assert!(token_lifetime(None, time(now)) <= 12 * HOUR);
    }
}
