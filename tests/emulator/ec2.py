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
import sys
import threading

# The modules beside this one leave nothing behind.
sys.dont_write_bytecode = True

# It changes how moto is loaded, so it comes before.
import mended  # noqa: F401 isort: skip
from layer import Faults, Layer
from moto.moto_server.werkzeug_app import create_backend_app
from waitress import create_server


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
