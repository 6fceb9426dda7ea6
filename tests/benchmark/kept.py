"""What it costs that changes are kept: a part of tests/bench."""

import contextlib
import datetime
import functools
import http.client
import json
import re
import sqlite3
import statistics
import time
import urllib.parse

from measure import CHANGES, HOST, LOGIN, RULE, data, gateway, in_turn, requests_per_second, text


def commits_per_second(file, seconds):
    """What SQLite commits one after the other, each of a row as long as what the gateway writes of a change, and nothing else."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as bare:
        for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
            bare.execute(f"PRAGMA {setting}")
        bare.execute("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, text TEXT)")
        count, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            bare.execute("INSERT INTO rows (text) VALUES (?)", ("x" * 2500,))
            count += 1
    return count / seconds


def kept(table, seconds, folder):
    """What it costs that changes are kept, in a file on this disk."""
    changed = folder / "kept.toml"
    changed.write_text(data(1000, 3))
    turn, script = max(2, seconds // 3), folder / "kept.lua"
    script.write_text(CHANGES)
    changes, commits, ratios = [], [], []
    for number in range(3):
        commits.append(commits_per_second(folder / f"bare{number}.db", turn))
        with gateway(changed, "0,1", "--state", folder / f"state{number}.db") as one:
            rate, _ = requests_per_second(one.address, "/", turn, "0,1", script=script)
        # One before the driver is asked, and one after.
        changes.append(2 * rate)
        ratios.append(2 * rate / commits[-1])
    rates = f"{statistics.median(changes):,.0f} commits/s", f"{statistics.median(commits):,.0f} commits/s"
    table.row("POST a rule, DELETE it, kept in SQLite, against bare commits", *rates, f"{statistics.median(ratios):.2f}", "≥ 0.5")

    plain = functools.partial(gateway, changed, "0,1")
    state = functools.partial(gateway, changed, "0,1", "--state", folder / "state0.db")
    figure, most, ratio, _ = in_turn(state, plain, "/api/firewalls/g1", seconds, "0,1", headers=[HOST, f"Authorization: {LOGIN}"])
    table.compared("GET one firewall, with changes kept, against without", figure, most, ratio, "1 or so")

    for where, options in (("in memory", []), ("in SQLite", ["--state", folder / "expiries.db"])):
        with gateway(changed, "0,1", *options) as one:
            late = lateness(one)
        p50 = f"{statistics.median(late):.2f} s in the middle"
        table.row(f"10,000 rules that end within a minute, kept {where}, how late at most", f"{max(late):.2f} s", p50, "", "≤ 2 s")

    many = folder / "many.db"
    with gateway(changed, "0,1", "--state", many) as one:
        one.exchange(text("POST", "/api/firewalls/g1/rules", body=RULE))
    with contextlib.closing(sqlite3.connect(many)) as file:
        columns = [column for _, column, *_ in file.execute("PRAGMA table_info(changes)") if column != "id"]
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
        file.execute(f"{numbers} INSERT INTO changes (id, {', '.join(columns)}) SELECT printf('01K%023d', i), {', '.join(columns)} FROM n, changes WHERE changes.id NOT LIKE '01K0%'")
        file.commit()
    starts = []
    for _ in range(10):
        with gateway(changed, "0,1", "--state", many) as one:
            starts.append(one.first_answer)
        with gateway(changed, "0,1") as one:
            starts[-1] -= one.first_answer
    table.row("start with 100,000 changes kept, beyond that with none", f"{statistics.median(starts) * 1e3:.0f} ms", "", "", "≤ 200 ms")


def lateness(one):
    """How many seconds after its time each of ten thousand rules was gone, that end within one minute."""
    connection = http.client.HTTPConnection(one.address)
    headers = {"Authorization": LOGIN, "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

    def ask(method, path, body=None):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer = answer.status, answer.read()
        assert answer[0] < 300, answer
        return json.loads(answer[1])

    first = time.time() + 45
    for number in range(10_000):
        end = datetime.datetime.fromtimestamp(first + number * 60 / 10_000, datetime.UTC).isoformat()
        rule = urllib.parse.urlencode({"protocol": "tcp", "port_from": 9000, "port_to": 9000, "ip_address": f"10.{number // 1000}.0.0/16", "expires_at": end})
        ask("POST", f"/api/firewalls/g{number % 1000}/rules", rule)
    assert time.time() < first, "it took too long to make them"
    connection.close()
    time.sleep(first + 65 - time.time())
    late, path = [], "/api/changes?limit=500"
    while path:
        page = ask("GET", path)
        for change in page["changes"]:
            if change["operation"] == "expire_rule":
                due = re.search(r"at (\S+),", change["why"]).group(1)
                moments = (datetime.datetime.fromisoformat(moment) for moment in (change["ended_at"], due))
                late.append(functools.reduce(lambda end, due: (end - due).total_seconds(), moments))
        path = page.get("next") and page["next"].partition(one.address)[2]
    assert len(late) > 9_000, len(late)
    return late
