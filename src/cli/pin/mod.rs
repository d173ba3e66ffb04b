//! `--pin`: writes the definitions of a successful run with each image as `name@sha256:…`.
//!
//! Either all definitions are written or none.

mod part_files;
mod pin_destinations;
mod pin_write_error;
mod pins;

#[cfg(test)]
pub(super) use pin_destinations::PinDestinations;
pub(super) use pin_destinations::STDIN;
#[cfg(test)]
pub(super) use pin_write_error::PinWriteError;
pub(super) use pins::Pins;
