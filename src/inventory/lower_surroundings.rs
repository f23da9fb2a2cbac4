//! Judging what stands around the groups: references from elsewhere, databases that admit members, second filters.

use super::ecs::Document;
use super::facts::{Kind, Located};
use super::id::{AccountId, SecurityGroupId};
use super::issue::{IssueLevel, LoadError};
use super::lower::{Lowering, census, parameter};
use super::model::{ExternalConsumer, ForeignReference};
use super::place::{Notices, Path};
use super::scalars::{account, element, id, inner, items, required_id, shown};
use super::wire::Text;

const NOTE: IssueLevel = IssueLevel::Note;

impl<'de> Lowering<'_, '_, 'de, '_> {
    pub(super) fn references(&mut self, document: &Document<'de>, root: &Path<'_>) -> Result<(), LoadError> {
        let list = &document.references;
        let pointers = ("/SecurityGroupReferences/SecurityGroupReference", "/SecurityGroupReferences");
        let elements = self.listing(list, root, "SecurityGroupReferences", pointers)?;
        let outer = root.key("SecurityGroupReferences");
        let path = inner(&outer, list.shape, "SecurityGroupReference");
        for (index, slot) in elements.iter().enumerate() {
            let place = path.index(index);
            let raw = element(slot, &place, self.notices)?;
            census("reference", &raw.unknown, &place, self.notices);
            let group = required_id(&raw.security_group_id, &place.key("SecurityGroupId"), self.notices)?;
            let at = self.at(Some(index));
            for (list, key) in [
                (&raw.referencing, "ReferencingSecurityGroups"),
                (&raw.referencing_flat, "SecurityReferencingGroups"),
            ] {
                let outer = place.key(key);
                let path = inner(&outer, list.shape, "ReferencingSecurityGroup");
                for (index, slot) in items(list, &outer, self.notices)?.iter().enumerate() {
                    let place = path.index(index);
                    let raw = element(slot, &place, self.notices)?;
                    census("reference", &raw.unknown, &place, self.notices);
                    let referencing =
                        required_id(&raw.security_group_id, &place.key("SecurityGroupId"), self.notices)?;
                    let owner = account(&raw.ali_uid, &place.key("AliUid"), self.notices)?;
                    let fact = ForeignReference {
                        group: SecurityGroupId::from(group),
                        referencing: SecurityGroupId::from(referencing),
                        owner: owner.map(|owner| AccountId::from(owner.into_owned())),
                    };
                    self.facts.references.push(Located { at, fact });
                }
            }
        }
        Ok(())
    }

    /// VPCs and vSwitches say nothing about security groups but that a second filter exists.
    pub(super) fn networks(&mut self, document: &Document<'de>, root: &Path<'_>) -> Result<(), LoadError> {
        let (outer, key) = if self.answer.kind == Kind::Vpcs {
            (root.key("Vpcs"), "Vpc")
        } else {
            (root.key("VSwitches"), "VSwitch")
        };
        let acl =
            |notices: &mut Notices<'_>, id: &Text<'_>, field: &str, text: &Text<'_>, place: &Path<'_>| {
                if text.is_filled() {
                    notices.add(
                        (NOTE, "network-acl"),
                        "",
                        &place.key(field),
                        || format!("`{}` has a network ACL, a second filter that is not modelled", shown(id)),
                        "answers are about security groups only: what they accept an ACL may still drop",
                    );
                }
            };
        if self.answer.kind == Kind::Vpcs {
            let path = inner(&outer, document.vpcs.shape, key);
            for (index, slot) in items(&document.vpcs, &outer, self.notices)?.iter().enumerate() {
                let place = path.index(index);
                let raw = element(slot, &place, self.notices)?;
                census("VPC", &raw.unknown, &place, self.notices);
                if !matches!(&raw.network_acl_num, Text::Str(text) if text == "0")
                    && raw.network_acl_num != Text::Unsigned(0)
                {
                    acl(self.notices, &raw.vpc_id, "NetworkAclNum", &raw.network_acl_num, &place);
                }
            }
            return Ok(());
        }
        let path = inner(&outer, document.vswitches.shape, key);
        for (index, slot) in items(&document.vswitches, &outer, self.notices)?.iter().enumerate() {
            let place = path.index(index);
            let raw = element(slot, &place, self.notices)?;
            census("vSwitch", &raw.unknown, &place, self.notices);
            acl(self.notices, &raw.vswitch_id, "NetworkAclId", &raw.network_acl_id, &place);
        }
        Ok(())
    }

    pub(super) fn consumers(&mut self, document: &Document<'de>, root: &Path<'_>) -> Result<(), LoadError> {
        let list = &document.items;
        let pointers = ("/Items/EcsSecurityGroupRelation", "/Items");
        let elements = self.listing(list, root, "Items", pointers)?;
        let asked = |name| self.answer.request.and_then(|request| parameter(request, name));
        // RDS and Redis share the name and the form of the call; only the parameter tells them apart.
        let (asked, kind) = match (asked("DBInstanceId"), asked("InstanceId")) {
            (None, Some(instance)) => (Some(instance), "redis"),
            (asked, _) => (asked, "rds"),
        };
        let own = id(&document.db_instance_name, &root.key("DBInstanceName"), self.notices)?;
        let outer = root.key("Items");
        let path = inner(&outer, list.shape, "EcsSecurityGroupRelation");
        for (index, slot) in elements.iter().enumerate() {
            let place = path.index(index);
            let raw = element(slot, &place, self.notices)?;
            census("database relation", &raw.unknown, &place, self.notices);
            let path = place.key("SecurityGroupId");
            // One relation may name several groups, separated by commas.
            for part in required_id(&raw.security_group_id, &path, self.notices)?.split(',') {
                self.facts.consumers.push(ExternalConsumer {
                    group: SecurityGroupId::from(part.trim()),
                    kind: kind.to_owned(),
                    id: own.or(asked).unwrap_or_default().to_owned(),
                });
            }
        }
        Ok(())
    }
}
