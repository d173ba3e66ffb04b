"""Fill the lab: images in the registries, secrets and roles in the AWS accounts.

    seed.py LAB --aws HOST:PORT --registry-one HOST:PORT --registry-two HOST:PORT [--ecr SOCKET]

Resources that are correct stay unchanged, others are corrected. lab/up can therefore
run this every time: after a restart of the AWS emulator, which loses everything, and
after a test that rotated a secret. Committed task definitions contain ARNs and
digests, so the tables here fix them, and the script fails if the lab has others. It
describes the result in seed/seed.json.
"""

import argparse
import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import aws
import images
import registry
import users

HOME, AWAY = "111122223333", "444455556666"
EAST, WEST = "us-east-1", "eu-west-1"
HOST_USER = "taskpull-host"
ROLE = "taskpull-execution"
KEY_ALIAS = "alias/taskpull-lab"


@dataclass(frozen=True)
class Image:
    registry: str
    user: str
    repository: str
    tag: str
    layers: int
    size: int
    digest: str
    form: str = "docker"
    platforms: tuple = ("linux/amd64",)


BOTH = ("linux/amd64", "linux/arm64")
IMAGES = [
    Image(
        "registry-one", "puller-one", "team-a/app", "1.0", 1, 4_096,
        "sha256:5c8196d6274ee5aaad18c9c15008851719563ad989a5ade1f6c05a9aa5ef6e56",
    ),
    Image(
        "registry-one", "puller-one", "team-a/layers", "1.0", 5, 60_000_000,
        "sha256:7b48edcb969156d3c0b604d12e61c0f4063574a97fc3e8867869dafd2f8ec6f0",
    ),
    Image(
        "registry-one", "puller-one", "team-a/multi", "1.0", 2, 8_192,
        "sha256:b659e07a703ebc2737d6d550445d805db7ae19ac6e561b179597e20a4f2524b1", "oci", BOTH,
    ),
    Image(
        "registry-two", "puller-two", "team-b/app", "1.0", 1, 4_096,
        "sha256:a5dd2a1896390be84f1e7346bd204cebcb29c3b5693129bb589a96eeec24f222",
    ),
    Image(
        "registry-two", "puller-two", "team-b/batch", "1.0", 3, 3_000_000,
        "sha256:8802f99ea88db3da04ff34c105a2d37d803d0ad41f6d370f0a14501ac30b9a08",
    ),
    # Available under every name of ecr.py.
    Image(
        "ecr", "anonymous", "team/app", "1.0", 1, 4_096,
        "sha256:b8a06d53e3f46036559f711ba9cfffb692bc054c485e03c15d97dd1e3d10016b",
    ),
    Image(
        "ecr", "anonymous", "docker-hub/library/nginx", "1.27", 1, 4_096,
        "sha256:70012b487afff08d84123e83ec7f27b12fa7f044b6a444c61d580010e32ec98d",
    ),
    Image(
        "ecr", "anonymous", "docker/library/nginx", "1.27", 1, 4_096,
        "sha256:0fcb992f4c7203a47fcf52d643b6e22ce9795979c5518f4bdd39bc69397e6de3",
    ),
]


@dataclass(frozen=True)
class Secret:
    """A secret of the lab.

    `suffix` is the six characters that Secrets Manager adds to the name in the ARN.
    `kind` describes the content: "good" is the credential of `user`, "sealed" the same as a
    KMS ciphertext, "pending" the same at AWSPENDING while AWSCURRENT is refused,
    "docker-config" a login for each registry, "wrong" a login that the registry refuses.
    Every other kind names what is wrong with the value; "deleted" and "no-version" name
    what is wrong with the secret itself.
    """

    name: str
    account: str
    region: str
    suffix: str
    user: str = "puller-one"
    kind: str = "good"

    @property
    def arn(self):
        return f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:{self.name}-{self.suffix}"


