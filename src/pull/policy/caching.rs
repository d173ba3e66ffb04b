//! Decides when a cached image may be used in place of a pull.
//!
//! The pull behaviors are ECS's, stricter in two points: a refused pull never falls back to a cached
//! private image unless the operator says so, and a cached image that was pulled for one task gives
//! no other task access to it.

use crate::config::{Behavior, OnRefusal};
use crate::engine::LocalImage;
use crate::error::{Class, Failure, Link};
use crate::plan::Need;
use crate::task::Platform;

/// The pull behavior, and the operator's settings for cached images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caching {
    /// When a cached image may be used.
    pub behavior: Behavior,
    /// Whether the registry must accept the task's own credential before a cached image is used.
    /// `None`: it must, if the behavior checks the cache before the registry and a pull of the
    /// run needs a credential for the image.
    pub verify_access: Option<bool>,
    /// What follows when a registry refuses a pull.
    pub on_refusal: OnRefusal,
}

impl Caching {
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
        failure.class.is_outage() || (failure.class == Class::Refused && self.on_refusal == OnRefusal::UseCached)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Behavior, Caching, OnRefusal};
    use crate::engine::LocalImage;
    use crate::error::{Class, Failure, Link, Printable};
    use crate::plan::{HostLogin, HostLoginSource, Need};
    use crate::task::Platform;

    fn caching(behavior: Behavior) -> Caching {
        Caching { behavior, ..Caching::default() }
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
        let allows = |caching: Caching, class| caching.allows_cached_after(&failure(Link::Registry, class));
        for class in [Class::Unavailable, Class::Throttled, Class::TimedOut] {
            assert!(allows(caching(Behavior::Default), class), "{class}");
            for other in [Behavior::Always, Behavior::Once, Behavior::PreferCached] {
                assert!(!allows(caching(other), class), "{class} {other:?}");
            }
        }
        for class in [Class::Refused, Class::Absent, Class::Unsupported, Class::DiskFull, Class::EngineGone] {
            assert!(!allows(caching(Behavior::Default), class), "{class}");
        }
        assert!(!caching(Behavior::Default).allows_cached_after(&failure(Link::Engine, Class::Unavailable)));
    }

    #[test]
    fn private_cached_image_is_verified_where_the_cache_is_checked_first() {
        for (behavior, verified) in [
            (Behavior::Default, false),
            (Behavior::Always, false),
            (Behavior::Once, true),
            (Behavior::PreferCached, true),
        ] {
            assert_eq!(caching(behavior).requires_verification(&private(), false), verified, "{behavior:?}");
            assert!(!caching(behavior).requires_verification(&Need::Anonymous, false));
            assert_eq!(caching(behavior).requires_verification(&Need::Anonymous, true), verified, "{behavior:?}");
            let never = Caching { verify_access: Some(false), ..caching(behavior) };
            assert!(!never.requires_verification(&private(), true));
        }
    }

    #[test]
    fn once_accepts_only_images_from_a_registry() {
        let platform = Platform::from_image_config("linux", "arm64", "");
        let built = LocalImage { id: "sha256:1".to_owned(), digests: Vec::new(), platform };
        assert!(caching(Behavior::PreferCached).accepts(&built, None));
        assert!(!caching(Behavior::Once).accepts(&built, None));
        let pulled = LocalImage { digests: vec!["sha256:2".to_owned()], ..built };
        assert!(caching(Behavior::Once).accepts(&pulled, None));
        let requested = |text| Platform::parse(text).unwrap();
        assert!(caching(Behavior::Once).accepts(&pulled, Some(&requested("linux/arm64"))));
        assert!(!caching(Behavior::PreferCached).accepts(&pulled, Some(&requested("linux/amd64"))));
    }

    fn any_caching() -> impl Strategy<Value = Caching> {
        let behavior =
            prop::sample::select(vec![Behavior::Default, Behavior::Always, Behavior::Once, Behavior::PreferCached]);
        let on_refusal = prop::sample::select(vec![OnRefusal::Fail, OnRefusal::UseCached]);
        (behavior, any::<Option<bool>>(), on_refusal).prop_map(|(behavior, verify_access, on_refusal)| Caching {
            behavior,
            verify_access,
            on_refusal,
        })
    }

    proptest! {
        #[test]
        fn refusal_yields_a_cached_image_only_if_the_operator_says_so(caching in any_caching()) {
            for link in [Link::Registry, Link::Repository, Link::Secret, Link::RegistryToken] {
                let allowed = caching.allows_cached_after(&failure(link, Class::Refused));
                prop_assert!(!allowed || caching.on_refusal == OnRefusal::UseCached);
                prop_assert!(!allowed || caching.verify_access != Some(true));
            }
        }

        #[test]
        fn private_cached_image_is_used_unverified_only_if_the_operator_says_so(
            caching in any_caching(),
            is_shared: bool,
        ) {
            let is_unverified = caching.checks_cache_first() && !caching.requires_verification(&private(), is_shared);
            prop_assert!(!is_unverified || caching.verify_access == Some(false));
        }
    }
}
