"""An EC2 API to test against: moto, and over it a layer that behaves as EC2's documentation says where moto does not.

    python tests/emulator/ec2.py

prints two lines, PLAIN=URL and STRICT=URL, and serves until its standard input ends. Both check who asks and keep groups
that are in use; only the second has the rest of the layer. Each access key is an account of its own, so that tests do not meet:

    AKIAFULL<account>   may do everything
    AKIAREAD<account>   may only describe
    ASIATEMP<account>   temporary: goes with the session token "valid", any other has expired

The secret of each key is "secret-" and the key. What was asked is at GET /_calls?account=…, faults are made by POST /_fault
with action, kind and times as a form: see `Faults`. Sources are pages of the Amazon EC2 API Reference (API) and the Amazon
VPC User Guide (VPC).
"""

import collections
import ipaddress
import re
import sys
import threading
import time
import uuid
import xml.etree.ElementTree as ElementTree
from io import BytesIO
from urllib.parse import parse_qs, parse_qsl, urlencode
from xml.sax.saxutils import escape

import moto.ec2.models.security_groups as moto_groups
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.ec2.models import ec2_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from waitress import create_server

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
KEY = re.compile(r"^(AKIAFULL|AKIAREAD|ASIATEMP)(\d{12})$")

# API, CreateSecurityGroup: "Constraints: a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*", "Up to 255 characters".
NAME = re.compile(r"^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}$")

# VPC, "Amazon VPC quotas": 60 inbound and 60 outbound rules per security group, each source counting as one.
MAX_RULES = 60


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


def glob_matches(pattern, text):
    """API, "Filtering": * and ? are wildcards, and a backslash before them makes them what they are."""
    expression = ""
    parts = iter(pattern)
    for char in parts:
        if char == "\\":
            expression += re.escape(next(parts, "\\"))
        else:
            expression += {"*": ".*", "?": "."}.get(char, re.escape(char))
    return re.fullmatch(expression, str(text), re.DOTALL) is not None


moto_groups.aws_api_matches = glob_matches


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

    def set(self, values):
        self.values = values
        self.body = urlencode(values).encode()

    def backend(self):
        return ec2_backends[self.account][self.region]

    def authenticate(self):
        """Signature Version 4, checked as AWS does: the same signature must come out."""
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
        if key.group(1) == "ASIATEMP" and token != "valid":
            # API, "Error codes": RequestExpired, "the request is past expires date".
            raise Refusal(400, "RequestExpired", "Request has expired.")
        if key.group(1) == "AKIAREAD" and not self.action.startswith("Describe"):
            # API, "Error codes": UnauthorizedOperation.
            raise Refusal(403, "UnauthorizedOperation", "You are not authorized to perform this operation.")


class Faults:
    """Faults to come, by action and account: throttle, error (a 500), garbage (a 503 that is no XML), hang, cut."""

    def __init__(self):
        self.lock = threading.Lock()
        self.coming = collections.defaultdict(list)

    def add(self, account, action, kind, times):
        with self.lock:
            self.coming[account, action] += [kind] * times

    def take(self, account, action):
        with self.lock:
            kinds = self.coming[account, action]
            return kinds.pop(0) if kinds else None


def sources(values, prefix=""):
    """The sources of a request's permissions: protocol, ports, and which source, with the parameter that holds it."""
    found = []
    for name, value in values.items():
        match = re.match(r"(IpPermissions\.\d+)\.(IpRanges|Ipv6Ranges|Groups|PrefixListIds)\.\d+\.(CidrIp|CidrIpv6|GroupId|PrefixListId)$", name)
        if match:
            permission = match.group(1)
            protocol = values.get(permission + ".IpProtocol")
            ports = (values.get(permission + ".FromPort"), values.get(permission + ".ToPort"))
            found.append((protocol, *(("", "") if protocol == "-1" else ports), value))
    return found


def held(rules):
    """The sources of the permissions that a group of moto's has, in the form of `sources`."""
    found = []
    for rule in rules:
        value = rule.ip_range.get("CidrIp") or rule.ip_range.get("CidrIpv6") or rule.source_group.get("GroupId") or rule.prefix_list_id
        ports = ("", "") if rule.ip_protocol == "-1" else tuple("" if port is None else str(port) for port in (rule.from_port, rule.to_port))
        found.append((rule.ip_protocol, *ports, value))
    return found


