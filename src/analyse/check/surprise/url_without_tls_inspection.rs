#![doc = include_str!("../../../../docs/checks/url-without-tls-inspection.md")]

use super::{Check, Context, Fault, Finding, Level, place, values};
use crate::net::{ApplicationProtocol, UrlPattern};
use crate::policy::{ApplicationRule, Written};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "url-without-tls-inspection",
    summary: "target URLs for HTTPS in a rule that does not inspect TLS",
    page: include_str!("../../../../docs/checks/url-without-tls-inspection.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.application_rules(), fault)
}

fn fault(rule: &ApplicationRule) -> Option<Fault> {
    let inspects = rule.terminate_tls.as_ref().is_some_and(|flag| match &flag.value {
        Written::Value(value) => *value,
        // A deployment may say yes.
        Written::Unresolved(_) | Written::Invalid(_) => true,
    });
    let has_https =
        values(&rule.protocols).any(|(entry, _)| entry.protocol == ApplicationProtocol::Https);
    let (url, _) =
        values(&rule.target_urls).find(|(url, _)| matches!(url, UrlPattern::Valid { .. }))?;
    if inspects || !has_https {
        return None;
    }
    let is_alone =
        rule.target_fqdns.is_empty() && rule.fqdn_tags.is_empty() && rule.web_categories.is_empty();
    let level = if is_alone { Level::Error } else { Level::Warning };
    let message = format!(
        "`{url}` matches no HTTPS request: without TLS inspection the firewall sees the name and no URL"
    );
    let help = "set `terminateTLS` to true, or write the name as a target FQDN";
    Some(Fault::new(level, message, help, place(&rule.target_urls)))
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
              tier Premium
            group g 100
              allow application a 100
                r: https:443 * -> url www.example.com/a
                s: http:80, https:443 * -> url www.example.com/b, *.example.net"#,
            expect![[r#"
                error of g/a/r in line 6: `www.example.com/a` matches no HTTPS request: without TLS inspection the firewall sees the name and no URL
                warning of g/a/s in line 7: `www.example.com/b` matches no HTTPS request: without TLS inspection the firewall sees the name and no URL
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy p
              tier Premium
            group g 100
              allow application a 100
                r: https:443 * -> url www.example.com/a inspect
                s: http:80 * -> url www.example.com/b"#,
            expect![""],
        );
    }
}