SECRETS = [
    Secret("taskpull/registry-one", HOME, EAST, "Xk3QvT"),
    # Like a replica: the same name and suffix in another Region.
    Secret("taskpull/registry-one", HOME, WEST, "Xk3QvT"),
    Secret("taskpull/registry-two", HOME, WEST, "pR8wLz", "puller-two"),
    # Without its suffix, this secret's ARN still looks like a full ARN.
    Secret("taskpull/registry-shared", HOME, EAST, "h4MnCd"),
    Secret("taskpull/registry-one", AWAY, EAST, "Zt5HnB", "puller-cross-account"),
    Secret("taskpull/registry-one", AWAY, WEST, "Zt5HnB", "puller-cross-account"),
    Secret("taskpull/docker-config", HOME, EAST, "dC6fGj", kind="docker-config"),
    Secret("taskpull/sealed", HOME, EAST, "sL7kMs", kind="sealed"),
    Secret("taskpull/pending", HOME, EAST, "pD8rTn", kind="pending"),
    Secret("taskpull/canary", HOME, EAST, "c7AnrY", "canary"),
    Secret("taskpull/canary-wrong", HOME, EAST, "w2RngC", "canary", "wrong-tail"),
    Secret("taskpull/broken/not-json", HOME, EAST, "Bk1nJs", kind="not-json"),
    Secret("taskpull/broken/array", HOME, EAST, "Bk2aRy", kind="array"),
    Secret("taskpull/broken/no-username", HOME, EAST, "Bk3nUs", kind="no-username"),
    Secret("taskpull/broken/no-password", HOME, EAST, "Bk4nPw", kind="no-password"),
    Secret("taskpull/broken/empty-password", HOME, EAST, "Bk5ePw", kind="empty-password"),
    Secret("taskpull/broken/number", HOME, EAST, "Bk6nMb", kind="number"),
    Secret("taskpull/broken/access-token", HOME, EAST, "Bk7aTk", kind="access-token"),
    Secret("taskpull/broken/binary", HOME, EAST, "Bk8bNy", kind="binary"),
    Secret("taskpull/broken/wrong-password", HOME, EAST, "Bk9wPw", kind="wrong"),
    Secret("taskpull/broken/no-version", HOME, EAST, "BkAnVr", kind="no-version"),
    Secret("taskpull/broken/deleted", HOME, EAST, "BkBdLt", kind="deleted"),
]


def login(user, password):
    return json.dumps({"username": user, "password": password}, ensure_ascii=False)


def docker_config(logins):
    """Return a Docker config with `logins`, tuples of address, user and password."""
    auth = {address: base64.b64encode(f"{user}:{password}".encode()).decode() for address, user, password in logins}
    return json.dumps({"auths": {address: {"auth": text} for address, text in auth.items()}})


def value_of(secret, passwords, addresses):
    """Return the SecretString or SecretBinary of a secret as a parameter of the API; plaintext for "sealed"."""
    user = secret.user
    password = passwords[user]
    registries = {"puller-one": "registry-one", "puller-two": "registry-two"}
    logins = [(addresses[registry], puller, passwords[puller]) for puller, registry in registries.items()]
    text = {
        "not-json": "username and password, please",
        "array": json.dumps([user, "a password"]),
        "no-username": json.dumps({"password": "a password"}),
        "no-password": json.dumps({"username": user}),
        "empty-password": json.dumps({"username": user, "password": ""}),
        "number": json.dumps({"username": user, "password": 12345678}),
        "access-token": json.dumps({"username": user, "accessToken": "a token"}),
        "wrong": login(user, "not the password"),
        "wrong-tail": login(user, password[:-4] + "wxyz"),
        "pending": login(user, "the password before the rotation"),
        "docker-config": docker_config(logins),
    }.get(secret.kind, login(user, password))
    if secret.kind == "no-version":
        return {}
    if secret.kind == "binary":
        return {"SecretBinary": base64.b64encode(text.encode()).decode()}
    return {"SecretString": text}


def seed_image(image, address, password):
    with registry.Registry(address, image.user, password) as client:
        if client.digest_of(image.repository, image.tag) == image.digest:
            return
        digest = images.push(
            client, image.repository, image.tag, image.layers, image.size, form=image.form, platforms=image.platforms
        )
    expect(image.digest, digest, f"digest of {address}/{image.repository}:{image.tag}")


