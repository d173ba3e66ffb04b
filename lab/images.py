"""Make images and push them to a registry, without an engine.

    images.py push --registry HOST:PORT --user USER --password-file FILE REPOSITORY:TAG
                   --layers N --bytes B [--seed TEXT] [--format docker|oci] [--platform OS/ARCH]...

Prints the digest of the manifest or index that the tag names afterwards. B is the
total size of the files in all layers of one platform. With more than one --platform
the tag names an index. The same arguments give the same digests on every machine: the
content is a seeded random sequence, which does not compress, and the gzip format
stores it uncompressed, because two versions of a compressor can produce different bytes.
"""

import argparse
import hashlib
import io
import json
import random
import struct
import tarfile
import zlib
from pathlib import Path

import registry

MEDIA_TYPES = {
    "docker": {
        "config": "application/vnd.docker.container.image.v1+json",
        "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "manifest": "application/vnd.docker.distribution.manifest.v2+json",
        "index": "application/vnd.docker.distribution.manifest.list.v2+json",
    },
    "oci": {
        "config": "application/vnd.oci.image.config.v1+json",
        "layer": "application/vnd.oci.image.layer.v1.tar+gzip",
        "manifest": "application/vnd.oci.image.manifest.v1+json",
        "index": "application/vnd.oci.image.index.v1+json",
    },
}
CREATED = "2024-01-01T00:00:00Z"
MEBIBYTE = 1 << 20


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def canonical(document):
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def random_bytes(size, seed):
    chance = random.Random(seed)
    whole, rest = divmod(size, MEBIBYTE)
    return b"".join(chance.randbytes(length) for length in [MEBIBYTE] * whole + [rest])


def tar_with_one_file(name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = 0o444
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def gzip_stored(data):
    """Return a gzip member (RFC 1952) of stored blocks (RFC 1951, 3.2.4), without name or time."""
    parts = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff"]
    for start in range(0, len(data), 0xFFFF):
        block = data[start : start + 0xFFFF]
        last = start + 0xFFFF >= len(data)
        parts += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    parts.append(struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF))
    return b"".join(parts)


def image_config(platform, diff_ids):
    system, architecture, *variant = platform.split("/")
    config = {
        "architecture": architecture,
        "config": {"Cmd": ["/layer-1"], "Labels": {"org.opencontainers.image.title": "taskpull lab"}},
        "created": CREATED,
        "history": [{"created": CREATED, "created_by": f"layer {n + 1}"} for n in range(len(diff_ids))],
        "os": system,
        "rootfs": {"diff_ids": diff_ids, "type": "layers"},
    }
    return config | ({"variant": variant[0]} if variant else {})


def platform_of(config):
    return {key: config[key] for key in ("architecture", "os", "variant") if key in config}


class Pusher:
    """Pushes images to one repository, with one layer in memory at a time."""

    def __init__(self, client, repository, media_types):
        self.client, self.repository, self.media_types = client, repository, media_types

    def blob(self, kind, data):
        self.client.put_blob(self.repository, digest(data), data)
        return {"mediaType": self.media_types[kind], "size": len(data), "digest": digest(data)}

    def manifest(self, kind, document, tag=None):
        document = {"schemaVersion": 2, "mediaType": self.media_types[kind]} | document
        data = canonical(document)
        self.client.put_manifest(self.repository, tag or digest(data), self.media_types[kind], data)
        return {"mediaType": self.media_types[kind], "size": len(data), "digest": digest(data)}

    def image(self, platform, layers, size, seed, tag=None):
        """Push the image of one platform and return its descriptor."""
        descriptors, diff_ids = [], []
        for number in range(1, layers + 1):
            share = size * number // layers - size * (number - 1) // layers
            tar = tar_with_one_file(f"layer-{number}", random_bytes(share, f"{seed} {platform} {number}"))
            diff_ids.append(digest(tar))
            descriptors.append(self.blob("layer", gzip_stored(tar)))
        config = image_config(platform, diff_ids)
        document = {"config": self.blob("config", canonical(config)), "layers": descriptors}
        return self.manifest("manifest", document, tag) | {"platform": platform_of(config)}


def push(client, repository, tag, layers, size, seed=None, form="docker", platforms=("linux/amd64",)):
    """Push one image, or an index with one image for each platform, and return the digest."""
    pusher = Pusher(client, repository, MEDIA_TYPES[form])
    seed = seed or f"{repository}:{tag}"
    if len(platforms) == 1:
        return pusher.image(platforms[0], layers, size, seed, tag)["digest"]
    images = [pusher.image(platform, layers, size, seed) for platform in platforms]
    return pusher.manifest("index", {"manifests": images}, tag)["digest"]


def arguments():
    parser = argparse.ArgumentParser(prog="images.py", description=__doc__.splitlines()[0])
    command = parser.add_subparsers(required=True, metavar="push").add_parser("push")
    command.add_argument("--registry", required=True, metavar="HOST:PORT")
    command.add_argument("--user", required=True)
    command.add_argument("--password-file", required=True, type=Path)
    command.add_argument("reference", metavar="REPOSITORY:TAG")
    command.add_argument("--layers", type=int, default=1)
    command.add_argument("--bytes", type=int, default=4096)
    command.add_argument("--seed", help="default: the reference")
    command.add_argument("--format", choices=MEDIA_TYPES, default="docker")
    command.add_argument("--platform", action="append", metavar="OS/ARCH[/VARIANT]", help="default: linux/amd64")
    return parser.parse_args()


def main():
    args = arguments()
    repository, colon, tag = args.reference.rpartition(":")
    if not colon or args.layers < 1 or args.bytes < 0:
        raise SystemExit("images.py: expected REPOSITORY:TAG, at least one layer, and a size of at least 0")
    password = args.password_file.read_text(encoding="utf-8")
    platforms = args.platform or ["linux/amd64"]
    try:
        with registry.Registry(args.registry, args.user, password) as client:
            print(push(client, repository, tag, args.layers, args.bytes, args.seed, args.format, platforms))
    except (registry.Refused, OSError) as error:
        raise SystemExit(f"images.py: {args.registry}/{args.reference}: {error}") from None


if __name__ == "__main__":
    main()
