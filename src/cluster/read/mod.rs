//! Documents → [`Cluster`]: one file per kind of object.

mod admin_policy;
mod calico;
mod calico_endpoint;
mod calico_rule;
mod cilium;
mod network_policy;
mod object;
mod owners;
mod parts;

use std::collections::HashMap;
use std::sync::Arc;

use smol_str::{SmolStr, format_smolstr};

use super::Cluster;
use super::calico::CalicoTier;
use super::document::Document;
use super::item::{Item, Problems};
use super::labels::Labels;
use super::object::{Endpoint, Pod};
use super::order::Places;
use super::policy::{Policy, PolicyKind, PolicyName, Subject};
use crate::source::{Severity, Warning};
use owners::Workload;

const CALICO_GROUPS: [&str; 2] = ["crd.projectcalico.org", "projectcalico.org"];

/// What every object says of itself.
struct Head {
    file: Arc<str>,
    kind: SmolStr,
    group: SmolStr,
    name: SmolStr,
    written_namespace: Option<SmolStr>,
}

impl Head {
    fn of(document: &Document) -> Option<Self> {
        let object = Item::root(&document.value);
        let version = object.plain(&["apiVersion"])?;
        let metadata = |key: &str| object.plain(&["metadata", key]).map(SmolStr::new);
        let name = metadata("name").or_else(|| metadata("generateName"));
        Some(Self {
            file: Arc::clone(&document.file),
            kind: object.plain(&["kind"])?.into(),
            group: version.split_once('/').map_or("", |(group, _)| group).into(),
            name: name.unwrap_or_else(|| "(no name)".into()),
            written_namespace: metadata("namespace").filter(|namespace| !namespace.is_empty()),
        })
    }

    /// The namespace of an object that has one; kubectl fills in `default`.
    fn namespace(&self) -> SmolStr {
        self.written_namespace.clone().unwrap_or_else(|| "default".into())
    }

    /// The policy of this name, about which nothing else is known yet.
    fn policy(&self, kind: PolicyKind, namespace: Option<SmolStr>) -> Policy {
        Policy {
            name: PolicyName { kind, namespace, name: self.name.clone() },
            file: self.file.as_ref().into(),
            tier: super::DEFAULT_TIER.into(),
            order: f64::INFINITY,
            ingress: None,
            egress: None,
            subject: Subject::Unread { namespace: None },
            flaws: Vec::new(),
            windows_gap: None,
            places: Places::default(),
        }
    }
}

/// Everything read, before it is put together.
#[derive(Default)]
struct Reader {
    cluster: Cluster,
    workloads: Vec<Workload>,
    calico_tiers: Vec<CalicoTier>,
    endpoints: Vec<(SmolStr, SmolStr, Vec<Endpoint>)>,
    /// What Calico says of pods; `labelsToApply` of profiles.
    calico_pods: Vec<Pod>,
    profile_labels: HashMap<SmolStr, Labels>,
    warnings: Vec<Warning>,
}

impl Cluster {
    /// The cluster that documents describe, and what of them could not be read.
    ///
    /// Objects that have no part in network policy are left out without a word. A policy that
    /// cannot be read fully is kept: what it selects is undecided.
    #[must_use]
    pub fn read(documents: &[Document]) -> (Self, Vec<Warning>) {
        let mut reader = Reader::default();
        for (head, document) in reader.distinct(documents) {
            reader.object(&head, &Item::root(&document.value));
        }
        reader.finish()
    }
}

