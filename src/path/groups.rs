//! Security admin rules and security groups on the way, in the order of the direction.

use super::hop::{HopVerdict, Layer};
use super::nsg::filter;
use super::tags::TagView;
use super::topology::{Access, Attached, Direction, SecurityRule};
use super::walk::{MachineKind, Spot, Step, Walk};

impl<'a> Walk<'a> {
    /// Security admin rules and groups at a spot, in the order of the direction.
    pub(super) fn groups(&mut self, spot: Spot<'a>, direction: Direction) -> Step {
        let topology = self.world.topology;
        let tags = TagView::of(topology, spot.subnet, self.world.settings.vnet_tag);
        match self.admin(spot, direction, &tags) {
            Some(Access::AlwaysAllow) => return Step::On,
            Some(Access::Deny) => return Step::End,
            Some(Access::Allow) | None => {}
        }
        let places = match direction {
            Direction::Outbound => [true, false],
            Direction::Inbound => [false, true],
        };
        for is_interface in places {
            let step = if is_interface {
                self.interface_group(spot, direction, &tags)
            } else {
                self.subnet_group(spot, direction, &tags)
            };
            if step == Step::End {
                return Step::End;
            }
        }
        Step::On
    }

    fn admin(
        &mut self,
        spot: Spot<'a>,
        direction: Direction,
        tags: &TagView<'a>,
    ) -> Option<Access> {
        let topology = self.world.topology;
        let mut access = None;
        for list in &topology.admin_rules {
            let is_known = list.network.as_ref().map(|id| id.agrees_with(&spot.network.id));
            if is_known == Some(false) {
                continue;
            }
            let filtered = filter(&list.rules, direction, &self.packet, tags, topology);
            if filtered.rule.is_none() && filtered.candidates.is_empty() {
                continue;
            }
            let is_sure = is_known == Some(true);
            let found = filtered.access.filter(|_| is_sure);
            let verdict = match found {
                Some(Access::Deny) => HopVerdict::Deny,
                Some(Access::Allow | Access::AlwaysAllow) => HopVerdict::Allow,
                None => HopVerdict::Unknown,
            };
            let rule = filtered.rule.map(|rule| rule.name.to_string());
            let reason = match (&rule, found) {
                (Some(rule), Some(Access::AlwaysAllow)) => {
                    format!("{rule}: always allowed, groups do not matter")
                }
                (Some(rule), _) => rule.clone(),
                (None, _) => "several rules may match".to_owned(),
            };
            self.hop(Layer::AdminRules, "security admin rules", verdict, &reason);
            let mut needs = filtered.needs();
            if !is_sure {
                needs.push("whether the security admin rules apply to this network".to_owned());
            }
            self.last(|hop| {
                hop.rule = rule;
                hop.needs = if verdict == HopVerdict::Unknown { needs } else { Vec::new() };
            });
            access = access.or(found);
        }
        access
    }

    fn subnet_group(&mut self, spot: Spot<'a>, direction: Direction, tags: &TagView<'a>) -> Step {
        let topology = self.world.topology;
        let title = format!("NSG {} of subnet {}", way(direction), spot.subnet.name);
        match topology.group_of_subnet(spot.subnet) {
            Attached::None => Step::On,
            Attached::Missing(id) => self.unknown_group(&title, id.name()),
            Attached::Known(group) => {
                let effective = topology.effective_groups.iter().find(|it| {
                    it.group.agrees_with(&group.id)
                        && it.subnet.as_ref().is_some_and(|id| id.agrees_with(&spot.subnet.id))
                });
                let rules = effective.map_or(&group.rules, |it| &it.rules);
                self.group(&title, &group.name, group.id.as_str(), rules, direction, tags)
            }
        }
    }

    fn interface_group(
        &mut self,
        spot: Spot<'a>,
        direction: Direction,
        tags: &TagView<'a>,
    ) -> Step {
        let topology = self.world.topology;
        match spot.machine {
            MachineKind::None => Step::On,
            MachineKind::Node => {
                self.assume("interfaces of AKS nodes have the NSG that AKS manages: default rules, and what its services of type LoadBalancer need");
                Step::On
            }
            MachineKind::Unknown => {
                let title = format!("NSG {} of the interface", way(direction));
                let reason =
                    "not evaluated (no data): no interface with this address among the files";
                self.hop(Layer::SecurityGroup, &title, HopVerdict::NoData, reason)
            }
            MachineKind::Interface(nic) => {
                let title = format!("NSG {} of interface {}", way(direction), nic.name);
                match topology.group_of_interface(nic) {
                    Attached::None => Step::On,
                    Attached::Missing(id) => self.unknown_group(&title, id.name()),
                    Attached::Known(group) => {
                        let effective = topology.effective_groups.iter().find(|it| {
                            it.group.agrees_with(&group.id)
                                && it.interface.as_ref().is_some_and(|id| id.agrees_with(&nic.id))
                        });
                        let rules = effective.map_or(&group.rules, |it| &it.rules);
                        self.group(&title, &group.name, group.id.as_str(), rules, direction, tags)
                    }
                }
            }
        }
    }

    fn unknown_group(&mut self, title: &str, name: &str) -> Step {
        let reason = format!("not evaluated (no data): {name} is not among the files");
        self.hop(Layer::SecurityGroup, title, HopVerdict::Unknown, &reason);
        self.missing.push(format!("{title}: {name} is not among the files"));
        self.last(|hop| hop.needs.push(format!("network security group `{name}`")));
        Step::On
    }

    fn group(
        &mut self,
        title: &str,
        name: &str,
        id: &str,
        rules: &[SecurityRule],
        direction: Direction,
        tags: &TagView<'a>,
    ) -> Step {
        let filtered = filter(rules, direction, &self.packet, tags, self.world.topology);
        let verdict = match filtered.access {
            Some(Access::Deny) => HopVerdict::Deny,
            Some(Access::Allow | Access::AlwaysAllow) => HopVerdict::Allow,
            None => HopVerdict::Unknown,
        };
        let rule = filtered.rule.map(|rule| {
            (rule.name.rsplit('/').next().unwrap_or(&rule.name).to_owned(), rule.priority)
        });
        let reason = match (&rule, filtered.is_platform) {
            (Some((rule, priority)), _) => format!("{name}/{rule} ({priority})"),
            (None, true) => {
                format!("{name}: an address of the platform, which only its own tags filter")
            }
            (None, false) => {
                let rules: Vec<String> = filtered
                    .candidates
                    .iter()
                    .take(3)
                    .map(|(rule, _)| rule.name.to_string())
                    .collect();
                format!("{name}: {} may match", rules.join(", "))
            }
        };
        let step = self.hop(Layer::SecurityGroup, title, verdict, &reason);
        let needs = filtered.needs();
        self.last(|hop| {
            hop.object = Some(id.to_owned());
            hop.rule = rule.map(|(rule, _)| rule);
            if verdict == HopVerdict::Unknown {
                hop.needs = needs;
            }
            if filtered.is_widened && !tags.widened_by.is_empty() {
                hop.notes.push(format!(
                    "`VirtualNetwork` holds this because of route {}; by address spaces alone it would not match (`--vnet-tag strict`)",
                    tags.widened_by.join(", ")
                ));
            }
        });
        step
    }
}

fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "in",
        Direction::Outbound => "out",
    }
}
