//! An engine, a real registry, and a proxy between them that fails as it is told to.

use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::lab::{Lab, LabEngine, task};
use crate::own_image::{REGISTRY, TestImage};
use crate::support::fault_proxy::FaultProxy;
use crate::support::gate::Gate;
use crate::support::run::{Run, RunOutput};

pub struct FaultWorld<'a> {
    pub lab: &'a Lab,
    pub proxy: FaultProxy,
    pub image: TestImage,
}

impl<'a> FaultWorld<'a> {
    /// With an image of three layers that no engine has.
    pub fn new(lab: &'a Lab) -> Self {
        Self::with_proxy(lab, FaultProxy::start(REGISTRY))
    }

    pub fn with_proxy(lab: &'a Lab, proxy: FaultProxy) -> Self {
        Self::with_image(lab, proxy, 3, 3_000_000)
    }

    /// With so many layers of so many bytes together.
    pub fn with_image(lab: &'a Lab, proxy: FaultProxy, layers: usize, bytes: usize) -> Self {
        Self { lab, proxy, image: TestImage::push(lab, layers, bytes) }
    }

    /// The image's name.
    pub fn name(&self) -> String {
        self.image.at(&self.proxy.host())
    }

    pub fn pull(&self) -> Run {
        let secret = self.lab.secret("taskpull/registry-one");
        self.lab.pull(&task(&[("app", &self.name(), Some(&secret))]))
    }

    /// The image is on the engine, whole, and this pull brought it.
    pub fn assert_pulled(&self, ended: &RunOutput) {
        assert_eq!(ended.code, 0, "{ended:?}");
        assert_eq!(ended.container(0)["digest"], self.image.digest);
        assert!(self.lab.has_image(&self.name()));
        self.proxy.assert_no_request_in_flight();
    }

    /// It failed with this link and class after so many attempts, and nothing of it goes on.
    pub fn assert_failed(&self, ended: &RunOutput, failure: &str, attempts: u32) {
        assert_eq!((ended.code, &*ended.failure(0)), (3, failure), "{ended:?}");
        assert_eq!(ended.container(0)["attempts"], attempts, "{ended:?}");
        self.assert_idle();
    }

    /// The same after requests were held at a gate. Docker 20.10 waits for the answer to a
    /// request that it has given up, for as long as not a byte comes: it must come to nothing.
    pub fn assert_abandoned(&self, gate: &Gate) {
        if self.lab.engine == LabEngine::Podman {
            self.proxy.assert_no_request_in_flight();
        }
        gate.open();
        self.assert_idle();
    }

    /// Within two seconds nothing is under way and nothing more is asked, and the image is absent.
    pub fn assert_idle(&self) {
        let end = Instant::now() + Duration::from_secs(2);
        let mut asked = self.proxy.requests();
        loop {
            thread::sleep(Duration::from_millis(250));
            let now = self.proxy.requests();
            if now == asked && self.proxy.requests_in_flight().is_empty() {
                break;
            }
            assert!(Instant::now() < end, "an abandoned pull goes on: {:?}", self.proxy.requests_in_flight());
            asked = now;
        }
        assert!(!self.lab.has_image(&self.name()), "an abandoned pull has brought its image");
    }
}

impl Drop for FaultWorld<'_> {
    fn drop(&mut self) {
        self.lab.docker(&["image", "rm", "--force", &self.name()]);
    }
}

/// No patience: deadlines of a second or two.
pub fn with_short_deadlines(run: Run) -> Run {
    run.env("TASKPULL_IDLE_TIMEOUT", "1500ms").env("TASKPULL_BEGIN_TIMEOUT", "1500ms")
}

pub fn with_attempts(run: Run, attempts: u32) -> Run {
    run.env("TASKPULL_ATTEMPTS", attempts.to_string())
}

/// Waits until it is so, half a minute at most.
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

pub fn send_signal(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
}
