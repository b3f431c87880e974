#![doc = include_str!("../../../../docs/checks/malformed-target.md")]

use super::misplaced_wildcard::{Refused, refused_targets};
use super::{Check, Context, Fault, Finding, Level};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "malformed-target",
    summary: "a target with a scheme, a port, a query or a path where none belongs",
    page: include_str!("../../../../docs/checks/malformed-target.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.application_rules(), |rule| {
        let malformed = refused_targets(rule).into_iter().filter(is_malformed);
        malformed.map(fault).collect::<Vec<_>>()
    })
}

/// Whether something else than the place of a `*` is wrong.
pub(super) fn is_malformed(refused: &Refused) -> bool {
    objection(refused).is_some() || !refused.text.contains('*')
}

fn fault(refused: Refused) -> Fault {
    let (reason, help) =
        objection(&refused).unwrap_or(("it is no name", "write a name such as `www.contoso.com`"));
    let what = if refused.is_url { "target URL" } else { "target FQDN" };
    let message = format!("{what} `{}` matches nothing: {reason}", refused.text);
    Fault::new(Level::Error, message, help, refused.span)
}

fn objection(refused: &Refused) -> Option<(&'static str, &'static str)> {
    let text = &refused.text;
    let host = text.split('/').next().unwrap_or("");
    if text.contains("://") {
        return Some(("it has a scheme", "leave `https://` out: the rule's protocol says it"));
    }
    if host.contains(':') {
        return Some(("it has a port", "write the port behind the protocol: `Https:8443`"));
    }
    if refused.is_url {
        let has_query = text.contains(['?', '#']);
        return has_query.then_some((
            "it has a query",
            "leave out what follows `?`: requests are compared without it",
        ));
    }
    if text.contains('/') {
        return Some(("it has a path", "write it as a target URL, which needs the Premium tier"));
    }
    if text.contains(char::is_whitespace) {
        return Some(("it has spaces in it", "write one name in each entry"));
    }
    text.contains("..").then_some(("two dots follow each other", "leave one of them out"))
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
                r: https:443 * -> fqdn https://www.contoso.com, fqdn www.contoso.com:8443, fqdn www.contoso.com/path, www..contoso.com
                u: http:80 * -> url www.contoso.com:8080, url www.contoso.com/test?example=1, url https://*.contoso.com/*"#,
            expect![[r#"
                error of g/a/r in line 6: target FQDN `https://www.contoso.com` matches nothing: it has a scheme
                error of g/a/r in line 6: target FQDN `www.contoso.com:8443` matches nothing: it has a port
                error of g/a/r in line 6: target FQDN `www.contoso.com/path` matches nothing: it has a path
                error of g/a/r in line 6: target FQDN `www..contoso.com` matches nothing: two dots follow each other
                error of g/a/u in line 7: target URL `www.contoso.com:8080` matches nothing: it has a port
                error of g/a/u in line 7: target URL `www.contoso.com/test?example=1` matches nothing: it has a query
                error of g/a/u in line 7: target URL `https://*.contoso.com/*` matches nothing: it has a scheme
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
                r: https:443 * -> www.contoso.com, www.contoso.*
                u: http:80 * -> url www.contoso.com/test"#,
            expect![""],
        );
    }
}
