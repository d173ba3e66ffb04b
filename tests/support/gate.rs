//! A gate that delays scripted replies until the test opens it.
//!
//! With a gate a test can act while a request is in progress, without sleeping.

use tokio::sync::watch;

#[derive(Clone, Copy, Default)]
struct GateState {
    is_open: bool,
    arrivals: usize,
}

/// A gate; clones share its state.
#[derive(Clone)]
pub struct Gate(watch::Sender<GateState>);

impl Gate {
    /// Creates a closed gate.
    pub fn closed() -> Self {
        Self(watch::Sender::new(GateState::default()))
    }

    /// Releases all waiting replies and lets later ones pass without a delay.
    pub fn open(&self) {
        self.0.send_modify(|state| state.is_open = true);
    }

    /// Waits until at least `count` replies have arrived since the gate was created.
    pub async fn wait_for_arrivals(&self, count: usize) {
        let has_arrived = |state: &GateState| state.arrivals >= count;
        self.0.subscribe().wait_for(has_arrived).await.expect("`self` holds the sender");
    }

    /// Waits as [`Self::wait_for_arrivals`] does, for a test without a runtime.
    pub fn block_until_arrivals(&self, count: usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(self.wait_for_arrivals(count));
    }

    /// Counts an arrival, then waits until the gate is open.
    pub async fn pass(self) {
        self.0.send_modify(|state| state.arrivals += 1);
        self.0.subscribe().wait_for(|state| state.is_open).await.expect("`self` holds the sender");
    }
}
