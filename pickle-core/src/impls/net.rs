//! Addresses of the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::composite::{self, std_enum, std_struct};
use crate::error::Result;
use crate::graph::NodeId;
use crate::native::{
    Filled, Head, HeadMut, INLINE, Measure, Reader, Slot, Writer, Written, enum_head,
};
use crate::python::Saver;
use crate::restore::Restorer;
use crate::schema::{EnumNode, Node, SchemaBuilder, SchemaId, StructNode};
use crate::shape::Shape;
use crate::traits::{Layout, Pickle, Unpickle};

std_struct! { [] Ipv4Addr, "Ipv4Addr" { octets: [u8; 4] },
    dump: |address| (address.octets()), load: Ok(Ipv4Addr::from(octets))
}

std_struct! { [] Ipv6Addr, "Ipv6Addr" { octets: [u8; 16] },
    dump: |address| (address.octets()), load: Ok(Ipv6Addr::from(octets))
}

std_struct! { [] SocketAddrV4, "SocketAddrV4" { ip: Ipv4Addr, port: u16 },
    dump: |address| (address.ip(), address.port()), load: Ok(SocketAddrV4::new(ip, port))
}

std_struct! { [] SocketAddrV6,
    "SocketAddrV6" { ip: Ipv6Addr, port: u16, flowinfo: u32, scope_id: u32 },
    dump: |address| (address.ip(), address.port(), address.flowinfo(), address.scope_id()),
    load: Ok(SocketAddrV6::new(ip, port, flowinfo, scope_id))
}

std_enum! { [] IpAddr, "IpAddr" { 0 V4(address: Ipv4Addr), 1 V6(address: Ipv6Addr) } }

std_enum! { [] SocketAddr, "SocketAddr" { 0 V4(address: SocketAddrV4), 1 V6(address: SocketAddrV6) } }
