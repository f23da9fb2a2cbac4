//! The records of groups, rules and lists.

use std::io::{self, Write};

use super::dice::Subject;
use super::layout::Role;
use super::names::Time;
use super::pages::REGION;
use super::records::{Records, each, tags};
use super::rules::{Block, EGRESS, Peer, Ports, Rule};

/// What is counted of a group while its members and rules are written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct GroupCounts {
    pub(super) addresses: u64,
    pub(super) rules: u64,
    pub(super) references: u64,
}

impl Records<'_> {
    fn group_name(self, group: u64) -> String {
        let vpc = self.layout.vpc_of_group(group);
        match self.layout.role(group) {
            Role::Bastion => format!("bastion-{vpc}"),
            Role::Monitor => format!("monitor-{vpc}"),
            Role::Base(number) => format!("base-{vpc}-{number}"),
            Role::App(app) => {
                let tier = ["web", "api", "db"].get((app % 3) as usize).copied().unwrap_or_default();
                format!("{tier}-{vpc}-{}", app / 3)
            }
            Role::Enterprise(app) => format!("fleet-{vpc}-{app}"),
        }
    }

    /// Writes an element of DescribeSecurityGroups.
    pub(super) fn group(self, out: &mut dyn Write, group: u64, counts: GroupCounts) -> io::Result<()> {
        let mut dice = self.layout.dice(Subject::Group, group);
        // What groups may hold: private addresses of basic ones, interfaces of enterprise ones.
        let (kind, room) = match self.layout.role(group) {
            Role::Enterprise(_) => ("enterprise", 65_536_u64),
            _ => ("normal", 6000),
        };
        let GroupCounts { addresses, rules, references } = counts;
        let (name, vpc) = (self.group_name(group), self.names.vpc(self.layout.vpc_of_group(group)));
        write!(
            out,
            r#"{{"SecurityGroupId":"{}","SecurityGroupName":"{name}","Description":"","SecurityGroupType":"{kind}","VpcId":"{vpc}","CreationTime":"{}","EcsCount":{addresses},"AvailableInstanceAmount":{},"RuleCount":{rules},"GroupToGroupRuleCount":{references},"ResourceGroupId":"","ServiceManaged":false,"ServiceID":0,"#,
            self.names.group(group),
            Time(dice.next()),
            room.saturating_sub(addresses),
        )?;
        tags(out, &mut dice)?;
        out.write_all(b"}")
    }

    /// Writes the rest of an answer of DescribeSecurityGroupAttribute.
    pub(super) fn attribute(self, out: &mut dyn Write, group: u64, rules: &[Rule]) -> io::Result<()> {
        let inner = match self.layout.role(group) {
            Role::Base(_) | Role::Enterprise(_) => "Drop",
            Role::Bastion | Role::Monitor | Role::App(_) => "Accept",
        };
        write!(
            out,
            r#""RegionId":"{REGION}","SecurityGroupId":"{}","SecurityGroupName":"{}","Description":"","VpcId":"{}","InnerAccessPolicy":"{inner}","NextToken":"","Permissions":{{"Permission":["#,
            self.names.group(group),
            self.group_name(group),
            self.names.vpc(self.layout.vpc_of_group(group)),
        )?;
        each(out, rules.iter().enumerate(), |out, (position, rule)| {
            self.rule(out, group, position as u64, rule)
        })?;
        out.write_all(b"]}")
    }

    fn rule(self, out: &mut dyn Write, group: u64, position: u64, rule: &Rule) -> io::Result<()> {
        let mut dice = self.layout.dice(Subject::Rule, (group << 10) | position);
        let (mut cidr, mut peer_group, mut prefix_list) = (String::new(), String::new(), String::new());
        match rule.peer {
            Peer::Block(block) => cidr = block.to_string(),
            Peer::Group(id) => peer_group = self.names.group(id).to_string(),
            Peer::PrefixList(id) => prefix_list = self.names.prefix_list(id).to_string(),
        }
        let (ports, port_list) = match rule.ports {
            Ports::Any => ("-1/-1".to_owned(), String::new()),
            Ports::Range(low, high) => (format!("{low}/{high}"), String::new()),
            Ports::List(id) => (String::new(), self.names.port_list(id).to_string()),
        };
        let none = String::new();
        let (source, destination) = if rule.direction == EGRESS {
            ([&none; 3], [&cidr, &peer_group, &prefix_list])
        } else {
            ([&cidr, &peer_group, &prefix_list], [&none; 3])
        };
        let ([source_cidr, source_group, source_list], [dest_cidr, dest_group, dest_list]) =
            (source, destination);
        let Rule { direction, policy, priority, protocol, .. } = *rule;
        let (id, time, ticket) =
            (self.names.rule(group, position), Time(dice.next()), dice.below(90_000) + 10_000);
        write!(
            out,
            r#"{{"SecurityGroupRuleId":"{id}","Direction":"{direction}","Policy":"{policy}","Priority":{priority},"IpProtocol":"{protocol}","PortRange":"{ports}","PortRangeListId":"{port_list}","SourcePortRange":"","NicType":"intranet","SourceCidrIp":"{source_cidr}","Ipv6SourceCidrIp":"","SourceGroupId":"{source_group}","SourceGroupName":"","SourceGroupOwnerAccount":"","SourcePrefixListId":"{source_list}","SourcePrefixListName":"","DestCidrIp":"{dest_cidr}","Ipv6DestCidrIp":"","DestGroupId":"{dest_group}","DestGroupName":"","DestGroupOwnerAccount":"","DestPrefixListId":"{dest_list}","DestPrefixListName":"","Description":"OPS-{ticket}","CreateTime":"{time}"}}"#
        )
    }

    /// Writes the keys that a list has in its listing and alone.
    fn list_head(self, out: &mut dyn Write, kind: &str, id: &str, room: u64) -> io::Result<()> {
        let name = id.get(id.len().saturating_sub(6)..).unwrap_or_default();
        write!(
            out,
            r#""{kind}Id":"{id}","{kind}Name":"list-{name}","MaxEntries":{room},"Description":"","CreationTime":"2021-02-20T07:11Z""#
        )
    }

    /// Writes an element of DescribePrefixLists.
    pub(super) fn prefix_list(self, out: &mut dyn Write, list: u64, room: u64) -> io::Result<()> {
        out.write_all(br#"{"AddressFamily":"IPv4","#)?;
        self.list_head(out, "PrefixList", &self.names.prefix_list(list).to_string(), room)?;
        out.write_all(b"}")
    }

    /// Writes the rest of an answer of DescribePrefixListAttributes.
    pub(super) fn prefixes(self, out: &mut dyn Write, list: u64, room: u64) -> io::Result<()> {
        out.write_all(br#""AddressFamily":"IPv4","#)?;
        self.list_head(out, "PrefixList", &self.names.prefix_list(list).to_string(), room)?;
        out.write_all(br#","Entries":{"Entry":["#)?;
        let blocks: Vec<Block> = self.layout.prefixes(list);
        each(out, blocks, |out, block| write!(out, r#"{{"Cidr":"{block}","Description":""}}"#))?;
        out.write_all(b"]}")
    }

    /// Writes an element of DescribePortRangeLists.
    pub(super) fn port_list(self, out: &mut dyn Write, list: u64, room: u64) -> io::Result<()> {
        out.write_all(b"{")?;
        self.list_head(out, "PortRangeList", &self.names.port_list(list).to_string(), room)?;
        out.write_all(b"}")
    }

    /// Writes the rest of an answer of DescribePortRangeListEntries, whose list is a bare one.
    pub(super) fn port_ranges(self, out: &mut dyn Write, list: u64) -> io::Result<()> {
        out.write_all(br#""Entries":["#)?;
        each(out, self.layout.port_ranges(list), |out, (low, high)| {
            write!(out, r#"{{"PortRange":"{low}/{high}","Description":""}}"#)
        })?;
        out.write_all(b"]")
    }
}
