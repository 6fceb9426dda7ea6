"""A request to EC2's API, and its refusal."""

import re
from urllib.parse import parse_qsl, urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.ec2.models import ec2_backends

KEY = re.compile(r"^(AKIAFULL|AKIAREAD|ASIATEMP)(\d{12})$")


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


class Request:
    def __init__(self, environ, body):
        self.environ = environ
        self.body = body
        self.pairs = parse_qsl(body.decode(), keep_blank_values=True)
        self.values = dict(self.pairs)
        self.action = self.values.get("Action", "")
        self.region = None
        self.account = None

    def get(self, name):
        return self.values.get(name)

    def parameters(self):
        return [(name, value) for name, value in self.pairs if name not in ("Action", "Version")]

    def set(self, values):
        self.values = values
        self.body = urlencode(values).encode()

    def backend(self):
        return ec2_backends[self.account][self.region]

    def authenticate(self):
        """AWS Identity and Access Management User Guide, "Create a signed AWS API request": the same signature must come out. API,
        "Error codes": AuthFailure where it does not. Gives what kind of key it is, and the token."""
        failure = Refusal(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
        header = self.environ.get("HTTP_AUTHORIZATION", "")
        found = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d+/([^/]+)/ec2/aws4_request, *SignedHeaders=([^,]+), *Signature=(\w+)", header)
        key = KEY.match(found.group(1)) if found else None
        if not key:
            raise failure
        self.region, self.account = found.group(2), key.group(2)
        token = self.environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
        credentials = Credentials(found.group(1), "secret-" + found.group(1), token)
        url = f"http://{self.environ['HTTP_HOST']}/"
        signed = AWSRequest(method="POST", url=url, data=self.body)
        for name in found.group(3).split(";"):
            variable = "CONTENT_TYPE" if name == "content-type" else "HTTP_" + name.upper().replace("-", "_")
            signed.headers[name] = self.environ.get(variable, self.environ.get(variable.removeprefix("HTTP_"), ""))
        signed.context["timestamp"] = self.environ.get("HTTP_X_AMZ_DATE", "")
        auth = SigV4Auth(credentials, "ec2", self.region)
        canonical = auth.canonical_request(signed)
        if auth.signature(auth.string_to_sign(signed, canonical), signed) != found.group(4):
            raise failure
        return key.group(1), token

    def authorize(self, kind, token):
        if kind == "ASIATEMP" and token != "session-token-of-tests":
            # API, "Error codes": RequestExpired, "the request is past expires date".
            raise Refusal(400, "RequestExpired", "Request has expired.")
        if kind == "AKIAREAD" and not self.action.startswith("Describe"):
            # API, "Error codes": UnauthorizedOperation.
            raise Refusal(403, "UnauthorizedOperation", "You are not authorized to perform this operation.")
