"""Compares what azfw proves about random rule sets with what z3 says of them.

    compare.py AZFW FIRST COUNT [--unknown]

Rule sets are made from the seeds FIRST, FIRST + 1, …. Where all is known, the answers have to be
equal; with `--unknown` (tags and groups that no file lists) whatever azfw claims has to hold for
every meaning of the unknown parts.
"""

import json
import multiprocessing
import pathlib
import random
import subprocess
import sys
import tempfile

import z3

import policies
from oracle import Flow, World, satisfiable
from questions import as_formula, question


class Case:
    def __init__(self, azfw, seed, has_unknown, folder):
        self.azfw, self.seed, self.folder, self.has_unknown = azfw, seed, folder, has_unknown
        self.random = random.Random(seed)
        self.layers = policies.policy(seed, has_unknown)
        self.problems, self.missed = [], 0
        self.flow = Flow()
        self.world = self.world_of(self.layers)

    def world_of(self, layers):
        return World(policies.rules(layers), self.flow)

    def written(self, name, layers):
        """The file of a rule set, every other one an ARM template."""
        is_text = (self.seed + len(name)) % 2 == 0
        path = self.folder / f"{name}.{'azfw' if is_text else 'json'}"
        path.write_text(policies.text(layers) if is_text else policies.template(layers))
        return str(path)

    def run(self, *arguments):
        done = subprocess.run([self.azfw, *arguments, "--quiet"], capture_output=True, text=True)
        if done.returncode not in (0, 1, 3) or done.stderr:
            raise RuntimeError(f"azfw {' '.join(arguments)}: {done.returncode} {done.stderr}")
        return done.stdout

    def problem(self, text):
        self.problems.append(f"seed {self.seed}: {text}")

    def expect_none(self, what, *formulas):
        model = satisfiable(self.flow, *formulas)
        if model is not None:
            self.problem(f"{what}, but {self.flow.values(model)}")

    def look(self):
        names = [rule["name"] for _, rule in self.world.ordered]
        if names:
            path = self.written("policy", self.layers)
            findings = json.loads(self.run("audit", path, "--policy", "p", "--format", "json"))["findings"]
            self.audit(path, names, findings)
            self.find(path)
            self.diff(path, policies.mutated(self.layers, self.seed))
            self.diff(path, policies.without(self.layers, {self.random.choice(names)}))
        return self.problems, self.missed

    def audit(self, path, names, findings):
        def said(check):
            return [finding["rule"]["rule"] for finding in findings
                    if finding["check"] == check and not finding["depends_on"]]

        shadowed, redundant = said("shadowed-rule"), said("redundant-rule")
        for name in names:
            self.shadowed(name, name in shadowed)
            if not self.has_unknown and name not in shadowed:
                self.redundant(name, name in redundant, {*shadowed, *redundant})
        if shadowed or redundant:
            fewer = self.world.effect(without={*shadowed, *redundant})
            self.expect_none("all can go together", fewer != self.world.effect())
        witnesses = [finding for finding in findings if finding["witness"]]
        for finding in witnesses:
            self.witness(finding)
        self.check(path, [finding["witness"] for finding in witnesses])

    def shadowed(self, name, is_shadowed):
        model = satisfiable(self.flow, self.world.decided(name))
        if is_shadowed and model is not None:
            self.problem(f"{name} is shadowed, but decides {self.flow.values(model)}")
        elif not is_shadowed and model is None:
            if not self.has_unknown:
                self.problem(f"{name} is shadowed, which azfw does not say")
            self.missed += 1

    def redundant(self, name, is_redundant, others):
        effect = self.world.effect(is_closed=False)
        model = satisfiable(self.flow, self.world.effect(without={name}, is_closed=False) != effect)
        if is_redundant and model is not None:
            self.problem(f"{name} is redundant, but not for {self.flow.values(model)}")
        elif not is_redundant and model is None:
            # Two rules can each be redundant because of the other.
            both = self.world.effect(without={name, *others}, is_closed=False)
            if satisfiable(self.flow, both != effect) is None:
                self.problem(f"{name} is redundant, which azfw does not say")

    def witness(self, finding):
        check, rule = finding["check"], finding["rule"] and finding["rule"]["rule"]
        flows = as_formula(self.world, finding["witness"])
        if satisfiable(self.flow, flows) is None:
            self.problem(f"{check} of {rule}: no such flow {finding['witness']}")
        if check in ("shadowed-rule", "partly-shadowed"):
            self.expect_none(f"{check} of {rule}: {finding['witness']}", flows, self.world.decided(rule))
            if satisfiable(self.flow, flows, self.world.region[rule]) is None:
                self.problem(f"{check} of {rule}: {finding['witness']} does not match it")
        elif rule:
            self.expect_none(f"{check} of {rule}: {finding['witness']}", flows,
                             z3.Not(self.world.decided(rule)))

    def check(self, path, flows):
        """`azfw check` says of each flow what the formulas say."""
        if not flows:
            return
        lines = self.folder / "flows.jsonl"
        lines.write_text("".join(json.dumps(flow) + "\n" for flow in flows))
        said = self.run("check", path, "--policy", "p", "--flows", str(lines), "--format", "jsonl")
        for flow, verdict in zip(flows, map(json.loads, said.splitlines()), strict=True):
            self.verdict(self.world, flow, verdict)

    def verdict(self, world, flow, verdict):
        flows, rule = as_formula(world, flow), verdict["rule"] and verdict["rule"]["rule"]
        what = f"check {flow}: {verdict['verdict']} by {rule}"
        if verdict["verdict"] != "undecided":
            is_other = (world.effect() == 0) if verdict["verdict"] == "allow" else (world.effect() != 0)
            self.expect_none(what, flows, is_other)
            if not verdict["candidates"]:
                self.expect_none(what, flows, z3.Not(world.decided(rule)))
        elif satisfiable(self.flow, flows) is None:
            self.problem(f"{what}: there is no such flow")

    def find(self, path):
        text, formula = question(self.random, self.world)
        answer = json.loads(self.run("find", path, text, "--policy", "p", "--format", "json"))
        model = satisfiable(self.flow, formula)
        if model is not None and answer["proved_absent"]:
            self.problem(f"find {text!r}: none, but {self.flow.values(model)}")
        if model is None and not answer["proved_absent"]:
            if not self.has_unknown:
                self.problem(f"find {text!r}: there is none, azfw says {answer}")
            self.missed += 1
        if model is not None and not self.has_unknown and not answer["found"]:
            self.problem(f"find {text!r}: not found: {self.flow.values(model)}")
        for witness in answer["witnesses"]:
            if "undecided" not in text:
                flows = as_formula(self.world, witness)
                self.expect_none(f"find {text!r}: {witness}", flows, z3.Not(formula))

    def diff(self, path, changed):
        world = self.world_of(changed)
        new = self.written("new", changed)
        answer = json.loads(self.run("diff", path, new, "--policy", "p", "--format", "json"))
        differs = self.world.effect() != world.effect()
        model = satisfiable(self.flow, differs)
        if not answer["complete"]:
            self.problem("diff is not complete")
        if answer["equivalent"] and model is not None:
            self.problem(f"diff: equivalent, but {self.flow.values(model)}")
        if not answer["equivalent"] and model is None:
            if not self.has_unknown:
                self.problem("diff: equivalent, which azfw does not say")
            self.missed += 1
        for difference in answer["differences"]:
            flow, sides = difference["witness"], (difference["before"], difference["after"])
            self.verdict(self.world, flow, sides[0])
            self.verdict(world, flow, sides[1])
            if "undecided" not in [side["verdict"] for side in sides]:
                self.expect_none(f"diff: {flow}", as_formula(self.world, flow), z3.Not(differs))
        for change in answer["rule_changes"]:
            flows = as_formula(self.world, change["witness"])
            self.expect_none(f"diff: only another rule for {change['witness']}", flows, differs)


def look(task):
    azfw, seed, has_unknown = task
    with tempfile.TemporaryDirectory() as folder:
        try:
            return Case(azfw, seed, has_unknown, pathlib.Path(folder)).look()
        except Exception as error:  # One broken case must not hide the others.
            return [f"seed {seed}: {type(error).__name__} {error}"], 0


def main():
    azfw, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    has_unknown = "--unknown" in sys.argv
    tasks = [(azfw, seed, has_unknown) for seed in range(first, first + count)]
    failed = missed = 0
    with multiprocessing.Pool() as pool:
        for problems, more in pool.imap(look, tasks, chunksize=4):
            failed += bool(problems)
            missed += more
            for problem in problems:
                print(problem, flush=True)
    left = f", {missed} left open that any meaning settles" if has_unknown else ""
    print(f"{count} rule sets, {failed} with differences{left}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
