//! Decides when a pull falls back from a pull-through cache to the upstream registry, and explains
//! a pull-through cache that does not have the image.

use crate::error::{Class, Failure, Link, Printable};
use crate::plan::{Need, PlannedPull};
use crate::task::ImageReference;

/// The number of attempts at a pull-through cache before the fallback: about two seconds of an
/// outage are enough when there is another route.
pub(in crate::pull) const ATTEMPTS: u32 = 4;

/// Whether a failure of this link and class means that the pull-through cache is unavailable, so
/// that the pull falls back to the upstream registry. A failing engine or disk fails on both
/// routes; a refusal or a missing image is an answer; and a pull that used up its time has none
/// left for another route.
pub(in crate::pull) fn should_fall_back(link: Link, class: Class) -> bool {
    match (link, class) {
        (Link::Engine | Link::Disk, _) => false,
        (Link::Registry | Link::Repository | Link::Manifest | Link::Platform | Link::Layers, Class::TimedOut) => false,
        (_, class) => class.is_outage(),
    }
}

/// Adds a hint to a failure of a pull-through cache that does not have the image: the registry does
/// not know which rewrite led there.
pub(in crate::pull) fn add_rule_hint(mut failure: Failure, rule: &PlannedPull, upstream: &ImageReference) -> Failure {
    if let (Class::Absent, Need::Ecr { registry, .. }) = (failure.class, &rule.need) {
        failure.hint = Some(Printable::new(&format!(
            "`[[rewrite]]` maps {upstream} to this image: check that account {} has a pull-through cache rule for the prefix in {}, that the upstream registry has the image, and that the identity of the first pull is allowed ecr:BatchImportUpstreamImage and ecr:CreateRepository; or remove the rewrite",
            registry.account, registry.region
        )));
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::should_fall_back;
    use crate::error::{Class, Link};

    #[test]
    fn only_an_unavailable_pull_through_cache_leads_to_the_fallback() {
        for link in [Link::RegistryToken, Link::Role, Link::HostIdentity] {
            assert!(should_fall_back(link, Class::TimedOut), "{link}");
        }
        for link in [Link::RegistryToken, Link::Role, Link::HostIdentity, Link::Registry, Link::Manifest] {
            for class in [Class::Unavailable, Class::Throttled] {
                assert!(should_fall_back(link, class), "{link} {class}");
            }
            for class in [Class::Refused, Class::Absent, Class::Invalid, Class::Unsupported, Class::Unknown] {
                assert!(!should_fall_back(link, class), "{link} {class}");
            }
        }
        assert!(should_fall_back(Link::Layers, Class::Unavailable), "the download stalled");
        for link in [Link::Registry, Link::Manifest, Link::Layers] {
            assert!(!should_fall_back(link, Class::TimedOut), "no time is left");
        }
        for class in [Class::Unavailable, Class::EngineGone, Class::EngineBusy, Class::DiskFull, Class::TimedOut] {
            assert!(!should_fall_back(Link::Engine, class) && !should_fall_back(Link::Disk, class), "{class}");
        }
    }
}
