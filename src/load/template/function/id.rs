//! Resource ids. A template does not know its subscription and resource group: `*` stands for them,
//! as in [`crate::policy::ResourceId::without_scope`].

use smol_str::SmolStr;

use crate::load::template::function::{Arguments, Made, Trouble};
use crate::load::template::program::Place;

pub(super) fn apply(name: &str, arguments: &Arguments<'_>, place: &Place) -> Option<Made> {
    Some(match name {
        "resourceid" => resource_id(arguments, place),
        "subscriptionresourceid" => subscription_id(arguments, place),
        "tenantresourceid" => tenant_id(arguments),
        "managementgroupresourceid" => management_group_id(arguments),
        "extensionresourceid" => extension_id(arguments),
        _ => return None,
    })
}

/// Whether the function, in lower case, makes an id.
pub(in crate::load::template) fn is_id_function(name: &str) -> bool {
    matches!(
        name,
        "resourceid"
            | "subscriptionresourceid"
            | "tenantresourceid"
            | "managementgroupresourceid"
            | "extensionresourceid"
    )
}

/// The scope arguments in front of the type, the type, and the names behind it.
struct Written {
    scope: Vec<SmolStr>,
    kind: SmolStr,
    names: Vec<SmolStr>,
}

fn written(arguments: &Arguments<'_>, from: usize) -> Result<Written, Trouble> {
    let mut parts = Vec::new();
    for index in from..arguments.len() {
        let refused = || Trouble::refused(format!("takes text as argument {}", index + 1));
        parts.push(arguments.name_text(index).ok_or_else(refused)?);
    }
    // The type is the first argument with a `/`; subscriptions and resource groups have none.
    let refused = || Trouble::refused("takes a resource type such as `Microsoft.Network/ipGroups`");
    let at = parts.iter().position(|part| part.contains('/') && !part.starts_with('['));
    let names = parts.split_off(at.ok_or_else(refused)? + 1);
    let kind = parts.pop().ok_or_else(refused)?;
    Ok(Written { scope: parts, kind, names: split_names(&names) })
}

/// A name argument may hold several levels: `'policy/group'`.
fn split_names(names: &[SmolStr]) -> Vec<SmolStr> {
    names.iter().flat_map(|name| name_parts(name)).map(SmolStr::from).collect()
}

fn resource_id(arguments: &Arguments<'_>, place: &Place) -> Made {
    let Written { mut scope, kind, names } = written(arguments, 0)?;
    let given_group = scope.pop();
    let given_subscription = scope.pop();
    let (subscription, group) = match (&given_subscription, &given_group) {
        (Some(subscription), group) => (Some(subscription), group.as_ref()),
        (None, Some(group)) => (place.subscription.as_ref(), Some(group)),
        (None, None) => (place.subscription.as_ref(), place.resource_group.as_ref()),
    };
    let names: Vec<&str> = names.iter().map(SmolStr::as_str).collect();
    let text = resource(subscription.map(|it| &**it), group.map(|it| &**it), &kind, &names);
    arguments.make_text(text)
}

fn subscription_id(arguments: &Arguments<'_>, place: &Place) -> Made {
    let Written { scope, kind, names } = written(arguments, 0)?;
    let subscription = known(scope.first().or(place.subscription.as_ref()).map(|it| &**it));
    arguments.make_text(format!("/subscriptions/{subscription}{}", provider(&kind, &names)))
}

fn tenant_id(arguments: &Arguments<'_>) -> Made {
    let Written { kind, names, .. } = written(arguments, 0)?;
    arguments.make_text(provider(&kind, &names))
}

fn management_group_id(arguments: &Arguments<'_>) -> Made {
    let Written { scope, kind, names } = written(arguments, 0)?;
    let group = known(scope.first().map(|it| &**it));
    let scope = format!("/providers/Microsoft.Management/managementGroups/{group}");
    arguments.make_text(format!("{scope}{}", provider(&kind, &names)))
}

fn extension_id(arguments: &Arguments<'_>) -> Made {
    let scope = arguments.name_text(0).ok_or_else(|| Trouble::refused("takes an id first"))?;
    let Written { kind, names, .. } = written(arguments, 1)?;
    arguments.make_text(format!("{}{}", with_known_scope(&scope), provider(&kind, &names)))
}

/// The id of a resource in a resource group.
pub(in crate::load::template) fn resource(
    subscription: Option<&str>,
    group: Option<&str>,
    kind: &str,
    names: &[&str],
) -> SmolStr {
    let (subscription, group) = (known(subscription), known(group));
    let names: Vec<SmolStr> = names.iter().map(|name| SmolStr::from(*name)).collect();
    let scope = format!("/subscriptions/{subscription}/resourceGroups/{group}");
    format!("{scope}{}", provider(kind, &names)).into()
}

/// `/providers/Microsoft.Network/ipGroups/name`
fn provider(kind: &str, names: &[SmolStr]) -> String {
    let (provider, levels) = kind.split_once('/').unwrap_or((kind, ""));
    let mut text = format!("/providers/{provider}");
    for (level, name) in levels.split('/').zip(names) {
        text.push('/');
        text.push_str(level);
        text.push('/');
        text.push_str(name);
    }
    text
}

/// A part of a scope, `*` if it is unknown.
fn known(part: Option<&str>) -> &str {
    part.filter(|part| !part.contains('[')).unwrap_or("*")
}

/// An id whose subscription and resource group are `*` where they are unknown.
pub(in crate::load::template) fn with_known_scope(id: &str) -> String {
    let mut parts: Vec<&str> = name_parts(id).collect();
    for at in 1..parts.len() {
        let is_scope = parts.get(at - 1).is_some_and(|before| {
            before.eq_ignore_ascii_case("subscriptions")
                || before.eq_ignore_ascii_case("resourceGroups")
        });
        if let Some(part) = parts.get_mut(at)
            && is_scope
        {
            *part = known(Some(part));
        }
    }
    parts.join("/")
}

/// The parts between slashes. A slash within an expression in brackets separates nothing.
pub(in crate::load::template) fn name_parts(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    text.split(move |c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '/' && depth == 0
    })
}
