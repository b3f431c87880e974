//! Collections of a classic firewall on their own: `az network firewall network-rule collection list`.

use super::collection::collection;
use super::fields::Fields;
use super::firewall::COLLECTIONS;
use super::notes::Notes;
use super::rule_kind::RuleKind;
use crate::policy::{ClassicFirewall, Inventory, Placement, ResourceId, Settings};
use crate::source::{InputError, Severity, Spanned};
use crate::syntax::json::Node;

/// The type of the rules of such collections, by the full type that their id says.
pub(super) fn classic_list(full: &str) -> Option<RuleKind> {
    let list = full.rsplit('/').next()?;
    let is_firewall = full.to_ascii_lowercase().starts_with("microsoft.network/azurefirewalls/");
    let known = COLLECTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(list));
    known.filter(|_| is_firewall).map(|&(_, kind)| kind)
}

/// The firewalls that the collections belong to.
///
/// # Errors
///
/// One of the collections cannot be used.
pub(super) fn classic_parts(
    notes: &mut Notes<'_>,
    parts: &[(RuleKind, Node)],
) -> Result<Vec<ClassicFirewall>, InputError> {
    let mut firewalls: Vec<ClassicFirewall> = Vec::new();
    for (kind, node) in parts {
        let id = Fields::of(node).text("id").and_then(|id| ResourceId::new(&id).parent());
        let collection = collection(notes, node, Some(*kind), parts.len())?;
        if let Some(firewall) = firewalls.iter_mut().find(|firewall| firewall.id == id) {
            firewall.collections.push(collection);
            continue;
        }
        let name = id.as_ref().map_or("firewall", ResourceId::name);
        let message = format!(
            "firewall `{name}` is not in the file, only rule collections of it: its settings, and \
             collections of types that are in no file, count as not there"
        );
        let help = "give the whole firewall: `az network firewall show`";
        notes.warn_with_help(Severity::Warning, message, node.span, help);
        firewalls.push(ClassicFirewall {
            name: Spanned::new(name.into(), node.span),
            id,
            settings: Settings::default(),
            policy: None,
            collections: vec![collection],
            addresses: Vec::new(),
            placement: Placement::default(),
        });
    }
    Ok(firewalls)
}

/// Puts parts of one firewall from several files together.
pub(super) fn join_parts(inventory: &mut Inventory) {
    let mut joined: Vec<ClassicFirewall> = Vec::new();
    for firewall in inventory.firewalls.drain(..) {
        let other = joined.iter_mut().find(|other| other.id == firewall.id);
        match other.filter(|other| is_part(other) && is_part(&firewall)) {
            Some(other) => {
                for collection in firewall.collections {
                    if !other.collections.contains(&collection) {
                        other.collections.push(collection);
                    }
                }
            }
            None => joined.push(firewall),
        }
    }
    inventory.firewalls = joined;
}

/// Nothing is known of it but its collections.
fn is_part(firewall: &ClassicFirewall) -> bool {
    firewall.id.is_some()
        && firewall.settings == Settings::default()
        && firewall.policy.is_none()
        && firewall.addresses.is_empty()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::check_all;

    fn list(kind: &str, name: &str, rule: &str) -> String {
        format!(
            r#"[{{"name": "{name}", "priority": 200, "action": {{"type": "Allow"}}, "rules": [{rule}],
            "id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/azureFirewalls/fw/{kind}/{name}"}}]"#
        )
    }

    #[test]
    fn lists_of_two_types_are_one_firewall() {
        let network = r#"{"name": "r", "protocols": ["TCP"], "destinationPorts": ["22"]}"#;
        let application = r#"{"name": "r", "protocols": [{"protocolType": "Https", "port": 443}]}"#;
        check_all(
            &[
                &list("networkRuleCollections", "n", network),
                &list("applicationRuleCollections", "a", application),
            ],
            expect![[r#"
                firewall fw
                 n 200 Allow
                  network r: TCP | -> ||:22
                 a 200 Allow
                  application r: Https:443 | -> |||
                warning in line 1: firewall `fw` is not in the file, only rule collections of it: its settings, and collections of types that are in no file, count as not there (give the whole firewall: `az network firewall show`)
                warning in line 1: firewall `fw` is not in the file, only rule collections of it: its settings, and collections of types that are in no file, count as not there (give the whole firewall: `az network firewall show`)
            "#]],
        );
    }
}