def seed_key(emulator):
    """Return the ARN of the encryption key. The emulator chooses a random key id, so the alias finds the key."""
    try:
        return emulator.kms(HOME, EAST, "DescribeKey", KeyId=KEY_ALIAS)["KeyMetadata"]["Arn"]
    except aws.AwsError as error:
        if error.code != "NotFoundException":
            raise
    key = emulator.kms(HOME, EAST, "CreateKey", Description="encrypts the content of taskpull/sealed")["KeyMetadata"]
    emulator.kms(HOME, EAST, "CreateAlias", AliasName=KEY_ALIAS, TargetKeyId=key["KeyId"])
    return key["Arn"]


def seal(emulator, text, current):
    """Return the envelope of a text; reuse the current one if it contains it, because each encryption differs."""
    context = {"lab": "taskpull"}
    try:
        found = json.loads(current)["taskpull"]
        opened = emulator.kms(
            HOME, EAST, "Decrypt", KeyId=found["keyArn"], CiphertextBlob=found["ciphertext"], EncryptionContext=context
        )
        if base64.b64decode(opened["Plaintext"]) == text.encode():
            return current
    except (aws.AwsError, ValueError, KeyError, TypeError):
        pass
    key, plaintext = seed_key(emulator), base64.b64encode(text.encode()).decode()
    sealed = emulator.kms(HOME, EAST, "Encrypt", KeyId=key, Plaintext=plaintext, EncryptionContext=context)
    envelope = {"version": 1, "keyArn": key, "ciphertext": sealed["CiphertextBlob"], "encryptionContext": context}
    return json.dumps({"taskpull": envelope})


def seed_secret(emulator, secret, passwords, addresses):
    def call(action, **parameters):
        return emulator.secrets(secret.account, secret.region, action, **parameters)

    def text_at(stage):
        try:
            return call("GetSecretValue", SecretId=secret.name, VersionStage=stage).get("SecretString")
        except aws.AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise

    value = value_of(secret, passwords, addresses)
    if secret.kind == "sealed":
        value = {"SecretString": seal(emulator, value["SecretString"], text_at("AWSCURRENT"))}
    try:
        found = call("DescribeSecret", SecretId=secret.name)
    except aws.AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        # moto takes the ARN's suffix from this tag; otherwise it chooses a random one.
        tags = [{"Key": "_custom_id_", "Value": secret.suffix}]
        found = call("CreateSecret", Name=secret.name, Tags=tags, **value)
    expect(secret.arn, found["ARN"], f"ARN of {secret.name}")
    if secret.kind == "no-version":
        return
    if found.get("DeletedDate"):
        if secret.kind == "deleted":
            return
        call("RestoreSecret", SecretId=secret.arn)
    current = call("GetSecretValue", SecretId=secret.arn)
    if any(current.get(key) != content for key, content in value.items()):
        call("PutSecretValue", SecretId=secret.arn, **value)
    pending = login(secret.user, passwords[secret.user])
    if secret.kind == "pending" and text_at("AWSPENDING") != pending:
        call("PutSecretValue", SecretId=secret.arn, SecretString=pending, VersionStages=["AWSPENDING"])
    if secret.kind == "deleted":
        call("DeleteSecret", SecretId=secret.arn, RecoveryWindowInDays=30)


def allow(action, resources, principal=None):
    """Return a policy with one statement; with a principal it is a role's trust policy."""
    statement = {"Effect": "Allow", "Action": action}
    statement |= {"Principal": principal} if principal else {"Resource": resources}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role_arn(account):
    return f"arn:aws:iam::{account}:role/{ROLE}"


def seed_role(emulator, account):
    trust = allow("sts:AssumeRole", None, {"AWS": f"arn:aws:iam::{HOME}:user/{HOST_USER}"})
    try:
        emulator.iam(account, "CreateRole", RoleName=ROLE, AssumeRolePolicyDocument=trust)
    except aws.AwsError as error:
        if error.code != "EntityAlreadyExists":
            raise
    readable = [secret.arn for secret in SECRETS if secret.account == account]
    policy = allow("secretsmanager:GetSecretValue", readable)
    emulator.iam(account, "PutRolePolicy", RoleName=ROLE, PolicyName="read-secrets", PolicyDocument=policy)