def keep_in_use(request):
    """moto deletes groups that are in use, which no driver could be tested against."""
    if request.action != "DeleteSecurityGroup":
        return
    backend = request.backend()
    group = backend.get_security_group_from_id(request.get("GroupId"))
    if group is None:
        return
    if group.name == "default":
        # API, "Error codes": CannotDelete.
        raise Refusal(400, "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user')
    others = [other for other in backend.describe_security_groups() if other.id != group.id]
    rules = [rule for other in others for rule in other.ingress_rules + other.egress_rules]
    interfaces = [each.id for interface in backend.enis.values() for each in interface.group_set]
    if group.id in interfaces or any(rule.source_group.get("GroupId") == group.id for rule in rules):
        # API, DeleteSecurityGroup: "fails with DependencyViolation" if it is associated with an instance or network
        # interface, or referenced by another security group.
        raise Refusal(400, "DependencyViolation", f"resource {group.id} has a dependent object")


def strict(request):
    """What EC2 does before moto may. It may answer in moto's place."""
    backend, values, action = request.backend(), request.values, request.action
    default_vpc = next((vpc.id for vpc in backend.vpcs.values() if vpc.is_default == "true" or vpc.is_default is True), None)

    if action == "DescribeSecurityGroups":
        names = {name: value for name, value in values.items() if name.startswith("GroupName.")}
        if names:
            # API, DescribeSecurityGroups, GroupName.N: "[Default VPC] The names of the security groups."
            at_home = backend.describe_security_groups(filters={"vpc-id": [default_vpc]})
            for name in names.values():
                if name not in [group.name for group in at_home]:
                    raise Refusal(400, "InvalidGroup.NotFound", f"The security group '{name}' does not exist in default VPC '{default_vpc}'")
            kept = {name: value for name, value in values.items() if name not in names}
            ids = [group.id for group in at_home if group.name in names.values()]
            request.set(kept | {f"GroupId.{number}": group_id for number, group_id in enumerate(ids, 1)})
            values = request.values
        for name, value in values.items():
            if name.startswith("GroupId.") and not re.fullmatch(r"sg-[0-9a-f]{8,17}", value):
                # API, "Error codes": InvalidGroupId.Malformed.
                raise Refusal(400, "InvalidGroupId.Malformed", f'Invalid id: "{value}" (expecting "sg-...")')

    if action == "CreateSecurityGroup":
        name, description = values.get("GroupName", ""), values.get("GroupDescription", "")
        for parameter, value in (("groupName", name), ("groupDescription", description)):
            if not NAME.match(value):
                raise Refusal(400, "InvalidParameterValue", f"Value ({value}) for parameter {parameter} is invalid.")
        if name.startswith("sg-"):
            # API, CreateSecurityGroup: "Cannot start with sg-".
            raise Refusal(400, "InvalidParameterValue", f"Value ({name}) for parameter groupName is invalid. Group names may not be in the format sg-*.")

    if action.startswith("Authorize"):
        # VPC, "Security group rules": "If you specify a CIDR block that has host bits, we convert it to its canonical form."
        canonical = {}
        for name, value in values.items():
            if name.endswith((".CidrIp", ".CidrIpv6")):
                value = str(ipaddress.ip_network(value, strict=False))
            canonical[name] = value
        request.set(canonical)
        group = backend.get_security_group_from_id(canonical.get("GroupId"))
        if group:
            there = group.egress_rules if action.endswith("Egress") else group.ingress_rules
            asked, have = sources(canonical), held(there)
            for protocol, from_port, to_port, source in asked:
                if (protocol, from_port, to_port, source) in have:
                    # API, "Error codes": InvalidPermission.Duplicate. All or nothing: none of the others is made either.
                    raise Refusal(400, "InvalidPermission.Duplicate", f'the specified rule "peer: {source}, {protocol.upper()}, from port: {from_port}, to port: {to_port}, ALLOW" already exists')
            if len(asked) + len(have) > MAX_RULES:
                raise Refusal(400, "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")

    if action.startswith("Revoke"):
        group = backend.get_security_group_from_id(values.get("GroupId"))
        if group and group.vpc_id == default_vpc:
            have = held(group.egress_rules if action.endswith("Egress") else group.ingress_rules)
            if any(source not in have for source in sources(values)):
                # API, RevokeSecurityGroupIngress: "[Default VPC] if the values you specify do not match, no error is returned,
                # and the output describes the security group rules that were not revoked" (unknownIpPermissionSet).
                return f'<{action}Response xmlns="{NAMESPACE}"><requestId>{uuid.uuid4()}</requestId><return>true</return><unknownIpPermissionSet><item><ipProtocol>tcp</ipProtocol></item></unknownIpPermissionSet></{action}Response>'
    return None


def paged(request, body):
    """API, "Pagination": at most MaxResults groups, and a token for the next."""
    size = request.get("MaxResults")
    if request.action != "DescribeSecurityGroups" or not size:
        return body
    root = ElementTree.fromstring(body)
    groups = root.find("{*}securityGroupInfo")
    if groups is None:
        return body
    start, size = int(request.get("NextToken") or 0), int(size)
    items = list(groups)
    for index, item in enumerate(items):
        if not start <= index < start + size:
            groups.remove(item)
    if start + size < len(items):
        namespace = root.tag.removesuffix("DescribeSecurityGroupsResponse")
        ElementTree.SubElement(root, f"{namespace}nextToken").text = str(start + size)
    return ElementTree.tostring(root)


class Layer:
    def __init__(self, app, is_strict, calls, faults):
        self.app, self.is_strict, self.calls, self.faults = app, is_strict, calls, faults

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        if environ["PATH_INFO"] == "/_calls":
            account = parse_qs(environ["QUERY_STRING"])["account"][0]
            return self.answer(start_response, 200, "\n".join(self.calls[account]).encode(), "text/plain")
        if environ["PATH_INFO"] == "/_fault":
            form = dict(parse_qsl(body.decode()))
            self.faults.add(form["account"], form["action"], form["kind"], int(form.get("times", 1)))
            return self.answer(start_response, 200, b"", "text/plain")
        request = Request(environ, body)
        try:
            request.authenticate()
            self.calls[request.account].append(request.action)
            fault = self.faults.take(request.account, request.action)
            if fault:
                return self.fail(fault, start_response)
            keep_in_use(request)
            answer = strict(request) if self.is_strict else None
            if answer:
                return self.answer(start_response, 200, answer.encode())
        except Refusal as refusal:
            return self.refuse(start_response, refusal)
        return self.pass_on(request, start_response)

    def pass_on(self, request, start_response):
        environ = request.environ
        environ["wsgi.input"] = BytesIO(request.body)
        environ["CONTENT_LENGTH"] = str(len(request.body))
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = request.account
        seen = {}

        def start(status, headers, exc_info=None):
            seen["status"], seen["headers"] = status, headers

        answer = b"".join(self.app(environ, start))
        if self.is_strict and seen["status"].startswith("200"):
            answer = paged(request, answer)
        headers = [(name, value) for name, value in seen["headers"] if name.lower() != "content-length"]
        start_response(seen["status"], headers + [("Content-Length", str(len(answer)))])
        return [answer]

    def refuse(self, start_response, refusal):
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{refusal.code}</Code><Message>{escape(str(refusal))}</Message></Error></Errors><RequestID>{uuid.uuid4()}</RequestID></Response>'
        return self.answer(start_response, refusal.status, body.encode())

    def fail(self, kind, start_response):
        if kind == "throttle":
            return self.refuse(start_response, Refusal(503, "RequestLimitExceeded", "Request limit exceeded."))
        if kind == "error":
            return self.refuse(start_response, Refusal(500, "InternalError", "An internal error has occurred"))
        if kind == "garbage":
            return self.answer(start_response, 503, b"<html>no</html>", "text/html")
        if kind == "hang":
            time.sleep(20)
        start_response("200 OK", [("Content-Type", "text/xml"), ("Content-Length", "1000")])
        return [b"<?xml"]

    @staticmethod
    def answer(start_response, status, body, content_type="text/xml;charset=UTF-8"):
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        start_response(f"{status} X", headers + [("x-amzn-RequestId", str(uuid.uuid4()))])
        return [body]


def main():
    app = DomainDispatcherApplication(create_backend_app)
    calls, faults = collections.defaultdict(list), Faults()
    for name, is_strict in (("PLAIN", False), ("STRICT", True)):
        # waitress keeps connections, as EC2 does; moto's own server closes each.
        layer = Layer(app, is_strict, calls, faults)
        server = create_server(layer, map={}, host="127.0.0.1", port=0, threads=16)
        threading.Thread(target=server.run, daemon=True).start()
        print(f"{name}=http://127.0.0.1:{server.effective_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
