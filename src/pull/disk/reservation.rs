//! Disk reservations: whether there is space for an image in addition to the running pulls. Pure.
//!
//! The need of an image is an estimate: its manifest has only the compressed sizes, and the engine
//! does not report which layers it already has from other images. The estimate errs towards too much.

use std::collections::HashMap;

use super::free_space::FreeSpace;
use crate::registry::Layer;
use crate::sync::Mutex;

/// The space that a layer takes, as a multiple of its compressed size: the compressed copy, which
/// the engine stores until it is unpacked, and twice as much for the unpacked files, which is the
/// usual ratio of gzip for programs.
pub(super) const FACTOR: u64 = 3;

/// The reservations of all running pulls.
#[derive(Debug, Default)]
pub(in crate::pull) struct DiskReservations(Mutex<Reserved>);

#[derive(Debug, Default)]
struct Reserved {
    last_number: u64,
    layers: HashMap<u64, Vec<Layer>>,
}

/// Space that is reserved for an image until this value is dropped.
#[derive(Debug)]
pub(in crate::pull) struct DiskReservation<'a> {
    reservations: &'a DiskReservations,
    number: u64,
}

/// The space that an image needs, and that other pulls need at the same time, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pull) struct SpaceEstimate {
    /// The need of this image.
    pub(in crate::pull) own: u64,
    /// The additional need of the other running pulls; layers that they share with this image
    /// count once.
    pub(in crate::pull) others: u64,
}

/// The answer to a reservation request.
#[derive(Debug)]
pub(super) struct Admission<'a> {
    pub(super) estimate: SpaceEstimate,
    /// `None` if the image was not admitted.
    pub(super) reservation: Option<DiskReservation<'a>>,
}

impl SpaceEstimate {
    pub(super) fn fits(self, space: FreeSpace) -> bool {
        space.inodes != Some(0) && self.own.saturating_add(self.others) <= space.free
    }
}

impl DiskReservations {
    /// Reserves space for an image with these layers if it fits, or if `allow_shortage`. Check and
    /// reservation share one lock, so of two images that do not fit together one is admitted.
    pub(super) fn admit(&self, layers: &[Layer], space: FreeSpace, allow_shortage: bool) -> Admission<'_> {
        let mut reserved = self.0.lock();
        let own = need([layers].into_iter());
        let all = need(reserved.layers.values().map(Vec::as_slice).chain([layers]));
        let estimate = SpaceEstimate { own, others: all - own };
        if !estimate.fits(space) && !allow_shortage {
            return Admission { estimate, reservation: None };
        }
        reserved.last_number += 1;
        let number = reserved.last_number;
        reserved.layers.insert(number, layers.to_vec());
        Admission { estimate, reservation: Some(DiskReservation { reservations: self, number }) }
    }
}

impl Drop for DiskReservation<'_> {
    fn drop(&mut self) {
        self.reservations.0.lock().layers.remove(&self.number);
    }
}

/// The space that images need together; each layer counts once.
pub(super) fn need<'a>(images: impl Iterator<Item = &'a [Layer]>) -> u64 {
    let layers: HashMap<&str, u64> = images.flatten().map(|layer| (&*layer.digest, layer.size)).collect();
    layers.into_values().fold(0, u64::saturating_add).saturating_mul(FACTOR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{DiskReservations, FreeSpace, SpaceEstimate, need};
    use crate::registry::Layer;

    fn image(layers: &[(&str, u64)]) -> Vec<Layer> {
        layers.iter().map(|(digest, size)| Layer { digest: (*digest).to_owned(), size: *size }).collect()
    }

    fn free(free: u64) -> FreeSpace {
        FreeSpace { free, inodes: Some(1) }
    }

    #[test]
    fn image_needs_three_times_its_compressed_layers() {
        let reservations = DiskReservations::default();
        let app = image(&[("a", 10), ("b", 5), ("a", 10)]);
        assert!(reservations.admit(&app, free(44), false).reservation.is_none());
        assert!(reservations.admit(&app, free(45), false).reservation.is_some());
    }

    #[test]
    fn concurrent_images_need_space_for_both_and_shared_layers_once() {
        let reservations = DiskReservations::default();
        let (one, two) = (image(&[("base", 10), ("one", 1)]), image(&[("base", 10), ("two", 2)]));
        let first = reservations.admit(&one, free(38), false).reservation;
        assert!(first.is_some());
        let refused = reservations.admit(&two, free(38), false);
        assert_eq!(refused.estimate, SpaceEstimate { own: 36, others: 3 });
        assert!(refused.reservation.is_none());
        assert!(reservations.admit(&two, free(39), false).reservation.is_some());
        drop(first);
        let admitted = reservations.admit(&two, free(36), false);
        assert_eq!((admitted.estimate.others, admitted.reservation.is_some()), (0, true), "nothing else is reserved");
    }

    #[test]
    fn image_admitted_despite_a_shortage_counts_for_the_next() {
        let reservations = DiskReservations::default();
        let _first = reservations.admit(&image(&[("a", 10)]), free(0), true).reservation.unwrap();
        let second = reservations.admit(&image(&[("b", 10)]), free(40), true);
        assert_eq!(second.estimate, SpaceEstimate { own: 30, others: 30 });
    }

    #[test]
    fn image_does_not_fit_without_a_free_inode() {
        let estimate = SpaceEstimate { own: 1, others: 0 };
        assert!(!estimate.fits(FreeSpace { free: 100, inodes: Some(0) }));
        assert!(estimate.fits(FreeSpace { free: 100, inodes: None }));
        assert!(!SpaceEstimate { own: 1, others: u64::MAX }.fits(FreeSpace { free: u64::MAX - 1, inodes: None }));
    }

    /// Images with few different layers, so that they often share some; sizes may overflow the sum.
    fn images() -> impl Strategy<Value = Vec<Vec<Layer>>> {
        let size = prop_oneof![0_u64..1_000, any::<u64>()];
        let layer = ("[a-e]", size).prop_map(|(digest, size)| Layer { digest, size });
        prop::collection::vec(prop::collection::vec(layer, 0..5), 0..8)
    }

    proptest! {
        #[test]
        fn estimates_never_underflow_and_dropped_reservations_are_freed(
            images in images(),
            available in any::<u64>(),
            allow_shortage: bool,
            keep in any::<u8>(),
        ) {
            let reservations = DiskReservations::default();
            let mut admitted = Vec::new();
            for (index, image) in images.iter().enumerate() {
                let admission = reservations.admit(image, free(available), allow_shortage);
                let SpaceEstimate { own, others } = admission.estimate;
                prop_assert_eq!(own, need([image.as_slice()].into_iter()));
                prop_assert!(own.checked_add(others).is_some());
                prop_assert_eq!(
                    admission.reservation.is_some(),
                    allow_shortage || admission.estimate.fits(free(available))
                );
                admitted.extend(admission.reservation.filter(|_| keep & (1 << index) != 0));
                prop_assert_eq!(reservations.0.lock().layers.len(), admitted.len());
            }
            drop(admitted);
            prop_assert!(reservations.0.lock().layers.is_empty());
            prop_assert_eq!(reservations.admit(&[], free(0), false).estimate, SpaceEstimate { own: 0, others: 0 });
        }
    }
}
