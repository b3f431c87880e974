//! Which pods a policy is for, and the labels by which Calico and Cilium know endpoints.

use smol_str::SmolStr;

use super::Cluster;
use super::calico::{
    NAMESPACE, NetworkSet, OF_ACCOUNT, OF_NAMESPACE, ORCHESTRATOR, OWN_NAME, SERVICE_ACCOUNT,
};
use super::object::Pod;
use super::policy::{Policy, Subject};
use crate::syntax::selector::{Label, Selector};

impl Cluster {
    /// Whether a policy is for a pod; `None` where that is not known.
    pub(super) fn selects(&self, policy: &Policy, pod: &Pod) -> Option<bool> {
        match &policy.subject {
            Subject::Own { namespace, pods } => {
                if *namespace != pod.namespace {
                    return Some(false);
                }
                pods.matches(&|key: &str| own_label(pod, key))
            }
            Subject::Admin { namespaces, pods } => {
                if pod.is_on_host() || pods.matches(&|key| own_label(pod, key)) == Some(false) {
                    return Some(false);
                }
                namespaces.matches(&|key: &str| self.namespace_label(&pod.namespace, key))
            }
            Subject::Calico(selector) => {
                if pod.is_host_network {
                    return Some(false);
                }
                self.has_calico_labels(selector, pod)
            }
            Subject::Cilium { namespace, endpoints } => {
                let is_other = namespace.as_ref().is_some_and(|name| *name != pod.namespace);
                if pod.is_on_host() || is_other {
                    return Some(false);
                }
                endpoints.matches(&|key: &str| self.cilium_label(pod, key))
            }
            Subject::Unread { namespace } => match namespace {
                Some(namespace) if *namespace != pod.namespace => Some(false),
                Some(_) | None => None,
            },
        }
    }

    /// A label of a namespace.
    pub(super) fn namespace_label(&self, namespace: &SmolStr, key: &str) -> Label<'_> {
        self.namespaces.get(namespace).map_or(Label::Unknown, |namespace| namespace.label(key))
    }

    /// Whether Calico's selector means this pod.
    pub(super) fn has_calico_labels(&self, selector: &Selector, pod: &Pod) -> Option<bool> {
        selector.matches(&|key: &str| self.calico_label(pod, key))
    }

    fn calico_label<'c>(&'c self, pod: &'c Pod, key: &str) -> Label<'c> {
        if pod.is_host_endpoint {
            return own_label(pod, key);
        }
        match key {
            NAMESPACE => Label::Is(&pod.namespace),
            ORCHESTRATOR => Label::Is("k8s"),
            SERVICE_ACCOUNT => Label::Is(&pod.service_account),
            _ => match (key.strip_prefix(OF_NAMESPACE), key.strip_prefix(OF_ACCOUNT)) {
                (Some(OWN_NAME), _) => Label::Is(&pod.namespace),
                (Some(key), _) => self.namespace_label(&pod.namespace, key),
                (None, Some(OWN_NAME)) => Label::Is(&pod.service_account),
                (None, Some(key)) => {
                    let account = (pod.namespace.clone(), pod.service_account.clone());
                    match self.accounts.get(&account).map(|labels| labels.get(key)) {
                        Some(Some(value)) => Label::Is(value),
                        Some(None) => Label::Absent,
                        None => Label::Unknown,
                    }
                }
                (None, None) => own_label(pod, key),
            },
        }
    }

    /// A label of a network set, which has those of its namespace too.
    pub(super) fn set_label<'c>(&'c self, set: &'c NetworkSet, key: &str) -> Label<'c> {
        if let Some(namespace) = &set.namespace {
            match (key, key.strip_prefix(OF_NAMESPACE)) {
                (NAMESPACE, _) | (_, Some(OWN_NAME)) => return Label::Is(namespace),
                (_, Some(key)) => return self.namespace_label(namespace, key),
                (_, None) => {}
            }
        }
        set.labels.get(key).map_or(Label::Absent, Label::Is)
    }

    fn cilium_label<'c>(&'c self, pod: &'c Pod, key: &str) -> Label<'c> {
        if let Some(key) = key.strip_prefix("io.cilium.k8s.namespace.labels.") {
            return self.namespace_label(&pod.namespace, key);
        }
        match key {
            "io.kubernetes.pod.namespace" => Label::Is(&pod.namespace),
            "io.cilium.k8s.policy.serviceaccount" => Label::Is(&pod.service_account),
            _ if key.contains(':') || key.starts_with("io.cilium.") => Label::Unknown,
            _ => own_label(pod, key),
        }
    }
}

pub(super) fn own_label<'p>(pod: &'p Pod, key: &str) -> Label<'p> {
    pod.labels.get(key).map_or(Label::Absent, Label::Is)
}
