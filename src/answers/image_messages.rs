//! Messages about the image itself: its manifest, its platforms and its layers.

use crate::answers::message_rule::MessageRule;
use crate::error::{Class, Link};

/// The first match wins, so specific phrases come before general ones.
pub(crate) const IMAGE_MESSAGES: &[MessageRule] = &[
    MessageRule::new(
        &["missing signature key", "schema 1 support", "schema1 manifest", "manifest.v1+"],
        Link::Manifest,
        Class::Unsupported,
        "the image has a format that the engine does not support, such as Docker schema 1",
        "build and push the image again with a current builder, or copy it with `skopeo copy --format v2s2`",
    ),
    MessageRule::new(
        &["operating system \"windows\"", "image operating system", "download image with operating system"],
        Link::Platform,
        Class::Unsupported,
        "the image is for another operating system, most likely Windows",
        "a Windows image runs only on Windows hosts (its base layers are foreign layers): use the image for Linux",
    ),
    MessageRule::new(
        &[
            "no matching manifest for",
            "no match for platform",
            "no match for current platform",
            "no image found in manifest list",
            "no image found in image index",
            "not match the specified platform",
            "was found but does not provide",
        ],
        Link::Platform,
        Class::Unsupported,
        "the image has no build for this platform",
        "build the image for this architecture too, or run the task on a host of another architecture",
    ),
    MessageRule::new(
        &[
            "unsupported media type",
            "unsupported manifest media type",
            "invalid content type",
            "operation on artifact",
            "unsupported docker v2s2",
            "unsupported schema version",
            "unsupported manifest format",
            "encountered remote",
            "ai models are not",
        ],
        Link::Manifest,
        Class::Unsupported,
        "the registry has something other than a container image under this name",
        "a Helm chart or another artifact cannot be pulled as an image: use the name of the image",
    ),
    MessageRule::new(
        &[
            "manifest verification failed",
            "config verification failed",
            "does not match provided manifest digest",
            "does not match expected sha256:",
        ],
        Link::Manifest,
        Class::Unavailable,
        "the manifest was damaged in transit",
        "try again; if the error remains, check whether a proxy or a mirror changes the manifest",
    ),
    MessageRule::new(
        &["manifest unknown", "manifest for", "image not found", "does not exist for tag or digest"],
        Link::Manifest,
        Class::Absent,
        "the tag, the digest or the repository does not exist",
        "check the spelling of name and tag; a lifecycle policy may have removed the image",
    ),
    MessageRule::new(
        &[
            "name unknown",
            "repository name not known to registry",
            "repository does not exist",
            "repositorynotfoundexception",
        ],
        Link::Repository,
        Class::Absent,
        "the repository does not exist",
        "check the spelling of the repository; a pull does not create one",
    ),
    MessageRule::new(
        &[
            "verification failed",
            "unexpected eof",
            "digest did not match",
            "unexpected commit digest",
            "wrong diff id",
            "corrupt input before offset",
            "expected http 206",
        ],
        Link::Layers,
        Class::Unavailable,
        "a layer was damaged in transit",
        "try again; if the error remains, check network, proxy and disk, and push the image again",
    ),
    MessageRule::new(
        &[
            "unknown blob",
            "blob unknown",
            "fetching blob: invalid status code from registry 404",
            "could not fetch content descriptor",
            "failed open: content at",
        ],
        Link::Layers,
        Class::Absent,
        "the registry no longer has one of the image's layers",
        "push the image again",
    ),
    MessageRule::new(
        &[
            "manifest invalid",
            "mediatype in manifest",
            "match image configuration",
            "invalid rootfs",
            "invalid tar header",
            "error unmarshalling content",
        ],
        Link::Manifest,
        Class::Unsupported,
        "the image is invalid: its parts do not match",
        "build and push the image again; `docker manifest inspect` shows what the registry has",
    ),
];
