//! The few addresses, ports and names that odd rule sets and flows are made of.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::random::Random;

const PORTS: [&str; 10] =
    ["*", "443", "80", "22", "1433", "1-1024", "8000-8080", "1-65535", "53", "[variables('port')]"];
const PATTERNS: [&str; 12] = [
    "*",
    "*.example.com",
    "*example.com",
    "*.a.example.com",
    "a.example.com",
    "example.com",
    "*ple.com",
    "*.com",
    "*m",
    "www.contoso.*",
    "contoso.com",
    "[parameters('name')]",
];
const URLS: [&str; 8] = [
    "www.contoso.com/test/*",
    "*.example.com/a",
    "*example.com",
    "a.example.com/*",
    "contoso.com/test",
    "*contoso.com/test",
    "www.contoso.com:8080",
    "[parameters('url')]",
];
/// The names of flows; rule sets say them too.
pub(super) const NAMES: [&str; 10] = [
    "a.example.com",
    "b.a.example.com",
    "example.com",
    "notexample.com",
    "www.contoso.com",
    "contoso.com",
    "fabrikam.example",
    "com",
    "203.0.113.10",
    "dead.example.com",
];
/// The URLs of flows.
pub(super) const REQUESTS: [&str; 6] = [
    "www.contoso.com/test/x",
    "a.example.com/a/",
    "example.com",
    "contoso.com:8080/test?x=1",
    "b.a.example.com:80/a",
    "fabrikam.example/",
];
pub(super) const CATEGORIES: [&str; 3] = ["News", "Social networking", "Arts"];

/// Something of a list.
pub(super) fn one<'a, T: ?Sized>(items: &[&'a T], random: &mut Random) -> &'a T {
    let index = usize::try_from(random.below(items.len() as u64)).unwrap_or(0);
    let first = items.first().copied();
    #[expect(clippy::expect_used, reason = "the lists of this module are not empty")]
    items.get(index).copied().or(first).expect("a list with entries")
}

/// Up to `most` values, at least one in most cases.
pub(super) fn some<T>(
    most: u64,
    random: &mut Random,
    mut value: impl FnMut(&mut Random) -> T,
) -> Vec<T> {
    let count = if random.one_in(24) { 0 } else { 1 + random.below(most) };
    (0..count).map(|_| value(random)).collect()
}

/// An address of a flow, or of a rule.
pub(super) fn address(random: &mut Random) -> IpAddr {
    let low = random.bits().to_be_bytes();
    let [a, b, ..] = low;
    match random.below(12) {
        0..7 => IpAddr::from([10, 0, a % 3, b % 12]),
        7 => IpAddr::from([203, 0, 113, 10 + a % 2]),
        8 => IpAddr::from([198, 51, 100, b % 4]),
        9 => IpAddr::from([192, 0, 2, 16 + b % 4]),
        _ => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(b % 6)]),
    }
}

/// A source or destination of a rule.
pub(super) fn address_text(random: &mut Random) -> String {
    let at = address(random);
    match random.below(16) {
        0 | 1 => "*".to_owned(),
        2 => "0.0.0.0/0".to_owned(),
        3 => "::/0".to_owned(),
        4 => "10.0.0.4-10.0.1.3".to_owned(),
        5 => "2001:db8::2-2001:db8::4".to_owned(),
        6 if random.one_in(4) => "[reference('lb').address]".to_owned(),
        7 => "10.0.0.0/23".to_owned(),
        8 => "10.0.0.0/8".to_owned(),
        _ if at.is_ipv4() => format!("{at}/{}", 24 + random.below(9)),
        _ => at.to_string(),
    }
}

/// A destination of a network rule.
pub(super) fn destination_text(random: &mut Random) -> String {
    match random.below(14) {
        0 => "AzureMonitor".to_owned(),
        1 => "Sql".to_owned(),
        _ => address_text(random),
    }
}

pub(super) fn port_text(random: &mut Random) -> &'static str {
    if random.one_in(20) { "[variables('port')]" } else { one(&PORTS[..9], random) }
}

pub(super) fn pattern_text(random: &mut Random) -> &'static str {
    if random.one_in(20) { "[parameters('name')]" } else { one(&PATTERNS[..11], random) }
}

pub(super) fn url_text(random: &mut Random) -> &'static str {
    if random.one_in(12) { "[parameters('url')]" } else { one(&URLS[..7], random) }
}

/// The resource id of something.
pub(super) fn id(what: &str, name: &str) -> String {
    format!(
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/\
         Microsoft.Network/{what}/{name}"
    )
}

/// A reference to an IP Group: sometimes one that is in no file.
pub(super) fn ip_group(random: &mut Random) -> String {
    let number = random.below(6);
    if number == 5 && random.one_in(3) {
        return "[parameters('group')]".to_owned();
    }
    id("ipGroups", &format!("g{number}"))
}

/// IP Groups `g0` to `g3`; one is empty. `g4` and `g5` are in no file.
pub(super) fn ip_groups() -> Value {
    let group = |name: &str, addresses: &[&str]| {
        json!({
            "type": "Microsoft.Network/ipGroups", "id": id("ipGroups", name), "name": name,
            "properties": {"ipAddresses": addresses},
        })
    };
    json!([
        group("g0", &["10.0.0.0/28", "10.0.1.4", "198.51.100.0/30"]),
        group("g1", &[]),
        group("g2", &["10.0.0.2-10.0.0.8", "10.0.2.0/29", "10.0.1.1", "10.0.1.9"]),
        group("g3", &["203.0.113.10", "192.0.2.16/30"]),
    ])
}

/// A service tag file that knows `Sql` and not `AzureMonitor`.
pub(super) fn service_tags() -> Value {
    json!({
        "changeNumber": 1, "cloud": "Public",
        "values": [{"name": "Sql", "id": "Sql", "properties": {
            "addressPrefixes": ["203.0.113.8/29", "10.0.2.4/31", "2001:db8::4/127"]}}],
    })
}

/// Side tables, some of which are missing.
pub(super) fn side_tables(random: &mut Random) -> Vec<Value> {
    let all = [
        json!({"dns": {
            "a.example.com": ["10.0.0.5", "10.0.1.4"],
            "www.contoso.com": ["203.0.113.10"],
            "b.a.example.com": ["203.0.113.10", "203.0.113.11"],
            "dead.example.com": [],
        }}),
        json!({"fqdnTags": {"WindowsUpdate": ["*.example.com", "contoso.com"]}}),
        json!({"infrastructureFqdns": ["*.contoso.com", "fabrikam.example"]}),
        json!({"webCategories": {"www.contoso.com": "News", "example.com": "Social networking"}}),
    ];
    all.into_iter().filter(|_| random.one_in(2)).collect()
}
