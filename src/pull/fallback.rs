//! The way through a pull-through rule: when it is given up for the upstream's own, and what is
//! said where it leads nowhere.

use crate::error::{Class, Failure, Link, Printable};
use crate::plan::{Need, PlannedPull};
use crate::task::ImageReference;

/// So often a rule's registry is tried before the upstream: with another way at hand, some two
/// seconds of an outage are enough.
pub(super) const ATTEMPTS: u32 = 4;

/// Whether a failure of this link and class on the rule's way says that this way is out of order, so that the upstream
/// is asked instead. An engine or a disk in distress is so on either way; a refusal, or an
/// image that is not there, is an answer; and a pull that took all its time has none left.
pub(super) fn should_fall_back(link: Link, class: Class) -> bool {
    match (link, class) {
        (Link::Engine | Link::Disk, _) | (Link::Layers, Class::TimedOut) => false,
        (_, class) => class.is_outage(),
    }
}

/// A failure on the rule's way, with the next step where the rule has no such image: a registry
/// knows nothing of rewrites.
pub(super) fn explained(mut failure: Failure, rule: &PlannedPull, upstream: &ImageReference) -> Failure {
    if let (Class::Absent, Need::Ecr { registry, .. }) = (failure.class, &rule.need) {
        failure.hint = Some(Printable::new(&format!(
            "`[[rewrite]]` leads there from {upstream}: see that account {} has a pull-through rule for this prefix in {}, that its upstream has the image, and that whoever pulls first may ecr:BatchImportUpstreamImage and ecr:CreateRepository; or take the rewrite out",
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
    fn only_a_way_that_is_out_of_order_is_given_up() {
        for link in [Link::RegistryToken, Link::Role, Link::HostIdentity, Link::Registry, Link::Manifest] {
            for class in [Class::Unavailable, Class::Throttled, Class::TimedOut] {
                assert!(should_fall_back(link, class), "{link} {class}");
            }
            for class in [Class::Refused, Class::Absent, Class::Invalid, Class::Unsupported, Class::Unknown] {
                assert!(!should_fall_back(link, class), "{link} {class}");
            }
        }
        assert!(should_fall_back(Link::Layers, Class::Unavailable), "nothing moved");
        assert!(!should_fall_back(Link::Layers, Class::TimedOut), "no time is left");
        for class in [Class::Unavailable, Class::EngineGone, Class::EngineBusy, Class::DiskFull, Class::TimedOut] {
            assert!(!should_fall_back(Link::Engine, class) && !should_fall_back(Link::Disk, class), "{class}");
        }
    }
}
