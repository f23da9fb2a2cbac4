//! Readings: the open sentences of the law, the missing pieces of an export, and the settings that close some.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::graph::{GroupIx, InterfaceIx, RuleRef, SecurityGraph};
use crate::inventory::{PortRangeListId, PrefixListId};

/// Where the intra-group Accept stands among the custom rules (law A1, A2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// Custom rules are asked first.
    CustomFirst,
    /// The intra-group Accept is asked first.
    AcceptFirst,
}

/// Which addresses a group reference and the intra-group policy cover (law A8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressKinds {
    /// Every address of a member.
    All,
    /// Primary and secondary IPv4 addresses only.
    Ipv4,
}

/// The settings of the semantics. `None` leaves a sentence open: both answers are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Readings {
    /// A1: an egress drop against the intra-group Accept.
    pub intra_group_egress: Option<Order>,
    /// A2: an ingress drop against the intra-group Accept.
    pub intra_group_ingress: Option<Order>,
    /// A8: IPv6 addresses and delegated prefixes of members.
    pub address_kinds: Option<AddressKinds>,
}

impl Default for Readings {
    /// The conservative choice of the law's section 10.
    fn default() -> Self {
        Self { intra_group_egress: None, intra_group_ingress: Some(Order::AcceptFirst), address_kinds: None }
    }
}

/// A setting that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadingError {
    /// Not `name=value`.
    #[error("`{0}` is not `name=value`")]
    Form(String),
    /// No such name.
    #[error(
        "no reading is called `{0}`; there are intra-group-egress, intra-group-ingress and address-kinds"
    )]
    Name(String),
    /// No such value.
    #[error("`{1}` is no value of `{0}`; it takes {2}")]
    Value(String, String, &'static str),
}

/// One typed `name=value` of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadingSetting {
    /// `intra-group-egress`.
    IntraGroupEgress(Option<Order>),
    /// `intra-group-ingress`.
    IntraGroupIngress(Option<Order>),
    /// `address-kinds`.
    AddressKinds(Option<AddressKinds>),
}

impl FromStr for ReadingSetting {
    type Err = ReadingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or_else(|| ReadingError::Form(text.to_owned()))?;
        let wrong = |takes| ReadingError::Value(name.to_owned(), value.to_owned(), takes);
        let order = || match value {
            "custom-first" => Ok(Some(Order::CustomFirst)),
            "accept-first" => Ok(Some(Order::AcceptFirst)),
            "open" => Ok(None),
            _ => Err(wrong("custom-first, accept-first or open")),
        };
        match name {
            "intra-group-egress" => order().map(Self::IntraGroupEgress),
            "intra-group-ingress" => order().map(Self::IntraGroupIngress),
            "address-kinds" => match value {
                "all" => Ok(Self::AddressKinds(Some(AddressKinds::All))),
                "ipv4" => Ok(Self::AddressKinds(Some(AddressKinds::Ipv4))),
                "open" => Ok(Self::AddressKinds(None)),
                _ => Err(wrong("all, ipv4 or open")),
            },
            _ => Err(ReadingError::Name(name.to_owned())),
        }
    }
}

impl Readings {
    /// Returns the settings with one of them replaced.
    #[must_use]
    pub const fn with(mut self, setting: ReadingSetting) -> Self {
        match setting {
            ReadingSetting::IntraGroupEgress(order) => self.intra_group_egress = order,
            ReadingSetting::IntraGroupIngress(order) => self.intra_group_ingress = order,
            ReadingSetting::AddressKinds(kinds) => self.address_kinds = kinds,
        }
        self
    }

    /// Returns every way to close the sentences that are open.
    #[must_use]
    pub fn closed(&self) -> Vec<Self> {
        fn either<T: Copy>(given: Option<T>, both: [T; 2]) -> Vec<Option<T>> {
            given.map_or_else(|| both.map(Some).to_vec(), |one| vec![Some(one)])
        }
        let orders = [Order::CustomFirst, Order::AcceptFirst];
        let mut all = Vec::new();
        for intra_group_egress in either(self.intra_group_egress, orders) {
            for intra_group_ingress in either(self.intra_group_ingress, orders) {
                for address_kinds in either(self.address_kinds, [AddressKinds::All, AddressKinds::Ipv4]) {
                    all.push(Self { intra_group_egress, intra_group_ingress, address_kinds });
                }
            }
        }
        all
    }

    /// Returns every setting as (name, value), sorted by name.
    #[must_use]
    pub fn settings(&self) -> [(&'static str, &'static str); 3] {
        let order = |order| match order {
            Some(Order::CustomFirst) => "custom-first",
            Some(Order::AcceptFirst) => "accept-first",
            None => "open",
        };
        let kinds = match self.address_kinds {
            Some(AddressKinds::All) => "all",
            Some(AddressKinds::Ipv4) => "ipv4",
            None => "open",
        };
        [
            ("address-kinds", kinds),
            ("intra-group-egress", order(self.intra_group_egress)),
            ("intra-group-ingress", order(self.intra_group_ingress)),
        ]
    }
}

