//! Pods that policies keep from asking for names: the classic mistake of a default deny.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::Cluster;
use super::decision::{Cause, Verdict};
use super::engine::Readings;
use super::object::{Pod, ServicePort};
use super::packet::{End, Packet, PodId};
use super::policy::{Direction, PolicyName};
use crate::net::IpProtocol;

const DNS: u16 = 53;
const DNS_NAMESPACE: &str = "kube-system";
/// The label of its pods, whatever serves: `k8s-app=kube-dns`.
const DNS_APP: &str = "kube-dns";

/// Pods of one namespace that the same policies keep from the cluster's DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsGap {
    pub namespace: SmolStr,
    pub pods: Vec<PodId>,
    pub protocol: IpProtocol,
    /// The policies that deny it.
    pub policies: Vec<PolicyName>,
    /// Their rules let the pods send something else.
    pub has_egress: bool,
}

impl Cluster {
    /// Pods that cannot ask the cluster's DNS over UDP, or not over TCP alone. `None`: where the
    /// DNS is, the input does not say.
    #[must_use]
    pub fn dns_gaps(&self, readings: Readings) -> Option<Vec<DnsGap>> {
        let server = self.dns_server()?;
        let mut gaps: BTreeMap<(SmolStr, u8, Vec<String>), DnsGap> = BTreeMap::new();
        for pod in self.pods.iter().filter(|pod| !pod.is_on_host() && !pod.is_finished) {
            let Some((protocol, policies)) = self.dns_denial(pod, server, readings) else {
                continue;
            };
            let names = policies.iter().map(ToString::to_string).collect();
            let gap = gaps.entry((pod.namespace.clone(), protocol.0, names));
            let has_egress = || policies.iter().any(|name| self.has_egress_rules(name));
            gap.or_insert_with(|| DnsGap {
                namespace: pod.namespace.clone(),
                pods: Vec::new(),
                protocol,
                has_egress: has_egress(),
                policies: policies.clone(),
            })
            .pods
            .push(pod.id);
        }
        Some(gaps.into_values().collect())
    }

    /// The service, else one of the pods behind it.
    fn dns_server(&self) -> Option<End> {
        let is_it = |namespace: &SmolStr| namespace == DNS_NAMESPACE;
        let serves = |port: &ServicePort| port.port == DNS && port.protocol == IpProtocol::UDP;
        let mut services = self.services.iter();
        let service = services.find(|it| is_it(&it.namespace) && it.ports.iter().any(serves));
        if let Some(service) = service
            && let Some(&address) = service.cluster_addresses.first()
            && !self.endpoints(service, IpProtocol::UDP).is_empty()
        {
            return Some(End::Address(address));
        }
        let is_server =
            |pod: &&Pod| is_it(&pod.namespace) && pod.labels.get("k8s-app") == Some(DNS_APP);
        self.pods.iter().find(is_server).map(|pod| End::Pod(pod.id))
    }

    /// The protocol that is denied to a pod, UDP before TCP, and the policies that deny it.
    fn dns_denial(
        &self,
        pod: &Pod,
        server: End,
        readings: Readings,
    ) -> Option<(IpProtocol, Vec<PolicyName>)> {
        if server == End::Pod(pod.id) {
            return None;
        }
        [IpProtocol::UDP, IpProtocol::TCP].into_iter().find_map(|protocol| {
            let packet = Packet::new(End::Pod(pod.id), server, protocol, Some(DNS));
            let decision = self.decide(&packet, readings);
            let denied = decision.sides.into_iter().find(|side| {
                side.direction == Direction::Egress && side.verdict == Verdict::Deny
            })?;
            let policies = match denied.cause {
                Cause::NoRuleMatches(policies) => policies,
                Cause::Rule(rule) => vec![rule.policy],
                Cause::NoPolicy | Cause::Always(_) | Cause::Open => Vec::new(),
            };
            Some((protocol, policies))
        })
    }

    fn has_egress_rules(&self, name: &PolicyName) -> bool {
        let policy = self.policies.iter().find(|policy| policy.name == *name);
        policy.and_then(|policy| policy.rules(Direction::Egress)).is_some_and(|it| !it.is_empty())
    }
}
