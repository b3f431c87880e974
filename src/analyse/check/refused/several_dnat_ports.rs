#![doc = include_str!("../../../../docs/checks/several-dnat-ports.md")]

use super::{Check, Context, Fault, Finding, Level, place, values};
use crate::net::PortSet;
use crate::policy::NatRule;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "several-dnat-ports",
    summary: "a DNAT rule that sends several ports to a single one",
    page: include_str!("../../../../docs/checks/several-dnat-ports.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.nat_rules(), fault)
}

fn fault(rule: &NatRule) -> Option<Fault> {
    let ports: PortSet = values(&rule.destination_ports).map(|(ports, _)| *ports).collect();
    let is_single =
        ports.ranges().count() == 1 && ports.ranges().all(|range| range.first() == range.last());
    if is_single || ports.is_empty() {
        return None;
    }
    let port = rule.translated_port.as_ref()?;
    let message = format!("the ports {ports} all arrive at port {}", port.value);
    let help = "write one rule for each port, with its own translated port";
    Some(Fault::new(Level::Warning, message, help, place(&rule.destination_ports)))
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
            policy p
            group g 100
              dnat d 100
                range: tcp * -> 203.0.113.3 : 8000-8010 => 10.0.2.10 : 80
                list: tcp * -> 203.0.113.3 : 80, 443 => 10.0.2.10 : 80"#,
            expect![[r#"
                warning of g/d/range in line 5: the ports 8000-8010 all arrive at port 80
                warning of g/d/list in line 6: the ports 80,443 all arrive at port 80
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              dnat d 100
                one: tcp * -> 203.0.113.3 : 443 => 10.0.2.10 : 8443"#,
            expect![""],
        );
    }
}
