"""What a test has another namespace do: one JSON object a line in, one a line out.

    {"frames": [HEX, ...]}                    sends frames on eth0
    {"packets": [HEX, ...]}                   sends IP packets as they are, by this machine's own output
    {"connect": [ADDRESS, PORT]}              makes a TCP connection; {"listen": PORT} and {"accept": true} wait for one
    {"say": TEXT}, {"hear": SECONDS}          on that connection; hear answers with what came
    {"flood": [[SOURCE, ADDRESS, PORT], ...]} sends datagrams until the next line, and answers how many
"""
import json
import select
import socket
import sys
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def raw(version):
    if version == 4:
        made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    else:
        made = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    return made


def send_packet(packet):
    if packet[0] >> 4 == 4:
        sockets[4].sendto(packet, (socket.inet_ntop(socket.AF_INET, packet[16:20]), 0))
    else:
        sockets[6].sendto(packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0))


def flood(targets):
    senders = []
    for source, address, port in targets:
        made = socket.socket(family(address), socket.SOCK_DGRAM)
        made.bind((source, 0))
        senders.append((made, (address, port)))
    sent = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        for made, target in senders:
            for _ in range(16):
                try:
                    made.sendto(b"x", target)
                    sent += 1
                except OSError:
                    pass  # A rule that denies on the way out says so.
        time.sleep(0.0005)  # The test needs a processor, too.
    return sent


sockets = {}
state = {}
for line in sys.stdin:
    order = json.loads(line)
    answer = True
    try:
        if "frames" in order:
            if "link" not in sockets:
                sockets["link"] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
                sockets["link"].bind(("eth0", 0))
            for frame in order["frames"]:
                sockets["link"].send(bytes.fromhex(frame))
        elif "packets" in order:
            for version in (4, 6):
                if version not in sockets:
                    sockets[version] = raw(version)
            for packet in order["packets"]:
                try:
                    send_packet(bytes.fromhex(packet))
                except PermissionError:
                    pass  # The output denies it, and tells who sends.
        elif "connect" in order:
            address, port = order["connect"]
            state["connection"] = socket.create_connection((address, port), timeout=order.get("seconds", 2))
        elif "listen" in order:
            state["listener"] = socket.create_server(("", order["listen"]))
        elif "accept" in order:
            state["listener"].settimeout(5)
            state["connection"] = state["listener"].accept()[0]
        elif "say" in order:
            state["connection"].sendall(order["say"].encode())
        elif "hear" in order:
            state["connection"].settimeout(order["hear"])
            try:
                answer = state["connection"].recv(1000).decode()
            except TimeoutError:
                answer = ""
        elif "flood" in order:
            answer = flood(order["flood"])
    except OSError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
