//! The progress of a pull in layers and bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pull::LayerTotals;

/// Progress of one pull, as far as the engine has reported it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LayersReport {
    /// `LayerTotals` that are complete.
    pub layers_done: usize,
    /// `LayerTotals` that are known so far.
    pub layers_total: usize,
    /// Bytes downloaded.
    pub bytes: u64,
    /// Bytes to download.
    pub bytes_total: u64,
}

impl From<LayersReport> for LayerTotals {
    fn from(LayersReport { layers_done, layers_total, bytes, bytes_total }: LayersReport) -> Self {
        Self { done: layers_done, total: layers_total, bytes, bytes_total }
    }
}

impl From<LayerTotals> for LayersReport {
    fn from(LayerTotals { done, total, bytes, bytes_total }: LayerTotals) -> Self {
        Self { layers_done: done, layers_total: total, bytes, bytes_total }
    }
}
