//! A small image in memory: manifest (schema 2), configuration, and one uncompressed tar for each
//! layer, so that the digest of a layer is also its diff id.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use hyper::body::Bytes;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::digest::sha256;

pub const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";

/// Content with its digest, `sha256:…`.
#[derive(Clone)]
pub struct Blob {
    pub digest: String,
    pub bytes: Bytes,
}

#[derive(Clone)]
pub struct Image {
    pub manifest: Blob,
    pub config: Blob,
    pub layers: Vec<Blob>,
}

impl Image {
    pub fn new(layer_sizes: &[usize]) -> Self {
        let layers: Vec<Blob> = layer_sizes.iter().map(|size| Blob::new(layer(*size))).collect();
        let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
        let history = vec![json!({ "created_by": "taskpull's tests" }); layers.len()];
        let config = Blob::new(
            json!({
                "architecture": architecture(),
                "os": "linux",
                "config": {},
                "rootfs": { "type": "layers", "diff_ids": diff_ids },
                "history": history,
            })
            .to_string(),
        );
        let descriptors: Vec<_> = layers.iter().map(|layer| layer.descriptor(LAYER)).collect();
        let manifest = Blob::new(
            json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": config.descriptor(CONFIG),
                "layers": descriptors,
            })
            .to_string(),
        );
        Self { manifest, config, layers }
    }

    /// An image whose manifest lists layers of these sizes; the layers do not exist.
    pub fn without_layers(sizes: &[u64]) -> Self {
        let descriptor = |size: &u64| {
            let digest = format!("sha256:{}", sha256(size.to_string().as_bytes()));
            json!({ "mediaType": LAYER, "size": size, "digest": digest })
        };
        let config = Blob::new("{}");
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.descriptor(CONFIG),
            "layers": sizes.iter().map(descriptor).collect::<Vec<_>>(),
        });
        Self { manifest: Blob::new(manifest.to_string()), config, layers: Vec::new() }
    }

    pub fn digest(&self) -> &str {
        &self.manifest.digest
    }
}

impl Blob {
    fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { digest: format!("sha256:{}", sha256(&bytes)), bytes }
    }

    fn descriptor(&self, media_type: &str) -> serde_json::Value {
        json!({ "mediaType": media_type, "size": self.bytes.len(), "digest": self.digest })
    }
}

/// A tar of one file of this size, with unique content.
fn layer(size: usize) -> Vec<u8> {
    static LAYER_COUNT: AtomicU64 = AtomicU64::new(0);
    let number = LAYER_COUNT.fetch_add(1, Ordering::Relaxed);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970");
    let seed = Sha256::digest(format!("{number} {} {}", process::id(), clock.as_nanos()));
    let mut noise = u64::from_le_bytes(seed[..8].try_into().expect("8 bytes")) | 1;
    let mut tar = header(&format!("layer-{number}"), size);
    while tar.len() < 512 + size {
        // Xorshift: fast in a debug build, and not compressible.
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        tar.extend(noise.to_le_bytes());
    }
    tar.truncate(512 + size);
    let padded = tar.len().next_multiple_of(512) + 1024;
    tar.resize(padded, 0);
    tar
}

/// The ustar header of a regular file.
fn header(name: &str, size: usize) -> Vec<u8> {
    let mut header = vec![0; 512];
    let mut put = |at: usize, text: &str| {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    };
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    put(136, "00000000000");
    // The checksum is computed with its own field filled with spaces.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// The architecture of this machine, as image configurations name it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
