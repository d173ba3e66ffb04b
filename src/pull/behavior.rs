//! Image pull behaviors: when a copy on the engine serves in place of the registry's.
//!
//! ECS's four (`ECS_IMAGE_PULL_BEHAVIOR`), with two stricter points: a registry's refusal
//! never becomes a cached private image unless the operator says so, and a copy that was
//! fetched for one task is no right of another.
//!
//! Pure: what is to be done, from what is known. Who asks the engine and the registry is
//! `course`.

use crate::config::{Behavior, OnRefusal};
use crate::engine::LocalImage;
use crate::error::{Class, Failure, Link};
use crate::plan::Need;
use crate::task::Platform;

/// The behavior and what an operator may change about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caching {
    /// When a copy serves.
    pub behavior: Behavior,
    /// Whether the registry must accept the task's own credential before a copy counts;
    /// `None` where nobody said: then it must, unless nobody in the run has a credential for
    /// it or the behavior asks the registry anyway.
    pub verify_access: Option<bool>,
    /// What a refusal comes to.
    pub on_refusal: OnRefusal,
}

impl Caching {
    /// Whether a copy is looked for before the registry is asked.
    pub(super) fn looks_first(self) -> bool {
        matches!(self.behavior, Behavior::Once | Behavior::PreferCached)
    }

    /// Whether this copy is one that may serve, its platform included.
    pub(super) fn counts(self, local: &LocalImage, wanted: Option<&Platform>) -> bool {
        let is_from_registry = self.behavior != Behavior::Once || !local.digests.is_empty();
        is_from_registry && local.is_for(wanted)
    }

    /// Whether the registry must accept the credential before a copy serves. `is_shared` says
    /// that other pulls of the run want the image with other credentials: what needs one there
    /// is nothing that everybody may have.
    pub(super) fn must_verify(self, need: &Need, is_shared: bool) -> bool {
        self.verify_access.unwrap_or_else(|| self.looks_first() && (is_shared || need.is_private()))
    }

    /// Whether a copy serves after this failure of a pull, unverified.
    pub(super) fn falls_back(self, failure: &Failure) -> bool {
        if self.behavior != Behavior::Default || self.verify_access == Some(true) || failure.link == Link::Engine {
            return false;
        }
        failure.class.is_outage() || (failure.class == Class::Refused && self.on_refusal == OnRefusal::UseCached)
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn only_an_unavailable_registry_is_a_reason_to_use_a_copy() {
        let falls_back = |caching: Caching, class| caching.falls_back(&failure(Link::Registry, class));
        for class in [Class::Unavailable, Class::Throttled, Class::TimedOut] {
            assert!(falls_back(caching(Behavior::Default), class), "{class}");
            for other in [Behavior::Always, Behavior::Once, Behavior::PreferCached] {
                assert!(!falls_back(caching(other), class), "{class} {other:?}");
            }
        }
        for class in [Class::Refused, Class::Absent, Class::Unsupported, Class::DiskFull, Class::EngineGone] {
            assert!(!falls_back(caching(Behavior::Default), class), "{class}");
        }
        assert!(!caching(Behavior::Default).falls_back(&failure(Link::Engine, Class::Unavailable)));
    }

    #[test]
    fn a_refusal_becomes_a_copy_only_if_the_operator_says_so() {
        let lenient = Caching { on_refusal: OnRefusal::UseCached, ..caching(Behavior::Default) };
        assert!(lenient.falls_back(&failure(Link::Repository, Class::Refused)));
        let strict = Caching { verify_access: Some(true), ..lenient };
        assert!(!strict.falls_back(&failure(Link::Repository, Class::Refused)));
        assert!(!strict.falls_back(&failure(Link::Registry, Class::Unavailable)), "nobody could verify it");
    }

    #[test]
    fn a_private_copy_is_verified_where_it_is_looked_for_first() {
        let private =
            Need::HostLogin(HostLogin { source: HostLoginSource::DockerConfig, scope: "reg.example".to_owned() });
        for (behavior, verified) in [
            (Behavior::Default, false),
            (Behavior::Always, false),
            (Behavior::Once, true),
            (Behavior::PreferCached, true),
        ] {
            assert_eq!(caching(behavior).must_verify(&private, false), verified, "{behavior:?}");
            assert!(!caching(behavior).must_verify(&Need::Anonymous, false));
            assert_eq!(caching(behavior).must_verify(&Need::Anonymous, true), verified, "{behavior:?}");
            let never = Caching { verify_access: Some(false), ..caching(behavior) };
            assert!(!never.must_verify(&private, true));
        }
    }

    #[test]
    fn once_wants_a_copy_from_the_registry_and_prefer_cached_any() {
        let platform = Platform::from_image_config("linux", "arm64", "");
        let built = LocalImage { id: "sha256:1".to_owned(), digests: Vec::new(), platform };
        assert!(caching(Behavior::PreferCached).counts(&built, None));
        assert!(!caching(Behavior::Once).counts(&built, None));
        let pulled = LocalImage { digests: vec!["sha256:2".to_owned()], ..built };
        assert!(caching(Behavior::Once).counts(&pulled, None));
        let wanted = |text| Platform::parse(text).unwrap();
        assert!(caching(Behavior::Once).counts(&pulled, Some(&wanted("linux/arm64"))));
        assert!(!caching(Behavior::PreferCached).counts(&pulled, Some(&wanted("linux/amd64"))));
    }
}