def seed_host(emulator, lab):
    """Create the user that the lab's host acts as, and return its access key.

    moto makes a random key. This lab stores the seed of the random number generator,
    so a restarted emulator makes the same key and existing environments stay valid.
    """
    stored = Path(lab, "seed", "aws-access-key.env")
    key = dict(line.split("=", 1) for line in stored.read_text().splitlines()) if stored.exists() else {}
    if key and emulator.account_of(key["AWS_ACCESS_KEY_ID"]) == HOME:
        return key
    try:
        emulator.iam(HOME, "CreateUser", UserName=HOST_USER)
    except aws.AwsError as error:
        if error.code != "EntityAlreadyExists":
            raise
    policy = allow("sts:AssumeRole", [role_arn(HOME), role_arn(AWAY)])
    emulator.iam(HOME, "PutUserPolicy", UserName=HOST_USER, PolicyName="assume-roles", PolicyDocument=policy)
    number = Path(lab, "seed", "aws-access-key.number")
    if not number.exists():
        write_private(number, str(secrets.randbits(64)))
    emulator.seed_chance(number.read_text())
    made = emulator.iam(HOME, "CreateAccessKey", UserName=HOST_USER)
    emulator.seed_chance(secrets.randbits(64))
    key = {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
    write_private(stored, "".join(f"{name}={value}\n" for name, value in key.items()))
    return key


def description(lab, args, key, passwords):
    """Return the content of seed.json; README.md documents its format."""
    addresses = addresses_of(args)
    return {
        "aws": {
            "endpoint": f"http://{args.aws}",
            "region": EAST,
            "accessKeyId": key["AWS_ACCESS_KEY_ID"],
            "secretAccessKey": key["AWS_SECRET_ACCESS_KEY"],
            "roles": {account: role_arn(account) for account in (HOME, AWAY)},
        },
        "registries": {
            name: {
                "address": address,
                "users": {user: passwords[user] for user in users.USERS.get(name, ())},
                "images": [
                    {"repository": i.repository, "tag": i.tag, "digest": i.digest, "platforms": i.platforms}
                    for i in IMAGES
                    if i.registry == name
                ],
            }
            for name, address in addresses.items()
        },
        "secrets": [
            {"arn": s.arn, "name": s.name, "account": s.account, "region": s.region, "user": s.user, "kind": s.kind}
            for s in SECRETS
        ],
    }


def addresses_of(args):
    """Return the addresses of the running registries; that of ECR's names is a Unix socket."""
    addresses = {"registry-one": args.registry_one, "registry-two": args.registry_two, "ecr": args.ecr}
    return {name: address for name, address in addresses.items() if address}


def write_private(path, text):
    """Write a file that only its owner can read from the start; leave it untouched if the text is the same."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    unfinished = path.with_name(path.name + ".new")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.rename(path)


def expect(expected, found, name):
    if expected != found:
        raise SystemExit(f"seed.py: the {name} is\n  {found}\nbut the table in seed.py has\n  {expected}")


def main():
    parser = argparse.ArgumentParser(prog="seed.py", description=__doc__.splitlines()[0])
    parser.add_argument("lab")
    for option in ("--aws", "--registry-one", "--registry-two"):
        parser.add_argument(option, required=True, metavar="HOST:PORT")
    parser.add_argument("--ecr", metavar="SOCKET")
    args = parser.parse_args()
    addresses = addresses_of(args)
    passwords = {user: users.read_password(args.lab, user) for names in users.USERS.values() for user in names}
    for image in IMAGES:
        if image.registry in addresses:
            seed_image(image, addresses[image.registry], passwords.get(image.user, ""))
    emulator = aws.Emulator(args.aws)
    for secret in SECRETS:
        seed_secret(emulator, secret, passwords, addresses)
    for account in (HOME, AWAY):
        seed_role(emulator, account)
    key = seed_host(emulator, args.lab)
    seed = json.dumps(description(args.lab, args, key, passwords), indent=2, ensure_ascii=False)
    write_private(Path(args.lab, "seed", "seed.json"), seed + "\n")


if __name__ == "__main__":
    main()
