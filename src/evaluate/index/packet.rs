//! The index of network and DNAT rules: source, destination, and protocol with port.

use super::address::Ipv4Map;
use super::service::{
    self, PACKET_SERVICES, PacketServices, Service, ServiceCover, ServiceMap, always_and_covers,
};
use super::shape::{Care, Confirmed, First, Indexed, Selection, Shape, Shapes};
use super::sweep::{Cover, Position, Stretches, stretches};
use super::table::{Row, TableBuilder, TooLarge};
use crate::compile::{AddressCriterion, PortCriterion, ProtocolCriterion};
use crate::flow::Flow;
use crate::net::IpFamily;

/// A network or DNAT rule, as far as the index looks at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PacketRule<'a> {
    pub(super) sources: &'a AddressCriterion,
    pub(super) destinations: &'a AddressCriterion,
    pub(super) protocols: &'a ProtocolCriterion,
    pub(super) ports: &'a PortCriterion,
    pub(super) care: Care,
    /// It never matches.
    pub(super) is_void: bool,
}

/// What a rule covers in one dimension.
#[derive(Debug, Clone, Copy)]
pub(super) enum Extent<'a, P> {
    All,
    Some(&'a [(P, P)]),
}

/// The rules of one stage for flows of one family.
#[derive(Debug)]
pub(super) struct PacketIndex<M> {
    shapes: Shapes,
    sources: M,
    destinations: M,
    services: ServiceMap,
}

/// A family of addresses and how they are looked up.
pub(super) trait AddressMap: Sized {
    type Position: Position;
    const FAMILY: IpFamily;

    fn new(stretches: Stretches<Self::Position, 2>) -> Result<Self, TooLarge>;
    fn rows_of(&self, address: Self::Position) -> [Row; 2];
    fn bytes(&self) -> usize;
    fn intervals(criterion: &AddressCriterion) -> &[(Self::Position, Self::Position)];
}

impl AddressMap for Ipv4Map<2> {
    type Position = u32;
    const FAMILY: IpFamily = IpFamily::V4;

    fn new(stretches: Stretches<u32, 2>) -> Result<Self, TooLarge> {
        Self::new(stretches)
    }

    #[inline]
    fn rows_of(&self, address: u32) -> [Row; 2] {
        self.rows(address)
    }

    fn bytes(&self) -> usize {
        self.size()
    }

    fn intervals(criterion: &AddressCriterion) -> &[(u32, u32)] {
        criterion.known.v4()
    }
}

impl AddressMap for Stretches<u128, 2> {
    type Position = u128;
    const FAMILY: IpFamily = IpFamily::V6;

    fn new(stretches: Stretches<u128, 2>) -> Result<Self, TooLarge> {
        Ok(stretches)
    }

    fn rows_of(&self, address: u128) -> [Row; 2] {
        self.rows(address)
    }

    fn bytes(&self) -> usize {
        self.size()
    }

    fn intervals(criterion: &AddressCriterion) -> &[(u128, u128)] {
        criterion.known.v6()
    }
}

/// Which dimensions have rows. Those that would take too much memory have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dimensions {
    sources: bool,
    destinations: bool,
}

