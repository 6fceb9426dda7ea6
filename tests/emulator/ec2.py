"""An EC2 API to test against: moto, and over it a layer that behaves as EC2's documentation says where moto does not.

    python tests/emulator/ec2.py

prints two lines, PLAIN=URL and STRICT=URL, and serves until its standard input ends. Both check who asks, keep groups that
are in use, and have what is mended in moto itself; only the second has the rest of the layer. Each access key is an account
of its own, so that tests do not meet:

    AKIAFULL<account>   may do everything
    AKIAREAD<account>   may only describe
    ASIATEMP<account>   temporary: goes with the session token "session-token-of-tests", any other has expired

The secret of each key is "secret-" and the key. Tests look behind the API, each time for an account:

    GET  /_calls?account=…              what was asked, a line each: action, region, parameters
    GET  /_groups?account=…&region=…    what is held, as JSON: see `holdings`
    POST /_groups                       account, region and count as a form: makes so many groups, g0 and on
    POST /_vpcs                         account and region as a form: makes a VPC, whose id is the answer
    POST /_fault                        account, action, kind and times as a form: see `Faults`
    POST /_forgive                      account as a form: no fault is to come any more

Sources are pages of the Amazon EC2 API Reference (API) and the Amazon VPC User Guide (VPC).
"""

import collections
import functools
import ipaddress
import json
import os
import re
import sys
import threading
import time
import uuid
from io import BytesIO
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

# moto reads these when it is loaded. No test needs an image, and each account would begin with a thousand of them; and an
# operator may name a region that Amazon does not have.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
os.environ["MOTO_ALLOW_NONEXISTENT_REGION"] = "true"

import moto.core.responses
import moto.ec2.models.security_groups as moto_groups
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.ec2.models import ec2_backends
from moto.moto_server.werkzeug_app import create_backend_app
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

# moto looks through all of a class for the methods that are actions, anew for each request: a quarter of its time.
moto.core.responses.method_names_from_class = functools.cache(moto.core.responses.method_names_from_class)


def same_rule(rule, other):
    """API, RevokeSecurityGroupIngress: "you do not need to specify the description to revoke the rule". moto compares it."""
    return held([rule]) == held([other])


moto_groups.SecurityGroupRule.__eq__ = same_rule


def add_source_groups(backend, groups, vpc_id, own=moto_groups.SecurityGroupBackend._add_source_group):
    """API, UserIdGroupPair: UserId is "the ID of an Amazon Web Services account", that of a peered VPC too, whose groups
    cannot be seen from here. moto looks for them in the own account."""
    is_foreign = lambda group: group.get("UserId", backend.account_id) != backend.account_id
    return [one for group in groups or [] for one in ([group] if is_foreign(group) else own(backend, [group], vpc_id))]


moto_groups.SecurityGroupBackend._add_source_group = add_source_groups


def revoke_egress(backend, group_name_or_id, own=moto_groups.SecurityGroupBackend.revoke_security_group_egress, **permission):
    """API, RevokeSecurityGroupEgress: "Removes the specified outbound (egress) rules". moto leaves IPv6 ranges out, and calls it a
    success, in a VPC that has no IPv6 network. So for as long as it revokes, the group is in none."""
    group = backend.get_security_group_from_id(group_name_or_id)
    vpc_id = group and group.vpc_id
    try:
        if group:
            group.vpc_id = None
        own(backend, group_name_or_id, **permission)
    finally:
        if group:
            group.vpc_id = vpc_id


moto_groups.SecurityGroupBackend.revoke_security_group_egress = revoke_egress

# VPC, "Amazon VPC quotas": the number of rules is adjustable. The second server has it, and the first none.
moto_groups.SecurityGroupBackend._verify_group_will_respect_rule_count_limit = lambda *_, **__: None


class Page(threading.local):
    """Which part of a list this thread's answer is to have, and whether more follows. moto makes one of all."""

    start, size, is_last = 0, None, True


page = Page()


def describe_page(backend, *arguments, own=moto_groups.SecurityGroupBackend.describe_security_groups, **filters):
    groups = own(backend, *arguments, **filters)
    if page.size is None:
        return groups
    end = page.start + page.size
    page.is_last = end >= len(groups)
    return groups[page.start : end]


moto_groups.SecurityGroupBackend.describe_security_groups = describe_page


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


