//! Where the deployment happens: its cloud, subscription and resource group.

use crate::load::template::build::{object, string, unresolved};
use crate::load::template::function::{Arguments, Made};
use crate::load::template::program::Place;
use crate::load::template::settings::Cloud;
use crate::source::Span;
use crate::syntax::json::Node;

pub(super) fn apply(
    name: &str,
    arguments: &Arguments<'_>,
    place: &Place,
    cloud: Cloud,
) -> Option<Made> {
    let span = arguments.span();
    Some(Ok(match name {
        "environment" => environment(cloud, span),
        "resourcegroup" => resource_group(place, span),
        "subscription" => subscription(place, span),
        "deployment" => deployment(span),
        _ => return None,
    }))
}

/// A value that is given, or the expression that would give it.
fn given(value: Option<&str>, expression: &str, span: Span) -> Node {
    match value {
        Some(value) => string(value, span),
        None => unresolved(format!("[{expression}]"), span),
    }
}

fn subscription(place: &Place, span: Span) -> Node {
    let known = place.subscription.as_deref();
    let id = format!("/subscriptions/{}", known.unwrap_or("*"));
    let member = |name: &str| given(None, &format!("subscription().{name}"), span);
    object(
        vec![
            ("id", string(id, span)),
            ("subscriptionId", given(known, "subscription().subscriptionId", span)),
            ("tenantId", member("tenantId")),
            ("displayName", member("displayName")),
        ],
        span,
    )
}

fn resource_group(place: &Place, span: Span) -> Node {
    let known = place.resource_group.as_deref();
    let subscription = place.subscription.as_deref().unwrap_or("*");
    let id = format!("/subscriptions/{subscription}/resourceGroups/{}", known.unwrap_or("*"));
    let location = place.location.as_deref();
    let member = |name: &str| given(None, &format!("resourceGroup().{name}"), span);
    object(
        vec![
            ("id", string(id, span)),
            ("name", given(known, "resourceGroup().name", span)),
            ("type", string("Microsoft.Resources/resourceGroups", span)),
            ("location", given(location, "resourceGroup().location", span)),
            ("managedBy", member("managedBy")),
            ("tags", member("tags")),
            ("properties", member("properties")),
        ],
        span,
    )
}

fn deployment(span: Span) -> Node {
    let member = |name: &str| given(None, &format!("deployment().{name}"), span);
    object(
        vec![
            ("name", member("name")),
            ("location", member("location")),
            ("properties", member("properties")),
        ],
        span,
    )
}

/// The host names of a cloud, as `az cloud show` lists them.
struct Hosts {
    name: &'static str,
    portal: &'static str,
    resource_manager: &'static str,
    login: &'static str,
    graph: &'static str,
    storage: &'static str,
    key_vault: &'static str,
    sql: &'static str,
    registry: &'static str,
    data_lake: &'static str,
    batch: &'static str,
}

fn hosts(cloud: Cloud) -> Hosts {
    match cloud {
        Cloud::Public => Hosts {
            name: "AzureCloud",
            portal: "https://portal.azure.com",
            resource_manager: "https://management.azure.com/",
            login: "https://login.microsoftonline.com/",
            graph: "https://graph.windows.net/",
            storage: "core.windows.net",
            key_vault: ".vault.azure.net",
            sql: ".database.windows.net",
            registry: ".azurecr.io",
            data_lake: "azuredatalakestore.net",
            batch: "https://batch.core.windows.net/",
        },
        Cloud::UsGov => Hosts {
            name: "AzureUSGovernment",
            portal: "https://portal.azure.us",
            resource_manager: "https://management.usgovcloudapi.net/",
            login: "https://login.microsoftonline.us/",
            graph: "https://graph.windows.net/",
            storage: "core.usgovcloudapi.net",
            key_vault: ".vault.usgovcloudapi.net",
            sql: ".database.usgovcloudapi.net",
            registry: ".azurecr.us",
            data_lake: "azuredatalakestore.us",
            batch: "https://batch.core.usgovcloudapi.net/",
        },
        Cloud::China => Hosts {
            name: "AzureChinaCloud",
            portal: "https://portal.azure.cn",
            resource_manager: "https://management.chinacloudapi.cn/",
            login: "https://login.chinacloudapi.cn/",
            graph: "https://graph.chinacloudapi.cn/",
            storage: "core.chinacloudapi.cn",
            key_vault: ".vault.azure.cn",
            sql: ".database.chinacloudapi.cn",
            registry: ".azurecr.cn",
            data_lake: "azuredatalakestore.cn",
            batch: "https://batch.chinacloudapi.cn/",
        },
    }
}

fn environment(cloud: Cloud, span: Span) -> Node {
    let hosts = hosts(cloud);
    let text = |text: &str| string(text, span);
    let suffixes = object(
        vec![
            ("storage", text(hosts.storage)),
            ("keyvaultDns", text(hosts.key_vault)),
            ("sqlServerHostname", text(hosts.sql)),
            ("acrLoginServer", text(hosts.registry)),
            ("azureDatalakeStoreFileSystem", text(hosts.data_lake)),
        ],
        span,
    );
    let login = object(vec![("loginEndpoint", text(hosts.login))], span);
    object(
        vec![
            ("name", text(hosts.name)),
            ("portal", text(hosts.portal)),
            ("resourceManager", text(hosts.resource_manager)),
            ("graph", text(hosts.graph)),
            ("batch", text(hosts.batch)),
            ("authentication", login),
            ("suffixes", suffixes),
        ],
        span,
    )
}
