//! Rule sets as Markdown: what each policy holds itself, without inheritance.

use std::fmt::{Display, Write as _};

use crate::policy::{Inventory, RuleCollection, RuleCollectionGroup, Settings, Written};
use crate::report::rule_line::words;
use crate::report::sanitize::markdown_cell;
use crate::source::Spanned;
use crate::write::Output;
use crate::write::remarks::{Remarks, Resource, distinct, policy_of};

/// The rule sets as headings and tables. Nothing reads this form again.
#[must_use]
pub fn markdown(inventory: &Inventory) -> Output {
    let mut remarks = Remarks::default();
    remarks.note_side_tables(inventory);
    let mut out = String::new();
    let groups = distinct(&mut remarks, &inventory.groups, |a, b| a.policy == b.policy);
    for policy in distinct(&mut remarks, &inventory.policies, |_, _| true) {
        remarks.note_missing_groups(inventory, policy);
        let _ = writeln!(out, "# Policy {}\n", cell(policy.name()));
        if let Some(base) = &policy.base {
            let _ = writeln!(out, "Parent: {}\n", cell(base.value.name()));
        }
        settings(&mut out, &policy.settings);
        for group in groups.iter().filter(|group| policy_of(inventory, group) == Some(policy)) {
            rule_collection_group(&mut out, group);
        }
    }
    for group in groups.iter().filter(|group| policy_of(inventory, group).is_none()) {
        rule_collection_group(&mut out, group);
    }
    for firewall in distinct(&mut remarks, &inventory.firewalls, |_, _| true) {
        let _ = writeln!(out, "# Firewall {}\n", cell(firewall.name()));
        if let Some(policy) = &firewall.policy {
            let _ = writeln!(out, "Policy: {}\n", cell(policy.value.name()));
        }
        settings(&mut out, &firewall.settings);
        for collection in &firewall.collections {
            rule_collection(&mut out, collection);
        }
    }
    ip_groups(&mut out, inventory);
    while out.ends_with("\n\n") {
        out.pop();
    }
    Output { text: out, warnings: remarks.warnings }
}

fn cell(text: &str) -> String {
    markdown_cell(text).into_owned()
}

fn rule_collection_group(out: &mut String, group: &RuleCollectionGroup) {
    let _ = writeln!(out, "## Group {} ({})\n", cell(group.name()), group.priority.value);
    for collection in &group.collections {
        rule_collection(out, collection);
    }
}

fn rule_collection(out: &mut String, collection: &RuleCollection) {
    let _ = writeln!(
        out,
        "### {} {} ({})\n",
        collection.action.value.name(),
        cell(&collection.name.value),
        collection.priority.value
    );
    if collection.rules.is_empty() {
        out.push_str("No rules.\n\n");
        return;
    }
    out.push_str(
        "| Rule | Protocols | Sources | Targets | Ports | Remarks |\n|---|---|---|---|---|---|\n",
    );
    for rule in &collection.rules {
        let words = words(rule);
        let targets = words.targets.join(", ");
        let targets = match &words.translated {
            Some(translated) => format!("{targets} => {translated}"),
            None => targets,
        };
        let description = rule.head().description.iter().map(ToString::to_string);
        let remarks: Vec<String> = words.extras.iter().cloned().chain(description).collect();
        let cells = [
            rule.head().name.value.to_string(),
            words.protocols.join(", "),
            words.sources.join(", "),
            targets,
            words.ports.join(", "),
            remarks.join("; "),
        ];
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push('\n');
}

fn ip_groups(out: &mut String, inventory: &Inventory) {
    if inventory.ip_groups.is_empty() {
        return;
    }
    out.push_str("# IP Groups\n\n| Name | Addresses |\n|---|---|\n");
    for group in &inventory.ip_groups {
        let _ = writeln!(out, "| {} | {} |", cell(group.name()), cell(&list(&group.addresses)));
    }
}

fn list<T: Display>(values: &[Spanned<Written<T>>]) -> String {
    values.iter().map(|value| value.value.to_string()).collect::<Vec<_>>().join(", ")
}

/// Settings that are written, one in each row.
fn settings(out: &mut String, settings: &Settings) {
    let rows = setting_rows(settings);
    if rows.is_empty() {
        return;
    }
    out.push_str("| Setting | Value |\n|---|---|\n");
    for (name, value) in rows {
        let _ = writeln!(out, "| {name} | {} |", cell(&value));
    }
    out.push('\n');
}

fn setting_rows(settings: &Settings) -> Vec<(&'static str, String)> {
    let mut rows: Vec<(&'static str, String)> = Vec::new();
    let mut row = |name: &'static str, value: Option<String>| {
        rows.extend(value.filter(|value| !value.is_empty()).map(|value| (name, value)));
    };
    let on = |flag: bool| if flag { "on" } else { "off" }.to_owned();
    row("Tier", settings.tier.as_ref().map(|tier| tier.value.name().to_owned()));
    row("Location", settings.location.as_ref().map(ToString::to_string));
    let mode = settings.threat_intel_mode.as_ref();
    row("Threat intelligence", mode.map(|mode| mode.value.to_string()));
    let allowed = &settings.threat_intel_allowlist;
    row("Threat intelligence allows addresses", Some(list(&allowed.addresses)));
    row("Threat intelligence allows FQDNs", Some(list(&allowed.fqdns)));
    if let Some(dns) = &settings.dns {
        row(
            "DNS proxy",
            dns.enable_proxy.as_ref().map(|flag| flag.value.clone().map(on).to_string()),
        );
        row("DNS servers", Some(list(&dns.servers)));
    }
    if let Some(idps) = &settings.intrusion_detection {
        row("IDPS", idps.mode.as_ref().map(|mode| mode.value.to_string()));
        row("IDPS profile", idps.profile.as_ref().map(ToString::to_string));
        let overrides = idps.overrides.iter().map(|it| format!("{} {}", it.id.value, it.mode));
        row("IDPS signatures", Some(overrides.collect::<Vec<_>>().join(", ")));
        let bypass: Vec<&str> = idps.bypass.iter().map(|it| it.name.value.as_str()).collect();
        row("IDPS bypasses", Some(bypass.join(", ")));
        row("IDPS private ranges", Some(list(&idps.private_ranges)));
    }
    let authority = settings.certificate_authority.as_ref();
    row("TLS inspection", authority.map(|name| name.value.to_string()));
    row("Explicit proxy", settings.explicit_proxy.as_ref().map(|proxy| on(proxy.enabled)));
    if let Some(snat) = &settings.snat {
        let ranges: Vec<&str> = snat.private_ranges.iter().map(|it| it.value.as_str()).collect();
        row("SNAT private ranges", Some(ranges.join(", ")));
        row("SNAT learns private ranges", snat.auto_learn_private_ranges.map(on));
    }
    row("SQL redirection", settings.allow_sql_redirect.map(on));
    rows
}
