"""What CloudPassage's own SDK does, unmodified and over TLS, with a gateway that it takes for api.cloudpassage.com.

    halo.py target/debug/deltawall
"""

import copy
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

import cloudpassage
import requests
import trustme

PROGRAM, HOST = sys.argv[1], "api.cloudpassage.com"
folder = pathlib.Path(tempfile.mkdtemp(prefix="deltawall-"))

# The SDK asks hosts of this domain alone, and here nobody says where it is.
found = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: found("127.0.0.1" if host == HOST else host, *rest, **more)

authority = trustme.CA()
certificate = authority.issue_cert(HOST)
authority.cert_pem.write_to_path(folder / "authority.pem")
certificate.private_key_pem.write_to_path(folder / "key.pem")
for pem in certificate.cert_chain_pems:
    pem.write_to_path(folder / "certificate.pem", append=True)
# What the environment says wins over what the SDK is told.
os.environ.update(REQUESTS_CA_BUNDLE=str(folder / "authority.pem"), NO_PROXY=HOST)


def key(name, rights, *id):
    """Adds a client with a key, and gives its id and secret."""
    secret = "0123456789abcdef0123456789abcdef\n" if id else "\n"
    command = [PROGRAM, "clients", "add", folder / "clients", name, "--rights", rights, "--drivers", "mock-nftables", "--key", *id]
    printed = subprocess.run(command, input=secret, text=True, check=True, capture_output=True).stdout
    told = dict(re.findall(r"^(?:key )?(id|secret): (\S+)$", printed, re.M))
    return (id[0], secret.strip()) if id else (told["id"], told["secret"])


full, read_only, old = key("builder", "read-write"), key("auditor", "read-only"), key("old", "read-write", "1a2b3c4d")
command = [PROGRAM, "-p", "0", "-i", "mock-nftables", "--user", "mockuser", "--password", "mockpassword"]
command += ["--clients", folder / "clients", "--tls-cert", folder / "certificate.pem", "--tls-key", folder / "key.pem"]
gateway = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
port = int(re.search(r":(\d+)/", gateway.stdout.readline()).group(1))


def session(id, secret):
    return cloudpassage.HaloSession(id, secret, api_host=HOST, api_port=port, requests_ca_bundle=str(folder / "authority.pem"))


def raises(error, call, *arguments):
    try:
        call(*arguments)
    except error as raised:
        return str(raised)
    raise AssertionError(f"{error.__name__} was not raised")


try:
    halo = session(*full)
    policies, rules = cloudpassage.FirewallPolicy(halo), cloudpassage.FirewallRule(halo)
    zones, services = cloudpassage.FirewallZone(halo), cloudpassage.FirewallService(halo)
    groups, interfaces = cloudpassage.ServerGroup(halo), cloudpassage.FirewallInterface(halo)

    # Who somebody is, and may do.
    assert halo.authenticate_client() and halo.auth_scope == "full"
    assert session(*old).authenticate_client()
    raises(cloudpassage.CloudPassageAuthentication, session(full[0], "wrong").authenticate_client)
    auditor = cloudpassage.FirewallZone(session(*read_only))
    assert auditor.list_all()[0]["name"] == "any"
    raises(cloudpassage.CloudPassageAuthorization, auditor.create, {"firewall_zone": {"name": "x", "ip_address": "192.0.2.1"}})
    halo.auth_token = "0" * 32
    halo.client.headers.update(halo.build_header())
    assert interfaces.list_all()[1]["name"] == "eth0", "a token that is over is renewed"

    # A blocklist, as a script keeps it.
    zone = zones.create({"firewall_zone": {"name": "Blocklist", "ip_address": "203.0.113.5,198.51.100.0/24"}})
    ssh = next(service for service in services.list_all() if service["name"] == "ssh")
    service = services.create({"firewall_service": {"name": "web", "protocol": "TCP", "port": "80,443"}})
    policy = policies.create({"firewall_policy": {"name": "web", "platform": "linux", "firewall_rules": [
        {"chain": "INPUT", "action": "DROP", "active": True, "firewall_source": {"id": zone, "type": "FirewallZone"}},
        {"chain": "INPUT", "action": "ACCEPT", "active": True, "connection_states": "NEW, ESTABLISHED", "firewall_service": service},
        {"chain": "INPUT", "action": "DROP", "active": True},
    ]}})
    whole = zones.describe(zone)
    whole["ip_address"] += ",192.0.2.7"
    zones.update({"firewall_zone": whole})
    assert zones.describe(zone)["ip_address"] == "203.0.113.5,198.51.100.0/24,192.0.2.7"
    assert [used["name"] for used in zones.describe(zone)["used_by"]] == ["web"]

    # Rules, and a policy that is copied.
    rule = rules.create(policy, {"firewall_rule": {
        "chain": "INPUT", "action": "ACCEPT", "active": True, "firewall_service": ssh["id"], "position": 2,
        "firewall_source": {"name": "All GhostPorts users", "type": "UserGroup"},
    }})
    assert rules.describe(policy, rule)["position"] == 2
    rules.update(policy, rule, {"firewall_rule": {"comment": "for who proves who it is", "position": 1}})
    assert [one["comment"] for one in rules.list_all(policy)] == ["for who proves who it is", "", "", ""]
    described = policies.describe(policy)
    described["description"] = "from the SDK"
    policies.update({"firewall_policy": described})
    assert policies.describe(policy)["description"] == "from the SDK"
    copied = copy.deepcopy(described)
    copied["name"] = "copy"
    copy_id = policies.create({"firewall_policy": copied})
    assert [one["action"] for one in policies.describe(copy_id)["firewall_rules"]] == ["ACCEPT", "DROP", "ACCEPT", "DROP"]
    assert {one["name"] for one in policies.list_all(per_page="1")} == {"web", "copy"}, "all pages"
    rules.delete(policy, rule)
    policies.delete(copy_id)
    raises(cloudpassage.CloudPassageResourceExistence, policies.describe, copy_id)

    # A group, its policy, its firewall.
    group = groups.create("built", linux_firewall_policy_id=policy)
    assert groups.describe(group)["firewall_policy_id"] == policy
    assert policies.describe(policy)["used_by"] == [{"id": group, "name": "built"}]
    assert "in_use" in raises(cloudpassage.CloudPassageValidation, policies.delete, policy)
    assert groups.list_members(group) == [] and groups.list_connections(group) == []
    groups.update(group, linux_firewall_policy_id=None)
    groups.delete(group)
    policies.delete(policy)
    zones.delete(zone)
    services.delete(service)

    # What has happened.
    told = [event["type"] for event in cloudpassage.Event(halo).list_all(20)]
    assert told[0] == "firewall_service_deleted" and told.count("api_login_success") >= 4, told
    assert told.count("api_login_failure") == 1, told
    servers = cloudpassage.Server(halo)
    for server in servers.list_all(state="active"):
        assert servers.describe(server["id"])["platform"] == "linux" and server["group_path"].startswith("deltawall/"), server
    with requests.get(f"https://{HOST}:{port}/v2/users", verify=folder / "authority.pem", headers=halo.build_header()) as users:
        assert users.json()["users"] == [], users.text
finally:
    gateway.kill()
    gateway.wait()
