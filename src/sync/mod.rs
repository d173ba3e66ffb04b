//! Concurrency primitives that several modules share.
//!
//! This module knows no other module of the crate.

mod keyed_semaphore;
mod mutex;
mod single_flight;

pub use keyed_semaphore::KeyedSemaphore;
pub use mutex::Mutex;
pub use single_flight::{Flight, FlightId, Lifetime, SingleFlight};
