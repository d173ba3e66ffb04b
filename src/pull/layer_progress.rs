//! The progress of one pull by layers, from the messages of the engine.

use std::collections::HashMap;

use crate::engine::ProgressMessage;

/// Layers and bytes of one pull.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerTotals {
    /// Layers that are complete.
    pub done: usize,
    /// Layers known so far.
    pub total: usize,
    /// Bytes downloaded so far, compressed.
    pub bytes: u64,
    /// Bytes to download, as far as they are known.
    pub bytes_total: u64,
    /// The unpacking, once it is all that is left; `None` while a layer is downloaded, and with an
    /// engine that does not report it.
    pub extraction: Option<Extraction>,
}

/// How far the engine has unpacked the layers of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extraction {
    /// Compressed bytes that have been unpacked, of [`LayerTotals::bytes_total`]. An engine that
    /// reports only a time adds a layer when it is complete.
    pub bytes: u64,
    /// Seconds for which the engine has been unpacking the present layer, if it reports a time.
    pub seconds: Option<u64>,
}

/// The layers of one pull by id, and their totals.
#[derive(Debug, Default)]
pub(super) struct LayerProgress {
    layers: HashMap<String, Layer>,
    totals: LayerTotals,
    /// Bytes that have been unpacked.
    extracted: u64,
    /// Layers that are not downloaded yet.
    missing: usize,
    /// The last message about unpacking a layer.
    extraction: Option<Extraction>,
    /// The last message that was not about a layer.
    last_message: Option<ProgressMessage>,
}

#[derive(Debug, Default)]
struct Layer {
    last_message: ProgressMessage,
    is_done: bool,
    is_downloaded: bool,
    /// Whether it waits for other layers, of this image or of another one.
    is_queued: bool,
    bytes: u64,
    bytes_total: u64,
    extracted: u64,
}

impl LayerProgress {
    /// More layers than any image has: Docker's own limit is 127.
    const LIMIT: usize = 10_000;

    /// Whether there are more layers than an image can have. Each new layer uses memory and counts
    /// as progress, so an engine that never stops adding layers would never be stalled.
    pub(super) fn has_too_many_layers(&self) -> bool {
        self.layers.len() > Self::LIMIT
    }

    /// Whether the message differs from the previous one about the same layer.
    pub(super) fn is_new(&self, message: &ProgressMessage) -> bool {
        let layer = message.id.as_ref().and_then(|id| self.layers.get(id));
        let previous = layer.map(|layer| &layer.last_message).or(self.last_message.as_ref());
        previous != Some(message)
    }

    /// Adds a message and returns the new totals; `None` if it is not about a layer.
    pub(super) fn update(&mut self, message: &ProgressMessage) -> Option<LayerTotals> {
        let id = message.id.as_ref()?;
        let is_layer = matches!(
            &*message.status,
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
            self.last_message = Some(message.clone());
            return None;
        }
        let is_known = self.layers.contains_key(id);
        let layer = self.layers.entry(id.clone()).or_default();
        let totals = &mut self.totals;
        totals.done -= usize::from(layer.is_done);
        totals.bytes = totals.bytes.saturating_sub(layer.bytes);
        totals.bytes_total = totals.bytes_total.saturating_sub(layer.bytes_total);
        self.extracted = self.extracted.saturating_sub(layer.extracted);
        self.missing -= usize::from(is_known && !layer.is_downloaded);
        layer.update(message);
        totals.done += usize::from(layer.is_done);
        totals.bytes = totals.bytes.saturating_add(layer.bytes);
        totals.bytes_total = totals.bytes_total.saturating_add(layer.bytes_total);
        self.extracted = self.extracted.saturating_add(layer.extracted);
        self.missing += usize::from(!layer.is_downloaded);
        totals.total = self.layers.len();
        match (&*message.status, &mut self.extraction) {
            ("Extracting", extraction) => {
                *extraction = Some(Extraction { bytes: 0, seconds: message.seconds });
            }
            ("Pull complete", Some(extraction)) => extraction.seconds = None,
            _ => {}
        }
        let bytes = self.extracted.min(totals.bytes_total);
        let extraction = self.extraction.filter(|_| self.missing == 0);
        totals.extraction = extraction.map(|extraction| Extraction { bytes, ..extraction });
        Some(self.totals)
    }

