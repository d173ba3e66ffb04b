//! Whether there is room for an image, beside those whose pulls are under way. Pure.
//!
//! How much an image takes can only be estimated: its manifest has the compressed sizes, and
//! nobody tells which layers the engine has already under another image's name. The estimate
//! errs towards too much.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::free_space::FreeSpace;
use crate::registry::Layer;

/// What a layer takes, in compressed sizes: the compressed copy itself, which the engine
/// keeps until it is unpacked, and twice as much for the unpacked files, which is what gzip
/// makes of programs.
pub(super) const FACTOR: u64 = 3;

/// The images whose pulls are under way, by number.
#[derive(Debug, Default)]
pub(in crate::pull) struct DiskReservations(Mutex<Images>);

#[derive(Debug, Default)]
struct Images {
    last: u64,
    layers: HashMap<u64, Vec<Layer>>,
}

/// Room that is held for an image until this is dropped.
#[derive(Debug)]
pub(in crate::pull) struct DiskReservation<'a> {
    under_way: &'a DiskReservations,
    number: u64,
}

/// Room and need, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpaceEstimate {
    /// What this image needs.
    pub own: u64,
    /// What the others under way need besides: layers that they share count once.
    pub others: u64,
}

impl SpaceEstimate {
    /// Whether it fits.
    pub(super) fn fits(self, space: FreeSpace) -> bool {
        space.inodes != Some(0) && self.own.saturating_add(self.others) <= space.free
    }
}

impl DiskReservations {
    /// Holds room for an image with these layers if it fits, or if it is to begin all the
    /// same. One lock around both, so that of two that do not fit together one does.
    pub(super) fn admit(
        &self,
        layers: &[Layer],
        space: FreeSpace,
        all_the_same: bool,
    ) -> (SpaceEstimate, Option<DiskReservation<'_>>) {
        let mut images = self.images();
        let own = need([layers].into_iter());
        let all = need(images.layers.values().map(Vec::as_slice).chain([layers]));
        let weighed = SpaceEstimate { own, others: all - own };
        if !weighed.fits(space) && !all_the_same {
            return (weighed, None);
        }
        images.last += 1;
        let number = images.last;
        images.layers.insert(number, layers.to_vec());
        (weighed, Some(DiskReservation { under_way: self, number }))
    }

    fn images(&self) -> MutexGuard<'_, Images> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for DiskReservation<'_> {
    fn drop(&mut self) {
        self.under_way.images().layers.remove(&self.number);
    }
}

/// What images need together: each layer once.
pub(super) fn need<'a>(images: impl Iterator<Item = &'a [Layer]>) -> u64 {
    let layers: HashMap<&str, u64> = images.flatten().map(|layer| (&*layer.digest, layer.size)).collect();
    layers.into_values().fold(0, u64::saturating_add).saturating_mul(FACTOR)
}

#[cfg(test)]
mod tests {
    use super::{DiskReservations, FreeSpace, SpaceEstimate};
    use crate::registry::Layer;

    fn image(layers: &[(&str, u64)]) -> Vec<Layer> {
        layers.iter().map(|(digest, size)| Layer { digest: (*digest).to_owned(), size: *size }).collect()
    }

    fn free(free: u64) -> FreeSpace {
        FreeSpace { free, inodes: Some(1) }
    }

    #[test]
    fn an_image_needs_three_times_what_is_transferred() {
        let under_way = DiskReservations::default();
        let app = image(&[("a", 10), ("b", 5), ("a", 10)]);
        assert!(under_way.admit(&app, free(44), false).1.is_none());
        assert!(under_way.admit(&app, free(45), false).1.is_some());
    }

    #[test]
    fn two_at_once_need_room_for_both_and_for_what_they_share_once() {
        let under_way = DiskReservations::default();
        let (one, two) = (image(&[("base", 10), ("one", 1)]), image(&[("base", 10), ("two", 2)]));
        let (_, held) = under_way.admit(&one, free(38), false);
        assert!(held.is_some());
        let (weighed, refused) = under_way.admit(&two, free(38), false);
        assert_eq!(weighed, SpaceEstimate { own: 36, others: 3 });
        assert!(refused.is_none());
        assert!(under_way.admit(&two, free(39), false).1.is_some());
        drop(held);
        let (weighed, held) = under_way.admit(&two, free(36), false);
        assert_eq!((weighed.others, held.is_some()), (0, true), "what has ended, or was refused, holds nothing");
    }

    #[test]
    fn what_begins_all_the_same_counts_for_the_next() {
        let under_way = DiskReservations::default();
        let (_, held) = under_way.admit(&image(&[("a", 10)]), free(0), true);
        assert!(held.is_some());
        assert_eq!(under_way.admit(&image(&[("b", 10)]), free(40), true).0, SpaceEstimate { own: 30, others: 30 });
    }

    #[test]
    fn bytes_are_of_no_use_without_an_inode() {
        let weighed = SpaceEstimate { own: 1, others: 0 };
        assert!(!weighed.fits(FreeSpace { free: 100, inodes: Some(0) }));
        assert!(weighed.fits(FreeSpace { free: 100, inodes: None }));
        assert!(!SpaceEstimate { own: 1, others: u64::MAX }.fits(FreeSpace { free: u64::MAX - 1, inodes: None }));
    }
}