class Faults:
    """Faults to come, by action and account: throttle, error (a 500), garbage (a 503 that is no XML), hang, cut; deny and
    absent, as for who may not or what is not to be seen yet; overtaken, when another has emptied the group before; or a
    status and a code, such as "400 InvalidClientTokenId"."""

    def __init__(self):
        self.lock = threading.Lock()
        self.coming = collections.defaultdict(list)

    def add(self, account, action, kind, times):
        with self.lock:
            self.coming[account, action] += [kind] * times

    def forgive(self, account):
        with self.lock:
            self.coming = collections.defaultdict(list, {key: kinds for key, kinds in self.coming.items() if key[0] != account})

    def take(self, account, action):
        with self.lock:
            kinds = self.coming[account, action]
            return kinds.pop(0) if kinds else None


def sources(values):
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
    # moto keeps the interfaces of instances that are terminated.
    is_there = lambda interface: not interface.instance or interface.instance.state != "terminated"
    in_interfaces = [each.id for interface in backend.enis.values() if is_there(interface) for each in interface.group_set]
    if group.id in in_interfaces or any(rule.source_group.get("GroupId") == group.id for rule in rules):
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
                if (protocol, from_port, to_port, source) in have or asked.count((protocol, from_port, to_port, source)) > 1:
                    # API, "Error codes": InvalidPermission.Duplicate. All or nothing: none of the others is made either.
                    raise Refusal(400, "InvalidPermission.Duplicate", f'the specified rule "peer: {source}, {protocol.upper()}, from port: {from_port}, to port: {to_port}, ALLOW" already exists')
            for name, value in canonical.items():
                if name.endswith(".UserId") and not re.fullmatch(r"\d{12}", value, re.ASCII):
                    # API, "Error codes": InvalidUserID.Malformed, "The specified user or owner is not valid".
                    raise Refusal(400, "InvalidUserID.Malformed", f'Invalid user id: "{value}"')
                if name.endswith(".Description") and not NAME.match(value):
                    # API, IpRange and the others: Description has the characters that a group's may have.
                    raise Refusal(400, "InvalidParameterValue", "Invalid rule description.")
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


def holdings(backend):
    """What is held, read past the API, in boto3's words: the groups in their order, and which VPC is the default."""

    def permission(view):
        return {
            "IpProtocol": view.ip_protocol,
            "FromPort": view.from_port,
            "ToPort": view.to_port,
            "UserIdGroupPairs": view.user_id_group_pairs,
            "IpRanges": view.ip_ranges,
            "Ipv6Ranges": view.ipv6_ranges,
            "PrefixListIds": view.prefix_list_ids,
        }

    def described(group):
        return {
            "GroupId": group.id,
            "GroupName": group.name,
            "Description": group.description,
            "OwnerId": group.owner_id,
            "VpcId": group.vpc_id,
            "IpPermissions": [permission(view) for view in group.ip_permissions],
            "IpPermissionsEgress": [permission(view) for view in group.ip_permissions_egress],
        }

    groups = backend.describe_security_groups()
    return {"DefaultVpc": backend.default_vpc.id, "SecurityGroups": [described(group) for group in groups]}


def words(request):
    """AWS Identity and Access Management User Guide, "Troubleshoot Signature Version 4": what is said of a signature that is not
    the right one, with the request as it should have been signed. The session token is in it."""
    return f"""The request signature we calculated does not match the signature you provided.

The Canonical String for this request should have been
'POST
/

host:{request.environ["HTTP_HOST"]}
x-amz-security-token:{request.environ.get("HTTP_X_AMZ_SECURITY_TOKEN")}
'"""


