//! Azure resource ids.

use std::fmt;

use smol_str::SmolStr;

/// The id of an Azure resource, for example
/// `/subscriptions/…/resourceGroups/…/providers/Microsoft.Network/ipGroups/servers`.
///
/// Compared without regard to case, because the service itself returns differing case
/// (`tests/spec/07-parsing.md`). A template does not know where it will be deployed; the scope it leaves
/// out is written `*` in the id and agrees with every scope.
#[derive(Debug, Clone)]
pub struct ResourceId {
    text: SmolStr,
}

impl ResourceId {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.trim().trim_end_matches('/').into() }
    }

    /// The id of a resource whose subscription and resource group are not known.
    /// `kind` is the full type (`Microsoft.Network/ipGroups`), `names` one name for each of its levels.
    #[must_use]
    pub fn without_scope(kind: &str, names: &[&str]) -> Self {
        let (provider, levels) = kind.split_once('/').unwrap_or((kind, ""));
        let mut text = format!("/subscriptions/*/resourceGroups/*/providers/{provider}");
        for (level, name) in levels.split('/').zip(names) {
            text.push('/');
            text.push_str(level);
            text.push('/');
            text.push_str(name);
        }
        Self::new(&text)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The last segment: the resource's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        last_segment(&self.text).map_or(&self.text, |(_, name)| name)
    }

    /// The part from the provider on, which names the resource within its resource group.
    fn resource(&self) -> &str {
        find_ignoring_case(&self.text, "/providers/")
            .and_then(|at| self.text.get(at..))
            .unwrap_or(&self.text)
    }

    fn scope(&self) -> &str {
        let end = self.text.len() - self.resource().len();
        self.text.get(..end).unwrap_or("")
    }

    /// Whether both ids can mean one resource: equal without regard to case, where a `*` in the
    /// scope of either agrees with anything.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        // Asked of every pair while looking for a resource: most differ in their last segment.
        if !self.name().eq_ignore_ascii_case(other.name()) {
            return false;
        }
        let is_same_scope = {
            let (ours, theirs) = (self.scope(), other.scope());
            ours.is_empty()
                || theirs.is_empty()
                || (ours.split('/').count() == theirs.split('/').count()
                    && ours
                        .split('/')
                        .zip(theirs.split('/'))
                        .all(|(a, b)| a == "*" || b == "*" || a.eq_ignore_ascii_case(b)))
        };
        is_same_scope && self.resource().eq_ignore_ascii_case(other.resource())
    }

    /// The id of the resource this one is a child of: a rule collection group's policy.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (rest, _name) = last_segment(&self.text)?;
        let (parent, _kind) = last_segment(rest)?;
        (!parent.is_empty()).then(|| Self::new(parent))
    }

    /// Whether the id names a resource of type `kind`, such as `ipGroups`.
    #[must_use]
    pub fn is_kind(&self, kind: &str) -> bool {
        let of = |(rest, _name)| Some(last_segment(rest)?.1);
        last_segment(&self.text).and_then(of).is_some_and(|found| found.eq_ignore_ascii_case(kind))
    }
}

/// What comes before the last `/`, and what behind it. In a template a name can be an expression
/// with a `/` of its own: `[split(parameters('id'), '/')[8]]`.
pub(crate) fn last_segment(text: &str) -> Option<(&str, &str)> {
    if !text.contains('[') {
        return text.rsplit_once('/');
    }
    let mut depth = 0_i32;
    let at = text.rfind(|c: char| {
        match c {
            ']' => depth += 1,
            '[' => depth -= 1,
            _ => {}
        }
        c == '/' && depth == 0
    })?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl Eq for ResourceId {}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn find_ignoring_case(text: &str, part: &str) -> Option<usize> {
    text.as_bytes()
        .windows(part.len())
        .position(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str =
        "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/ipGroups/servers";

    #[test]
    fn case_does_not_count() {
        assert_eq!(ResourceId::new(GROUP), ResourceId::new(&GROUP.to_uppercase()));
        assert!(ResourceId::new(GROUP).is_kind("ipgroups"));
        assert_eq!(ResourceId::new(GROUP).name(), "servers");
    }

    #[test]
    fn an_unknown_scope_agrees_with_every_scope() {
        let template = ResourceId::without_scope("Microsoft.Network/ipGroups", &["SERVERS"]);
        assert!(template.agrees_with(&ResourceId::new(GROUP)));
        assert!(!template.agrees_with(&ResourceId::new(&GROUP.replace("servers", "clients"))));
        let other_group = GROUP.replace("resourceGroups/r", "resourceGroups/q");
        assert!(!ResourceId::new(&other_group).agrees_with(&ResourceId::new(GROUP)));
    }

    #[test]
    fn the_parent_of_a_group_is_its_policy() {
        let kind = "Microsoft.Network/firewallPolicies/ruleCollectionGroups";
        let group = ResourceId::without_scope(kind, &["hub", "default"]);
        let policy = ResourceId::without_scope("Microsoft.Network/firewallPolicies", &["hub"]);
        assert_eq!(group.parent(), Some(policy));
    }

    #[test]
    fn an_expression_can_be_a_name() {
        let kind = "Microsoft.Network/firewallPolicies/ruleCollectionGroups";
        let policy = "[split(parameters('id'), '/')[8]]";
        let group = ResourceId::without_scope(kind, &[policy, "default"]);
        assert_eq!(group.name(), "default");
        assert_eq!(group.parent().unwrap().name(), policy);
        assert!(group.is_kind("ruleCollectionGroups"));
        let whole = "[resourceId('Microsoft.Network/ipGroups', parameters('name'))]";
        assert_eq!(ResourceId::new(whole).name(), whole);
        assert_eq!(last_segment("a]/b"), Some(("a]", "b")));
    }
}
