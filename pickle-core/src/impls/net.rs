//! Addresses of the internet: in Python those of `ipaddress`; a socket's are tagged dicts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::composite::{self, std_enum, std_struct};
use crate::error::Result;
use crate::graph::{self, NodeId};
use crate::native::{
    Filled, Head, HeadMut, INLINE, Measure, Reader, Slot, Writer, Written, enum_head,
};
use crate::python::Saver;
use crate::restore::Restorer;
use crate::schema::{EnumNode, Node, SchemaBuilder, SchemaId, StructNode};
use crate::shape::Shape;
use crate::traits::{Layout, Pickle, Unpickle};

std_struct! { [] Ipv4Addr, "Ipv4Addr" { octets: [u8; 4] },
    dump: |address| (address.octets()), load: Ok(Ipv4Addr::from(octets)),
    save: save_v4, restore: restore_v4
}

fn save_v4(address: &Ipv4Addr, saver: &mut Saver<'_>) -> Result<()> {
    saver.call("ipaddress", "IPv4Address", 1, |saver| {
        saver.int(address.to_bits().into());
        Ok(())
    })
}

fn restore_v4(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Ipv4Addr>> {
    match made_of(id, "IPv4Address", restorer)? {
        Some(Origin::Text(text)) => match text.parse() {
            Ok(address) => Ok(Some(address)),
            Err(_) => Err(restorer.invalid(id, "an IPv4 address")),
        },
        Some(Origin::Number(id)) => {
            let number: u32 = restorer.number(id, "an IPv4 address (0 to 4294967295)")?;
            Ok(Some(number.into()))
        }
        None => Ok(None),
    }
}

std_struct! { [] Ipv6Addr, "Ipv6Addr" { octets: [u8; 16] },
    dump: |address| (address.octets()), load: Ok(Ipv6Addr::from(octets)),
    save: save_v6, restore: restore_v6
}

fn save_v6(address: &Ipv6Addr, saver: &mut Saver<'_>) -> Result<()> {
    // CPython before 3.13 knows no dotted end.
    let text = match (address.to_ipv4_mapped(), address.segments()) {
        (Some(_), [.., high, low]) => format!("::ffff:{high:x}:{low:x}"),
        _ => address.to_string(),
    };
    saver.call("ipaddress", "IPv6Address", 1, |saver| {
        saver.fresh_str(&text);
        Ok(())
    })
}

fn restore_v6(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Ipv6Addr>> {
    match made_of(id, "IPv6Address", restorer)? {
        Some(Origin::Text(text)) => match text.parse() {
            Ok(address) => Ok(Some(address)),
            Err(_) => Err(restorer.invalid(id, "an IPv6 address without a scope")),
        },
        Some(Origin::Number(id)) => {
            Ok(Some(restorer.unsigned(id, "an IPv6 address of 128 bits")?.into()))
        }
        None => Ok(None),
    }
}

/// What an address of Python's `ipaddress` was made of.
enum Origin<'g> {
    Text(&'g str),
    Number(NodeId),
}

fn made_of<'g>(id: NodeId, class: &str, restorer: &Restorer<'g, '_>) -> Result<Option<Origin<'g>>> {
    let node = |id| restorer.node(id);
    // The plain text of an address, too.
    if let graph::Node::Str(_) = node(id) {
        return restorer.text(id).map(|text| Some(Origin::Text(text)));
    }
    match restorer.made_by(id, "ipaddress", class).map(|made| made.args) {
        Some([text]) if matches!(node(*text), graph::Node::Str(_)) => {
            restorer.text(*text).map(|text| Some(Origin::Text(text)))
        }
        Some([number]) => Ok(Some(Origin::Number(*number))),
        _ => Ok(None),
    }
}

std_struct! { [] SocketAddrV4, "SocketAddrV4" { ip: Ipv4Addr, port: u16 },
    dump: |address| (address.ip(), address.port()), load: Ok(SocketAddrV4::new(ip, port))
}

std_struct! { [] SocketAddrV6,
    "SocketAddrV6" { ip: Ipv6Addr, port: u16, flowinfo: u32, scope_id: u32 },
    dump: |address| (address.ip(), address.port(), address.flowinfo(), address.scope_id()),
    load: Ok(SocketAddrV6::new(ip, port, flowinfo, scope_id))
}

std_enum! { [] IpAddr, "IpAddr" { 0 V4(address: Ipv4Addr), 1 V6(address: Ipv6Addr) },
    save: save_ip, restore: restore_ip
}

fn save_ip(address: &IpAddr, saver: &mut Saver<'_>) -> Result<()> {
    match address {
        IpAddr::V4(address) => address.save(saver),
        IpAddr::V6(address) => address.save(saver),
    }
}

fn restore_ip(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<IpAddr>> {
    if let graph::Node::Str(_) = restorer.node(id) {
        return match restorer.text(id)?.parse() {
            Ok(address) => Ok(Some(address)),
            Err(_) => Err(restorer.invalid(id, "an IP address")),
        };
    }
    if let Some(address) = restore_v4(id, restorer)? {
        return Ok(Some(address.into()));
    }
    Ok(restore_v6(id, restorer)?.map(Into::into))
}

std_enum! { [] SocketAddr, "SocketAddr" { 0 V4(address: SocketAddrV4), 1 V6(address: SocketAddrV6) } }
