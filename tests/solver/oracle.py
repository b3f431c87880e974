"""What a rule set means, twice: for one flow in plain Python, for all flows as z3 formulas.

Written from the documents alone; shares nothing with azfw. A flow is fully known: family, source,
destination, kind, port, name (or none), path.
"""

import ipaddress

import z3

from policies import FQDNS, GROUPS, URLS

KINDS = ["tcp", "udp", "icmp", "other", "http", "https", "mssql"]
TCP, UDP, ICMP, OTHER, HTTP, HTTPS, MSSQL = range(7)
WEB = (HTTP, HTTPS, MSSQL)


# Names and paths: whatever patterns tell apart, one of each sort is in these lists. A character that
# no pattern holds (q) in front of a suffix is a name under it and under no longer one.
def examples_of_names():
    patterns = FQDNS + [url.split("/")[0] for url in URLS]
    ends = {pattern.lower().rstrip(".").lstrip("*") for pattern in patterns if "*" not in pattern[1:]}
    names = {"nothing.unlisted"}
    for end in ends - {""}:
        names |= {end.lstrip("."), "q" + end, "q.q" + end}
    return sorted(names)


def examples_of_paths():
    paths = {"/"}
    for path in {"/" + url.split("/", 1)[1] for url in URLS if "/" in url}:
        plain = path.rstrip("*").rstrip("/")
        paths |= {plain, plain + "/", plain + "/q", plain + "q"}
    return sorted(path for path in paths if path.startswith("/"))


NAMES = [None, *examples_of_names()]
PATHS = examples_of_paths()


def ranges(ends):
    """(is_v6, first, last) of addresses, prefixes, ranges and groups."""
    for end in ends:
        if end == "*":
            yield (False, 0, 2**32 - 1)
            yield (True, 0, 2**128 - 1)
        elif end.startswith("@"):
            yield from ranges(GROUPS.get(end[1:], []))
        elif "-" in end:
            first, last = (ipaddress.ip_address(part) for part in end.split("-"))
            yield (first.version == 6, int(first), int(last))
        elif end[0].isdigit() or ":" in end:
            network = ipaddress.ip_network(end)
            yield (network.version == 6, int(network[0]), int(network[-1]))


def unknowns(ends):
    """Service tags without a table, and groups that are nowhere."""
    return [end for end in ends if end == "@missing" or end.startswith("Unheard")]


def fqdn_matches(pattern, name):
    pattern, name = pattern.lower().rstrip("."), name.lower()
    if "*" in pattern[1:]:
        return False
    if not pattern.startswith("*"):
        return name == pattern
    rest = pattern[1:]
    return name.endswith(rest) and (not rest.startswith(".") or len(name) > len(rest))


def url_matches(pattern, name, path):
    host, _, wanted = pattern.partition("/")
    if not fqdn_matches(host, name):
        return False
    if wanted.endswith("*"):
        return path.startswith("/" + wanted[:-1])
    return path.rstrip("/") == ("/" + wanted).rstrip("/")


def is_target(rule, kind, name, path):
    """Whether name and path are a target of an application rule."""
    if name is None:
        return False
    sees_path = kind == HTTP or (kind == HTTPS and rule["inspects"])
    return any(fqdn_matches(pattern, name) for pattern in rule["fqdns"]) or (
        sees_path and any(url_matches(pattern, name, path) for pattern in rule["urls"]))


def ports(rule):
    for port in rule["ports"]:
        first, _, last = port.partition("-")
        yield (1, 65535) if port == "*" else (int(first), int(last or first))


