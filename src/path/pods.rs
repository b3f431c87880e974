//! What Kubernetes policies say of a packet, as far as a journey needs it.

use super::hop::HopVerdict;
use super::packet::Packet;
use super::topology::{Direction, Pod};

/// An answer about one end of a packet.
#[derive(Debug, Clone)]
pub struct PolicyAnswer {
    pub verdict: HopVerdict,
    pub rule: Option<String>,
    pub reason: String,
    pub notes: Vec<String>,
    pub needs: Vec<String>,
}

/// Whoever evaluates the policies of a cluster.
pub trait PodPolicies {
    /// What the policies of `pod` say of a packet that leaves it or comes to it.
    fn decide(&self, direction: Direction, pod: &Pod, packet: &Packet) -> PolicyAnswer;
}

/// Nobody: the files hold no policies that can be evaluated.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPolicies;

impl PodPolicies for NoPolicies {
    fn decide(&self, _direction: Direction, _pod: &Pod, _packet: &Packet) -> PolicyAnswer {
        PolicyAnswer {
            verdict: HopVerdict::NoData,
            rule: None,
            reason: "not evaluated (no cluster policy evaluation)".to_owned(),
            notes: Vec::new(),
            needs: Vec::new(),
        }
    }
}
