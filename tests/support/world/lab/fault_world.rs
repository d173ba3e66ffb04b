//! An engine and a real registry, with a proxy between them that injects faults.

use std::thread;
use std::time::{Duration, Instant};

use super::super::super::fault_proxy::FaultProxy;
use super::super::super::gate::Gate;
use super::super::super::run::{Run, RunOutput};
use super::environment::{Lab, LabEngine};
use super::task::task;
use super::test_image::{REGISTRY, TestImage};

pub struct FaultWorld<'a> {
    pub lab: &'a Lab,
    pub proxy: FaultProxy,
    pub image: TestImage,
}

impl<'a> FaultWorld<'a> {
    /// Creates a world whose image has three layers that no engine has.
    pub fn new(lab: &'a Lab) -> Self {
        Self::with_proxy(lab, FaultProxy::start(REGISTRY))
    }

    /// Creates a world with this proxy.
    pub fn with_proxy(lab: &'a Lab, proxy: FaultProxy) -> Self {
        Self::with_image(lab, proxy, 3, 3_000_000)
    }

    /// Creates a world whose image has this number of layers with this total size in bytes.
    pub fn with_image(lab: &'a Lab, proxy: FaultProxy, layers: usize, bytes: usize) -> Self {
        Self { lab, proxy, image: TestImage::push(lab, layers, bytes) }
    }

    /// The reference of the image behind the proxy.
    pub fn image_name(&self) -> String {
        self.image.reference_at(&self.proxy.host())
    }

    pub fn pull(&self) -> Run {
        let secret = self.lab.secret("taskpull/registry-one");
        self.lab.pull(&task(&[("app", &self.image_name(), Some(&secret))]))
    }

    /// Asserts that this pull succeeded and the complete image is on the engine.
    pub fn assert_pulled(&self, ended: &RunOutput) {
        assert_eq!(ended.code, 0, "{ended:?}");
        assert_eq!(ended.container(0)["digest"], self.image.digest);
        assert!(self.lab.has_image(&self.image_name()));
        self.proxy.assert_no_request_in_flight();
    }

    /// Asserts that the pull failed with `link class` after this number of attempts, and that
    /// nothing of it continues.
    pub fn assert_failed(&self, ended: &RunOutput, failure: &str, attempts: u32) {
        assert_eq!((ended.code, &*ended.failure(0)), (3, failure), "{ended:?}");
        assert_eq!(ended.container(0)["attempts"], attempts, "{ended:?}");
        self.assert_idle();
    }

    /// Asserts that a pull whose requests wait at a gate is abandoned. Docker 20.10 waits for the
    /// response to an abandoned request until the first byte arrives; that must have no effect.
    pub fn assert_abandoned(&self, gate: &Gate) {
        if self.lab.engine == LabEngine::Podman {
            self.proxy.assert_no_request_in_flight();
        }
        gate.open();
        self.assert_idle();
    }

    /// Asserts that within two seconds no request is in flight, no new one arrives, and the image
    /// is absent.
    pub fn assert_idle(&self) {
        let deadline = Instant::now() + Duration::from_secs(2);
        let mut requests = self.proxy.requests();
        loop {
            thread::sleep(Duration::from_millis(250));
            let now = self.proxy.requests();
            if now == requests && self.proxy.requests_in_flight().is_empty() {
                break;
            }
            assert!(Instant::now() < deadline, "an abandoned pull continues: {:?}", self.proxy.requests_in_flight());
            requests = now;
        }
        assert!(!self.lab.has_image(&self.image_name()), "an abandoned pull has stored its image");
    }
}

impl Drop for FaultWorld<'_> {
    fn drop(&mut self) {
        self.lab.docker(&["image", "rm", "--force", &self.image_name()]);
    }
}

/// Sets deadlines of one or two seconds.
pub fn with_short_deadlines(run: Run) -> Run {
    run.env("TASKPULL_IDLE_TIMEOUT", "1500ms").env("TASKPULL_BEGIN_TIMEOUT", "1500ms")
}

/// Sets the maximum number of attempts.
pub fn with_attempts(run: Run, attempts: u32) -> Run {
    run.env("TASKPULL_ATTEMPTS", attempts.to_string())
}
