#!/bin/sh
# Sets the figures of azfw beside those of a peer that installs from a public registry: aerleon's
# AclCheck, which asks a policy which of its terms match a flow, as people check rule sets today.
#
#   benches/peers.sh [RULES]
#
# Both see the same rules (single prefixes and ports, which both languages can say) and flows.
# Needs python3 with venv, and a release build of azfw.
set -eu

rules=${1:-1000}
azfw=${AZFW:-target/release/azfw}
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet aerleon

python3 - "$rules" "$work" <<'PYTHON'
import json, random, sys

count, work = int(sys.argv[1]), sys.argv[2]
draw = random.Random(7)


def prefix():
    return "10.%d.%d.0/24" % (draw.randrange(256), draw.randrange(256))


rules = [(prefix(), prefix(), draw.randrange(1024, 49152)) for _ in range(count)]
lines = ["@%s\t%s\t0 : 65535\t%d : %d\t0x06/0xFF\n" % (s, d, p, p) for s, d, p in rules]
open(work + "/filters", "w").writelines(lines)
flows = []
for _ in range(200):
    s, d, p = draw.choice(rules)
    flows.append((s.replace("0/24", "7"), d.replace("0/24", "9"), p))
notation = ["tcp %s -> %s:%d application=none\n" % flow for flow in flows]
open(work + "/flows", "w").writelines(notation)
json.dump({"rules": rules, "flows": flows}, open(work + "/peer.json", "w"))
PYTHON

echo "azfw, $rules rules"
"$azfw" bench --classbench "$work/filters" --flows "$work/flows"

echo "aerleon, $rules rules"
"$work/venv/bin/python" - "$work" <<'PYTHON'
import json, sys, time
from aerleon.lib import aclcheck, naming, policy

given = json.load(open(sys.argv[1] + "/peer.json"))
definitions = naming.Naming()
for number, (source, destination, port) in enumerate(given["rules"]):
    definitions._ParseLine("SOURCE_%d = %s" % (number, source), "networks")
    definitions._ParseLine("TARGET_%d = %s" % (number, destination), "networks")
    definitions._ParseLine("PORT_%d = %d/tcp" % (number, port), "services")
terms = [
    "term line-%d { source-address:: SOURCE_%d destination-address:: TARGET_%d "
    "destination-port:: PORT_%d protocol:: tcp action:: accept }" % ((n,) * 4)
    for n in range(len(given["rules"]))
]
text = "header { target:: cisco peers extended }\n" + "\n".join(terms)
started = time.perf_counter()
parsed = policy.ParsePolicy(text, definitions, shade_check=False)
print("  parse %.1f s" % (time.perf_counter() - started))
flows = given["flows"][:20]
started = time.perf_counter()
for source, destination, port in flows:
    aclcheck.AclCheck(parsed, source, destination, "1024", str(port), "tcp").Matches()
took = (time.perf_counter() - started) / len(flows)
print("  %.0f flows/s, %.3f ms a flow" % (1 / took, took * 1000))
PYTHON