    /// Whether every incomplete layer waits inside the engine for other layers. A downloaded layer
    /// is left out: it may wait for a lower layer to be unpacked.
    pub(super) fn is_queued(&self) -> bool {
        let is_downloaded = |layer: &Layer| layer.bytes_total > 0 && layer.bytes == layer.bytes_total;
        let mut open = self.layers.values().filter(|layer| !layer.is_done && !is_downloaded(layer)).peekable();
        open.peek().is_some() && open.all(|layer| layer.is_queued)
    }
}

impl Layer {
    /// Adds a message about this layer.
    fn update(&mut self, message: &ProgressMessage) {
        self.is_queued = message.status == "Waiting";
        self.last_message = message.clone();
        match (&*message.status, message.bytes) {
            ("Downloading", Some((bytes, total))) => {
                self.bytes = bytes;
                self.bytes_total = total.max(bytes);
                self.is_downloaded = false;
            }
            ("Download complete", _) => {
                self.bytes = self.bytes_total;
                self.is_downloaded = true;
            }
            ("Extracting", progress) => self.extract(progress),
            ("Pull complete", _) => {
                self.bytes = self.bytes_total;
                self.extracted = self.bytes_total;
                (self.is_downloaded, self.is_done) = (true, true);
            }
            ("Already exists", _) => (self.is_downloaded, self.is_done) = (true, true),
            _ => {}
        }
    }

