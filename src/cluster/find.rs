//! A pod by the name people call it.

use super::Cluster;
use super::object::Pod;

/// No pod, or more than one, has the name that was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("{message}")]
pub struct FindError {
    message: String,
    #[help]
    help: Option<String>,
}

/// The kinds of workloads as kubectl abbreviates them.
const KINDS: [(&str, &str); 17] = [
    ("deployment", "Deployment"),
    ("deployments", "Deployment"),
    ("deploy", "Deployment"),
    ("statefulset", "StatefulSet"),
    ("statefulsets", "StatefulSet"),
    ("sts", "StatefulSet"),
    ("daemonset", "DaemonSet"),
    ("daemonsets", "DaemonSet"),
    ("ds", "DaemonSet"),
    ("replicaset", "ReplicaSet"),
    ("rs", "ReplicaSet"),
    ("job", "Job"),
    ("jobs", "Job"),
    ("cronjob", "CronJob"),
    ("cj", "CronJob"),
    ("replicationcontroller", "ReplicationController"),
    ("rc", "ReplicationController"),
];

/// More names than this help no one.
const SHOWN_MAX: usize = 5;

impl Cluster {
    /// The pod of a name: `shop/web`, `shop/deploy/web`, or `web` where one namespace alone has it.
    ///
    /// A name without a kind is a pod's, else a workload's. Of the pods of a workload the first
    /// that runs is taken: policies select them alike.
    ///
    /// # Errors
    ///
    /// If there is no such pod, or one in several namespaces.
    pub fn find_pod(&self, text: &str) -> Result<&Pod, FindError> {
        let parts: Vec<&str> = text.split('/').collect();
        let (namespace, kind, name) = match parts.as_slice() {
            [name] => (None, None, *name),
            [namespace, name] => (Some(*namespace), None, *name),
            [namespace, kind, name] => (Some(*namespace), Some(kind_name(kind)?), *name),
            _ => return Err(unclear(text)),
        };
        let is_near = |pod: &&Pod| namespace.is_none_or(|namespace| pod.namespace == namespace);
        let candidates = |is_it: &dyn Fn(&Pod) -> bool| -> Vec<&Pod> {
            self.pods.iter().filter(is_near).filter(|pod| is_it(pod)).collect()
        };
        let is_asked = |made_by: &str| kind.is_none_or(|kind| kind == made_by);
        let mut found = Vec::new();
        if kind.is_none() || kind == Some("Pod") {
            found = candidates(&|pod| pod.name == name && !pod.is_template);
        }
        if found.is_empty() && kind != Some("Pod") {
            found = candidates(&|pod| is_pod_of(pod, name, &is_asked));
        }
        self.one_of(text, found)
    }

    fn one_of<'c>(&'c self, text: &str, found: Vec<&'c Pod>) -> Result<&'c Pod, FindError> {
        let Some(first) = found.first() else { return Err(self.nothing(text)) };
        let mut namespaces: Vec<&str> = found.iter().map(|pod| pod.namespace.as_str()).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        if namespaces.len() > 1 {
            return Err(FindError {
                message: format!("`{text}` is in several namespaces: {}", namespaces.join(", ")),
                help: Some(format!("write `{}/{text}`", first.namespace)),
            });
        }
        Ok(found.iter().find(|pod| !pod.is_finished).unwrap_or(first))
    }

    /// There is no such pod: what is called nearly so.
    fn nothing(&self, text: &str) -> FindError {
        let name = text.rsplit('/').next().unwrap_or(text);
        let is_near = |pod: &&Pod| pod.name.contains(name) || name.contains(pod.name.as_str());
        let mut near: Vec<String> =
            self.pods.iter().filter(is_near).take(SHOWN_MAX).map(ToString::to_string).collect();
        if near.is_empty() {
            near = self.pods.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
        }
        let help = if near.is_empty() {
            "the input holds neither pods nor workloads".to_owned()
        } else {
            format!("there are {}", near.join(", "))
        };
        FindError { message: format!("no pod or workload `{text}`"), help: Some(help) }
    }
}

fn kind_name(text: &str) -> Result<&'static str, FindError> {
    if ["pod", "pods", "po"].iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return Ok("Pod");
    }
    let known = KINDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    known.map(|(_, kind)| *kind).ok_or_else(|| FindError {
        message: format!("unknown kind `{text}`"),
        help: Some("write `pod`, `deploy`, `sts`, `ds`, `rs`, `job`, `cronjob` or `rc`".to_owned()),
    })
}

fn unclear(text: &str) -> FindError {
    FindError {
        message: format!("`{text}` is no name of a pod"),
        help: Some("write `namespace/pod` or `namespace/deploy/name`".to_owned()),
    }
}

/// Whether a workload of this name made the pod, itself or through what it made.
fn is_pod_of(pod: &Pod, name: &str, is_asked: &impl Fn(&str) -> bool) -> bool {
    let Some(owner) = &pod.owner else { return false };
    if owner.name == name && is_asked(&owner.kind) {
        return true;
    }
    let is_made = |maker: &str| {
        is_asked(maker) && owner.name.rsplit_once('-').is_some_and(|(base, _)| base == name)
    };
    match owner.kind.as_str() {
        "ReplicaSet" => is_made("Deployment"),
        "Job" => is_made("CronJob"),
        // The pods of a stateful set are numbered.
        "StatefulSet" if pod.is_template && is_asked("StatefulSet") => {
            let number = name.rsplit_once('-').filter(|(base, _)| *base == owner.name);
            number.is_some_and(|(_, number)| number.parse::<u32>().is_ok())
        }
        _ => false,
    }
}
