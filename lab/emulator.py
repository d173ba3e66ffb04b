"""The AWS emulator: moto, with tokens for ECR and ECR Public like those of AWS.

    emulator.py LAB --host HOST --port PORT

moto's own token for ECR is always the same and expired in 2015, and moto does not implement ECR
Public. This emulator issues a new token for each call, for the Region that signed the request,
valid for 12 hours.
"""

import base64
import json
import re
import sys

import moto.server
from moto.iam.models import get_account_id_from

import tokens

PRIVATE = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
PUBLIC = "SpencerFrontendService.GetAuthorizationToken"
CREDENTIAL = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/")


class WithTokens(moto.server.DomainDispatcherApplication):
    """moto's application, with its own answers to the requests for tokens."""

    key = None

    def __call__(self, environ, start_response):
        target = environ.get("HTTP_X_AMZ_TARGET")
        if target not in (PRIVATE, PUBLIC):
            return super().__call__(environ, start_response)
        # Closing a connection with an unread body resets it and loses the response.
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        signed = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        access_key, region = signed.groups() if signed else ("", "us-east-1")
        if target == PUBLIC and region != "us-east-1":
            status, answer = "400 Bad Request", {"__type": "UnsupportedCommandException"}
        else:
            status, answer = "200 OK", {"authorizationData": self.data(target, access_key, region)}
        body = json.dumps(answer).encode()
        start_response(status, [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))])
        return [body]

    def data(self, target, access_key, region):
        """Return one object for ECR Public; for ECR a list of one, which also names the caller's own registry."""
        token, ends = tokens.issue(self.key, "ecr-public" if target == PUBLIC else f"ecr {region}")
        token = base64.b64encode(f"AWS:{token}".encode()).decode()
        data = {"authorizationToken": token, "expiresAt": ends}
        if target == PUBLIC:
            return data
        endpoint = f"https://{get_account_id_from(access_key)}.dkr.ecr.{region}.amazonaws.com"
        return [data | {"proxyEndpoint": endpoint}]


if __name__ == "__main__":
    WithTokens.key = tokens.key(sys.argv[1])
    moto.server.DomainDispatcherApplication = WithTokens
    moto.server.main(sys.argv[2:])
