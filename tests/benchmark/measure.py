"""What the parts of tests/bench measure with: the programs, what is asked of them, and the table."""

import base64
import itertools
import os
import pathlib
import re
import socket
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release"


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


LOGIN = basic("mockuser", "mockpassword")
RULE = "protocol=tcp&port_from=7000&port_to=7000&ip_address=10.0.0.0/8"

# An account of the emulator's, which tests/emulator/ec2.py explains. The stub takes it like any other.
ACCOUNT = "000000000006"
ACCESS_KEY, SECRET = f"AKIAFULL{ACCOUNT}", f"secret-AKIAFULL{ACCOUNT}"
EC2_LOGIN = basic(ACCESS_KEY, SECRET)

# What all requests call the gateway by: its answers have it in them, and their tags are those of that.
HOST = "Host: bench"

# How often the gateway and what it is compared with take turns in one row.
TURNS = 9

# Rules are made, and each is deleted five hundred rules later, when its answer has come on whichever connection. A deletion
# that overtakes its rule leaves it there for good, and all later answers of its firewall longer than those of the ceiling; so
# there is that much time between, and there are so many firewalls that each has but one rule more at a time.
CHANGES = """
local number = -1 -- wrk asks once before the load begins, and sends nothing of that
local headers = {["Host"] = "HOST", ["Authorization"] = "LOGIN", ["Content-Type"] = "application/x-www-form-urlencoded"}
local function place(n) return "/api/firewalls/g" .. n % 1000, 100 + n % 60000 end
function request()
  number = number + 1
  local made = math.floor((number + 1) / 2)
  if number % 2 == 1 then
    local path, port = place(made)
    local rule = "protocol=tcp&port_from=" .. port .. "&port_to=" .. port .. "&ip_address=10.0.0.0/8"
    return wrk.format("POST", path .. "/rules", headers, rule)
  end
  if made <= 500 then return wrk.format("GET", (place(made)), headers) end
  local path, port = place(made - 500)
  return wrk.format("DELETE", path .. "/393485797142~tcp~" .. port .. "~" .. port .. "~@address,ipv4,10.0.0.0,8", headers)
end
""".replace("LOGIN", LOGIN).replace("HOST", HOST.removeprefix("Host: "))


def data(firewalls, rules):
    """Firewalls of this many rules, for --mock-data."""
    rule = '[[firewalls.rules]]\nprotocol = "tcp"\nport_from = {0}\nport_to = {0}\naddresses = ["10.0.0.0/8"]\n'
    one = '[[firewalls]]\nname = "g{0}"\ndescription = "firewall number {0}"\n' + "".join(rule.format(n + 1) for n in range(rules))
    account = 'account = "393485797142"\nuser = "mockuser"\npassword = "mockpassword"\n'
    return account + "".join(one.replace("{0}", str(n)) for n in range(firewalls))


class Process:
    """A program that prints where it listens."""

    def __init__(self, arguments, cpus):
        self.log = tempfile.TemporaryFile()
        started = time.perf_counter()
        pinned = ["taskset", "-c", cpus] + [str(argument) for argument in arguments]
        self.process = subprocess.Popen(pinned, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        self.address = re.search(r"127\.0\.0\.1:\d+", line).group()
        self.exchange(f"GET /api HTTP/1.1\r\n{HOST}\r\n\r\n")
        self.first_answer = time.perf_counter() - started

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def memory(self, which):
        """In KiB: VmRSS is what there is now, VmHWM the most there was."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{which}:\s+(\d+)", status).group(1))

    def cpu(self):
        """How many seconds of a core it has taken."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def forget_peak(self):
        """The most memory there was is counted from here on: reading the data takes more than answering."""
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def exchange(self, request):
        """The answer as it comes over the wire."""
        host, port = self.address.split(":")
        with socket.create_connection((host, int(port))) as stream:
            stream.sendall(request.encode())
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += stream.recv(65536)
            head, _, body = answer.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            parts, missing = [body], int(length.group(1)) - len(body) if length else 0
            while missing > 0:
                parts.append(stream.recv(1 << 20))
                missing -= len(parts[-1])
        return head + b"\r\n\r\n" + b"".join(parts)


def gateway(data_file, cpus, *options):
    """With the mock driver, and as many connections as the load may make."""
    limits = ["--max-connections", "1000", "--max-peer-connections", "1000"]
    return Process([PROGRAMS / "deltawall", "-p", "0", "--mock-data", data_file, *limits, *options], cpus)


def ec2_gateway(ec2):
    """With the EC2 driver, and no other option: the limits are those that operators get."""
    return Process([PROGRAMS / "deltawall", "-p", "0", "-i", "ec2", "--ec2-endpoint", f"http://{ec2.address}"], "0,1")


def example(name, *arguments):
    """What one of the programs of tests/benchmark prints, which run until they are done."""
    command = [PROGRAMS / "examples" / name, *(str(argument) for argument in arguments)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def stub():
    return Process([PROGRAMS / "examples/stub"], "0,1")


def requests_per_second(address, path, seconds, cpus, headers=(), script=None, connections=64):
    command = ["taskset", "-c", cpus, "wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s"]
    for header in headers:
        command += ["-H", header]
    if script:
        command += ["-s", script]
    printed = subprocess.run(command + [f"http://{address}{path}"], capture_output=True, text=True, check=True).stdout
    return float(re.search(r"Requests/sec:\s+([\d.]+)", printed).group(1)), printed


def in_turn(start_gateway, start_ceiling, path, seconds, cpus, **load):
    """Requests a second of the gateway and of the bare handler, the ratio of two that came one after the other, and how many the
    gateway refused; of each figure the median. They take turns, each started anew, so that what else the machine does meets
    both. What they answer has to be of one size."""
    rates, sizes, refused = {start_gateway: [], start_ceiling: []}, {}, 0
    for _, start in itertools.product(range(TURNS), rates):
        with start() as server:
            rate, printed = requests_per_second(server.address, path, max(1, seconds // TURNS), cpus, **load)
        rates[start].append(rate)
        answers, read, unit = re.search(r"(\d+) requests in .*, ([\d.]+)([KMG]B) read", printed).groups()
        sizes[start] = float(read) * 1024 ** "_KMG".index(unit[0]) / int(answers)
        assert 0.95 < sizes[start] / sizes[start_gateway] < 1.05, f"{path}: answers of {sizes.values()} bytes"
        no = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
        refused += int(no.group(1)) if no and start is start_gateway else 0
    figure, most = (statistics.median(each) for each in rates.values())
    ratio = statistics.median(one / other for one, other in zip(*rates.values()))
    return figure, most, ratio, refused


def text(method, path, headers=(), body="", login=LOGIN):
    lines = [f"{method} {path} HTTP/1.1", HOST, f"Authorization: {login}", *headers]
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


class Table:
    def __init__(self):
        print("| work | figure | ceiling | ratio | target |\n|---|---|---|---|---|", flush=True)

    def row(self, work, figure, ceiling="", ratio="", target=""):
        print(f"| {work} | {figure} | {ceiling} | {ratio} | {target} |", flush=True)

    def compared(self, work, figure, ceiling, ratio, target):
        self.row(work, f"{figure:,.0f}/s", f"{ceiling:,.0f}/s", f"{ratio:.2f}", f"≥ {target}")
