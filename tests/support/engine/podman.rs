//! The pull streams of Podman: without digest and status, and with refusals under HTTP 200.

use hyper::body::Bytes;
use serde_json::{Value, json};

use super::super::digest::sha256;
use super::super::http::{Stall, Step};
use super::pull::id_of;

/// The stream of a successful pull. The image id is in the last line and in the lines of the
/// image's configuration, which Podman fetches even if the image is present.
pub(super) fn success_steps(name: &str, digest: &str, up_to_date: bool, before_end: Option<Stall>) -> Vec<Step> {
    let layer = &sha256(name)[..12];
    let image = &id_of(digest)["sha256:".len()..][..12];
    let layers: &[&str] =
        if up_to_date { &["Already exists"] } else { &["Pulling fs layer", "Downloading", "Download complete"] };
    let mut steps: Vec<_> = layers.iter().map(|status| line(status, layer)).collect();
    steps.extend(["Pulling fs layer", "Download complete"].map(|status| line(status, image)));
    steps.extend(before_end.map(Step::Stall));
    steps.push(line("Download complete", image));
    steps
}

pub(super) fn unauthorized_steps(image: &str) -> Vec<Step> {
    let (name, version) = image.split_once('@').or_else(|| image.rsplit_once(':')).unwrap_or((image, ""));
    let message = format!(
        "initializing source docker://{image}: reading manifest {version} in {name}: unauthorized: authentication required"
    );
    vec![send(&json!({ "progressDetail": {}, "errorDetail": { "message": message }, "error": message }))]
}

fn line(status: &str, id: &str) -> Step {
    let progress = if status == "Downloading" { json!({ "current": 512, "total": 2048 }) } else { json!({}) };
    send(&json!({ "status": status, "progressDetail": progress, "id": id }))
}

fn send(line: &Value) -> Step {
    Step::Send(Bytes::from(format!("{line}\n")))
}