/// One thing that is not known: an open sentence of the law or a missing piece of the export.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// A1.
    IntraGroupEgress,
    /// A2.
    IntraGroupIngress,
    /// A8.
    AddressKinds,
    /// The entries of a prefix list.
    PrefixList(PrefixListId),
    /// The entries of a port range list.
    PortList(PortRangeListId),
    /// Whether a rule that is not understood matches.
    Rule(RuleRef),
    /// Basic or enterprise.
    GroupType(GroupIx),
    /// The intra-group policy.
    InnerAccess(GroupIx),
    /// Rules of a group beyond those that were read.
    FurtherRules(GroupIx),
    /// The groups of an interface.
    Memberships(InterfaceIx),
    /// The members and rules of a group of another account (law AM1, A18).
    ForeignGroup(GroupIx),
    /// What an interface outside of a VPC sends and receives (law 1.2: the classic network is never simulated).
    Network(InterfaceIx),
}

impl Evidence {
    /// Returns the name the outputs use: a reading's name, or what is missing and of what.
    #[must_use]
    pub fn name<'a>(&'a self, graph: &'a SecurityGraph) -> EvidenceName<'a> {
        EvidenceName { evidence: self, graph }
    }

    /// Returns the name, and for a reading the question that it leaves open: its name alone tells a newcomer nothing.
    #[must_use]
    pub fn reason(&self, graph: &SecurityGraph) -> String {
        let question = match self {
            Self::IntraGroupEgress | Self::IntraGroupIngress => {
                " (is the intra-group Accept asked before or after custom rules? --reading settles it)"
            }
            Self::AddressKinds => {
                " (do group references and the intra-group Accept cover IPv6 and delegated prefixes? --reading settles it)"
            }
            _ => "",
        };
        format!("{}{question}", self.name(graph))
    }
}

/// Writes an [`Evidence`] with the ids of its graph.
#[derive(Debug, Clone, Copy)]
pub struct EvidenceName<'a> {
    evidence: &'a Evidence,
    graph: &'a SecurityGraph,
}

impl fmt::Display for EvidenceName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let graph = self.graph;
        match self.evidence {
            Evidence::IntraGroupEgress => f.write_str("intra-group-egress"),
            Evidence::IntraGroupIngress => f.write_str("intra-group-ingress"),
            Evidence::AddressKinds => f.write_str("address-kinds"),
            Evidence::PrefixList(id) => write!(f, "entries of {id}"),
            Evidence::PortList(id) => write!(f, "entries of {id}"),
            Evidence::Rule(rule) => {
                let id = graph.rule(*rule).and_then(|r| r.id.as_ref());
                match id {
                    Some(id) => write!(f, "meaning of {id}"),
                    None => write!(f, "meaning of a rule of {}", graph.group_id(rule.group)),
                }
            }
            Evidence::GroupType(group) => write!(f, "type of {}", graph.group_id(*group)),
            Evidence::InnerAccess(group) => write!(f, "inner access policy of {}", graph.group_id(*group)),
            Evidence::FurtherRules(group) => write!(f, "further rules of {}", graph.group_id(*group)),
            Evidence::Memberships(interface) => write!(f, "groups of {}", graph.interface(*interface).id),
            Evidence::ForeignGroup(group) => write!(f, "members of {}", graph.group_id(*group)),
            Evidence::Network(interface) => write!(f, "VPC of {}", graph.interface(*interface).id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_by_name_and_refused_by_name() {
        let readings = Readings::default().with("intra-group-egress=custom-first".parse().unwrap());
        assert_eq!(readings.intra_group_egress, Some(Order::CustomFirst));
        let error = "address-kinds=ipv6".parse::<ReadingSetting>().unwrap_err();
        assert!(error.to_string().contains("all, ipv4"), "{error}");
        assert!(matches!("x=y".parse::<ReadingSetting>(), Err(ReadingError::Name(_))));
        assert!(matches!("x".parse::<ReadingSetting>(), Err(ReadingError::Form(_))));
    }

    #[test]
    fn every_setting_reads_back_as_it_is_told() {
        for (name, values) in [
            ("intra-group-egress", ["custom-first", "accept-first", "open"]),
            ("intra-group-ingress", ["custom-first", "accept-first", "open"]),
            ("address-kinds", ["all", "ipv4", "open"]),
        ] {
            for value in values {
                let setting = format!("{name}={value}").parse().unwrap();
                let told = Readings::default().with(setting).settings();
                assert!(told.contains(&(name, value)), "{name}={value}: {told:?}");
            }
        }
    }

    #[test]
    fn a_reading_comes_with_its_question_and_a_missing_piece_without() {
        let graph = SecurityGraph::new(crate::inventory::Inventory::default());
        let reason = |evidence: Evidence| evidence.reason(&graph);
        for (evidence, question) in [
            (Evidence::IntraGroupEgress, "before or after custom rules?"),
            (Evidence::IntraGroupIngress, "before or after custom rules?"),
            (Evidence::AddressKinds, "cover IPv6 and delegated prefixes?"),
        ] {
            assert!(reason(evidence.clone()).contains(question), "{evidence:?}");
        }
        assert_eq!(reason(Evidence::PrefixList("pl-a".into())), "entries of pl-a");
    }
}
