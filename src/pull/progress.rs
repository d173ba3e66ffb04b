//! How far a pull is, from the lines the engine says.

use std::collections::HashMap;

use super::outcome::{FailedAttempt, PulledImage};
use crate::engine::ProgressMessage;
use crate::error::{Failure, Printable};

/// Where one pull stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullState {
    /// It waits for the engine and its credential.
    Authorizing,
    /// It waits for its turn.
    Waiting,
    /// The image is here, and its registry is asked whether this task may have it.
    Verifying,
    /// The engine is at it.
    Pulling(LayerTotals),
    /// It goes on, and there is something to know about it.
    Warned(Printable),
    /// An attempt failed and another follows.
    Retrying(FailedAttempt),
    /// The way through a pull-through rule is out of order, and the upstream is asked instead.
    AskingUpstream(Failure),
    /// The pull failed for good, and a copy on the engine serves instead.
    FallingBack(Failure),
    /// The image is there.
    Done(PulledImage),
    /// It is not.
    Failed(Failure),
}

/// Layers and bytes of one pull.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerTotals {
    /// Layers that are in place.
    pub done: usize,
    /// Layers known so far.
    pub total: usize,
    /// Bytes downloaded.
    pub bytes: u64,
    /// Bytes to download, as far as they are known.
    pub bytes_total: u64,
}

/// Somebody who wants to see how far the pulls are. `pull` is the index in the plan.
pub trait ProgressObserver: Send + Sync {
    /// Called at each change; it must not block.
    fn update(&self, pull: usize, state: &PullState);
}

/// The layers of one pull, by id, and their sum.
#[derive(Debug, Default)]
pub(super) struct LayerProgress {
    layers: HashMap<String, Layer>,
    sum: LayerTotals,
    /// The last line that was about no layer.
    last: Option<ProgressMessage>,
}

#[derive(Debug, Default)]
struct Layer {
    /// What was last said about it.
    said: ProgressMessage,
    done: bool,
    /// Whether it waits for other layers, of this image or of another one.
    queued: bool,
    bytes: u64,
    bytes_total: u64,
}

impl LayerProgress {
    /// More layers than any image has: Docker's own limit is 127.
    const LIMIT: usize = 10_000;

    /// Whether there are more layers than an image can have. Each is kept, and its line moves
    /// the pull: an engine that went on telling new ones would never come to an end.
    pub(super) fn is_beyond_bounds(&self) -> bool {
        self.layers.len() > Self::LIMIT
    }

    /// Whether the line says anything that was not said just before.
    pub(super) fn moves(&self, line: &ProgressMessage) -> bool {
        let layer = line.id.as_ref().and_then(|id| self.layers.get(id));
        let before = layer.map(|layer| &layer.said).or(self.last.as_ref());
        before != Some(line)
    }

    /// Takes one line in. `None` when it says nothing about a layer.
    pub(super) fn take(&mut self, line: &ProgressMessage) -> Option<LayerTotals> {
        let id = line.id.as_ref()?;
        let is_layer = matches!(
            &*line.status,
            "Pulling fs layer"
                | "Waiting"
                | "Downloading"
                | "Verifying Checksum"
                | "Download complete"
                | "Extracting"
                | "Pull complete"
                | "Already exists"
        );
        if !is_layer {
            self.last = Some(line.clone());
            return None;
        }
        let layer = self.layers.entry(id.clone()).or_default();
        self.sum.done -= usize::from(layer.done);
        self.sum.bytes = self.sum.bytes.saturating_sub(layer.bytes);
        self.sum.bytes_total = self.sum.bytes_total.saturating_sub(layer.bytes_total);
        layer.queued = line.status == "Waiting";
        layer.said = line.clone();
        match (&*line.status, line.bytes) {
            ("Downloading", Some((bytes, total))) => {
                layer.bytes = bytes;
                layer.bytes_total = total.max(bytes);
            }
            ("Download complete", _) => layer.bytes = layer.bytes_total,
            ("Pull complete" | "Already exists", _) => layer.done = true,
            _ => {}
        }
        self.sum.done += usize::from(layer.done);
        self.sum.bytes = self.sum.bytes.saturating_add(layer.bytes);
        self.sum.bytes_total = self.sum.bytes_total.saturating_add(layer.bytes_total);
        self.sum.total = self.layers.len();
        Some(self.sum)
    }

    /// Whether all that is not done waits for its turn within the engine. A layer that is
    /// down may wait for one below it.
    pub(super) fn is_queued(&self) -> bool {
        let is_down = |layer: &Layer| layer.bytes_total > 0 && layer.bytes == layer.bytes_total;
        let mut open = self.layers.values().filter(|layer| !layer.done && !is_down(layer)).peekable();
        open.peek().is_some() && open.all(|layer| layer.queued)
    }
}

#[cfg(test)]
mod tests {
    use super::{LayerProgress, LayerTotals, ProgressMessage};

    fn line(id: &str, status: &str, bytes: Option<(u64, u64)>) -> ProgressMessage {
        ProgressMessage { id: Some(id.to_owned()), status: status.to_owned(), bytes }
    }

    #[test]
    fn layers_and_bytes_add_up() {
        let mut tally = LayerProgress::default();
        assert_eq!(tally.take(&line("1.0", "Pulling from team/app", None)), None);
        tally.take(&line("a", "Pulling fs layer", None));
        tally.take(&line("b", "Already exists", None));
        tally.take(&line("a", "Downloading", Some((10, 100))));
        let layers = tally.take(&line("a", "Downloading", Some((60, 100)))).unwrap();
        assert_eq!(layers, LayerTotals { done: 1, total: 2, bytes: 60, bytes_total: 100 });
        tally.take(&line("a", "Download complete", None));
        let layers = tally.take(&line("a", "Pull complete", None)).unwrap();
        assert_eq!(layers, LayerTotals { done: 2, total: 2, bytes: 100, bytes_total: 100 });
    }

    #[test]
    fn numbers_beyond_all_bounds_do_not_overflow() {
        let mut tally = LayerProgress::default();
        tally.take(&line("a", "Downloading", Some((u64::MAX, u64::MAX))));
        let layers = tally.take(&line("b", "Downloading", Some((u64::MAX, 1)))).unwrap();
        assert_eq!((layers.bytes, layers.bytes_total), (u64::MAX, u64::MAX));
    }

    #[test]
    fn a_pull_is_queued_while_all_its_open_layers_wait() {
        let mut tally = LayerProgress::default();
        assert!(!tally.is_queued(), "nothing is known yet");
        tally.take(&line("a", "Pulling fs layer", None));
        tally.take(&line("b", "Already exists", None));
        assert!(!tally.is_queued());
        tally.take(&line("a", "Waiting", None));
        assert!(tally.is_queued());
        tally.take(&line("a", "Downloading", Some((1, 2))));
        assert!(!tally.is_queued());
    }
}