impl Reader {
    /// Every object once: of several of one name the last, as `kubectl apply` leaves it.
    fn distinct<'d>(&mut self, documents: &'d [Document]) -> Vec<(Head, &'d Document)> {
        let mut found: Vec<(Head, &Document)> = Vec::new();
        let mut places: HashMap<SmolStr, usize> = HashMap::new();
        for document in documents {
            let Some(head) = Head::of(document) else { continue };
            let place = head.written_namespace.as_deref().unwrap_or("default");
            let key = format_smolstr!("{}/{}/{place}/{}", head.group, head.kind, head.name);
            if let Some(earlier) = places.get(&key).and_then(|&at| found.get_mut(at)) {
                if earlier.1.value != document.value {
                    self.warn(
                        &head,
                        "is written more than once; the last one is used",
                        Severity::Warning,
                    );
                }
                *earlier = (head, document);
            } else {
                places.insert(key, found.len());
                found.push((head, document));
            }
        }
        found
    }

    fn warn(&mut self, head: &Head, what: &str, severity: Severity) {
        let Head { file, kind, name, .. } = head;
        let place = head.written_namespace.as_ref().map(|n| format!("{n}/")).unwrap_or_default();
        let message = format!("{file}: {kind} {place}{name} {what}");
        self.warnings.push(Warning::new(severity, message, None));
    }

    fn warn_all(&mut self, head: &Head, problems: &Problems, severity: Severity) {
        for problem in &problems.found {
            self.warn(head, &format!("cannot be read fully: {problem}"), severity);
        }
    }

    fn object(&mut self, head: &Head, object: &Item<'_>) {
        match (head.group.as_str(), head.kind.as_str()) {
            ("networking.k8s.io" | "extensions", "NetworkPolicy")
            | (
                "policy.networking.k8s.io",
                "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy" | "ClusterNetworkPolicy",
            ) => self.kubernetes_policy(head, object),
            (group, _) if CALICO_GROUPS.contains(&group) => self.calico(head, object),
            ("cilium.io", "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy") => {
                let mut problems = Problems::default();
                for policy in cilium::policies(object, head, &mut problems) {
                    self.cluster.policies.push(policy);
                }
                self.warn_all(head, &problems, Severity::Warning);
                self.warn(
                    head,
                    "is not evaluated; neither are the pods it selects",
                    Severity::Warning,
                );
            }
            (_, kind) if kind.ends_with("NetworkPolicy") => {
                let policy = cilium::unread(head, head.written_namespace.clone());
                self.cluster.policies.push(policy);
                self.warn(
                    head,
                    "is not evaluated; any pod may be selected by it",
                    Severity::Warning,
                );
            }
            _ => self.plain_object(head, object),
        }
    }

    fn kubernetes_policy(&mut self, head: &Head, object: &Item<'_>) {
        let mut problems = Problems::default();
        let policy = match head.kind.as_str() {
            "AdminNetworkPolicy" => {
                admin_policy::policy(object, head, PolicyKind::AdminNetworkPolicy, &mut problems)
            }
            "BaselineAdminNetworkPolicy" => {
                let kind = PolicyKind::BaselineAdminNetworkPolicy;
                admin_policy::policy(object, head, kind, &mut problems)
            }
            "ClusterNetworkPolicy" => {
                admin_policy::policy(object, head, PolicyKind::ClusterNetworkPolicy, &mut problems)
            }
            _ => network_policy::policy(object, head, &mut problems),
        };
        self.policy(head, policy, problems);
    }

    fn policy(&mut self, head: &Head, mut policy: Policy, problems: Problems) {
        self.warn_all(head, &problems, Severity::Error);
        policy.flaws = problems.found;
        self.cluster.policies.push(policy);
    }

    fn calico(&mut self, head: &Head, object: &Item<'_>) {
        let mut problems = Problems::default();
        match head.kind.as_str() {
            "NetworkPolicy" | "GlobalNetworkPolicy" => {
                let read = calico::policy(object, head, &mut problems);
                if read.is_forwarding {
                    self.cluster.forwarding.push(read.policy.name.clone());
                }
                if !read.is_for_hosts_alone {
                    self.policy(head, read.policy, problems);
                    return;
                }
                self.cluster.early.push(read.policy);
            }
            "NetworkSet" | "GlobalNetworkSet" => {
                let set = calico::network_set(object, head, &mut problems);
                self.cluster.network_sets.push(set);
            }
            "Tier" => self.calico_tiers.push(calico::tier(object, head, &mut problems)),
            "HostEndpoint" => {
                self.cluster.has_host_endpoints = true;
                self.cluster.pods.push(calico_endpoint::of_host(object, head, &mut problems));
            }
            "WorkloadEndpoint" => {
                self.calico_pods.push(calico_endpoint::of_pod(object, head, &mut problems));
            }
            "Profile" => {
                let (mut profile, labels) = calico_endpoint::profile(object, head, &mut problems);
                profile.flaws.clone_from(&problems.found);
                self.profile_labels.insert(head.name.clone(), labels);
                self.cluster.profiles.insert(head.name.clone(), profile);
            }
            kind if kind.starts_with("Staged") => {
                self.warn(head, "is staged: it decides nothing yet", Severity::Note);
            }
            _ => {}
        }
        self.warn_all(head, &problems, Severity::Error);
    }

    fn plain_object(&mut self, head: &Head, object: &Item<'_>) {
        let mut problems = Problems::default();
        match (head.group.as_str(), head.kind.as_str()) {
            ("", "Namespace") => {
                let namespace = object::namespace(object, head, &mut problems);
                self.cluster.namespaces.insert(head.name.clone(), namespace);
            }
            ("", "Node") => self.cluster.nodes.push(object::node(object, head, &mut problems)),
            ("", "Pod") => self.cluster.pods.push(object::pod(object, head, &mut problems)),
            ("", "Service") => {
                self.cluster.services.push(object::service(object, head, &mut problems));
            }
            ("", "Endpoints") | ("discovery.k8s.io", "EndpointSlice") => {
                let (service, endpoints) = object::endpoints(object, head, &mut problems);
                self.endpoints.push((head.namespace(), service, endpoints));
            }
            ("", "ServiceAccount") => {
                let labels = Labels::read(object.at(&["metadata", "labels"]), &mut problems);
                let key = (head.namespace(), head.name.clone());
                self.cluster.accounts.insert(key, labels);
            }
            ("apps" | "extensions", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("batch", "Job" | "CronJob")
            | ("", "ReplicationController") => {
                let template: Pod = object::template(object, head, &mut problems);
                self.workloads.push(Workload { template, owner: object::owner(object) });
            }
            _ => {}
        }
        self.warn_all(head, &problems, Severity::Warning);
    }

    fn finish(mut self) -> (Cluster, Vec<Warning>) {
        calico_endpoint::merge(&mut self.cluster.pods, self.calico_pods);
        calico_endpoint::apply_labels(&mut self.cluster.pods, &self.profile_labels);
        owners::add_templates(&mut self.cluster.pods, self.workloads);
        for (namespace, name, endpoints) in self.endpoints {
            let is_it =
                |s: &&mut super::object::Service| s.namespace == namespace && s.name == name;
            for service in self.cluster.services.iter_mut().filter(is_it) {
                service.endpoints.extend(endpoints.iter().cloned());
            }
        }
        self.cluster.complete(self.calico_tiers);
        (self.cluster, self.warnings)
    }
}
