#![doc = include_str!("../../../../docs/checks/invalid-translated-fqdn.md")]

use super::{Check, Context, Fault, Finding, Level};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "invalid-translated-fqdn",
    summary: "a translated FQDN with characters that no host name has",
    page: include_str!("../../../../docs/checks/invalid-translated-fqdn.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.nat_rules(), |rule| {
        let written = rule.translated_fqdn.as_ref()?;
        let name = written.value.value().filter(|name| !is_host_name(name.as_str()))?;
        let message = format!("`{name}` is no host name: Azure's own tools refuse it");
        let help =
            "write letters, digits, `-`, `_` and dots; the last label has two characters or more";
        Some(Fault::new(Level::Warning, message, help, written.span))
    })
}

/// The pattern of Azure PowerShell: labels of letters and digits, `-` and `_` within, and a last
/// label of two letters or digits at least.
fn is_host_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric();
    let is_label = |label: &str| {
        label.chars().all(|c| is_plain(c) || matches!(c, '-' | '_'))
            && label.starts_with(is_plain)
            && label.ends_with(is_plain)
    };
    let (labels, last) = name.rsplit_once('.').unwrap_or(("", name));
    let is_last = last.len() >= 2 && last.chars().all(is_plain);
    is_last && (labels.is_empty() || labels.split('.').all(is_label))
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
                r: tcp * -> 203.0.113.3 : 443 => fqdn -app.example.com : 8443
                s: tcp * -> 203.0.113.3 : 444 => fqdn app.example.c : 8443"#,
            expect![[r#"
                warning of g/d/r in line 5: `-app.example.com` is no host name: Azure's own tools refuse it
                warning of g/d/s in line 6: `app.example.c` is no host name: Azure's own tools refuse it
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
                r: tcp * -> 203.0.113.3 : 443 => fqdn my_app-1.example.com : 8443
                s: tcp * -> 203.0.113.3 : 444 => fqdn server : 8443"#,
            expect![""],
        );
    }
}
