#![doc = include_str!("../../../../docs/checks/single-label-translated-fqdn.md")]

use super::{Check, Context, Fault, Finding, Level};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "single-label-translated-fqdn",
    summary: "a translated FQDN without a domain",
    page: include_str!("../../../../docs/checks/single-label-translated-fqdn.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.nat_rules(), |rule| {
        let written = rule.translated_fqdn.as_ref()?;
        let name = written.value.value().filter(|name| !name.as_str().contains('.'))?;
        let message = format!("`{name}` has no domain: the firewall resolves names as they are, and a rule whose name does not resolve matches nothing");
        Some(Fault::new(Level::Warning, message, "write the whole name", written.span))
    })
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
                r: tcp * -> 203.0.113.3 : 443 => fqdn server : 8443"#,
            expect![[r#"
                warning of g/d/r in line 5: `server` has no domain: the firewall resolves names as they are, and a rule whose name does not resolve matches nothing
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
                r: tcp * -> 203.0.113.3 : 443 => fqdn server.example.com : 8443"#,
            expect![""],
        );
    }
}
