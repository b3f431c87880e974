#![doc = include_str!("../../../../docs/checks/unknown-service-tag.md")]

use super::known_names::{GROUP_ONLY_TAGS, SERVICE_TAGS, instead, is_office};
use super::{Check, Context, Fault, Finding, Level, values};
use crate::policy::Address;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "unknown-service-tag",
    summary: "a destination that reads as a service tag and is none that is known",
    page: include_str!("../../../../docs/checks/unknown-service-tag.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.network_rules(), |rule| {
        let tags = values(&rule.destinations).filter_map(|(address, span)| match address {
            Address::ServiceTag(tag) => Some((tag.as_str(), span)),
            Address::Any | Address::Range(_) => None,
        });
        tags.filter_map(|(tag, span)| fault(context, tag, span)).collect::<Vec<_>>()
    })
}

fn fault(context: &Context<'_>, tag: &str, span: Option<crate::source::Span>) -> Option<Fault> {
    if GROUP_ONLY_TAGS.iter().any(|known| known.eq_ignore_ascii_case(tag)) {
        let message = format!(
            "`{tag}` is a tag of network security groups: Azure Firewall has no such service tag"
        );
        return Some(Fault::new(Level::Error, message, "write addresses or `*`", span));
    }
    let files = &context.ruleset.tables.service_tags;
    let base = tag.split('.').next().unwrap_or(tag);
    let (origin, suggestion) = if files.is_empty() {
        let is_known =
            |known: &&&str| known.eq_ignore_ascii_case(tag) || known.eq_ignore_ascii_case(base);
        if is_office(tag) || SERVICE_TAGS.iter().any(|known| is_known(&known)) {
            return None;
        }
        let of_base = instead(base, SERVICE_TAGS.iter().copied());
        let region = tag.strip_prefix(base).unwrap_or("");
        let near = of_base.map(|near| format!("{near}{region}"));
        ("is no service tag that was known in September 2025", near)
    } else {
        if is_office(tag) || context.ruleset.tables.service_tag(tag).is_some() {
            return None;
        }
        let known = files.iter().flat_map(|file| file.tags.keys().map(smol_str::SmolStr::as_str));
        ("is in none of the service tag files", instead(tag, known).map(str::to_owned))
    };
    let help = match suggestion {
        Some(near) => format!("did you mean `{near}`?"),
        None if tag.matches('.').count() > 0 => {
            "it looks like a host name: write it as `destinationFqdns`, which need the DNS proxy"
                .to_owned()
        }
        None => {
            "see the list of service tags; an IP Group is referred to by its resource id".to_owned()
        }
    };
    Some(Fault::new(Level::Warning, format!("`{tag}` {origin}"), help, span))
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
              allow network n 100
                r: tcp * -> AzureMonitr, Internet, Storag.WestEurope, AzureFrontDoorFirstParty : 443
                s: tcp * -> tag db.north.contoso.com : 443"#,
            expect![[r#"
                warning of g/n/r in line 5: `AzureMonitr` is no service tag that was known in September 2025
                error of g/n/r in line 5: `Internet` is a tag of network security groups: Azure Firewall has no such service tag
                warning of g/n/r in line 5: `Storag.WestEurope` is no service tag that was known in September 2025
                warning of g/n/r in line 5: `AzureFrontDoorFirstParty` is no service tag that was known in September 2025
                warning of g/n/s in line 6: `db.north.contoso.com` is no service tag that was known in September 2025
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
              allow network n 100
                r: tcp * -> AzureMonitor, Storage.WestEurope, AzureFrontDoor.FirstParty, Office365.Common : 443"#,
            expect![""],
        );
    }
}