class Layer:
    def __init__(self, app, is_strict, calls, faults, locks):
        self.app, self.is_strict, self.calls, self.faults, self.locks = app, is_strict, calls, faults, locks

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        if environ["PATH_INFO"].startswith("/_"):
            text = environ["QUERY_STRING"] if environ["REQUEST_METHOD"] == "GET" else body.decode()
            return self.answer(start_response, 200, self.behind(environ, dict(parse_qsl(text))).encode(), "text/plain")
        request = Request(environ, body)
        try:
            key = request.authenticate()
            self.calls[request.account].append(f"{request.action} {request.region} {urlencode(request.parameters())}")
            request.authorize(*key)
            fault = self.faults.take(request.account, request.action)
            if fault and fault != "overtaken":
                return self.fail(fault, request, start_response)
            with self.lock(request.account):
                keep_in_use(request)
                if fault == "overtaken":
                    request.backend().get_security_group_from_id(request.get("GroupId")).ingress_rules.clear()
                answer = strict(request) if self.is_strict else None
                if answer:
                    return self.answer(start_response, 200, answer.encode())
                return self.pass_on(request, start_response)
        except Refusal as refusal:
            return self.refuse(start_response, refusal)

    def lock(self, account):
        """One request of an account at a time: a change is seen whole or not at all, and one of two gets a name."""
        return self.locks.setdefault(account, threading.Lock())

    def behind(self, environ, form):
        """What tests ask and do behind the API."""
        account, what = form["account"], (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if what == ("GET", "/_calls"):
            return "\n".join(self.calls[account])
        if what == ("POST", "/_fault"):
            self.faults.add(account, form["action"], form["kind"], int(form.get("times", 1)))
            return ""
        if what == ("POST", "/_forgive"):
            self.faults.forgive(account)
            return ""
        with self.lock(account):
            backend = ec2_backends[account][form["region"]]
            if what == ("GET", "/_groups"):
                return json.dumps(holdings(backend))
            if what == ("POST", "/_vpcs"):
                return backend.create_vpc("10.9.0.0/16").id
            for number in range(int(form["count"])):
                backend.create_security_group(f"g{number}", "made by a test", force=True)
            return ""

    def pass_on(self, request, start_response):
        environ = request.environ
        environ["wsgi.input"] = BytesIO(request.body)
        environ["CONTENT_LENGTH"] = str(len(request.body))
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = request.account
        seen = {}

        def start(status, headers, exc_info=None):
            seen["status"], seen["headers"] = status, headers

        if self.is_strict and request.action == "DescribeSecurityGroups" and request.get("MaxResults"):
            # API, "Pagination": at most MaxResults groups, and a token for the next.
            page.start, page.size = int(request.get("NextToken") or 0), int(request.get("MaxResults"))
        answer = b"".join(self.app(environ, start))
        if not page.is_last:
            token = f"<nextToken>{page.start + page.size}</nextToken>".encode()
            answer = answer.replace(b"</securityGroupInfo>", b"</securityGroupInfo>" + token)
        page.size, page.is_last = None, True
        headers = [(name, value) for name, value in seen["headers"] if name.lower() != "content-length"]
        start_response(seen["status"], headers + [("Content-Length", str(len(answer)))])
        return [answer]

    def refuse(self, start_response, refusal):
        request_id = uuid.uuid4()
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{refusal.code}</Code><Message>{escape(str(refusal))}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>'
        return self.answer(start_response, refusal.status, body.encode(), request_id=request_id)

    def fail(self, kind, request, start_response):
        if kind[0].isdigit():
            status, code = kind.split(" ")
            # EC2 sends the request's id in a header as well; other clouds that speak its API need not.
            without_id = lambda status, headers: start_response(status, headers[:-1])
            return self.refuse(without_id, Refusal(int(status), code, words(request)))
        if kind == "throttle":
            # API, "Request throttling": the error code is RequestLimitExceeded. As a 503, by "Error codes", "Server error codes".
            return self.refuse(start_response, Refusal(503, "RequestLimitExceeded", "Request limit exceeded."))
        if kind == "error":
            # API, "Error codes", "Server error codes": InternalError, "an internal error has occurred".
            return self.refuse(start_response, Refusal(500, "InternalError", "An internal error has occurred"))
        if kind == "deny":
            return self.refuse(start_response, Refusal(403, "UnauthorizedOperation", "You are not authorized to perform this operation."))
        if kind == "absent":
            return self.refuse(start_response, Refusal(400, "InvalidGroup.NotFound", "The security group does not exist"))
        if kind == "garbage":
            return self.answer(start_response, 503, b"<html>no</html>", "text/html")
        if kind == "hang":
            time.sleep(20)
        start_response("200 OK", [("Content-Type", "text/xml"), ("Content-Length", "1000")])
        return [b"<?xml"]

    @staticmethod
    def answer(start_response, status, body, content_type="text/xml;charset=UTF-8", request_id=None):
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        start_response(f"{status} X", headers + [("x-amzn-RequestId", str(request_id or uuid.uuid4()))])
        return [body]


def main():
    app = create_backend_app("ec2")
    calls, faults, locks = collections.defaultdict(list), Faults(), {}
    for name, is_strict in (("PLAIN", False), ("STRICT", True)):
        # waitress keeps connections, as EC2 does; moto's own server closes each.
        layer = Layer(app, is_strict, calls, faults, locks)
        server = create_server(layer, map={}, host="127.0.0.1", port=0, threads=16)
        threading.Thread(target=server.run, daemon=True).start()
        print(f"{name}=http://127.0.0.1:{server.effective_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
