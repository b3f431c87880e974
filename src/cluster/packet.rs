//! What is asked about: one connection, and who is at its ends.

use std::net::IpAddr;

use super::object::Pod;
use crate::net::{Fqdn, IpProtocol};

/// The place of a pod in [`super::Cluster::pods`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodId(pub(super) usize);

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// A pod, or the pods of a workload.
    Pod(PodId),
    /// Whoever has this address: a pod, a node, a service, or someone outside.
    Address(IpAddr),
    /// Known to be outside of the cluster; the address may be unknown.
    Outside(Option<IpAddr>),
}

/// The first packet of a connection. Replies need no rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Packet {
    pub source: End,
    pub destination: End,
    pub protocol: IpProtocol,
    pub source_port: Option<u16>,
    /// The destination port of TCP, UDP and SCTP. `None`: unknown.
    pub port: Option<u16>,
    /// Type and code of ICMP. `None`: unknown.
    pub icmp: Option<(u8, u8)>,
    /// The name that was looked up for the destination, where one was.
    pub name: Option<Fqdn>,
}

impl Packet {
    #[must_use]
    pub fn new(source: End, destination: End, protocol: IpProtocol, port: Option<u16>) -> Self {
        Self { source, destination, protocol, source_port: None, port, icmp: None, name: None }
    }

    #[must_use]
    pub fn tcp(source: End, destination: End, port: u16) -> Self {
        Self::new(source, destination, IpProtocol::TCP, Some(port))
    }
}

/// Who an end turned out to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Party<'c> {
    pub(super) place: Place<'c>,
    /// The address on the wire, where it is known.
    pub(super) address: Option<IpAddr>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'c> {
    Pod(PodId, &'c Pod),
    Node(usize),
    Outside,
    /// Perhaps a pod or node that the input does not hold.
    Unclear,
}

impl<'c> Party<'c> {
    pub(super) fn pod(&self) -> Option<(PodId, &'c Pod)> {
        match self.place {
            Place::Pod(id, pod) => Some((id, pod)),
            Place::Node(_) | Place::Outside | Place::Unclear => None,
        }
    }
}
