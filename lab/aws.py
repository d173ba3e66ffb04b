"""The client with which seeding calls the AWS emulator.

moto reads the account from its own header and checks no signature, so one client
can act for every account before any of them has an access key.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree


class AwsError(Exception):
    """An error response of AWS; `code` is the name of the exception."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class Emulator:
    def __init__(self, address):
        self.url = f"http://{address}"

    def post(self, path, body, headers):
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            raise parse_error(error.read().decode(errors="replace")) from None

    def secrets(self, account, region, action, **parameters):
        return self.json("secretsmanager", "secretsmanager", account, region, action, parameters)

    def kms(self, account, region, action, **parameters):
        return self.json("kms", "TrentService", account, region, action, parameters)

    def json(self, service, target, account, region, action, parameters):
        headers = scope(service, region) | {
            "X-Amz-Target": f"{target}.{action}",
            "Content-Type": "application/x-amz-json-1.1",
            "x-moto-account-id": account,
        }
        # Actions such as DisableKey return an empty body.
        return json.loads(self.post("/", json.dumps(parameters).encode(), headers) or "{}")

    def iam(self, account, action, **parameters):
        headers = scope("iam", "us-east-1") | {"x-moto-account-id": account}
        return parse_fields(self.query(headers, "2010-05-08", action, parameters))

    def account_of(self, access_key):
        """Return the account of an access key: moto's default account for an unknown key."""
        answer = self.query(scope("sts", "us-east-1", access_key), "2011-06-15", "GetCallerIdentity", {})
        return parse_fields(answer)["Account"]

    def query(self, headers, version, action, parameters):
        form = {"Action": action, "Version": version} | parameters
        return self.post("/", urllib.parse.urlencode(form).encode(), headers)

    def seed_chance(self, number):
        """Seed the random number generator from which moto makes access keys."""
        self.post(f"/moto-api/seed?a={number}", b"", scope("moto", "us-east-1"))


def scope(service, region, access_key="AKIALABLABLABLABLABL"):
    """Return a header with the scope from which moto reads the service and the Region."""
    credential = f"{access_key}/20240101/{region}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"}


def parse_fields(text):
    """Return every text field of an XML response by its name, without the namespace."""
    elements = xml.etree.ElementTree.fromstring(text).iter()
    return {element.tag.rpartition("}")[2]: element.text for element in elements}


def parse_error(text):
    """Parse an error: Secrets Manager and KMS return JSON, IAM and STS return XML."""
    try:
        body = json.loads(text)
        return AwsError(body.get("__type", "Unknown"), body.get("message") or body.get("Message"))
    except ValueError:
        pass
    try:
        fields = parse_fields(text)
        return AwsError(fields.get("Code", "Unknown"), fields.get("Message"))
    except xml.etree.ElementTree.ParseError:
        return AwsError("Unknown", text[:200])
