//! The progress of a pull in layers and bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pull::{Extraction, LayerTotals};

/// Progress of one pull, as far as the engine has reported it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LayersReport {
    /// Layers that are complete.
    pub layers_done: usize,
    /// Layers that are known so far.
    pub layers_total: usize,
    /// Bytes downloaded.
    pub bytes: u64,
    /// Bytes to download.
    pub bytes_total: u64,
    /// While the engine unpacks the layers: downloaded bytes that are unpacked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extracted_bytes: Option<u64>,
    /// While the engine unpacks the layers, and reports only a time: seconds since it began with the
    /// present one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extracting_seconds: Option<u64>,
}

impl LayersReport {
    /// What was downloaded, without the state of the unpacking.
    pub(super) fn without_extraction(self) -> Self {
        Self { extracted_bytes: None, extracting_seconds: None, ..self }
    }
}

impl From<LayersReport> for LayerTotals {
    fn from(layers: LayersReport) -> Self {
        let LayersReport { layers_done: done, layers_total: total, bytes, bytes_total, .. } = layers;
        let LayersReport { extracted_bytes, extracting_seconds: seconds, .. } = layers;
        let extraction = extracted_bytes.map(|bytes| Extraction { bytes, seconds });
        Self { done, total, bytes, bytes_total, extraction }
    }
}

impl From<LayerTotals> for LayersReport {
    fn from(LayerTotals { done, total, bytes, bytes_total, extraction }: LayerTotals) -> Self {
        Self {
            layers_done: done,
            layers_total: total,
            bytes,
            bytes_total,
            extracted_bytes: extraction.map(|extraction| extraction.bytes),
            extracting_seconds: extraction.and_then(|extraction| extraction.seconds),
        }
    }
}