class Flow:
    """The variables of a flow, or with values in their place one flow."""

    def __init__(self):
        self.v6 = z3.Bool("v6")
        self.source, self.destination = z3.BitVec("source", 128), z3.BitVec("destination", 128)
        self.kind, self.port = z3.Int("kind"), z3.BitVec("port", 16)
        self.name, self.path = z3.Int("name"), z3.Int("path")
        self.unknown = {}

    def is_one(self):
        """What is true of every flow."""
        low = z3.BitVecVal(2**32, 128)
        nameless = z3.And(self.name == 0, self.path == 0)
        return z3.And(
            0 <= self.kind, self.kind < len(KINDS), 0 <= self.name, self.name < len(NAMES),
            0 <= self.path, self.path < len(PATHS), self.port != 0,
            z3.Implies(z3.Not(self.v6), z3.And(z3.ULT(self.source, low), z3.ULT(self.destination, low))),
            z3.Implies(self.kind < HTTP, nameless), z3.Implies(self.name == 0, self.path == 0),
            z3.Implies(z3.Or(self.kind == ICMP, self.kind == OTHER), self.port == 1))

    def among(self, value, ends):
        return any_of(z3.And(self.v6 == is_v6, z3.ULE(first, value), z3.ULE(value, last))
                      for is_v6, first, last in ranges(ends))

    def maybe(self, what):
        """Whether an unknown thing holds of this flow."""
        return self.unknown.setdefault(what, z3.Bool(f"unknown {what}"))

    def among_or_unknown(self, value, ends, side):
        return z3.Or(self.among(value, ends),
                     any_of(self.maybe(f"{side} {end}") for end in unknowns(ends)))

    def matches(self, rule):
        """The formula of a rule."""
        source = self.among_or_unknown(self.source, rule["sources"], "source")
        if rule["kind"] == "application":
            entry = any_of(z3.And(self.kind == KINDS.index(name), self.port == port)
                           for name, port in rule["entries"])
            targets = any_of(self.target(rule, kind) for kind in WEB)
            tags = any_of(z3.And(self.name != 0, self.maybe(f"tag {tag}")) for tag in rule["tags"])
            return z3.And(z3.Not(self.v6), source, entry, z3.Or(targets, tags))
        to = self.among_or_unknown(self.destination, rule["destinations"], "destination")
        service = self.service(rule)
        if rule["kind"] == "dnat":
            return z3.And(z3.Not(self.v6), source, to, service,
                          self.kind != ICMP, self.kind != OTHER)
        return z3.And(source, to, service)

    def target(self, rule, kind):
        by_path = {}
        for at, name in enumerate(NAMES):
            paths = [place for place, path in enumerate(PATHS) if is_target(rule, kind, name, path)]
            if paths:
                by_path.setdefault(tuple(paths), []).append(at)
        return z3.And(self.kind == kind, any_of(
            z3.And(any_of(self.name == at for at in names),
                   len(paths) == len(PATHS) or any_of(self.path == at for at in paths))
            for paths, names in by_path.items()))

    def service(self, rule):
        protocols, has_star = rule["protocols"], "*" in rule["ports"]
        port = any_of(z3.And(z3.ULE(first, self.port), z3.ULE(self.port, last))
                      for first, last in ports(rule))
        is_any = "any" in protocols
        is_tcp = z3.Or(self.kind == TCP, self.kind >= HTTP)
        return z3.Or(
            z3.And(is_tcp, port) if is_any or "tcp" in protocols else False,
            z3.And(self.kind == UDP, port) if is_any or "udp" in protocols else False,
            self.kind == ICMP if "icmp" in protocols or (is_any and has_star) else False,
            self.kind == OTHER if is_any and has_star else False)

    def values(self, model):
        """The values of a model, for messages."""
        say = {name: model.eval(of, model_completion=True) for name, of in vars(self).items()
               if name != "unknown"}
        address = ipaddress.IPv6Address if z3.is_true(say["v6"]) else ipaddress.IPv4Address
        return (f"{KINDS[say['kind'].as_long()]} {address(say['source'].as_long())} -> "
                f"{address(say['destination'].as_long())}:{say['port'].as_long()} "
                f"name {NAMES[say['name'].as_long()]} path {PATHS[say['path'].as_long()]}")


def any_of(formulas):
    return z3.Or([formula for formula in formulas])


class World:
    """A rule set as formulas: which rule decides, and with what effect."""

    def __init__(self, ordered, flow):
        self.flow, self.ordered = flow, ordered
        self.region = {rule["name"]: flow.matches(rule) for _, rule in ordered}
        self.effects = {}

    def decided(self, name):
        """Flows that this rule decides; None: that none does."""
        before = []
        for _, rule in self.ordered:
            if rule["name"] == name:
                return z3.And(self.region[name], *[z3.Not(earlier) for earlier in before])
            before.append(self.region[rule["name"]])
        return z3.And([z3.Not(earlier) for earlier in before])

    def effect(self, without=(), is_closed=True):
        """What becomes of a flow, as a number: 0 denied, 1 allowed, others translations.

        Unless the world is closed, the built-in collection may allow names that nobody publishes.
        """
        flow, value = self.flow, z3.IntVal(0)
        if not is_closed:
            may_be_listed = z3.And(z3.Not(flow.v6), flow.name != 0, flow.maybe("infrastructure"))
            value = z3.If(may_be_listed, z3.IntVal(1), value)
        for action, rule in reversed(self.ordered):
            if rule["name"] not in without:
                value = z3.If(self.region[rule["name"]], effect_of(action, rule), value)
        return value


def effect_of(action, rule):
    if rule["kind"] != "dnat":
        return z3.IntVal(int(action == "allow"))
    address, port = rule["to"]
    return z3.IntVal(int(ipaddress.ip_address(address)) * 2**16 + port)


def satisfiable(flow, *formulas):
    """A flow for which all formulas hold, or None."""
    solver = z3.Solver()
    solver.set("timeout", 60_000)
    solver.add(flow.is_one(), *formulas)
    answer = solver.check()
    if answer == z3.unknown:
        raise RuntimeError("z3 does not know")
    return solver.model() if answer == z3.sat else None
