"""The report's tables by azfw, DuckDB and polars over the same files, side by side.

    cargo build --release --bin azfw --example generate_logs
    pip install duckdb polars
    python benches/log_peers.py [MEGABYTES [ROUNDS [FOLDER]]]

For each shape of log, each tool runs in a process of its own, in turn. Medians of wall time, processor
time and peak memory are printed, and the ratio to azfw. `newlines` is `wc -l`: no
reader can be faster. All must agree on how many connections were allowed and denied, or it fails.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RELEASE = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release")
SHAPES = ["legacy", "structured", "csv"]

# What `azfw report` counts of such logs: records by action and rule, with the first and last time and
# the distinct ends; sources, destinations, names and ports by action; denials by flow; hours.
TABLES = {
    "rules": "select policy, rcg, rc, rule, action, count(*) n, min(t), max(t), count(distinct src), count(distinct coalesce(dst, fqdn)) from e where rule <> '' group by all order by n desc",
    "sources": "select src, count(*) filter (where action = 'Allow') a, count(*) filter (where action = 'Deny') d from e group by all order by a + d desc limit 10",
    "destinations": "select dst, count(*) filter (where action = 'Allow') a, count(*) filter (where action = 'Deny') d from e where dst <> '' group by all order by a + d desc limit 10",
    "names": "select fqdn, count(*) filter (where action = 'Allow') a, count(*) filter (where action = 'Deny') d from e where fqdn <> '' group by all order by a + d desc limit 10",
    "ports": "select proto, dport, count(*) filter (where action = 'Allow') a, count(*) filter (where action = 'Deny') d from e group by all order by a + d desc limit 10",
    "denied": "select src, coalesce(dst, fqdn) target, dport, proto, count(*) n, min(t), max(t) from e where action = 'Deny' and rule = '' group by all order by n desc limit 10",
    "hours": "select date_trunc('hour', t) h, count(*) filter (where action = 'Allow') a, count(*) filter (where action = 'Deny') d from e group by all order by h",
}
MESSAGE = r"^(\S+) +request from ([^ ]+):(\d+) to ([^ ]+?):(\d+)\. Action: (\w+)\.*(?: (?:Policy: (.*?)\. Rule Collection Group: (.*?)\. Rule Collection: (.*?)\. Rule: (.*)|.*))?$"
FIELDS = ["proto", "src", "sport", "dst", "dport", "action", "policy", "rcg", "rc", "rule"]


def duckdb_events(shape, path):
    if shape == "legacy":
        names = ", ".join(f"'{name}'" for name in FIELDS)
        columns = "columns = {time: 'VARCHAR', properties: 'STRUCT(msg VARCHAR)'}"
        source = f"read_json('{path}', format = 'newline_delimited', {columns})"
        return f"""
            select cast(time as timestamp) t, m.proto, m.src, m.dport, m.action, m.policy, m.rcg, m.rc, m.rule,
                case when m.proto = 'HTTPS' then null else m.dst end dst,
                case when m.proto = 'HTTPS' then m.dst end fqdn
            from (select time, regexp_extract(properties.msg, '{MESSAGE}', [{names}]) m from {source})"""
    picks = "{0}Protocol proto, {0}SourceIp src, {0}DestinationIp dst, {0}Fqdn fqdn, {0}DestinationPort dport, {0}Action action, coalesce({0}Policy, '') policy, coalesce({0}RuleCollectionGroup, '') rcg, coalesce({0}RuleCollection, '') rc, coalesce({0}Rule, '') rule"
    if shape == "structured":
        members = "Protocol VARCHAR, SourceIp VARCHAR, DestinationIp VARCHAR, Fqdn VARCHAR, DestinationPort INTEGER, Action VARCHAR, Policy VARCHAR, RuleCollectionGroup VARCHAR, RuleCollection VARCHAR, Rule VARCHAR"
        columns = f"columns = {{time: 'VARCHAR', properties: 'STRUCT({members})'}}"
        source = f"read_json('{path}', format = 'newline_delimited', {columns})"
        return f"select cast(time as timestamp) t, {picks.format('properties.')} from {source}"
    when = "strptime(\"TimeGenerated [UTC]\", '%-m/%-d/%Y, %-I:%M:%S.%g %p')"
    return f"select {when} t, {picks.format('')} from read_csv('{path}', header = true, all_varchar = true)"


def with_duckdb(shape, path):
    import duckdb

    base = duckdb.connect()
    base.execute("set threads = 2")
    base.execute(f"create table e as {duckdb_events(shape, path)}")
    for table in TABLES.values():
        base.execute(table).fetchall()
    [totals] = base.execute(
        "select count(*) filter (where action = 'Allow'), count(*) filter (where action = 'Deny') from e"
    ).fetchall()
    return list(totals)


def polars_events(shape, path, pl):
    text = pl.String
    if shape == "legacy":
        schema = {"time": text, "properties": pl.Struct({"msg": text})}
        lines = pl.scan_ndjson(path, schema=schema)
        pattern = "".join(MESSAGE)
        parts = pl.col("properties").struct.field("msg").str.extract_groups(pattern)
        renamed = parts.struct.rename_fields(FIELDS).alias("m")
        event = lines.select("time", renamed).unnest("m")
        is_name = pl.col("proto") == "HTTPS"
        event = event.with_columns(
            pl.when(is_name).then(pl.col("dst")).alias("fqdn"),
            pl.when(~is_name).then(pl.col("dst")).alias("dst"),
        )
        time_of = pl.col("time").str.head(26).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f")
    else:
        names = {"Protocol": "proto", "SourceIp": "src", "DestinationIp": "dst", "Fqdn": "fqdn", "DestinationPort": "dport", "Action": "action", "Policy": "policy", "RuleCollectionGroup": "rcg", "RuleCollection": "rc", "Rule": "rule"}
        if shape == "structured":
            members = {name: pl.Int64 if name == "DestinationPort" else text for name in names}
            schema = {"time": text, "properties": pl.Struct(members)}
            event = pl.scan_ndjson(path, schema=schema).unnest("properties").rename(names)
            time_of = pl.col("time").str.head(26).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f")
        else:
            event = pl.scan_csv(path, infer_schema=False).rename(names)
            time_of = pl.col("TimeGenerated [UTC]").str.to_datetime("%m/%d/%Y, %I:%M:%S%.f %p")
    event = event.with_columns(time_of.alias("t"), pl.col("rule").fill_null(""))
    return event.select("t", "proto", "src", "dst", "fqdn", "dport", "action", "policy", "rcg", "rc", "rule")


def with_polars(shape, path):
    os.environ["POLARS_MAX_THREADS"] = "2"
    import polars as pl

    e = polars_events(shape, path, pl).collect(engine="streaming")
    outcome = [(pl.col("action") == "Allow").sum().alias("a"), (pl.col("action") == "Deny").sum().alias("d")]
    target = pl.coalesce("dst", "fqdn").alias("target")
    ends = [pl.len().alias("n"), pl.col("t").min().alias("t0"), pl.col("t").max().alias("t1")]
    named = e.lazy().filter(pl.col("rule") != "").with_columns(target)
    queries = [
        named.group_by("policy", "rcg", "rc", "rule", "action").agg(*ends, pl.col("src").n_unique().alias("s"), pl.col("target").n_unique().alias("ds")).sort("n", descending=True),
        *(e.lazy().group_by(keys).agg(*outcome).sort(pl.col("a") + pl.col("d"), descending=True).head(10) for keys in ["src", "dst", "fqdn", ["proto", "dport"]]),
        e.lazy().filter((pl.col("action") == "Deny") & (pl.col("rule") == "")).with_columns(target).group_by("src", "target", "dport", "proto").agg(*ends).sort("n", descending=True).head(10),
        e.lazy().group_by(pl.col("t").dt.truncate("1h")).agg(*outcome).sort("t"),
    ]
    pl.collect_all(queries)
    return list(e.select(outcome).row(0))


def with_newlines(_shape, path):
    subprocess.run(["wc", "-l", path], check=True, capture_output=True)


TOOLS = {"newlines": with_newlines, "azfw": None, "duckdb": with_duckdb, "polars": with_polars}


def measured(tool, shape, path):
    """Wall seconds, processor seconds, peak MiB and the answer of a run in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    if tool == "azfw":
        # Measured itself, not the Python around it.
        command = [os.path.join(RELEASE, "azfw"), "report", path, "--format", "json"]
        wrapped = [sys.executable, "-c", WRAPPED, *command]
    else:
        wrapped = [sys.executable, __file__, "--run", tool, shape, path]
    done = subprocess.run(wrapped, check=True, capture_output=True, text=True)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (wall, processor, *json.loads(done.stdout))


