//! `azurerm_virtual_network` and `azurerm_subnet`, for the sizes of the subnets of firewalls.

use smol_str::SmolStr;

use super::entity::Entity;
use crate::load::shape::{Shape, list};
use crate::syntax::json::Node;

/// The full type of a network or a subnet, its names, and the shape of Azure's API.
pub(super) fn network(entity: &Entity) -> Option<(&'static str, Vec<SmolStr>, Node)> {
    let name = SmolStr::from(entity.text("name")?);
    match entity.kind.as_str() {
        "azurerm_subnet" => {
            let network = entity.text("virtual_network_name")?.into();
            let full = "Microsoft.Network/virtualNetworks/subnets";
            Some((full, vec![network, name], subnet(&entity.values)))
        }
        "azurerm_virtual_network" => {
            let blocks = entity.values.get("subnet").map_or(&[][..], Node::elements);
            let subnets = list(blocks.iter().map(subnet).collect(), entity.span);
            let node = Shape::new(entity.span).with("subnets", Some(subnets)).node();
            Some(("Microsoft.Network/virtualNetworks", vec![name], node))
        }
        _ => None,
    }
}

fn subnet(values: &Node) -> Node {
    Shape::new(values.span)
        .with_field("id", values, "id")
        .with_field("name", values, "name")
        .with_field("addressPrefixes", values, "address_prefixes")
        .with_field("addressPrefix", values, "address_prefix")
        .node()
}
