"""What clients of Axis' firewall API do with requests and httpx: they find out about Digest by themselves, reuse its nonce, and read what they wrote.

    device.py http://127.0.0.1:3001
"""

import concurrent.futures
import sys

import httpx
import requests
from requests.auth import HTTPDigestAuth

BASE = sys.argv[1] + "/config/rest/firewall/v1"
USER, PASSWORD = "mockuser", "mockpassword"


def rules(number, seconds=0):
    rule = {"ruleType": "FILTER", "ip": f"10.0.0.{number}", "filter": {"policy": "ACCEPT"}}
    return {"data": {"rules": [rule], "fallbackTime": seconds, "defaultPolicy": "DROP"}}


def active(client):
    answer = client.get(f"{BASE}/conf/rules", params={"recursive": "true"})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["activeRules"][0]["ip"]


def use(client, number):
    """A trial, confirmed; with what a device answers to each step."""
    answer = client.patch(f"{BASE}/activated", json={"data": True})
    assert (answer.status_code, answer.json()) == (200, {"status": "success"}), answer.text
    assert client.post(f"{BASE}/conf/setRules", json=rules(number, 60)).json() == {"status": "success"}
    assert active(client) == f"10.0.0.{number}"
    assert 0 < client.get(f"{BASE}/conf/rules/testTimeLeft").json()["data"] <= 60
    assert client.post(f"{BASE}/conf/confirmRules", json={}).json() == {"status": "success"}
    assert client.post(f"{BASE}/conf/clearPendingRules", headers={"Content-Type": "application/json"}).status_code == 200
    assert active(client) == f"10.0.0.{number}"


session = requests.Session()
session.auth = HTTPDigestAuth(USER, PASSWORD)
use(session, 1)
session.auth = HTTPDigestAuth(USER, "wrong")
assert session.get(BASE).status_code == 401
session.auth = (USER, PASSWORD)
use(session, 2)

with httpx.Client(auth=httpx.DigestAuth(USER, PASSWORD)) as client:
    use(client, 3)
with httpx.Client(auth=(USER, PASSWORD)) as client:
    use(client, 4)

# Many at a time share one challenge, and their counters come in any order.
with httpx.Client(auth=httpx.DigestAuth(USER, PASSWORD)) as client:
    client.get(BASE)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: client.get(f"{BASE}/conf/rules").status_code, range(200)))
        assert set(answers) == {200}, answers
        answers = list(pool.map(lambda n: client.post(f"{BASE}/conf/setRules", json=rules(n)).status_code, range(1, 101)))
        assert set(answers) == {200}, answers
print("requests and httpx: done")
