#![doc = include_str!("../../../../docs/checks/dnat-not-to-firewall.md")]

use std::net::IpAddr;

use super::{Check, Context, Fault, Finding, Level, values};
use crate::analyse::reach::internet;
use crate::policy::{Address, NatRule};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "dnat-not-to-firewall",
    summary: "a DNAT rule for an address that is not the firewall's",
    page: include_str!("../../../../docs/checks/dnat-not-to-firewall.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let firewalls = context.own_firewalls();
    let addresses: Vec<_> = firewalls.iter().flat_map(|firewall| &firewall.addresses).collect();
    let known: Vec<IpAddr> =
        addresses.iter().filter_map(|entry| entry.value.value().copied()).collect();
    // One address that only a deployment knows may be any.
    let is_complete = addresses.len() == known.len();
    context.faults(&CHECK, context.nat_rules(), |rule| {
        wide(rule).or_else(|| if is_complete { foreign(rule, &known) } else { None })
    })
}

/// A destination that is no single address.
fn wide(rule: &NatRule) -> Option<Fault> {
    let is_wide = |address: &Address| match address {
        Address::Any => true,
        Address::Range(range) => range.first() != range.last(),
        Address::ServiceTag(_) => false,
    };
    let (address, span) = values(&rule.destinations).find(|(address, _)| is_wide(address))?;
    let message = format!(
        "destination `{address}`: a DNAT rule is for one address of the firewall, only traffic to it is translated"
    );
    Some(Fault::new(
        Level::Warning,
        message,
        "write the address of the firewall that clients call",
        span,
    ))
}

/// A destination that the firewall does not have. Public and private addresses are known apart: an
/// export often holds the private one alone.
fn foreign(rule: &NatRule, known: &[IpAddr]) -> Option<Fault> {
    let internet = internet();
    let single = |address: &Address| match address {
        Address::Range(range) if range.first() == range.last() => Some(range.first()),
        Address::Any | Address::Range(_) | Address::ServiceTag(_) => None,
    };
    let (address, span) =
        values(&rule.destinations).find_map(|(address, span)| Some((single(address)?, span)))?;
    let is_public = internet.contains(address);
    let alike: Vec<String> = known
        .iter()
        .filter(|one| internet.contains(**one) == is_public)
        .map(|one| format!("`{one}`"))
        .collect();
    if alike.is_empty() || known.contains(&address) {
        return None;
    }
    let message = format!(
        "`{address}` is no address of the firewall, which has {}: the rule never matches",
        alike.join(", ")
    );
    Some(Fault::new(
        Level::Warning,
        message,
        "correct the address, or give the firewall this one too",
        span,
    ))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    #[test]
    fn it_is_found() {
        check(
            &CHECK,
            r#"
            firewall f policy p
              addresses 10.0.0.4, 198.51.100.3
            policy p
            group g 100
              dnat d 100
                r: tcp * -> 10.0.0.5 : 443 => 10.0.2.10 : 8443
                w: tcp * -> * : 444 => 10.0.2.10 : 8443"#,
            expect![[r#"
                warning of g/d/r in line 7: `10.0.0.5` is no address of the firewall, which has `10.0.0.4`: the rule never matches
                warning of g/d/w in line 8: destination `*`: a DNAT rule is for one address of the firewall, only traffic to it is translated
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            firewall f policy p
              addresses 10.0.0.4
            policy p
            group g 100
              dnat d 100
                r: tcp * -> 10.0.0.4 : 443 => 10.0.2.10 : 8443
                s: tcp * -> 8.8.4.4 : 443 => 10.0.2.10 : 8443"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              dnat d 100
                r: tcp * -> 203.0.113.3 : 443 => 10.0.2.10 : 8443"#,
            expect![""],
        );
    }
}
