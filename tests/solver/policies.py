"""Random rule sets, and how they are written as the text form and as an ARM template."""

import copy
import json
import random

SOURCES = ["*", "10.0.0.0/24", "10.0.0.0/25", "10.0.0.128/25", "10.0.0.7", "10.0.0.5-10.0.0.90",
           "10.0.0.0/8", "0.0.0.0/0", "@clients", "@servers", "@empty", "fd00::/64"]
DESTINATIONS = ["*", "192.0.2.0/24", "192.0.2.0/25", "192.0.2.128/25", "192.0.2.9",
                "192.0.2.3-192.0.2.200", "0.0.0.0/0", "203.0.113.10", "@servers", "fd00:1::/64"]
PORTS = ["*", "443", "80", "1-65535", "1-442", "443-65535", "80-443", "22", "1433", "8080"]
FQDNS = ["*", "a.example", "*.a.example", "*a.example", "b.a.example", "*.b.a.example", "xa.example",
         "*.example", "*example", "other.test", "A.Example.", "*.*.example", "www.a.*"]
URLS = ["a.example", "a.example/t", "a.example/t/*", "*.a.example/t", "*a.example/*", "b.a.example/t/u/*"]
ENTRIES = [("https", 443), ("http", 80), ("mssql", 1433), ("https", 8443), ("http", 443), ("https", 80)]
PUBLIC = ["203.0.113.10", "203.0.113.11"]
GROUPS = {"clients": ["10.0.0.0/26", "10.0.0.128-10.0.0.140"],
          "servers": ["192.0.2.0/26", "10.0.0.64/26"], "empty": []}


def policy(seed, has_unknown=False):
    """A rule set: layers, parent first, of groups of collections of rules."""
    random_ = random.Random(seed)
    layers = ["base", "p"] if random_.random() < 0.3 else ["p"]
    number = iter(range(10_000))
    result = []
    for layer in layers:
        groups = []
        for priority in random_.sample(range(100, 900), random_.randint(1, 3)):
            collections = []
            for own in random_.sample(range(100, 900), random_.randint(1, 4)):
                kind = random_.choice(["network", "network", "application", "application", "dnat"])
                rules = [rule(random_, kind, next(number), has_unknown)
                         for _ in range(random_.choice([1, 1, 2, 3]))]
                action = "allow" if kind == "dnat" else random_.choice(["allow", "allow", "deny"])
                collections.append({"name": f"c{next(number)}", "kind": kind, "action": action,
                                    "priority": own, "rules": rules})
            groups.append({"name": f"g{next(number)}", "priority": priority, "collections": collections})
        result.append({"name": layer, "groups": groups})
    return result


def some(random_, pool, most=2):
    return random_.sample(pool, random_.choice([1, 1, most]))


def rule(random_, kind, number, has_unknown):
    unknown = has_unknown and random_.random() < 0.25
    made = {"name": f"r{number}", "kind": kind, "sources": some(random_, SOURCES, 3)}
    if unknown and random_.random() < 0.4:
        made["sources"] = [random_.choice(["10.0.0.7", "10.0.0.0/25"]), "@missing"]
    if kind == "network":
        made["protocols"] = some(random_, ["tcp", "tcp", "udp", "icmp", "any"])
        made["destinations"] = some(random_, DESTINATIONS)
        made["ports"] = some(random_, PORTS)
        if unknown:
            made["destinations"] = [random_.choice(["192.0.2.9", "192.0.2.0/25"]),
                                    random_.choice(["UnheardOne", "UnheardTwo"])]
    elif kind == "application":
        made["entries"] = some(random_, ENTRIES)
        made["fqdns"] = some(random_, FQDNS, 3)
        made["urls"] = some(random_, URLS) if random_.random() < 0.2 else []
        if made["urls"] and random_.random() < 0.5:
            made["fqdns"] = []
        made["inspects"] = random_.random() < 0.5
        made["tags"] = ["UnheardTag"] if unknown and random_.random() < 0.7 else []
    else:
        made["protocols"] = some(random_, ["tcp", "udp"])
        made["destinations"] = [random_.choice(PUBLIC)]
        made["ports"] = [random_.choice(["443", "80", "22", "8000-8080"])]
        made["to"] = (random_.choice(["10.9.0.1", "10.9.0.2"]), random_.choice([443, 8443]))
    return made


def rules(layers):
    """Every rule in the order in which it is asked: DNAT, network, application."""
    ordered = []
    for kind in ["dnat", "network", "application"]:
        for layer in layers:
            for group in sorted(layer["groups"], key=lambda group: group["priority"]):
                for collection in sorted(group["collections"], key=lambda of: of["priority"]):
                    if collection["kind"] == kind:
                        ordered += [(collection["action"], rule) for rule in collection["rules"]]
    return ordered


def without(layers, names):
    """The rule set without some of its rules."""
    fewer = copy.deepcopy(layers)
    for collection in collections(fewer):
        collection["rules"] = [rule for rule in collection["rules"] if rule["name"] not in names]
    return fewer


def collections(layers):
    return [of for layer in layers for group in layer["groups"] for of in group["collections"]]


