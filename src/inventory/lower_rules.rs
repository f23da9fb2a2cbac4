//! Judging rules. A rule is either understood, or kept as one that may match, or leaves a gap; never guessed.

use super::ecs::Permission;
use super::facts::{RulesFact, short};
use super::id::{PortRangeListId, PrefixListId, SecurityGroupId, SecurityGroupRuleId};
use super::issue::{IssueLevel, LoadError};
use super::model::{Direction, RuleAction, RuleGap, RulePeer, RulePorts, SecurityGroupRule, Unevaluable};
use super::place::{Notices, Path, excerpt};
use super::scalars::{RAW_ANSWER, account, block, element, id, inner, port_range, shown, word};
use super::wire::{List, Shape, Slot, Text};
use crate::netset::{Family, HostBits, IpBlock, IpProtocol, PortRange};

const ERROR: IssueLevel = IssueLevel::Error;
const NOTE: IssueLevel = IssueLevel::Note;

/// How a rule writes its ports.
const PORTS: &str = "`22/22`, `1/65535` or `-1/-1`";

/// The weakest priority of today's API; older system rules carry weaker ones (law 1.1).
const WEAKEST_PRIORITY: u16 = 100;

/// Judges the rules of one answer about `group`.
pub(super) fn rules(
    list: &List<'_, Slot<Permission<'_>>>,
    root: &Path<'_>,
    group: &str,
    notices: &mut Notices<'_>,
) -> Result<RulesFact, LoadError> {
    let path = root.key("Permissions");
    let returned = match list.shape {
        Shape::Nested => true,
        Shape::Flat => !list.items.is_empty(),
        Shape::Absent | Shape::Null | Shape::NoInner | Shape::InnerNull => false,
        Shape::InnerOther(kind) | Shape::Other(kind) => {
            return Err(notices.refuse(
                "wrong-type",
                &path,
                format!("`{kind}` where a list of rules is expected"),
                RAW_ANSWER,
            ));
        }
    };
    let mut fact = RulesFact { returned, flat: list.shape == Shape::Flat, ..RulesFact::default() };
    if !returned {
        notices.add(
            (ERROR, "rules-not-returned"),
            group,
            &path,
            || format!("the answer about `{group}` has no list of rules, which is not the same as having no rules"),
            "export DescribeSecurityGroupAttribute of this group again as the raw answer; an SDK that drops empty \
             lists cannot say that there are no rules",
        );
        fact.gaps.push(RuleGap { direction: None, code: "rules-not-returned" });
        return Ok(fact);
    }
    let elements = inner(&path, list.shape, "Permission");
    fact.rules.reserve_exact(list.items.len());
    fact.positions.reserve_exact(list.items.len());
    for (index, slot) in list.items.iter().enumerate() {
        let at = elements.index(index);
        let permission = element(slot, &at, notices)?;
        let mut reader = Reader { permission, path: at, group, notices };
        match reader.read()? {
            Ok(rule) => {
                fact.rules.push(rule);
                fact.positions.push(short(index));
            }
            Err(gap) => fact.gaps.push(gap),
        }
        fact.count += 1;
    }
    fact.gaps.sort();
    fact.gaps.dedup();
    Ok(fact)
}

struct Reader<'r, 'de, 's> {
    permission: &'r Permission<'de>,
    path: Path<'r>,
    group: &'r str,
    notices: &'r mut Notices<'s>,
}

