//! The steps of a plan: each with its call, what is read around it, what must be true before and after, and its way back.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Move, Moves, Part, Unit};
use super::cone::ids;
use super::draft::DraftOptions;
use super::step::{
    After, Expect, ExpectInstance, ExpectInterface, Params, Poll, Read, Rollback, Step, StepEvidence, Value,
};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::inventory::InterfaceKind;
use crate::policy::{Review, Subject};

/// Writes the steps.
pub(super) struct Steps<'s> {
    pub(super) review: &'s Review<'s>,
    pub(super) moves: &'s Moves<'s>,
    pub(super) regions: &'s BTreeMap<InterfaceIx, String>,
    pub(super) options: &'s DraftOptions<'s>,
}

impl Steps<'_> {
    pub(super) fn in_order(&self, order: &[usize]) -> Vec<Step> {
        let mut done = vec![false; self.moves.moves.len()];
        let mut steps: Vec<Step> = Vec::with_capacity(order.len());
        for call in order {
            let Some(made) = self.moves.moves.get(*call) else { continue };
            let before = self.moves.groups(made.unit, &done);
            if let Some(place) = done.get_mut(*call) {
                *place = true;
            }
            let after = self.moves.groups(made.unit, &done);
            let Some(unit) = self.moves.units.get(made.unit) else { continue };
            let id = format!("s-{:04}", steps.len() + 1);
            // The order as a whole was judged, so every step waits for the one before it.
            let depends_on = steps.last().map(|step| step.id.clone()).into_iter().collect();
            steps.push(self.step(id, depends_on, unit, made, [&before, &after]));
        }
        steps
    }

    fn step(
        &self,
        id: String,
        depends_on: Vec<String>,
        unit: &Unit,
        made: &Move,
        [before, after]: [&BTreeSet<GroupIx>; 2],
    ) -> Step {
        let graph = self.review.simulation().graph;
        let region_id = self.regions.get(&unit.interface).cloned().unwrap_or_default();
        let name = Named::of(graph, unit.interface, &region_id);
        let (leaves, joins): (Vec<GroupIx>, Vec<GroupIx>) =
            (before.difference(after).copied().collect(), after.difference(before).copied().collect());
        let (action, params, back, undo) = if made.replaces {
            let (action, there) = name.replace(ids(graph, after));
            let (_, back) = name.replace(ids(graph, before));
            (action, there, action, back)
        } else {
            let group =
                leaves.first().or_else(|| joins.first()).map(|group| graph.group_id(*group).to_string());
            let params = name.one(group.unwrap_or_default());
            let is_join = made.parts.iter().any(|(_, part)| *part == Part::Join);
            let (there, back) = if is_join {
                ("JoinSecurityGroup", "LeaveSecurityGroup")
            } else {
                ("LeaveSecurityGroup", "JoinSecurityGroup")
            };
            (there, params.clone(), back, params)
        };
        let findings = self.review.findings().iter().filter(|finding| match finding.subject {
            Subject::Interface(interface) | Subject::Membership(interface, _) => interface == unit.interface,
            Subject::Group(_) | Subject::Whole => false,
        });
        Step {
            id,
            depends_on,
            action: action.to_owned(),
            api_version: "2014-05-26".to_owned(),
            params,
            replaces: made.replaces,
            wait_seconds: if made.waits { self.options.wait_seconds } else { 0 },
            reads: name.reads(),
            expect: name.expect(graph, unit.interface, ids(graph, before)),
            after: After {
                security_group_ids: ids(graph, after),
                poll: Poll { every_ms: 2_000, for_ms: 60_000 },
            },
            rollback: Rollback {
                action: back.to_owned(),
                params: undo,
                security_group_ids: ids(graph, before),
            },
            evidence: StepEvidence {
                leaves: ids(graph, &leaves),
                joins: ids(graph, &joins),
                findings: findings.map(|finding| finding.key(graph)).collect(),
            },
            region_id,
        }
    }
}

