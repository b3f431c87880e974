//! Address arithmetic: `cidrHost`, `cidrSubnet`, `parseCidr`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::load::template::build::{integer, object, string};
use crate::load::template::function::{Arguments, Made, Trouble};

pub(super) fn apply(name: &str, arguments: &Arguments<'_>) -> Option<Made> {
    Some(match name {
        "cidrhost" => host(arguments),
        "cidrsubnet" => subnet(arguments),
        "parsecidr" => parse(arguments),
        _ => return None,
    })
}

fn network(arguments: &Arguments<'_>) -> Result<IpNet, Trouble> {
    let text = arguments.text(0)?;
    let refused = |_| Trouble::refused(format!("`{text}` is no address range"));
    text.parse::<IpNet>().map_err(refused)
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address with these bits, of the family of `like`.
fn address(bits: u128, like: &IpNet) -> Option<IpAddr> {
    match like {
        IpNet::V4(_) => u32::try_from(bits).ok().map(|bits| Ipv4Addr::from_bits(bits).into()),
        IpNet::V6(_) => Some(Ipv6Addr::from_bits(bits).into()),
    }
}

fn outside() -> Trouble {
    Trouble::refused("the result lies outside the range")
}

/// The address with number `index` behind the first usable one.
fn host(arguments: &Arguments<'_>) -> Made {
    let network = network(arguments)?;
    let index = u128::try_from(arguments.integer(1)?).map_err(|_| outside())?;
    let first = bits(network.network());
    let found = first.checked_add(index).and_then(|bits| bits.checked_add(1));
    let found = found.and_then(|bits| address(bits, &network)).ok_or_else(outside)?;
    if !network.contains(&found) {
        return Err(outside());
    }
    arguments.make_text(found.to_string())
}

/// Subnet number `index` of the given prefix length.
fn subnet(arguments: &Arguments<'_>) -> Made {
    let network = network(arguments)?;
    let length = u8::try_from(arguments.integer(1)?).map_err(|_| outside())?;
    let index = u128::try_from(arguments.integer(2)?).map_err(|_| outside())?;
    let width = network.max_prefix_len();
    let spare = width.checked_sub(length).ok_or_else(outside)?;
    let size = 1_u128.checked_shl(u32::from(spare)).ok_or_else(outside)?;
    let start = index.checked_mul(size).and_then(|at| bits(network.network()).checked_add(at));
    let start = start.and_then(|bits| address(bits, &network)).ok_or_else(outside)?;
    let found = IpNet::new(start, length).map_err(|_| outside())?;
    if length < network.prefix_len() || !network.contains(&found) {
        return Err(outside());
    }
    arguments.make_text(found.to_string())
}

fn parse(arguments: &Arguments<'_>) -> Made {
    let network = network(arguments)?;
    let span = arguments.span();
    let text = |address: IpAddr| string(address.to_string(), span);
    let first =
        address(bits(network.network()).saturating_add(1), &network).unwrap_or(network.network());
    let last = address(bits(network.broadcast()).saturating_sub(1), &network)
        .unwrap_or(network.broadcast());
    let mut members = vec![
        ("network", text(network.network())),
        ("netmask", text(network.netmask())),
        ("cidr", integer(i64::from(network.prefix_len()), span)),
        ("firstUsable", text(first)),
        ("lastUsable", text(last)),
    ];
    if let IpNet::V4(network) = network {
        members.insert(2, ("broadcast", text(network.broadcast().into())));
    }
    Ok(object(members, span))
}
