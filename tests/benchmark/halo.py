"""What Halo's API costs: a part of tests/bench."""

import http.client
import json
import statistics
import time

from measure import HOST, PROGRAMS, Process, in_turn, text

KEY = "d0c5a7e15a3c1e9f70b24d68a1f3c5e7092b4d6f"
HEADER = f"x-cpauth-access: {KEY}"
RULES = 50
POLICIES = 1000
GROUPS = 100


class Client:
    """Asks on one connection that is kept."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address)

    def ask(self, method, path, status, one=None, value=None):
        body = json.dumps({one: value}) if one else None
        self.connection.request(method, "/v1/" + path, body, {"x-cpauth-access": KEY, "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        read = answer.read()
        assert answer.status == status, read
        return json.loads(read) if read else None

    def make(self, many, one, value):
        return self.ask("POST", many, 201, one, value)[one]["id"]


def addresses(count, first):
    return ",".join(f"10.{first}.{number >> 7}.{2 * (number & 127)}" for number in range(count))


def policy(name, zone):
    """One of many rules, the first of which is about this zone."""
    def rule(number):
        source = {"type": "FirewallZone", "name": "any" if number else zone}
        return {"chain": "INPUT", "action": "ACCEPT" if number % 3 else "DROP", "active": True, "comment": str(number), "firewall_source": source}

    return {"name": name, "firewall_rules": [rule(number) for number in range(RULES)]}


def median_of(times, work):
    taken = []
    for number in range(times):
        started = time.perf_counter()
        work(number)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1e3


def halo(table, seconds, folder):
    """A policy of 50 rules is read; a zone of 375 addresses is written that no policy uses; then with 1,000 policies, and groups that are kept at them."""
    options = ["-p", "0", "--max-connections", "1000", "--max-peer-connections", "1000"]

    def served(cpus):
        one = Process([PROGRAMS / "deltawall", *options], cpus)
        client = Client(one.address)
        client.make("firewall_zones", "firewall_zone", {"name": "zone", "ip_address": addresses(375, 1)})
        one.path = "/v1/firewall_policies/" + client.make("firewall_policies", "firewall_policy", policy("one", "any"))
        return one

    for workers, cpus, load in [(1, "0", "1"), (2, "0,1", "0,1")]:
        with served(cpus) as one:
            path = one.path
            answer = folder / "policy.http"
            answer.write_bytes(one.exchange(text("GET", path, headers=[HEADER])))

            def bare():
                return Process([PROGRAMS / "examples/ceiling", workers, f"GET={answer}"], cpus)

            # The id of a policy is another each time, so that one gateway serves all measurements.
            figure, most, ratio, _ = in_turn(lambda: Held(one), bare, path, seconds, load, headers=[HOST, HEADER])
            table.row(f"Halo, GET of a policy of {RULES} rules, {workers} worker(s)", f"{figure:,.0f}/s", f"{most:,.0f}/s", f"{ratio:.2f}")

    with served("0,1") as one:
        client = Client(one.address)
        zone = client.ask("GET", "firewall_zones?name=zone", 200)["firewall_zones"][0]["id"]

        def write(number):
            client.ask("PUT", f"firewall_zones/{zone}", 204, "firewall_zone", {"ip_address": addresses(375, number % 200)})

        table.row("Halo, PUT of a zone of 375 addresses, median", f"{median_of(50, write):.1f} ms")

        for number in range(POLICIES):
            used = "zone" if number < GROUPS else "any"
            made = client.make("firewall_policies", "firewall_policy", policy(f"policy {number}", used))
            if number < GROUPS:
                client.make("groups", "group", {"name": f"group-{number}", "linux_firewall_policy_id": made})
        listed = median_of(10, lambda _: client.ask("GET", "firewall_policies", 200))
        table.row(f"Halo, list of {POLICIES:,} policies of {RULES} rules, median", f"{listed:.0f} ms", "", "", "≤ 100 ms")
        followed = median_of(5, write)
        table.row(f"Halo, PUT of a zone of 375 addresses that {GROUPS} kept firewalls follow, median", f"{followed:.0f} ms", "", "", "≤ 1 s")


class Held:
    """A process that goes on when a measurement has ended."""

    def __init__(self, process):
        self.process = process

    def __enter__(self):
        return self.process

    def __exit__(self, *_):
        pass
