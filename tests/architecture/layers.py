# SPDX-License-Identifier: Apache-2.0
"""Who may use whom: the one table, over folders of the tree and over libraries.

A use is (path, used). `used` is a path of the tree, "lib:NAME" for a library, or "proto:PACKAGE" for what protoc
makes of a package of proto/guestpass, "proto:google" for others' messages.
"""
import re

# What each layer of a service may use: folders of its own service, folders of common, and libraries. Every layer
# may use itself and Abseil. Rules never know a clock: time is their argument.
LAYERS = {
    "domain": {
        "own": [], "common": ["status", "rights", "mail/address"], "other": []},
    "storage": {
        "own": ["domain"], "common": ["status", "rights"], "other": []},
    "storage/postgres": {
        "own": ["domain", "storage"], "common": ["postgres", "status", "rights", "time", "lanes"], "other": ["lib:libpq", "lib:json"]},
    "server": {
        "own": ["domain", "storage", "client"],
        "common": ["rpc", "time", "status", "auth", "rights", "rights_feed", "telemetry", "mail/address", "failpoint", "lanes"],
        "other": ["lib:grpc", "proto:google", "proto:type", "proto:OWN"]},
    "client": {
        "own": ["domain"],
        "common": ["rpc", "status", "auth", "mail", "nats", "rights", "rights_feed", "lanes"],
        "other": ["lib:grpc", "proto:google", "proto:type", "proto:OTHERS"]},
    "worker": {
        "own": ["domain", "storage", "client", "server"],
        "common": ["rpc", "time", "status", "auth", "rights", "rights_feed", "telemetry", "nats", "mail", "failpoint"],
        "other": ["lib:grpc", "proto:google", "proto:type", "proto:OWN"]},
}

# The packages that a service implements. Those of others are reached through its client folder.
OWN_PROTO = {
    "membership": ["membership", "rights"],
    "invite": ["invite"],
    "guest_expiry": ["guestexpiry"],
    "messaging_gateway": ["messaging"],
}

# What a folder of common may use of common; the rest follows from there being no cycle. The decision library is
# the one place that says who may do what, and knows nothing else.
PURE_COMMON = {"status": [], "failpoint": [], "rights": ["status"]}

# Libraries that one place wraps, so that nobody else depends on them.
HOMES = {
    "lib:libpq": r"common/postgres/|services/\w+/storage/postgres/",
    "lib:nats": r"common/nats/",
    "lib:crypto": r"common/(auth|postgres)/",
    "lib:idn2": r"common/mail/",
    "lib:curl": r"common/mail/",
}

TESTING = ("lib:gtest", "lib:benchmark")


def service_of(path):
    """(service, layer) of a path below services/, the layer "main" for main.cc; else None."""
    match = re.match(r"services/(\w+)/(?:(storage/postgres|\w+)/|(main)(?:\.cc)?$|[^/]*$)", path)
    return (match[1], match[2] or "main") if match else None


def why_not(path, used, test=False):
    """Why `path` may not use `used`, or None if it may. A test may use its whole service and the harness."""
    if used in TESTING:
        return None if test or path.startswith("tests/") else "only tests use a test library"
    if used in HOMES and not test and not re.match(HOMES[used] + "|tests/", path):
        return f"{used} is wrapped elsewhere"
    if used.startswith("tests/") and not test and not path.startswith("tests/"):
        return "only tests use the tests' folders"
    if path.startswith("common/"):
        return _why_not_common(path, used, test)
    if path.startswith("services/"):
        return _why_not_service(path, used, test)
    if re.match(r"tests/(harness|e2e|faults)/", path) and used.startswith("services/"):
        return "the harness and what runs on it know services by their API only"
    return None


def _why_not_common(path, used, test):
    if used.startswith("services/"):
        return "common knows no service"
    pure = PURE_COMMON.get(path.split("/")[1])
    if pure is None or test:
        return None
    if used.startswith("common/") and used.split("/")[1] not in [*pure, path.split("/")[1]]:
        return f"may use of common only {pure or 'itself'}"
    # Error details are written as JSON text, which is all that status takes from outside.
    if not used.startswith("common/") and used != "lib:absl" and (path.split("/")[1], used) != ("status", "lib:json"):
        return "is pure: Abseil only"
    return None


def _why_not_service(path, used, test):
    service, layer = service_of(path)
    if used.startswith("services/"):
        other, other_layer = service_of(used)
        if other != service:
            return "a service reaches another by its API only"
        if test or layer in ("main", other_layer) or other_layer in LAYERS.get(layer, {}).get("own", []):
            return None
        return f"{layer} may not use {other_layer}"
    if test or layer == "main":
        return None
    if layer not in LAYERS:
        return f"no such layer of a service: {layer}"
    allowed = LAYERS[layer]
    if used.startswith("common/"):
        parts = re.split(r"[/.:]", used)
        allowed_here = parts[1] in allowed["common"] or "/".join(parts[1:3]) in allowed["common"]
        return None if allowed_here else f"{layer} may not use common/{parts[1]}"
    if used == "lib:absl" or used in allowed["other"]:
        return None
    package = used.removeprefix("proto:")
    if used.startswith("proto:") and package not in ("google", "type"):
        kind = "proto:OWN" if package in OWN_PROTO[service] else "proto:OTHERS"
        return None if kind in allowed["other"] else f"{layer} may not use {used}"
    return f"{layer} may not use {used}"
