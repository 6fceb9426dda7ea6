"""What 10,000 rules cost in the kernel: a part of tests/bench, in a network namespace of its own."""

import http.client
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

COUNT = 10_000
TABLE = ["table", "inet", "deltawall"]


def nftables(table, _, folder):
    """The gateway with its journal, against bare nft with the very rules that the gateway has written."""
    flags = "-nm" if os.getuid() == 0 else "-Urnm"
    command = ["unshare", flags, "--", sys.executable, __file__, str(folder)]
    measured = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    for row in json.loads(measured.stdout):
        table.row(*row)


def rules(first):
    def rule(number):
        address = {"type": "address", "address": f"10.{first}.{number >> 8}.{number & 255}", "prefix": 32}
        return {"allow_protocol": "tcp", "port_from": 1 + number, "port_to": 1 + number, "sources": [address]}
    return [rule(number) for number in range(COUNT)]


def timed(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def nft(*arguments, text=None):
    done = subprocess.run(["/usr/sbin/nft", *arguments], input=text, text=True, capture_output=True, check=True)
    return done.stdout


def row(work, figures, bare, target):
    ms = [f"{statistics.median(seconds) * 1000:,.0f} ms" for seconds in (figures, bare)]
    return work, ms[0], f"{ms[1]} nft alone", f"{statistics.median(figures) / statistics.median(bare):.2f}", target


def inside(folder):
    from measure import PROGRAMS
    subprocess.run(["/usr/sbin/ip", "link", "set", "lo", "up"], check=True)
    state = folder / "nftables.db"
    options = ["-p", "0", "-i", "nftables", "--state", state, "--max-body", "16777216", "--backend-timeout", "120"]
    with subprocess.Popen([PROGRAMS / "deltawall", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as gateway:
        address = re.search(r"127\.0\.0\.1:\d+", gateway.stdout.readline()).group()
        connection = http.client.HTTPConnection(address)

        def ask(method, path, body=None, kind="application/json"):
            connection.request(method, path, body, {"Content-Type": kind, "Accept": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status < 300, (answer.status, text[:300])
            return text

        puts = [timed(lambda: ask("PUT", "/api/firewalls/device/rules", json.dumps({"rules": rules(first)}))) for first in range(5)]
        gets = [timed(lambda: ask("GET", "/api/firewalls/device")) for _ in range(5)]
        form = "protocol=udp&port_from=53&port_to=53&ip_address1=10.0.0.0/8"
        posts = [timed(lambda: ask("POST", "/api/firewalls/device/rules", form, "application/x-www-form-urlencoded")) for _ in range(5)]
        gateway.terminate()
    listed = [entry["rule"] for entry in json.loads(nft("-jn", "list", "chain", "inet", "deltawall", "fw_1_in"))["nftables"] if "rule" in entry]
    adds = [{"add": {"rule": {key: value for key, value in rule.items() if key != "handle"}}} for rule in listed]
    flush = {"flush": {"chain": {"family": "inet", "table": "deltawall", "name": "fw_1_in"}}}
    whole, one = json.dumps({"nftables": [flush, *adds[:COUNT]]}), json.dumps({"nftables": adds[-1:]})
    loads = [timed(lambda: nft("-j", "-f", "-", text=whole)) for _ in range(5)]
    lists = [timed(lambda: nft("-jn", "list", *TABLE)) for _ in range(5)]
    ones = [timed(lambda: nft("-j", "-f", "-", text=one)) for _ in range(5)]
    print(json.dumps([
        row("PUT of 10,000 rules on `nftables`", puts, loads, "≤ 1 s"),
        row("GET of 10,000 rules on `nftables`", gets, lists, "≤ 0.8 s"),
        row("POST of one rule to 10,000 on `nftables`", posts, ones, "≤ 50 ms"),
    ]))


if __name__ == "__main__":
    inside(pathlib.Path(sys.argv[1]))
