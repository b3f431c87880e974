//! The stations of a journey and what it comes to.

use super::packet::Packet;
use crate::evaluate::Decision;

/// Which filter or router a packet meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    Kubernetes,
    SourceNat,
    AdminRules,
    SecurityGroup,
    Route,
    Firewall,
    LoadBalancer,
    AppService,
    Endpoint,
    Reply,
}

impl Layer {
    /// The word in text, JSON and expectations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "k8s",
            Self::SourceNat => "snat",
            Self::AdminRules => "admin",
            Self::SecurityGroup => "nsg",
            Self::Route => "route",
            Self::Firewall => "firewall",
            Self::LoadBalancer => "lb",
            Self::AppService => "app",
            Self::Endpoint => "endpoint",
            Self::Reply => "reply",
        }
    }

    /// The layer of a word.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        const ALL: [Layer; 10] = [
            Layer::Kubernetes,
            Layer::SourceNat,
            Layer::AdminRules,
            Layer::SecurityGroup,
            Layer::Route,
            Layer::Firewall,
            Layer::LoadBalancer,
            Layer::AppService,
            Layer::Endpoint,
            Layer::Reply,
        ];
        ALL.into_iter().find(|layer| layer.name().eq_ignore_ascii_case(text))
    }
}

/// What a station does with the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HopVerdict {
    Allow,
    Deny,
    /// Lost without a rule that says so: no route, a route to nowhere, a reply without a session.
    Drop,
    /// Goes on, and not to the firewall.
    Bypass,
    /// Goes on, to the firewall or another next hop.
    Forward,
    /// Goes on with another address.
    Translate,
    /// It depends on what is not known.
    Unknown,
    /// Not evaluated: no data.
    NoData,
}

impl HopVerdict {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Drop => "drop",
            Self::Bypass => "bypass",
            Self::Forward => "forward",
            Self::Translate => "translate",
            Self::Unknown => "unknown",
            Self::NoData => "no_data",
        }
    }
}

/// One station.
#[derive(Debug, Clone)]
pub struct Hop {
    pub layer: Layer,
    /// What it is in words: `subnet NSG nsg-aks`.
    pub title: String,
    pub verdict: HopVerdict,
    /// The resource that decides, by id or name.
    pub object: Option<String>,
    pub rule: Option<String>,
    pub reason: String,
    /// Remarkable circumstances, one line each.
    pub notes: Vec<String>,
    /// What is unknown and would settle it.
    pub needs: Vec<String>,
    pub before: Packet,
    pub after: Packet,
}

/// What a layer without data does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoData {
    /// The answer is undecided.
    #[default]
    Undecided,
    /// The layer is taken to let everything through.
    Allow,
}

/// The whole way of a packet.
#[derive(Debug, Clone)]
pub struct Journey {
    pub from: String,
    pub to: String,
    pub packet: Packet,
    pub hops: Vec<Hop>,
    pub decision: Decision,
    /// The hop that denies or drops.
    pub decided_at: Option<usize>,
    /// Whether it gets there without passing a firewall; `None`: not known.
    pub bypasses: Option<bool>,
    /// It never leaves the cluster: there is no firewall on such a way.
    pub stays_in_cluster: bool,
    pub assumptions: Vec<String>,
    /// Layers that were not evaluated, and why.
    pub missing: Vec<String>,
}

impl Journey {
    /// The hop that denies or drops.
    #[must_use]
    pub fn end(&self) -> Option<&Hop> {
        self.hops.get(self.decided_at?)
    }

    /// The answer in a few words.
    #[must_use]
    pub fn verdict(&self) -> String {
        match (self.decision, self.end()) {
            (Decision::Deny, Some(hop)) if hop.layer == Layer::Reply => {
                "denied at reply: the way back is broken".to_owned()
            }
            (Decision::Deny, Some(hop)) => {
                let word = if hop.verdict == HopVerdict::Drop { "dropped" } else { "denied" };
                format!("{word} at {}", hop.layer.name())
            }
            (Decision::Deny, None) => "denied".to_owned(),
            (Decision::Allow, _) => format!("allowed{}", self.way()),
            (Decision::Undecided, _) if self.needs().is_empty() => {
                format!("undecided: nothing denies it{}, and not every layer has data", self.way())
            }
            (Decision::Undecided, _) => "undecided".to_owned(),
        }
    }

    fn way(&self) -> &'static str {
        if self.stays_in_cluster {
            return ", stays in the cluster: no firewall is on that way";
        }
        match self.bypasses {
            Some(true) => ", bypasses the firewall",
            Some(false) => ", through the firewall",
            None => "",
        }
    }

    /// What would settle an undecided journey, without repetitions.
    #[must_use]
    pub fn needs(&self) -> Vec<&str> {
        let mut needs: Vec<&str> = Vec::new();
        for need in self.hops.iter().flat_map(|hop| &hop.needs) {
            if !needs.contains(&need.as_str()) {
                needs.push(need);
            }
        }
        needs
    }
}

/// The decision of a row of hops, and the hop that denies.
#[must_use]
pub(super) fn decision(
    hops: &[Hop],
    no_data: NoData,
    is_conditional: bool,
) -> (Decision, Option<usize>) {
    let denies = |hop: &Hop| matches!(hop.verdict, HopVerdict::Deny | HopVerdict::Drop);
    if let (Some(at), false) = (hops.iter().position(denies), is_conditional) {
        return (Decision::Deny, Some(at));
    }
    let is_open = |hop: &Hop| {
        hop.verdict == HopVerdict::Unknown
            || denies(hop)
            || (hop.verdict == HopVerdict::NoData && no_data == NoData::Undecided)
    };
    let decision = if hops.iter().any(is_open) { Decision::Undecided } else { Decision::Allow };
    (decision, None)
}
