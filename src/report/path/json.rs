//! A journey as JSON. The shape is documented in `docs/path.md`.

use serde::Serialize;

use crate::evaluate::Decision;
use crate::path::packet::Packet;
use crate::path::{Hop, Journey};

/// `azfw path --format json`.
#[derive(Debug, Serialize)]
pub struct JourneyJson {
    pub from: String,
    pub to: String,
    pub flow: PacketJson,
    pub verdict: &'static str,
    pub summary: String,
    /// Index into `hops` of the one that denies.
    pub decided_at: Option<usize>,
    /// Null where it is not known, and where the packet stays in the cluster: no firewall is there.
    pub bypasses_firewall: Option<bool>,
    pub stays_in_cluster: bool,
    pub hops: Vec<HopJson>,
    pub needs: Vec<String>,
    pub missing: Vec<String>,
    pub assumptions: Vec<String>,
}

/// The five values of a packet. Ends are addresses, prefixes or ranges.
#[derive(Debug, Serialize)]
pub struct PacketJson {
    pub protocol: String,
    pub source: Vec<String>,
    pub source_port: Option<u16>,
    pub destination: Vec<String>,
    pub port: Option<u16>,
    /// The two ends in words.
    pub text: String,
}

#[derive(Debug, Serialize)]
pub struct HopJson {
    pub layer: &'static str,
    pub title: String,
    pub verdict: &'static str,
    pub object: Option<String>,
    pub rule: Option<String>,
    pub reason: String,
    pub notes: Vec<String>,
    pub needs: Vec<String>,
    pub before: PacketJson,
    pub after: PacketJson,
}

/// The JSON form of a journey.
#[must_use]
pub fn json(journey: &Journey) -> JourneyJson {
    JourneyJson {
        from: journey.from.clone(),
        to: journey.to.clone(),
        flow: packet(&journey.packet),
        verdict: Decision::name(journey.decision),
        summary: journey.verdict(),
        decided_at: journey.decided_at,
        bypasses_firewall: journey.bypasses.filter(|_| !journey.stays_in_cluster),
        stays_in_cluster: journey.stays_in_cluster,
        hops: journey.hops.iter().map(hop).collect(),
        needs: journey.needs().into_iter().map(str::to_owned).collect(),
        missing: journey.missing.clone(),
        assumptions: journey.assumptions.clone(),
    }
}

fn hop(hop: &Hop) -> HopJson {
    HopJson {
        layer: hop.layer.name(),
        title: hop.title.clone(),
        verdict: hop.verdict.name(),
        object: hop.object.clone(),
        rule: hop.rule.clone(),
        reason: hop.reason.clone(),
        notes: hop.notes.clone(),
        needs: hop.needs.clone(),
        before: packet(&hop.before),
        after: packet(&hop.after),
    }
}

fn packet(packet: &Packet) -> PacketJson {
    // Sets of addresses can have very many parts; the words say what they are.
    const PARTS_MAX: usize = 64;
    let ends = |set: &crate::net::IpSet| -> Vec<String> {
        set.ranges().take(PARTS_MAX).map(|range| range.to_string()).collect()
    };
    PacketJson {
        protocol: packet.protocol.to_string(),
        source: ends(packet.source.addresses()),
        source_port: packet.source_port,
        destination: ends(packet.destination.addresses()),
        port: packet.port,
        text: packet.to_string(),
    }
}
