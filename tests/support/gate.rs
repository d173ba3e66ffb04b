//! A door that holds scripted answers until the test opens it.
//!
//! With a gate a test says "while this call is under way" without sleeping.

use tokio::sync::watch;

#[derive(Clone, Copy, Default)]
struct Door {
    open: bool,
    arrived: usize,
}

/// Clones are the same door.
#[derive(Clone)]
pub struct Gate(watch::Sender<Door>);

impl Gate {
    pub fn closed() -> Self {
        Self(watch::Sender::new(Door::default()))
    }

    /// Lets everything through, now and from now on.
    pub fn open(&self) {
        self.0.send_modify(|door| door.open = true);
    }

    /// Returns when `count` answers have come to the door since it was made.
    pub async fn arrived(&self, count: usize) {
        let reached = |door: &Door| door.arrived >= count;
        self.0.subscribe().wait_for(reached).await.expect("we hold the sender");
    }

    /// Waits at the door until it is open.
    pub async fn pass(self) {
        self.0.send_modify(|door| door.arrived += 1);
        self.0.subscribe().wait_for(|door| door.open).await.expect("we hold the sender");
    }
}