# Prints the peak memory in MiB, the answer, and the times of a command.
WRAPPED = """
import json, resource, subprocess, sys, time
start = time.monotonic()
report = json.loads(subprocess.run(sys.argv[1:], check=True, capture_output=True).stdout)
wall = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
totals = report["totals"]
answer = [totals["allowed"], totals["denied_by_rule"] + totals["denied_by_default"]]
print(json.dumps([used.ru_maxrss / 1024, answer, wall, used.ru_utime + used.ru_stime]))
"""


def run_here(tool, shape, path):
    start = time.monotonic()
    answer = TOOLS[tool](shape, path)
    wall = time.monotonic() - start
    own = resource.getrusage(resource.RUSAGE_SELF)
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = child.ru_utime + child.ru_stime
    if tool != "newlines":
        processor += own.ru_utime + own.ru_stime
    print(json.dumps([own.ru_maxrss / 1024, answer, wall, processor]))


def compare(shape, path, rounds):
    size = os.path.getsize(path)
    runs = {tool: [] for tool in TOOLS}
    for _ in range(rounds):
        for tool in TOOLS:
            runs[tool].append(measured(tool, shape, path))
    answers = {tool: run[0][3] for tool, run in runs.items() if tool != "newlines"}
    if len({json.dumps(answer) for answer in answers.values()}) != 1:
        sys.exit(f"{shape}: the answers differ: {answers}")
    middle = {
        tool: [statistics.median(run[index] for run in of_tool) for index in (4, 5, 2)]
        for tool, of_tool in runs.items()
    }
    print(f"{shape}, {size / 1e6:.0f} MB, {answers['azfw']} allowed and denied")
    print("  tool        wall s   cpu s  peak MiB   GB/s  wall/azfw  cpu/azfw")
    for tool, (wall, processor, peak) in middle.items():
        ratio, work = wall / middle["azfw"][0], processor / middle["azfw"][1]
        print(f"  {tool:10} {wall:7.3f} {processor:7.3f} {peak:9.0f} {size / wall / 1e9:6.2f} {ratio:10.2f} {work:9.2f}")
    scans = [run[4] for run in runs["newlines"]]
    if max(scans) > 1.5 * min(scans):
        print(f"  void: the newline scan itself took {min(scans):.3f} to {max(scans):.3f} s; the machine is busy")


def main():
    megabytes, rounds, folder = (sys.argv[1:] + ["1000", "5", ""][len(sys.argv) - 1 :])[:3]
    with tempfile.TemporaryDirectory(dir=folder or None) as scratch:
        for shape in SHAPES:
            path = os.path.join(scratch, f"{shape}.{'csv' if shape == 'csv' else 'json'}")
            with open(path, "wb") as file:
                generator = os.path.join(RELEASE, "examples", "generate_logs")
                subprocess.run([generator, shape, megabytes], check=True, stdout=file)
            compare(shape, path, int(rounds))
            os.remove(path)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run_here(*sys.argv[2:])
    else:
        main()