impl<M: AddressMap> PacketIndex<M> {
    /// The index of `rules`, by rank.
    pub(super) fn new(rules: &[PacketRule<'_>], words_max: usize) -> Indexed<Self> {
        let attempts = [(true, true), (true, false), (false, true), (false, false)].into_iter();
        Indexed::first_of(attempts.map(|(sources, destinations)| {
            Self::of_dimensions(rules, Dimensions { sources, destinations }, words_max)
        }))
    }

    fn of_dimensions(
        rules: &[PacketRule<'_>],
        dimensions: Dimensions,
        words_max: usize,
    ) -> Result<Option<Self>, TooLarge> {
        let placed = Placed::<M>::new(rules, dimensions);
        if placed.ranks.iter().all(Vec::is_empty) {
            return Ok(None);
        }
        let mut builders = placed.ranks.map(|ranks| TableBuilder::new(ranks, words_max));
        let [_, of_source, _, of_both] = &mut builders;
        let sources = stretches(&placed.sources, [of_source, of_both])?;
        let [_, _, of_target, of_both] = &mut builders;
        let destinations = stretches(&placed.destinations, [of_target, of_both])?;
        let services = always_and_covers(&placed.services, &mut builders, PACKET_SERVICES);
        let services = ServiceMap::new(&services, &mut builders, PACKET_SERVICES)?;
        Ok(Some(Self {
            shapes: Shapes::new(builders, placed.care)?,
            sources: M::new(sources)?,
            destinations: M::new(destinations)?,
            services,
        }))
    }
}

impl<M: AddressMap> PacketIndex<M> {
    /// The first rule that matches `flow`, whose source is at `source`; `destination` is `None`
    /// where it is not known.
    #[inline]
    pub(super) fn first(
        &self,
        flow: &Flow,
        source: M::Position,
        destination: Option<M::Position>,
        confirm: impl FnMut(u32) -> Confirmed,
    ) -> First {
        let is_port_unknown = flow.port.is_none() && flow.protocol.has_ports();
        let selection = self.selection(flow, source, destination);
        self.shapes.first(&selection, is_port_unknown || destination.is_none(), confirm)
    }

    /// The ranks of all rules that match or may match, ascending.
    pub(super) fn all(
        &self,
        flow: &Flow,
        source: M::Position,
        destination: Option<M::Position>,
    ) -> Vec<u32> {
        self.shapes.all(&self.selection(flow, source, destination))
    }

    #[inline]
    fn selection(
        &self,
        flow: &Flow,
        source: M::Position,
        destination: Option<M::Position>,
    ) -> Selection<Row, Row> {
        Selection {
            sources: self.sources.rows_of(source),
            targets: match destination {
                Some(address) => self.destinations.rows_of(address),
                None => self.shapes.every_target(),
            },
            services: self.services.rows(service::of_packet(flow)),
        }
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        self.shapes.size() + self.sources.bytes() + self.destinations.bytes() + self.services.size()
    }
}

impl PacketIndex<Ipv4Map<2>> {
    #[inline]
    pub(super) fn source_rows(&self, address: u32) -> [Row; 2] {
        self.sources.rows(address)
    }

    #[inline]
    pub(super) fn destination_rows(&self, address: u32) -> [Row; 2] {
        self.destinations.rows(address)
    }

    #[inline]
    pub(super) fn service_rows(&self, service: Service) -> [Row; 4] {
        self.services.rows(service)
    }

    pub(super) fn shapes(&self) -> &Shapes {
        &self.shapes
    }
}

/// The rules of a stage, each in its table.
struct Placed<'a, M: AddressMap> {
    /// By shape: the ranks in its table.
    ranks: [Vec<u32>; 4],
    care: Vec<Care>,
    sources: Vec<Cover<'a, M::Position>>,
    destinations: Vec<Cover<'a, M::Position>>,
    services: Vec<ServiceCover>,
}

impl<'a, M: AddressMap> Placed<'a, M> {
    fn new(rules: &[PacketRule<'a>], dimensions: Dimensions) -> Self {
        let mut placed = Self {
            ranks: Default::default(),
            care: Vec::with_capacity(rules.len()),
            sources: Vec::new(),
            destinations: Vec::new(),
            services: Vec::with_capacity(rules.len()),
        };
        let services = PacketServices::new();
        for (rank, rule) in (0..).zip(rules) {
            placed.add(rank, rule, dimensions, &services);
        }
        placed
    }

    fn add(
        &mut self,
        rank: u32,
        rule: &PacketRule<'a>,
        dimensions: Dimensions,
        services: &PacketServices,
    ) {
        let extents = (extent::<M>(rule.sources), extent::<M>(rule.destinations));
        let (Some(sources), Some(destinations), false) = (extents.0, extents.1, rule.is_void)
        else {
            self.care.push(rule.care);
            return;
        };
        let (sources, is_source_left_out) = sources.kept_if(dimensions.sources);
        let (destinations, is_target_left_out) = destinations.kept_if(dimensions.destinations);
        self.care.push(match rule.care {
            Care::None if is_source_left_out || is_target_left_out => Care::Uncertain,
            care @ (Care::None | Care::Uncertain | Care::Tied) => care,
        });
        let shape = Shape::new(sources.is_limited(), destinations.is_limited());
        let index = shape.place(rank, &mut self.ranks);
        if let Extent::Some(intervals) = sources {
            self.sources.push(Cover { intervals, lane: shape.lane(), index });
        }
        if let Extent::Some(intervals) = destinations {
            self.destinations.push(Cover { intervals, lane: shape.lane(), index });
        }
        let intervals = services.of(rule.protocols, rule.ports);
        self.services.push(ServiceCover { intervals, shape, index });
    }
}

/// The addresses of the family that a criterion covers or may cover; `None`: not one.
pub(super) fn extent<M: AddressMap>(
    criterion: &AddressCriterion,
) -> Option<Extent<'_, M::Position>> {
    if !criterion.unknown.is_empty() || criterion.known.is_all_of(M::FAMILY) {
        return Some(Extent::All);
    }
    let intervals = M::intervals(criterion);
    (!intervals.is_empty()).then_some(Extent::Some(intervals))
}

impl<P> Extent<'_, P> {
    pub(super) fn is_limited(&self) -> bool {
        matches!(self, Self::Some(_))
    }

    /// Leaves a limit out unless its dimension has rows, and says whether it did.
    pub(super) fn kept_if(self, has_rows: bool) -> (Self, bool) {
        match self {
            Self::Some(_) if !has_rows => (Self::All, true),
            Self::All | Self::Some(_) => (self, false),
        }
    }
}
