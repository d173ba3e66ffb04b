//! What the engine says about the image: its manifest, its platforms and its layers.

use crate::answers::rules::message_rule::MessageRule;
use crate::error::{Class, Link};

/// The parts of an image, which its manifest lists by media type.
pub(crate) const MISSING_PART: MessageRule = MessageRule::new(
    &["content at*not found"],
    Link::Layers,
    Class::Absent,
    "the registry no longer has one of the image's layers",
    "push the image again",
);

/// A part whose media type is not one of images.
pub(crate) const NO_IMAGE: MessageRule = MessageRule::new(
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
);

/// The words of an engine that knows no zstd about a layer that it takes for a tar archive.
pub(crate) const ZSTD: MessageRule = MessageRule::new(
    &["tar+zstd: no processor", "zstd: unsupported", "unsupported compression zstd"],
    Link::Engine,
    Class::Unsupported,
    "this engine cannot read layers that are compressed with zstd, which Docker Engine reads from 23.0 on",
    "upgrade the engine to 23.0 or newer (`docker version` shows its version), or push the image with gzip: `docker buildx build --output type=image,name={image},push=true,compression=gzip,force-compression=true .`",
);

/// The first match wins, so specific phrases come before general ones.
pub(crate) const IMAGE_RULES: &[MessageRule] = &[
    MessageRule::new(
        &["missing signature key", "schema 1 support", "schema1 manifest", "manifest.v1+"],
        Link::Manifest,
        Class::Unsupported,
        "the image has a format that the engine does not support, such as Docker schema 1",
        "build and push the image again with a current builder, or copy it with skopeo in the format v2s2",
    ),
    ZSTD,
    MessageRule::new(
        &["+encrypted", "ctd-decoder", "ocicrypt"],
        Link::Manifest,
        Class::Unsupported,
        "the image's layers are encrypted, and this engine has no decoder for them",
        "push the image without encryption, or install and configure a decoder (ocicrypt) for the engine's containerd",
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
    NO_IMAGE,
    MessageRule::new(
        &[
            "manifest verification failed",
            "config verification failed",
            "does not match provided manifest digest",
            "does not match expected sha256:",
            "failed commit on ref \"config-*unexpected commit digest",
            "failed commit on ref \"manifest-*unexpected commit digest",
            "failed commit on ref \"index-*unexpected commit digest",
        ],
        Link::Manifest,
        Class::Unavailable,
        "the manifest or the configuration was damaged in transit",
        "try again; if the error remains, check whether a proxy or a mirror changes the manifest",
    ),
    MessageRule::new(
        &[
            "mismatched image rootfs",
            "number of layers and diffids",
            "wrong diff id",
            "does not match config's diffid",
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
        "build and push the image again; `docker manifest inspect {image}` shows what the registry has",
    ),
    MessageRule::new(
        &["manifest for*not found", "image not found", "does not exist for tag or digest"],
        Link::Manifest,
        Class::Absent,
        "there is no such tag or digest in the repository, or no such repository",
        "check the spelling of name and tag; a lifecycle policy may have removed the image",
    ),
    MessageRule::new(
        &[
            "verification failed",
            "unexpected eof",
            "digest did not match",
            "unexpected commit digest",
            "corrupt input before offset",
            "expected http 206",
        ],
        Link::Layers,
        Class::Unavailable,
        "a layer was damaged in transit",
        "try again; if the error remains, check network, proxy and disk, and push the image again",
    ),
    MISSING_PART,
];

/// General phrases, which also occur within more specific words and are therefore tried last.
pub(crate) const GENERAL_IMAGE_RULES: &[MessageRule] = &[
    // containerd's words for a 404 of a registry, which do not name what is missing.
    MessageRule::new(
        &[": not found $"],
        Link::Manifest,
        Class::Absent,
        "there is no such tag or digest in the repository, or no such repository",
        "check the spelling of name and tag; a lifecycle policy may have removed the image",
    ),
    MessageRule::new(
        &["decode token response", "did not include a token", "invalid character '<'"],
        Link::Registry,
        Class::Unavailable,
        "a web page or another unexpected response came in place of an answer of the registry or its token service",
        "a proxy, a gateway or a login page answers in its place: `curl -si https://{host}/v2/` on the engine's host shows it",
    ),
    MessageRule::new(
        &["unexpected end of json input"],
        Link::Manifest,
        Class::Unavailable,
        "the manifest was damaged in transit",
        "try again; if the error remains, check whether a proxy or a mirror changes the manifest",
    ),
    MessageRule::new(
        &["invalid character"],
        Link::Manifest,
        Class::Unsupported,
        "the image is invalid: its manifest or configuration is not JSON",
        "build and push the image again; `docker manifest inspect {image}` shows what the registry has",
    ),
];
