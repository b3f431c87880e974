"""The same rules and packets through azfw and its peers, side by side.

    cargo build --release --bin azfw
    sudo apt-get install dpdk-dev   # rte_acl, a packet classifier of routers
    pip install aerleon             # AclCheck, as people check rule sets today
    python benches/rule_peers.py [RULES [ROUNDS]]

Rules are those of Azure: several sources, destinations and ports each. `rte_acl` knows none of these, so
each rule becomes one for every combination; `aerleon` sees them as they are. Seven of ten packets meet a
rule, and which one is as likely as any other. One core each, in turn; medians are printed, and the
ratio to azfw. A peer that is not installed is left out.
"""

import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
AZFW = os.environ.get("AZFW", os.path.join(TARGET, "release", "azfw"))
PACKETS = 100_000
ALGORITHMS = ["avx512x32", "avx2", "scalar"]


def dotted(address):
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


class Estate:
    """Rules and packets, the same for the same number of rules."""

    def __init__(self, count):
        self.draw = random.Random(7)
        self.rules = [self.rule() for _ in range(count)]
        self.packets = [self.packet() for _ in range(PACKETS)]

    def prefix(self):
        length = self.draw.choice([16, 20, 24, 24, 24, 27, 32])
        address = 10 << 24 | self.draw.getrandbits(24)
        return (address >> (32 - length) << (32 - length), length)

    def rule(self):
        def several(most, one):
            return sorted({one() for _ in range(self.draw.randint(1, most))})

        def port():
            return self.draw.choice([22, 53, 80, 443, 1433, 8080, self.draw.randrange(1024, 65536)])

        return several(6, self.prefix), several(5, self.prefix), several(5, port)

    def packet(self):
        sources, destinations, ports = self.draw.choice(self.rules)

        def inside(prefixes):
            address, length = self.draw.choice(prefixes)
            return address | (self.draw.getrandbits(32 - length) if length < 32 else 0)

        port = self.draw.choice(ports) if self.draw.random() < 0.7 else 9
        return inside(sources), inside(destinations), port

    def boxes(self):
        return [
            (source, destination, port)
            for sources, destinations, ports in self.rules
            for source in sources
            for destination in destinations
            for port in ports
        ]


def shown(prefixes):
    return ", ".join(f"{dotted(address)}/{length}" for address, length in prefixes)


def write(path, lines):
    with open(path, "w") as file:
        file.writelines(lines)


def with_azfw(estate, folder):
    """Packets a second on one core, and how many meet a rule."""
    policy, flows = os.path.join(folder, "policy.azfw"), os.path.join(folder, "flows.txt")
    head = ["policy peers\n\n", "group g 100\n\n", "  allow network c 100\n"]
    rules = (
        f"    r{number}: tcp {shown(sources)} -> {shown(destinations)} : {', '.join(map(str, ports))}\n"
        for number, (sources, destinations, ports) in enumerate(estate.rules)
    )
    write(policy, [*head, *rules])
    lines = (f"tcp {dotted(s)} -> {dotted(d)}:{p} application=none\n" for s, d, p in estate.packets)
    write(flows, lines)
    command = [AZFW, "bench", policy, "--flows", flows, "--format", "json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    [traffic] = json.loads(done.stdout)["traffic"]
    return traffic["packets"]["one_core"]["flows_per_second"], traffic["allowed"]


def with_rte_acl(estate, folder, algorithm):
    filters, trace = os.path.join(folder, "filters"), os.path.join(folder, "trace")
    if not os.path.exists(filters):
        write(
            filters,
            (
                f"@{dotted(s[0])}/{s[1]}\t{dotted(d[0])}/{d[1]}\t0 : 65535\t{p} : {p}\t0x06/0xFF\n"
                for s, d, p in estate.boxes()
            ),
        )
        write(trace, (f"{s}\t{d}\t1024\t{p}\t6\n" for s, d, p in estate.packets))
    environment = "--no-huge --no-pci --no-telemetry -l 0 -m 4096 --force-max-simd-bitwidth=512"
    sizes = f"--rulenum=4000000 --tracenum={PACKETS} --tracestep=256 --iter=20 --bldcat=1 --runcat=1"
    command = ["dpdk-test-acl", *environment.split(), "--", f"--rulesf={filters}", f"--tracef={trace}"]
    command += [*sizes.split(), f"--alg={algorithm}", "--verbose=1"]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.findall(r"([\d.]+) pkt/sec", done.stdout + done.stderr)
    if not found:
        raise RuntimeError((done.stdout + done.stderr).strip().splitlines()[-1])
    return float(found[-1])


def with_aerleon(estate):
    from aerleon.lib import aclcheck, naming, policy

    definitions = naming.Naming()
    terms = []
    for number, (sources, destinations, ports) in enumerate(estate.rules):
        for name, prefixes in (("SOURCE", sources), ("TARGET", destinations)):
            addresses = " ".join(f"{dotted(a)}/{length}" for a, length in prefixes)
            definitions._ParseLine(f"{name}_{number} = {addresses}", "networks")
        words = " ".join(f"{port}/tcp" for port in ports)
        definitions._ParseLine(f"PORT_{number} = {words}", "services")
        terms.append(
            f"term rule-{number} {{ source-address:: SOURCE_{number} destination-address:: TARGET_{number} "
            f"destination-port:: PORT_{number} protocol:: tcp action:: accept }}"
        )
    text = "header { target:: cisco peers extended }\n" + "\n".join(terms)
    parsed = policy.ParsePolicy(text, definitions, shade_check=False)
    packets = estate.packets[:20]
    started = time.perf_counter()
    for source, destination, port in packets:
        aclcheck.AclCheck(parsed, dotted(source), dotted(destination), "1024", str(port), "tcp").Matches()
    return len(packets) / (time.perf_counter() - started)


def peers(estate, folder):
    """What can be measured here, by name."""
    found = {}
    if shutil.which("dpdk-test-acl"):
        for algorithm in ALGORITHMS:
            try:
                with_rte_acl(estate, folder, algorithm)
            except RuntimeError as error:
                print(f"rte_acl {algorithm} is left out: {error}")
                continue
            found[f"rte_acl {algorithm}"] = lambda algorithm=algorithm: with_rte_acl(estate, folder, algorithm)
    try:
        import aerleon  # noqa: F401

        found["aerleon"] = lambda: with_aerleon(estate)
    except ImportError:
        pass
    return found


def main():
    count, rounds = (int(text) for text in (sys.argv[1:] + ["1000", "3"][len(sys.argv) - 1 :])[:2])
    estate = Estate(count)
    with tempfile.TemporaryDirectory() as folder:
        tools = {"azfw": lambda: with_azfw(estate, folder)[0], **peers(estate, folder)}
        met = with_azfw(estate, folder)[1]
        print(f"{count} rules ({len(estate.boxes())} combinations), {PACKETS} packets, {met} meet a rule")
        runs = {tool: [] for tool in tools}
        for _ in range(rounds):
            for tool, run in tools.items():
                runs[tool].append(run())
    middle = {tool: statistics.median(rates) for tool, rates in runs.items()}
    print("  tool               packets/s  lowest to highest         azfw is")
    for tool, rate in middle.items():
        spread = f"{min(runs[tool]):,.0f} to {max(runs[tool]):,.0f}"
        print(f"  {tool:18} {rate:>10,.0f}  {spread:24}  {middle['azfw'] / rate:8,.2f} times")


if __name__ == "__main__":
    main()