    /// The layer is unpacked, also if its content was there already. Of a small layer, the first message
    /// with a size may be this one.
    fn extract(&mut self, progress: Option<(u64, u64)>) {
        (self.is_downloaded, self.is_done) = (true, false);
        if let Some((extracted, total)) = progress {
            if self.bytes_total == 0 {
                self.bytes_total = total.max(extracted);
            }
            self.extracted = extracted.min(self.bytes_total);
        }
        self.bytes = self.bytes_total;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::{Extraction, LayerProgress, LayerTotals, ProgressMessage};

    fn message(id: &str, status: &str, bytes: Option<(u64, u64)>) -> ProgressMessage {
        ProgressMessage { id: Some(id.to_owned()), status: status.to_owned(), bytes, seconds: None }
    }

    #[test]
    fn totals_sum_layers_and_bytes() {
        let mut progress = LayerProgress::default();
        assert_eq!(progress.update(&message("1.0", "Pulling from team/app", None)), None);
        progress.update(&message("a", "Pulling fs layer", None));
        progress.update(&message("b", "Already exists", None));
        progress.update(&message("a", "Downloading", Some((10, 100))));
        let layers = progress.update(&message("a", "Downloading", Some((60, 100)))).unwrap();
        assert_eq!(layers, LayerTotals { done: 1, total: 2, bytes: 60, bytes_total: 100, extraction: None });
        progress.update(&message("a", "Download complete", None));
        let layers = progress.update(&message("a", "Pull complete", None)).unwrap();
        assert_eq!(layers, LayerTotals { done: 2, total: 2, bytes: 100, bytes_total: 100, extraction: None });
    }

    #[test]
    fn extraction_starts_when_every_layer_is_downloaded() {
        let mut progress = LayerProgress::default();
        let mut extraction =
            |id: &str, status: &str, bytes| progress.update(&message(id, status, bytes)).unwrap().extraction;
        extraction("a", "Pulling fs layer", None);
        extraction("b", "Pulling fs layer", None);
        extraction("c", "Already exists", None);
        extraction("a", "Downloading", Some((100, 100)));
        extraction("a", "Download complete", None);
        assert_eq!(extraction("a", "Extracting", Some((40, 100))), None, "b is not downloaded");
        assert_eq!(extraction("b", "Downloading", Some((300, 300))), None);
        let bytes = |bytes| Some(Extraction { bytes, seconds: None });
        assert_eq!(extraction("b", "Download complete", None), bytes(40));
        assert_eq!(extraction("a", "Pull complete", None), bytes(100));
        assert_eq!(extraction("b", "Extracting", Some((150, 300))), bytes(250));
        assert_eq!(extraction("b", "Pull complete", None), bytes(400));
    }

    #[test]
    fn extraction_in_seconds_counts_complete_layers() {
        let mut progress = LayerProgress::default();
        for id in ["a", "b"] {
            progress.update(&message(id, "Downloading", Some((100, 100))));
            progress.update(&message(id, "Download complete", None));
        }
        let mut extracting = |id: &str, status: &str, seconds| {
            progress.update(&ProgressMessage { seconds, ..message(id, status, None) }).unwrap().extraction.unwrap()
        };
        assert_eq!(extracting("a", "Extracting", Some(7)), Extraction { bytes: 0, seconds: Some(7) });
        assert_eq!(extracting("a", "Pull complete", None), Extraction { bytes: 100, seconds: None });
        assert_eq!(extracting("b", "Extracting", Some(1)), Extraction { bytes: 100, seconds: Some(1) });
    }

    #[test]
    fn totals_beyond_64_bits_saturate() {
        let mut progress = LayerProgress::default();
        progress.update(&message("a", "Downloading", Some((u64::MAX, u64::MAX))));
        let layers = progress.update(&message("b", "Downloading", Some((u64::MAX, 1)))).unwrap();
        assert_eq!((layers.bytes, layers.bytes_total), (u64::MAX, u64::MAX));
    }

    #[test]
    fn pull_is_queued_while_all_its_open_layers_wait() {
        let mut progress = LayerProgress::default();
        assert!(!progress.is_queued(), "no layer is known yet");
        progress.update(&message("a", "Pulling fs layer", None));
        progress.update(&message("b", "Already exists", None));
        assert!(!progress.is_queued());
        progress.update(&message("a", "Waiting", None));
        assert!(progress.is_queued());
        progress.update(&message("a", "Downloading", Some((1, 2))));
        assert!(!progress.is_queued());
    }

    fn messages(bytes: impl Strategy<Value = u64> + Clone) -> impl Strategy<Value = Vec<ProgressMessage>> {
        let statuses =
            ["Pulling fs layer", "Waiting", "Downloading", "Download complete", "Extracting", "Pull complete", "Other"];
        let status = prop::sample::select(statuses.to_vec());
        let message = (prop::option::of("[a-d]"), status, prop::option::of((bytes.clone(), bytes)));
        let message = message.prop_map(|(id, status, bytes)| ProgressMessage {
            id,
            status: status.to_owned(),
            bytes,
            seconds: None,
        });
        prop::collection::vec(message, 0..50)
    }

    proptest! {
        #[test]
        fn any_messages_give_consistent_layer_counts(messages in messages(any::<u64>())) {
            let mut progress = LayerProgress::default();
            let mut ids = HashSet::new();
            for message in &messages {
                progress.is_new(message);
                let Some(totals) = progress.update(message) else { continue };
                ids.extend(message.id.as_deref());
                prop_assert_eq!(totals.total, ids.len());
                prop_assert!(totals.done <= totals.total);
                prop_assert!(!progress.is_new(message), "the same message again is no progress");
                prop_assert!(!progress.is_queued() || totals.done < totals.total);
            }
        }

        #[test]
        fn downloaded_bytes_never_exceed_the_bytes_to_download(messages in messages(0_u64..1 << 50)) {
            let mut progress = LayerProgress::default();
            for totals in messages.iter().filter_map(|message| progress.update(message)) {
                prop_assert!(totals.bytes <= totals.bytes_total);
                prop_assert!(totals.extraction.is_none_or(|extraction| extraction.bytes <= totals.bytes_total));
            }
        }
    }
}
