//! Decides when a cached image may be used in place of a pull.
//!
//! The pull behaviors are ECS's, stricter in two points: a refused pull never falls back to a cached
//! private image unless the operator says so, and a cached image that was pulled for one task gives
//! no other task access to it.

use crate::config::{Behavior, RefusalAction};
use crate::engine::LocalImage;
use crate::error::{Class, Failure, Link};
use crate::plan::Need;
use crate::task::Platform;

/// The pull behavior, and the operator's settings for cached images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CachePolicy {
    /// When a cached image may be used.
    pub behavior: Behavior,
    /// Whether the registry must accept the task's own credential before a cached image is used.
    /// `None`: it must, if the behavior checks the cache before the registry and a pull of the
    /// run needs a credential for the image.
    pub verify_access: Option<bool>,
    /// What follows when a registry refuses a pull.
    pub on_refusal: RefusalAction,
}

impl CachePolicy {
    /// Whether a cached image is looked for before the registry is asked.
    pub(in crate::pull) fn checks_cache_first(self) -> bool {
        matches!(self.behavior, Behavior::Once | Behavior::PreferCached)
    }

    /// Whether this cached image may be used for the requested platform.
    pub(in crate::pull) fn accepts(self, local: &LocalImage, platform: Option<&Platform>) -> bool {
        let is_from_registry = self.behavior != Behavior::Once || !local.digests.is_empty();
        is_from_registry && local.is_for(platform)
    }

    /// Whether the registry must accept the credential before a cached image is used. `is_shared`
    /// means that other pulls of the run need the image with other credentials; an image that needs
    /// a credential there is not public.
    pub(in crate::pull) fn requires_verification(self, need: &Need, is_shared: bool) -> bool {
        self.verify_access.unwrap_or_else(|| self.checks_cache_first() && (is_shared || need.is_private()))
    }

    /// Whether a cached image may be used, without verification, after a pull failed in this way.
    pub(in crate::pull) fn allows_cached_after(self, failure: &Failure) -> bool {
        if self.behavior != Behavior::Default || self.verify_access == Some(true) || failure.link == Link::Engine {
            return false;
        }
        failure.class.is_outage() || (failure.class == Class::Refused && self.on_refusal == RefusalAction::UseCached)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Behavior, CachePolicy, RefusalAction};
    use crate::engine::LocalImage;
    use crate::error::{Class, Failure, Link, Printable};
    use crate::plan::{HostLogin, HostLoginSource, Need};
    use crate::task::Platform;

    fn cache_policy(behavior: Behavior) -> CachePolicy {
        CachePolicy { behavior, ..CachePolicy::default() }
    }

    fn failure(link: Link, class: Class) -> Failure {
        let text = Printable::new("x");
        Failure { link, class, resource: text.clone(), message: text, caused_by: Vec::new(), hint: None }
    }

    fn private() -> Need {
        Need::HostLogin(HostLogin { source: HostLoginSource::DockerConfig, scope: "reg.example".to_owned() })
    }

    #[test]
    fn only_a_registry_outage_under_default_allows_a_cached_image() {
        let allows =
            |cache_policy: CachePolicy, class| cache_policy.allows_cached_after(&failure(Link::Registry, class));
        for class in [Class::Unavailable, Class::Throttled, Class::TimedOut] {
            assert!(allows(cache_policy(Behavior::Default), class), "{class}");
            for other in [Behavior::Always, Behavior::Once, Behavior::PreferCached] {
                assert!(!allows(cache_policy(other), class), "{class} {other:?}");
            }
        }
        for class in [Class::Refused, Class::Absent, Class::Unsupported, Class::DiskFull, Class::EngineGone] {
            assert!(!allows(cache_policy(Behavior::Default), class), "{class}");
        }
        assert!(!cache_policy(Behavior::Default).allows_cached_after(&failure(Link::Engine, Class::Unavailable)));
    }

    #[test]
    fn private_cached_image_is_verified_where_the_cache_is_checked_first() {
        for (behavior, verified) in [
            (Behavior::Default, false),
            (Behavior::Always, false),
            (Behavior::Once, true),
            (Behavior::PreferCached, true),
        ] {
            assert_eq!(cache_policy(behavior).requires_verification(&private(), false), verified, "{behavior:?}");
            assert!(!cache_policy(behavior).requires_verification(&Need::Anonymous, false));
            assert_eq!(cache_policy(behavior).requires_verification(&Need::Anonymous, true), verified, "{behavior:?}");
            let never = CachePolicy { verify_access: Some(false), ..cache_policy(behavior) };
            assert!(!never.requires_verification(&private(), true));
        }
    }

    #[test]
    fn once_accepts_only_images_from_a_registry() {
        let platform = Platform::from_image_config("linux", "arm64", "");
        let built = LocalImage { id: "sha256:1".to_owned(), digests: Vec::new(), platform };
        assert!(cache_policy(Behavior::PreferCached).accepts(&built, None));
        assert!(!cache_policy(Behavior::Once).accepts(&built, None));
        let pulled = LocalImage { digests: vec!["sha256:2".to_owned()], ..built };
        assert!(cache_policy(Behavior::Once).accepts(&pulled, None));
        let requested = |text| Platform::parse(text).unwrap();
        assert!(cache_policy(Behavior::Once).accepts(&pulled, Some(&requested("linux/arm64"))));
        assert!(!cache_policy(Behavior::PreferCached).accepts(&pulled, Some(&requested("linux/amd64"))));
    }

    fn any_caching() -> impl Strategy<Value = CachePolicy> {
        let behavior =
            prop::sample::select(vec![Behavior::Default, Behavior::Always, Behavior::Once, Behavior::PreferCached]);
        let on_refusal = prop::sample::select(vec![RefusalAction::Fail, RefusalAction::UseCached]);
        (behavior, any::<Option<bool>>(), on_refusal).prop_map(|(behavior, verify_access, on_refusal)| CachePolicy {
            behavior,
            verify_access,
            on_refusal,
        })
    }

    proptest! {
        #[test]
        fn refusal_yields_a_cached_image_only_if_the_operator_says_so(cache_policy in any_caching()) {
            for link in [Link::Registry, Link::Repository, Link::Secret, Link::RegistryToken] {
                let allowed = cache_policy.allows_cached_after(&failure(link, Class::Refused));
                prop_assert!(!allowed || cache_policy.on_refusal == RefusalAction::UseCached);
                prop_assert!(!allowed || cache_policy.verify_access != Some(true));
            }
        }

        #[test]
        fn private_cached_image_is_used_unverified_only_if_the_operator_says_so(
            cache_policy in any_caching(),
            is_shared: bool,
        ) {
            let is_unverified = cache_policy.checks_cache_first() && !cache_policy.requires_verification(&private(), is_shared);
            prop_assert!(!is_unverified || cache_policy.verify_access == Some(false));
        }
    }
}
