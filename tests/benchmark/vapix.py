"""What a device's firewall API costs: a part of tests/bench."""

import functools
import http.client
import json
import statistics
import subprocess
import time

from measure import HOST, PROGRAMS, Process, basic, in_turn, text

PASSWORD = "a long password that was checked once"
LOGIN = basic("admin", PASSWORD)
API = "/config/rest/firewall/v1"


def rules(count, first=0):
    rule = {"ruleType": "FILTER", "filter": {"policy": "ACCEPT"}}
    all_rules = [rule | {"ip": f"10.{first}.{number >> 8}.{number & 255}", "tcpPort": 1 + number} for number in range(count)]
    return json.dumps({"data": {"rules": all_rules, "fallbackTime": 0, "defaultPolicy": "DROP"}})


def ask(connection, method, path, body):
    connection.request(method, API + path, body, {"Authorization": LOGIN, "Content-Type": "application/json"})
    answer = connection.getresponse()
    read = answer.read()
    assert answer.status == 200, read
    return read


def vapix(table, seconds, folder):
    """100 rules are read with Basic credentials of a client whose password was checked; 1,000 are set on the mock of a host."""
    clients = folder / "clients"
    add = [PROGRAMS / "deltawall", "clients", "add", clients, "admin", "--rights", "read-write", "--drivers", "*"]
    subprocess.run(add, input=PASSWORD + "\n", text=True, stdout=subprocess.DEVNULL, check=True)
    options = ["-p", "0", "-i", "mock-nftables", "--user", "mockuser", "--password", "mockpassword", "--clients", clients]
    limits = ["--max-connections", "1000", "--max-peer-connections", "1000"]

    def served(cpus):
        one = Process([PROGRAMS / "deltawall", *options, *limits], cpus)
        connection = http.client.HTTPConnection(one.address)
        ask(connection, "POST", "/conf/setRules", rules(100))
        ask(connection, "PATCH", "/activated", '{"data":true}')
        return one

    for workers, cpus, load in [(1, "0", "1"), (2, "0,1", "0,1")]:
        with served(cpus) as one:
            answer = folder / "rules.http"
            answer.write_bytes(one.exchange(text("GET", API + "/conf/rules", login=LOGIN)))

        def bare():
            return Process([PROGRAMS / "examples/ceiling", workers, f"GET={answer}"], cpus)

        headers = [HOST, f"Authorization: {LOGIN}"]
        figure, most, ratio, _ = in_turn(functools.partial(served, cpus), bare, API + "/conf/rules", seconds, load, headers=headers)
        table.compared(f"VAPIX, GET of 100 rules with Basic, {workers} worker(s)", figure, most, ratio, 0.5)

    with served("0,1") as one:
        connection = http.client.HTTPConnection(one.address)
        taken = []
        for first in [1, 2] * 10:
            body = rules(1000, first)
            started = time.perf_counter()
            ask(connection, "POST", "/conf/setRules", body)
            taken.append(time.perf_counter() - started)
    table.row("VAPIX, setRules of 1,000 rules on mock-nftables, median", f"{statistics.median(taken) * 1e3:.1f} ms", "", "", "≤ 30 ms")