/// An interface as the API names it.
struct Named {
    region_id: String,
    interface_id: String,
    /// The instance, where the call names that: for its primary interface (law A16).
    primary_of: Option<String>,
    instance_id: Option<String>,
}

impl Named {
    fn of(graph: &SecurityGraph, interface: InterfaceIx, region_id: &str) -> Self {
        let described = graph.interface(interface);
        let instance_id = described.instance.as_ref().map(ToString::to_string);
        Self {
            region_id: region_id.to_owned(),
            interface_id: described.id.to_string(),
            primary_of: instance_id.clone().filter(|_| described.kind == InterfaceKind::Primary),
            instance_id,
        }
    }

    fn replace(&self, groups: Vec<String>) -> (&'static str, Params) {
        let text = |text: &str| Value::Text(text.to_owned());
        match &self.primary_of {
            Some(instance) => (
                "ModifyInstanceAttribute",
                Params::from([
                    ("InstanceId".to_owned(), text(instance)),
                    ("SecurityGroupIds".to_owned(), Value::List(groups)),
                ]),
            ),
            None => (
                "ModifyNetworkInterfaceAttribute",
                Params::from([
                    ("RegionId".to_owned(), text(&self.region_id)),
                    ("NetworkInterfaceId".to_owned(), text(&self.interface_id)),
                    ("SecurityGroupId".to_owned(), Value::List(groups)),
                ]),
            ),
        }
    }

    fn one(&self, group: String) -> Params {
        let (name, id) = match &self.primary_of {
            Some(instance) => ("InstanceId", instance),
            None => ("NetworkInterfaceId", &self.interface_id),
        };
        Params::from([
            ("RegionId".to_owned(), Value::Text(self.region_id.clone())),
            (name.to_owned(), Value::Text(id.clone())),
            ("SecurityGroupId".to_owned(), Value::Text(group)),
        ])
    }

    fn reads(&self) -> Vec<Read> {
        let region = ("RegionId".to_owned(), Value::Text(self.region_id.clone()));
        let interface = Params::from([
            region.clone(),
            ("NetworkInterfaceId".to_owned(), Value::List(vec![self.interface_id.clone()])),
            ("MaxResults".to_owned(), Value::Number(100)),
        ]);
        let mut reads = vec![Read {
            id: "interface".to_owned(),
            action: "DescribeNetworkInterfaces".to_owned(),
            params: interface,
        }];
        if let Some(instance) = &self.instance_id {
            // The wire wants JSON in a text here; an id has no character that would need an escape.
            let list = Value::Text(format!("[\"{instance}\"]"));
            let params =
                [region, ("InstanceIds".to_owned(), list), ("MaxResults".to_owned(), Value::Number(10))];
            reads.push(Read {
                id: "instance".to_owned(),
                action: "DescribeInstances".to_owned(),
                params: Params::from(params),
            });
        }
        reads
    }

    fn expect(&self, graph: &SecurityGraph, interface: InterfaceIx, groups: Vec<String>) -> Expect {
        let described = graph.interface(interface);
        let vpc_id = described.network.vpc().map(ToString::to_string).unwrap_or_default();
        let statuses = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let instance = self.instance_id.as_ref().map(|instance| ExpectInstance {
            instance_id: instance.clone(),
            status: statuses(&["Running", "Stopped"]),
            operation_locks: Vec::new(),
            vpc_id: vpc_id.clone(),
            security_group_ids: self.primary_of.as_ref().map(|_| groups.clone()),
        });
        Expect {
            interface: ExpectInterface {
                network_interface_id: self.interface_id.clone(),
                interface_type: interface_type(described.kind).to_owned(),
                status: statuses(if instance.is_some() { &["InUse"] } else { &["Available", "InUse"] }),
                service_managed: false,
                vpc_id,
                security_group_ids: groups,
            },
            instance,
            min_groups_left: 1,
        }
    }
}

/// Returns the type of an interface as the API names it.
pub(super) const fn interface_type(kind: InterfaceKind) -> &'static str {
    match kind {
        InterfaceKind::Primary => "Primary",
        InterfaceKind::Secondary | InterfaceKind::Other => "Secondary",
    }
}
