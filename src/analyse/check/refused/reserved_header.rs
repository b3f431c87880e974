#![doc = include_str!("../../../../docs/checks/reserved-header.md")]

use super::{Check, Context, Fault, Finding, Level};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "reserved-header",
    summary: "an inserted header that Azure reserves",
    page: include_str!("../../../../docs/checks/reserved-header.md"),
    controls: &[],
    run,
};

const RESERVED: [&str; 29] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "upgrade",
    "via",
    "te",
    "trailer",
    "proxy-authorization",
    "proxy-authenticate",
    "authorization",
    "cookie",
    "set-cookie",
    "content-security-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "x-xss-protection",
    "public-key-pins",
    "expect-ct",
    "x-xsrf-token",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-scheme",
    "forwarded",
    "metadata",
];

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.application_rules(), |rule| {
        let reserved = rule.http_headers.iter().filter(|header| {
            RESERVED.iter().any(|name| name.eq_ignore_ascii_case(&header.value.name))
        });
        let fault = |header: &crate::source::Spanned<crate::policy::HttpHeader>| {
            let message = format!(
                "header `{}` is reserved: Azure does not insert it (as of July 2026)",
                header.value.name
            );
            Fault::new(
                Level::Error,
                message,
                "choose a name of your own, such as `X-Contoso-Tenant`",
                header.span,
            )
        };
        reserved.map(fault).collect::<Vec<_>>()
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
              allow application a 100
                r: http:80 * -> www.example.com header Authorization "x" header X-Tenant "y""#,
            expect![[r#"
                error of g/a/r in line 5: header `Authorization` is reserved: Azure does not insert it (as of July 2026)
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
              allow application a 100
                r: http:80 * -> www.example.com header X-Tenant "y""#,
            expect![""],
        );
    }
}