/// The keys of one side of a rule.
struct Side<'r, 'de> {
    cidr: (&'static str, &'r Text<'de>),
    cidr6: (&'static str, &'r Text<'de>),
    group: (&'static str, &'r Text<'de>),
    owner_id: (&'static str, &'r Text<'de>),
    owner_account: (&'static str, &'r Text<'de>),
    prefix_list: (&'static str, &'r Text<'de>),
}

impl<'r, 'de> Side<'r, 'de> {
    const fn source(p: &'r Permission<'de>) -> Self {
        Self {
            cidr: ("SourceCidrIp", &p.source_cidr_ip),
            cidr6: ("Ipv6SourceCidrIp", &p.ipv6_source_cidr_ip),
            group: ("SourceGroupId", &p.source_group_id),
            owner_id: ("SourceGroupOwnerId", &p.source_group_owner_id),
            owner_account: ("SourceGroupOwnerAccount", &p.source_group_owner_account),
            prefix_list: ("SourcePrefixListId", &p.source_prefix_list_id),
        }
    }

    const fn dest(p: &'r Permission<'de>) -> Self {
        Self {
            cidr: ("DestCidrIp", &p.dest_cidr_ip),
            cidr6: ("Ipv6DestCidrIp", &p.ipv6_dest_cidr_ip),
            group: ("DestGroupId", &p.dest_group_id),
            owner_id: ("DestGroupOwnerId", &p.dest_group_owner_id),
            owner_account: ("DestGroupOwnerAccount", &p.dest_group_owner_account),
            prefix_list: ("DestPrefixListId", &p.dest_prefix_list_id),
        }
    }
}

impl<'r, 'de> Reader<'r, 'de, '_> {
    fn read(&mut self) -> Result<Result<SecurityGroupRule, RuleGap>, LoadError> {
        let permission = self.permission;
        let path = self.path;
        let direction = self.direction()?;
        let action = self.action()?;
        let priority = self.priority()?;
        let Some(direction) = direction else {
            return Ok(Err(self.gap(None, "rule-without-direction", "Direction")));
        };
        let Some(action) = action else {
            return Ok(Err(self.gap(Some(direction), "rule-without-policy", "Policy")));
        };
        let Some(priority) = priority else {
            return Ok(Err(self.gap(Some(direction), "rule-without-priority", "Priority")));
        };
        let (remote, local) = match direction {
            Direction::Ingress => (Side::source(permission), Side::dest(permission)),
            Direction::Egress => (Side::dest(permission), Side::source(permission)),
        };
        let mut unevaluable = self.unknown_key(&local);
        let protocol = self.protocol(&mut unevaluable)?;
        let ports = self.ports(protocol, &mut unevaluable)?;
        let source_ports = self.source_ports(protocol, &mut unevaluable)?;
        let local = self.block_of(&local)?;
        let peer = match self.peer(&remote)? {
            Some(peer) => peer,
            // The unknown key may be the peer itself; then nothing but action and priority is certain.
            None if matches!(unevaluable, Some(Unevaluable::UnknownKey(_))) => {
                RulePeer::Block(IpBlock::all(Family::Ipv4))
            }
            None => {
                return Err(self.notices.refuse(
                    "rule-without-peer",
                    &path,
                    format!(
                        "a rule of `{}` that names no CIDR block, no group and no prefix list",
                        self.group
                    ),
                    "a rule without its other side would read as any address: export \
                     DescribeSecurityGroupAttribute again as the raw answer, with a CLI or SDK that knows every field",
                ));
            }
        };
        let rule_id = id(&permission.rule_id, &path.key("SecurityGroupRuleId"), self.notices)?;
        Ok(Ok(SecurityGroupRule {
            direction,
            priority,
            action,
            protocol,
            ports,
            source_ports,
            peer,
            local: local.map(Box::new),
            unevaluable: unevaluable.map(Box::new),
            id: rule_id.map(SecurityGroupRuleId::from),
        }))
    }

    fn gap(&mut self, direction: Option<Direction>, code: &'static str, key: &'static str) -> RuleGap {
        let group = self.group;
        self.notices.add(
            (ERROR, code),
            group,
            &self.path,
            || format!("a rule of `{group}` without `{key}`"),
            "what the rule does is not known, so it may do anything: export DescribeSecurityGroupAttribute again \
             without --query or --output",
        );
        RuleGap { direction, code }
    }

    fn direction(&self) -> Result<Option<Direction>, LoadError> {
        match &self.permission.direction {
            Text::Absent | Text::Null => Ok(None),
            Text::Str(text) if text.eq_ignore_ascii_case("ingress") => Ok(Some(Direction::Ingress)),
            Text::Str(text) if text.eq_ignore_ascii_case("egress") => Ok(Some(Direction::Egress)),
            other => Err(self.invalid("invalid-direction", "Direction", other, "`ingress` or `egress`")),
        }
    }

    fn action(&self) -> Result<Option<RuleAction>, LoadError> {
        match &self.permission.policy {
            Text::Absent | Text::Null => Ok(None),
            // An old sample of the vendor writes `Allow` (law 1.1).
            Text::Str(text) if text.eq_ignore_ascii_case("accept") || text.eq_ignore_ascii_case("allow") => {
                Ok(Some(RuleAction::Accept))
            }
            Text::Str(text) if text.eq_ignore_ascii_case("drop") => Ok(Some(RuleAction::Drop)),
            other => Err(self.invalid("invalid-policy", "Policy", other, "`Accept` or `Drop`")),
        }
    }

    fn priority(&mut self) -> Result<Option<u16>, LoadError> {
        let number = match &self.permission.priority {
            Text::Absent | Text::Null => return Ok(None),
            Text::Unsigned(number) => u16::try_from(*number).ok(),
            Text::Str(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok()
            }
            _ => None,
        };
        let Some(number) = number.filter(|number| *number > 0) else {
            return Err(self.invalid(
                "invalid-priority",
                "Priority",
                &self.permission.priority,
                "1 to 65535",
            ));
        };
        if number > WEAKEST_PRIORITY {
            self.notices.add(
                (NOTE, "historic-priority"),
                "",
                &self.path.key("Priority"),
                || format!("priority `{number}` is weaker than any the API takes today"),
                "rules that the system made before 2020-05-27 carry such priorities; they are evaluated as they are",
            );
        }
        Ok(Some(number))
    }

    fn protocol(&mut self, unevaluable: &mut Option<Unevaluable>) -> Result<IpProtocol, LoadError> {
        let text = match &self.permission.ip_protocol {
            Text::Unsigned(number) => number.to_string(),
            other => word(other, &self.path.key("IpProtocol"), self.notices)?.unwrap_or_default().to_owned(),
        };
        if let Ok(protocol) = IpProtocol::parse(&text) {
            return Ok(protocol);
        }
        self.notices.add(
            (ERROR, "unknown-protocol"),
            self.group,
            &self.path.key("IpProtocol"),
            || format!("protocol `{}` is no known name or number", excerpt(&text)),
            "answers that the rule could decide are undetermined; a newer sgleave may know the protocol",
        );
        unevaluable.get_or_insert(Unevaluable::Protocol(text.into()));
        Ok(IpProtocol::All)
    }

    fn ports(
        &mut self,
        protocol: IpProtocol,
        unevaluable: &mut Option<Unevaluable>,
    ) -> Result<RulePorts, LoadError> {
        let permission = self.permission;
        let own = self.path;
        let path = own.key("PortRange");
        let text = word(&permission.port_range, &path, self.notices)?;
        let list_path = own.key("PortRangeListId");
        let list = id(&permission.port_range_list_id, &list_path, self.notices)?;
        let has_ports = protocol.has_ports();
        let Some(text) = text else {
            return match list {
                Some(list) if has_ports => Ok(RulePorts::List(PortRangeListId::from(list))),
                Some(list) => {
                    self.odd_ports(list, &list_path, unevaluable);
                    Ok(RulePorts::Any)
                }
                None if !has_ports => Ok(RulePorts::Any),
                None => Err(self.notices.refuse(
                    "invalid-port-range",
                    &path,
                    "a TCP or UDP rule without ports and without a port range list",
                    "the old Go SDK and tools built on it lose the port range list of a rule: export \
                     DescribeSecurityGroupAttribute with the command line or a current SDK",
                )),
            };
        };
        if list.is_some() {
            self.notices.add(
                (NOTE, "port-list-ignored"),
                "",
                &list_path,
                || "a rule with a port range and a port range list: the API ignores the list".to_owned(),
                "nothing to do",
            );
        }
        let mut ranges = Vec::with_capacity(1);
        for part in text.split(',') {
            ranges.push(port_range(part, PORTS, &path, self.notices)?);
        }
        if text == "-1/-1" {
            return Ok(RulePorts::Any);
        }
        if !has_ports {
            self.odd_ports(text, &path, unevaluable);
            return Ok(RulePorts::Any);
        }
        ranges.sort_unstable();
        ranges.dedup();
        Ok(if ranges.contains(&PortRange::ALL) { RulePorts::Any } else { RulePorts::Ranges(ranges.into()) })
    }

    fn source_ports(
        &mut self,
        protocol: IpProtocol,
        unevaluable: &mut Option<Unevaluable>,
    ) -> Result<Option<PortRange>, LoadError> {
        let own = self.path;
        let path = own.key("SourcePortRange");
        let text = word(&self.permission.source_port_range, &path, self.notices)?;
        let Some(text) = text.filter(|text| *text != "-1/-1") else {
            return Ok(None);
        };
        let range = port_range(text, PORTS, &path, self.notices)?;
        if protocol.has_ports() {
            return Ok(Some(range).filter(|range| *range != PortRange::ALL));
        }
        self.odd_ports(text, &path, unevaluable);
        Ok(None)
    }

    /// Notes ports on a rule whose protocol has none: old documents show it, no document explains it (A14).
    fn odd_ports(&mut self, ports: &str, path: &Path<'_>, unevaluable: &mut Option<Unevaluable>) {
        // A rule whose protocol is not understood is reported once, for its protocol.
        if unevaluable.is_some() {
            return;
        }
        self.notices.add(
            (ERROR, "ports-without-protocol"),
            self.group,
            path,
            || format!("ports `{}` on a protocol that has none", excerpt(ports)),
            "answers that the rule could decide are undetermined: replace it by one rule for TCP and one for UDP",
        );
        *unevaluable = Some(Unevaluable::AllWithPort(ports.into()));
    }

    /// Looks for filled keys that may narrow or widen the rule in a way this version does not know.
    fn unknown_key(&mut self, local: &Side<'_, '_>) -> Option<Unevaluable> {
        let mut filled: Vec<&str> = Vec::new();
        for (key, is_filled) in self.permission.unknown.iter() {
            if is_filled {
                filled.push(key);
            } else {
                self.notices.add(
                    (NOTE, "unknown-key"),
                    &format!("rule {key} empty"),
                    &self.path.key(key),
                    || format!("a rule has the key `{}`, always empty", excerpt(key)),
                    "an empty key changes nothing",
                );
            }
        }
        // On the local side the group is implied, so the API takes neither a group nor a list there (law 1.1).
        for (key, text) in [local.group, local.prefix_list] {
            if text.is_filled() {
                filled.push(key);
            }
        }
        // The smallest name, so that the order of keys in the answer decides nothing.
        let key = filled.iter().min().copied()?;
        let group = self.group;
        self.notices.add(
            (ERROR, "unknown-rule-key"),
            &format!("{group} {key}"),
            &self.path.key(key),
            || format!("a rule of `{group}` has the key `{}`, which may narrow or widen it", excerpt(key)),
            "answers that the rule could decide are undetermined; a newer sgleave may know the key",
        );
        Some(Unevaluable::UnknownKey(key.into()))
    }

    fn block_of(&mut self, side: &Side<'_, '_>) -> Result<Option<IpBlock>, LoadError> {
        let (key, key6) = (side.cidr.0, side.cidr6.0);
        let v4 = word(side.cidr.1, &self.path.key(key), self.notices)?;
        let v6 = word(side.cidr6.1, &self.path.key(key6), self.notices)?;
        let (text, key, family) = match (v4, v6) {
            (None, None) => return Ok(None),
            (Some(text), None) => (text, key, Family::Ipv4),
            (None, Some(text)) => (text, key6, Family::Ipv6),
            (Some(_), Some(_)) => {
                return Err(self.notices.refuse(
                    "two-address-families",
                    &self.path,
                    format!("a rule with both `{key}` and `{key6}`"),
                    "the API takes one of the two in a rule: export the rules again as the raw answer",
                ));
            }
        };
        let path = self.path.key(key);
        let (block, bits) = block(text, &path, self.notices)?;
        if block.family() != family {
            return Err(self.notices.refuse(
                "invalid-address",
                &path,
                format!("`{}` is an address of the other family", excerpt(text)),
                RAW_ANSWER,
            ));
        }
        if bits == HostBits::Masked {
            self.notices.add(
                (NOTE, "host-bits"),
                "",
                &path,
                || format!("`{}` has bits behind its mask; it is read as `{block}`", excerpt(text)),
                "the API takes such blocks and ignores the bits",
            );
        }
        Ok(Some(block))
    }

    /// Reads the remote side. A CIDR block wins over a group, a group over a prefix list (law 1.1).
    fn peer(&mut self, side: &Side<'_, '_>) -> Result<Option<RulePeer>, LoadError> {
        let block = self.block_of(side)?;
        let group = id(side.group.1, &self.path.key(side.group.0), self.notices)?;
        let list = id(side.prefix_list.1, &self.path.key(side.prefix_list.0), self.notices)?;
        let filled =
            usize::from(block.is_some()) + usize::from(group.is_some()) + usize::from(list.is_some());
        if filled > 1 {
            self.notices.add(
                (NOTE, "several-peers"),
                "",
                &self.path,
                || {
                    "a rule with several of CIDR block, group and prefix list: the first of these counts"
                        .to_owned()
                },
                "nothing to do",
            );
        }
        if let Some(block) = block {
            return Ok(Some(RulePeer::Block(block)));
        }
        if let Some(group) = group {
            let by_id = account(side.owner_id.1, &self.path.key(side.owner_id.0), self.notices)?;
            let by_name = account(side.owner_account.1, &self.path.key(side.owner_account.0), self.notices)?;
            return Ok(Some(RulePeer::Group {
                id: SecurityGroupId::from(group),
                owner: by_id.or(by_name).map(|owner| owner.into_owned().into()),
            }));
        }
        Ok(list.map(|list| RulePeer::PrefixList(PrefixListId::from(list))))
    }

    fn invalid(&self, code: &'static str, key: &'static str, found: &Text<'_>, wanted: &str) -> LoadError {
        self.notices.refuse(
            code,
            &self.path.key(key),
            format!("`{}` where {wanted} is expected", shown(found)),
            RAW_ANSWER,
        )
    }
}
