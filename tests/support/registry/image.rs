//! A small image made in memory: manifest (schema 2), config, and one
//! uncompressed tar per layer, so that a layer's digest is its diff id too.

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

/// Bytes and their digest.
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
        let described: Vec<_> = layers.iter().map(|layer| layer.descriptor(LAYER)).collect();
        let manifest = Blob::new(
            json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": config.descriptor(CONFIG),
                "layers": described,
            })
            .to_string(),
        );
        Self { manifest, config, layers }
    }

    /// One whose layers are nowhere.
    pub fn announced(sizes: &[u64]) -> Self {
        let described = |size: &u64| {
            let digest = format!("sha256:{}", sha256(size.to_string().as_bytes()));
            json!({ "mediaType": LAYER, "size": size, "digest": digest })
        };
        let config = Blob::new("{}");
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.descriptor(CONFIG),
            "layers": sizes.iter().map(described).collect::<Vec<_>>(),
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

/// A tar of one file of this size, of bytes that no other layer has.
fn layer(size: usize) -> Vec<u8> {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970");
    let seed = Sha256::digest(format!("{number} {} {}", process::id(), clock.as_nanos()));
    let mut noise = u64::from_le_bytes(seed[..8].try_into().expect("8 bytes")) | 1;
    let mut tar = header(&format!("layer-{number}"), size);
    while tar.len() < 512 + size {
        // Xorshift: quick in a debug build, and nothing compresses it away.
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

/// A ustar header of a plain file.
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
    // The checksum is taken over a field of blanks.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// This machine's, in the names images use.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
