"""Random questions for `azfw find`, as text and as formulas; flows that azfw prints, as formulas."""

import ipaddress

import z3

from oracle import (HTTP, ICMP, KINDS, NAMES, OTHER, PATHS, TCP, any_of, fqdn_matches, url_matches)
from policies import FQDNS, PUBLIC, URLS

DEFAULT_PORTS = {"http": 80, "https": 443, "mssql": 1433}
PATTERNS = [pattern for pattern in FQDNS if "*" not in pattern[1:]]


def question(random_, world, depth=2):
    """(text, formula)."""
    if depth and random_.random() < 0.75:
        word = random_.choice(["and", "and", "and", "or"])
        (left, a), (right, b) = question(random_, world, depth - 1), question(random_, world, depth - 1)
        return f"({left} {word} {right})", z3.And(a, b) if word == "and" else z3.Or(a, b)
    text, formula = condition(random_, world)
    # What is neither allowed nor denied depends on what is not known; formulas do not say that.
    if random_.random() < 0.25 and not text.startswith("verdict"):
        return f"not {text}", z3.Not(formula)
    return text, formula


def condition(random_, world):
    flow = world.flow
    field = random_.choice(["source", "destination", "port", "protocol", "fqdn", "verdict", "stage", "rule"])
    if field in ("source", "destination"):
        ends = random_.sample(["10.0.0.0/25", "10.0.0.7", "192.0.2.0/24", "192.0.2.9", "0.0.0.0/0",
                               "fd00::/8", *PUBLIC, "10.0.0.64-10.0.0.130"], 2)
        value = flow.source if field == "source" else flow.destination
        return f"{field} in ({', '.join(ends)})", flow.among(value, ends)
    if field == "port":
        first, last = sorted(random_.sample([1, 22, 80, 443, 444, 8443, 65535], 2))
        has_port = z3.And(flow.kind != ICMP, flow.kind != OTHER)
        within = z3.And(has_port, z3.ULE(first, flow.port), z3.ULE(flow.port, last))
        return f"port = {first}-{last}", within
    if field == "protocol":
        name = random_.choice(["tcp", "udp", "icmp", "gre", "http", "https", "mssql"])
        return f"protocol = {name}", is_protocol(flow, name)
    if field == "fqdn":
        pattern = random_.choice([*PATTERNS, "none"])
        names = [at for at, name in enumerate(NAMES)
                 if (pattern == "none" if name is None else fqdn_matches(pattern, name))]
        return f"fqdn = {pattern}", any_of(flow.name == at for at in names)
    if field == "verdict":
        effect = world.effect()
        return random_.choice([("verdict = allow", effect != 0), ("verdict = deny", effect == 0)])
    if field == "stage":
        stage = random_.choice(["dnat", "network", "application", "default"])
        if stage == "default":
            return "stage = default", world.decided(None)
        of_stage = [rule["name"] for _, rule in world.ordered if rule["kind"] == stage]
        return f"stage = {stage}", any_of(world.decided(name) for name in of_stage)
    name = random_.choice(world.ordered)[1]["name"]
    return f"rule = {name}", world.decided(name)


def is_protocol(flow, name):
    if name == "tcp":
        return z3.Or(flow.kind == TCP, flow.kind >= HTTP)
    return flow.kind == (OTHER if name == "gre" else KINDS.index(name))


def as_formula(world, said):
    """All flows that a printed one stands for."""
    flow, protocol = world.flow, said["protocol"].removesuffix("v6")
    formulas = [flow.kind == TCP if said.get("application") == "none" else is_protocol(flow, protocol)]
    source = ipaddress.ip_address(said["source"])
    formulas += [flow.v6 == (source.version == 6), flow.source == int(source)]
    if "destination" in said:
        formulas.append(flow.destination == int(ipaddress.ip_address(said["destination"])))
    elif said.get("fqdn"):
        # Nobody browses to the firewall by name.
        formulas += [flow.destination != int(ipaddress.ip_address(address)) for address in PUBLIC]
    port = said.get("port", DEFAULT_PORTS.get(protocol))
    if port is not None:
        formulas.append(flow.port == port)
    if "fqdn" in said:
        formulas.append(flow.name == place_of_name(said["fqdn"]))
    if "url" in said:
        host, _, path = said["url"].partition("/")
        formulas += [flow.name == place_of_name(host), flow.path == place_of_path("/" + path)]
    return z3.And(formulas)


def place_of_name(name):
    """The example that all patterns treat like this name."""
    if name is None:
        return 0
    patterns = FQDNS + [url.split("/")[0] for url in URLS]
    return alike(NAMES, name, lambda known: known is not None and [
        fqdn_matches(pattern, known) for pattern in patterns])


def place_of_path(path):
    patterns = ["*/" + url.partition("/")[2] for url in URLS]
    return alike(PATHS, path, lambda known: [url_matches(pattern, "a", known) for pattern in patterns])


def alike(examples, wanted, key):
    return next(at for at, known in enumerate(examples) if key(known) == key(wanted))
