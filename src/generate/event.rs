//! What the firewall writes a record about.

use jiff::Timestamp;
use smol_str::SmolStr;

use super::traffic::LoggedInstead;
use crate::compile::{RulePath, Ruleset};
use crate::evaluate::{Alert, Ruling, Stage, Translation, Verdict, evaluate};
use crate::flow::{Flow, FlowProtocol, Name};

/// One thing that is logged: in one record of each family.
#[derive(Debug, Clone)]
pub struct Event {
    pub time: Timestamp,
    /// When the record reaches the log. Instances of a firewall deliver in batches.
    pub arrival: Timestamp,
    pub flow: Flow,
    pub kind: Kind,
}

/// What kind of record it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `None`: the default action.
    Network {
        ruling: Ruling,
        rule: Option<RulePath>,
    },
    /// `None`: the default action.
    Application {
        ruling: Ruling,
        rule: Option<RulePath>,
    },
    /// An HTTPS connection without SNI.
    MissingName,
    Nat {
        rule: RulePath,
        translation: Translation,
    },
    ThreatIntel {
        is_denied: bool,
    },
    Idps {
        is_dropped: bool,
        signature: SmolStr,
    },
    Dns {
        id: u16,
        duration_us: u32,
        answer: Answer,
    },
}

/// How the DNS proxy answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Resolved,
    /// NXDOMAIN.
    Unknown,
    /// The server behind the proxy did not answer.
    TimedOut,
}

/// What is logged about a flow, in the order in which it is written: what the rules do is logged
/// first, also where IDPS takes it back.
pub(super) fn kinds(ruleset: &Ruleset, flow: &Flow, instead: Option<&LoggedInstead>) -> Vec<Kind> {
    let verdict = evaluate(ruleset, flow, &mut ());
    let without_idps = Flow { idps: None, ..flow.clone() };
    let ruled = evaluate(ruleset, &without_idps, &mut ());
    let mut kinds = Vec::new();
    if verdict.alerts.contains(&Alert::ThreatIntel) {
        kinds.push(Kind::ThreatIntel { is_denied: false });
    }
    kinds.extend(of_stage(ruleset, flow, &ruled, instead));
    let signature = flow.idps.as_ref().and_then(|hit| hit.signature.clone());
    let is_dropped = verdict.stage == Some(Stage::Idps);
    let is_logged = is_dropped || verdict.alerts.contains(&Alert::Idps);
    kinds.extend(
        signature.filter(|_| is_logged).map(|signature| Kind::Idps { is_dropped, signature }),
    );
    kinds
}

fn of_stage(
    ruleset: &Ruleset,
    flow: &Flow,
    verdict: &Verdict,
    instead: Option<&LoggedInstead>,
) -> Option<Kind> {
    let path = verdict.rule.map(|rule| ruleset.path(rule).clone());
    if let Some(instead) = instead {
        return Some(planted(ruleset, flow, instead));
    }
    let ruling = ruling_of(verdict);
    match verdict.stage? {
        Stage::ThreatIntel => Some(Kind::ThreatIntel { is_denied: true }),
        Stage::Dnat => {
            let translation = verdict.translation.clone()?;
            Some(Kind::Nat { rule: path?, translation })
        }
        Stage::Network => Some(Kind::Network { ruling, rule: path }),
        Stage::Application | Stage::Infrastructure => {
            Some(Kind::Application { ruling, rule: path })
        }
        Stage::Default => Some(by_default(flow)),
        Stage::Idps => None,
    }
}

fn ruling_of(verdict: &Verdict) -> Ruling {
    match verdict.decision {
        crate::evaluate::Decision::Allow => Ruling::Allow,
        crate::evaluate::Decision::Deny | crate::evaluate::Decision::Undecided => Ruling::Deny,
    }
}

/// Which log a denial by default stands in depends on what the firewall saw.
fn by_default(flow: &Flow) -> Kind {
    let is_application = matches!(flow.protocol, FlowProtocol::Application(_));
    match (&flow.name, is_application) {
        (Name::Absent, true) => Kind::MissingName,
        (Name::Known(_) | Name::Unknown, true) => {
            Kind::Application { ruling: Ruling::Deny, rule: None }
        }
        (_, false) => Kind::Network { ruling: Ruling::Deny, rule: None },
    }
}

fn planted(ruleset: &Ruleset, flow: &Flow, instead: &LoggedInstead) -> Kind {
    let rule = Some(RulePath {
        policy: ruleset.policies.last().cloned(),
        group: Some(instead.group.clone()),
        collection: instead.collection.clone(),
        rule: instead.rule.clone(),
        is_inherited: false,
    });
    match flow.protocol {
        FlowProtocol::Application(_) => Kind::Application { ruling: instead.ruling, rule },
        FlowProtocol::Ip(_) => Kind::Network { ruling: instead.ruling, rule },
    }
}
