//! The lab as the end-to-end tests use it: real engines and registries, and an AWS emulator.

mod debian;
mod environment;
mod fault_world;
mod task;
mod test_image;
mod test_secret;
mod wait;

pub use self::debian::{DebianMachine, debian_image};
pub(crate) use self::environment::on_both_engines;
pub use self::environment::{Lab, LabEngine, root};
pub use self::fault_world::{FaultWorld, with_attempts, with_short_deadlines};
pub use self::task::{login, task};
pub use self::test_image::{REGISTRY, TestImage};
pub use self::test_secret::TestSecret;
pub use self::wait::{send_signal, wait_until};