def mutated(layers, seed):
    """The rule set with one thing changed."""
    random_ = random.Random(seed)
    changed = copy.deepcopy(layers)
    collection = random_.choice([of for of in collections(changed) if of["rules"]])
    at = random_.randrange(len(collection["rules"]))
    old = collection["rules"][at]
    what = random_.choice(["remove", "new", "sources", "swap", "action", "priority"])
    if what == "remove":
        del collection["rules"][at]
    elif what == "new":
        collection["rules"][at] = rule(random_, collection["kind"], 9_000, False)
    elif what == "sources":
        old["sources"] = some(random_, SOURCES, 3)
    elif what == "swap":
        random_.shuffle(collection["rules"])
    elif what == "action" and collection["kind"] != "dnat":
        collection["action"] = "deny" if collection["action"] == "allow" else "allow"
    elif what == "priority":
        collection["priority"] = random_.randrange(900, 2_000)
    return changed


def text(layers):
    """The text form."""
    lines = []
    for place, layer in enumerate(layers):
        lines += [f"policy {layer['name']}", "  tier Premium", "  tls-inspection ca"]
        lines += [f"  parent {layers[0]['name']}"] if place else []
        for group in layer["groups"]:
            lines.append(f"group {group['name']} {group['priority']}")
            for of in group["collections"]:
                head = "dnat" if of["kind"] == "dnat" else f"{of['action']} {of['kind']}"
                lines.append(f"  {head} {of['name']} {of['priority']}")
                lines += [f"    {rule['name']}: {rule_text(rule)}" for rule in of["rules"]]
    lines += [f"ip-group {name} = {', '.join(of) or 'none'}" for name, of in GROUPS.items()]
    return "\n".join(lines) + "\n"


def rule_text(rule):
    sources = ", ".join(rule["sources"])
    if rule["kind"] == "application":
        entries = ", ".join(f"{name}:{port}" for name, port in rule["entries"])
        targets = [f"fqdn {fqdn}" for fqdn in rule["fqdns"]] + [f"url {url}" for url in rule["urls"]]
        targets += [f"tag {tag}" for tag in rule["tags"]]
        return f"{entries} {sources} -> {', '.join(targets)}" + (" inspect" if rule["inspects"] else "")
    to = ", ".join(rule["destinations"])
    line = f"{', '.join(rule['protocols'])} {sources} -> {to} : {', '.join(rule['ports'])}"
    return line + (" => {} : {}".format(*rule["to"]) if rule["kind"] == "dnat" else "")


def template(layers):
    """An ARM template."""
    def resource(kind, name, properties):
        return {"type": f"Microsoft.Network/{kind}", "apiVersion": "2024-05-01", "name": name,
                "location": "northeurope", "properties": properties}

    resources = [resource("ipGroups", name, {"ipAddresses": of}) for name, of in GROUPS.items()]
    for place, layer in enumerate(layers):
        authority = {"certificateAuthority": {"name": "ca", "keyVaultSecretId": "https://v.example/s"}}
        properties = {"sku": {"tier": "Premium"}, "transportSecurity": authority}
        if place:
            parent = f"[resourceId('Microsoft.Network/firewallPolicies', '{layers[0]['name']}')]"
            properties["basePolicy"] = {"id": parent}
        resources.append(resource("firewallPolicies", layer["name"], properties))
        for group in layer["groups"]:
            made = {"priority": group["priority"],
                    "ruleCollections": [collection_json(of) for of in group["collections"]]}
            name = f"{layer['name']}/{group['name']}"
            resources.append(resource("firewallPolicies/ruleCollectionGroups", name, made))
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return json.dumps({"$schema": schema, "contentVersion": "1.0.0.0", "resources": resources}, indent=1)


def collection_json(of):
    kind, action = ("Nat", "DNAT") if of["kind"] == "dnat" else ("Filter", of["action"].title())
    return {"ruleCollectionType": f"FirewallPolicy{kind}RuleCollection", "name": of["name"],
            "priority": of["priority"], "action": {"type": action},
            "rules": [rule_json(rule) for rule in of["rules"]]}


def rule_json(rule):
    def split(key, ends):
        plain = [end for end in ends if not end.startswith("@")]
        groups = [f"[resourceId('Microsoft.Network/ipGroups', '{end[1:]}')]" for end in ends
                  if end.startswith("@")]
        return {f"{key}Addresses": plain, f"{key}IpGroups": groups}

    made = {"name": rule["name"]} | split("source", rule["sources"])
    if rule["kind"] == "application":
        entries = [{"protocolType": name.title(), "port": port} for name, port in rule["entries"]]
        return made | {"ruleType": "ApplicationRule", "protocols": entries, "targetFqdns": rule["fqdns"],
                       "targetUrls": rule["urls"], "fqdnTags": rule["tags"],
                       "terminateTLS": rule["inspects"]}
    made |= {"ipProtocols": [name.title() if name == "any" else name.upper() for name in rule["protocols"]],
             "destinationPorts": rule["ports"]}
    if rule["kind"] == "dnat":
        address, port = rule["to"]
        return made | {"ruleType": "NatRule", "destinationAddresses": rule["destinations"],
                       "translatedAddress": address, "translatedPort": str(port)}
    return made | {"ruleType": "NetworkRule"} | split("destination", rule["destinations"])
