#![doc = include_str!("../../../../docs/checks/misplaced-wildcard.md")]

use smol_str::SmolStr;

use super::{Check, Context, Fault, Finding, Level, values};
use crate::net::{FqdnPattern, UrlPattern};
use crate::policy::ApplicationRule;
use crate::source::Span;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "misplaced-wildcard",
    summary: "a `*` in a target where Azure does not take it",
    page: include_str!("../../../../docs/checks/misplaced-wildcard.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.application_rules(), |rule| {
        let misplaced =
            refused_targets(rule).into_iter().filter(|refused| refused.text.contains('*'));
        misplaced
            .filter(|refused| !super::malformed_target::is_malformed(refused))
            .map(fault)
            .collect::<Vec<_>>()
    })
}

fn fault(refused: Refused) -> Fault {
    let text = &refused.text;
    if refused.is_url && ends_within_a_word(text) {
        let message = format!(
            "`{text}` is taken to match nothing: only a `*` directly behind a `/` is documented at the end of a URL"
        );
        let help = "write `/*` at the end, or the whole path";
        return Fault::new(Level::Warning, message, help, refused.span);
    }
    let (what, help) = if refused.is_url {
        ("URL", "write `*` first, or as the last character behind a `/`: `*.contoso.com/path/*`")
    } else {
        ("FQDN", "write `*` first: `*.contoso.com`; or list the names")
    };
    let message = format!("`{text}` matches nothing: a `*` cannot stand there in a target {what}");
    Fault::new(Level::Error, message, help, refused.span)
}

/// `www.contoso.com/te*`, which is none of the forms that the FAQ shows as valid or invalid.
fn ends_within_a_word(url: &str) -> bool {
    let Some((host, path)) = url.split_once('/') else { return false };
    let body = path.strip_suffix('*').unwrap_or("*");
    let host = host.strip_prefix('*').unwrap_or(host);
    !host.contains('*') && !body.contains('*')
}

/// A target that Azure refuses.
pub(super) struct Refused {
    pub(super) text: SmolStr,
    pub(super) is_url: bool,
    pub(super) span: Option<Span>,
}

/// The target FQDNs and URLs of a rule that Azure refuses, for whatever reason.
pub(super) fn refused_targets(rule: &ApplicationRule) -> Vec<Refused> {
    let fqdns = values(&rule.target_fqdns).filter_map(|(pattern, span)| match pattern {
        FqdnPattern::Invalid(text) => Some(Refused { text: text.clone(), is_url: false, span }),
        FqdnPattern::Any | FqdnPattern::Exact(_) | FqdnPattern::Suffix(_) => None,
    });
    let urls = values(&rule.target_urls).filter_map(|(pattern, span)| match pattern {
        UrlPattern::Invalid(text) => Some(Refused { text: text.clone(), is_url: true, span }),
        UrlPattern::Valid { .. } => None,
    });
    fqdns.chain(urls).collect()
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
                r: https:443 * -> www.contoso.*, *.contoso.*, www.*contoso.com
                u: http:80 * -> url www.contoso.*/test/*, url www.contoso.com/te*t"#,
            expect![[r#"
                error of g/a/r in line 6: `www.contoso.*` matches nothing: a `*` cannot stand there in a target FQDN
                error of g/a/r in line 6: `*.contoso.*` matches nothing: a `*` cannot stand there in a target FQDN
                error of g/a/r in line 6: `www.*contoso.com` matches nothing: a `*` cannot stand there in a target FQDN
                error of g/a/u in line 7: `www.contoso.*/test/*` matches nothing: a `*` cannot stand there in a target URL
                error of g/a/u in line 7: `www.contoso.com/te*t` matches nothing: a `*` cannot stand there in a target URL
            "#]],
        );
    }

    #[test]
    fn a_star_behind_a_word_of_the_path_is_doubtful() {
        check(
            &CHECK,
            "policy p\n  tier Premium\ngroup g 100\n  allow application a 100\n    r: http:80 * -> url www.contoso.com/te*\n",
            expect![[r#"
                warning of g/a/r in line 5: `www.contoso.com/te*` is taken to match nothing: only a `*` directly behind a `/` is documented at the end of a URL
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
                r: https:443 * -> *.contoso.com, *contoso.com, *
                u: http:80 * -> url *.contoso.com/test/*"#,
            expect![""],
        );
    }
}
