//! The words about an image that has no build for a platform.

use crate::task::ImageReference;

/// Which platform is missing, and which the image has.
pub(super) fn describe_platforms(requested: Option<&str>, available: &[String]) -> String {
    let requested = requested.unwrap_or("the platform of the engine");
    format!("the image has no build for {requested}, only for {}", available.join(", "))
}

/// How to build the missing platform, or to run the task on one that the image has.
pub(super) fn build_hint(image: &ImageReference, requested: Option<&str>, available: &[String]) -> String {
    let platform = requested.unwrap_or("linux/amd64");
    let architectures: Vec<_> = available.iter().filter_map(|platform| ecs_architecture(platform)).collect();
    let mut hint = format!(
        "build the image for {} too: `docker buildx build --platform {platform},{} --tag {image} --push .`",
        requested.unwrap_or("that platform"),
        available.join(",")
    );
    if !architectures.is_empty() {
        hint += &format!(
            "; or run the task on a host of another architecture, with runtimePlatform.cpuArchitecture {}",
            architectures.join(" or ")
        );
    }
    hint
}

/// The name that ECS has for the architecture of a platform.
fn ecs_architecture(platform: &str) -> Option<&'static str> {
    match platform.split('/').nth(1)? {
        "amd64" => Some("X86_64"),
        "arm64" => Some("ARM64"),
        _ => None,
    }
}
