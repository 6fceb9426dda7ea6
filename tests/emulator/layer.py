"""The layer over moto: who asks, faults to come, and what tests see behind the API."""

import collections
import json
import threading
import time
import uuid
from io import BytesIO
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

from moto.ec2.models import ec2_backends

from mended import page
from request import Refusal, Request
from strict import keep_in_use, strict


class Faults:
    """Faults to come, by action and account: throttle, error (a 500), garbage (a 503 that is no XML), hang, cut; deny and
    absent, as for who may not or what is not to be seen yet; overtaken, when another has emptied the group before; none, for a
    call that is let through before the next fault; or a status and a code, such as "400 InvalidClientTokenId"."""

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
            if fault not in (None, "none", "overtaken"):
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
