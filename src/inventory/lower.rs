//! Judging answers: raw data is judged once, here and in the `lower_*` files; from here on types carry the proof.

use super::ecs::{Document, Request};
use super::facts::{
    AnswerFact, At, AttributeFact, Call, Facts, GroupFact, Kind, Located, NetworkFact, Page, fingerprint,
};
use super::id::{RegionId, SecurityGroupId, VpcId};
use super::issue::{IssueLevel, LoadError};
use super::keys::Unknown;
use super::model::{Direction, InnerAccessPolicy, InventoryGap, SecurityGroupType};
use super::place::{Notices, Path, excerpt};
use super::scalars::{RAW_ANSWER, count, element, flag, id, inner, label, required_id, shown, tags, word};
use super::wire::{List, Shape, Slot, Text};
use super::{lower_interfaces, lower_rules};

const WARNING: IssueLevel = IssueLevel::Warning;
const NOTE: IssueLevel = IssueLevel::Note;

/// An answer that was recognised and not yet judged.
pub(super) struct Answer<'a, 'de> {
    pub(super) kind: Kind,
    pub(super) document: &'a Document<'de>,
    pub(super) request: Option<&'a Request<'de>>,
    /// The id that only the name of the file gives, such as the one of a port range list.
    pub(super) id_in_name: Option<String>,
    /// What stands before its pointers.
    pub(super) root: String,
}

/// Notes keys that no list knows.
pub(super) fn census(record: &str, unknown: &Unknown<'_>, path: &Path<'_>, notices: &mut Notices<'_>) {
    for (key, is_filled) in unknown.iter() {
        let (level, state) = if is_filled { (WARNING, "filled") } else { (NOTE, "empty") };
        notices.add(
            (level, "unknown-key"),
            &format!("{record} {key} {state}"),
            &path.key(key),
            || format!("{record} with the unknown key `{}` ({state}), which is ignored", excerpt(key)),
            "a newer sgleave may know the key",
        );
    }
}

/// Judges an answer and adds what it says.
pub(super) fn lower(
    answer: &Answer<'_, '_>,
    source: usize,
    facts: &mut Facts,
    notices: &mut Notices<'_>,
) -> Result<(), LoadError> {
    let mut lowering =
        Lowering { answer, source, number: facts.answers.len(), facts, notices, list: "", page: None };
    lowering.run()?;
    let (list, page) = (lowering.list, lowering.page);
    facts.answers.push(AnswerFact { kind: answer.kind, root: answer.root.clone(), list, page });
    Ok(())
}

/// The judgement of one answer under way.
pub(super) struct Lowering<'l, 'a, 'de, 's> {
    pub(super) answer: &'l Answer<'a, 'de>,
    source: usize,
    number: usize,
    pub(super) facts: &'l mut Facts,
    pub(super) notices: &'l mut Notices<'s>,
    list: &'static str,
    page: Option<Page>,
}

impl<'a, 'de> Lowering<'_, 'a, 'de, '_> {
    fn run(&mut self) -> Result<(), LoadError> {
        let document = self.answer.document;
        let root_text = self.answer.root.clone();
        let root = Path::root(&root_text);
        census(self.answer.kind.action(), &document.unknown, &root, self.notices);
        match self.answer.kind {
            Kind::Instances => self.instances(document, &root),
            Kind::SecurityGroups => self.groups(document, &root),
            Kind::SecurityGroupAttribute => self.attribute(document, &root),
            Kind::NetworkInterfaces => self.interfaces(document, &root),
            Kind::PrefixLists => self.prefix_lists(document, &root),
            Kind::PrefixListAttributes => self.prefix_list(document, &root),
            Kind::PortRangeLists => self.port_lists(document, &root),
            Kind::PortRangeListEntries => self.port_list(document, &root),
            Kind::SecurityGroupReferences => self.references(document, &root),
            Kind::Vpcs | Kind::VSwitches => self.networks(document, &root),
            Kind::DatabaseGroups => self.consumers(document, &root),
        }
    }

    pub(super) fn at(&self, index: Option<usize>) -> At {
        At::new(self.source, self.number, index)
    }

    /// A filled key of a group or an interface that no list knows may say who is a member, or what that means.
    fn not_understood(&mut self, records: &str, unknown: &Unknown<'_>) {
        if !unknown.is_filled() {
            return;
        }
        let what = format!("what the unknown keys of {records} say");
        if self.facts.gaps.iter().all(|gap| gap.what != what) {
            self.facts.gaps.push(InventoryGap { code: "unknown-key", what });
        }
    }

    /// Returns the elements of a listing; a list that is not there is an answer that was cut, not an empty one.
    pub(super) fn listing<'l, E>(
        &mut self,
        list: &'l List<'de, E>,
        root: &Path<'_>,
        key: &'static str,
        pointers: (&'static str, &'static str),
    ) -> Result<&'l [E], LoadError> {
        let path = root.key(key);
        self.list = if list.shape == Shape::Nested { pointers.0 } else { pointers.1 };
        census(key, &list.unknown, &path, self.notices);
        match list.shape {
            Shape::Nested | Shape::Flat => Ok(&list.items),
            Shape::Absent | Shape::Null | Shape::NoInner | Shape::InnerNull => Err(self.notices.refuse(
                "list-not-returned",
                &path,
                format!("the answer has no list of `{key}`, which is not the same as an empty one"),
                RAW_ANSWER,
            )),
            Shape::InnerOther(kind) | Shape::Other(kind) => Err(self.notices.refuse(
                "wrong-type",
                &path,
                format!("`{kind}` where a list is expected"),
                RAW_ANSWER,
            )),
        }
    }

    /// Notes what the answer says about being one page of several.
    fn paged(
        &mut self,
        root: &Path<'_>,
        element_region: Option<&str>,
        mut ids: Vec<u64>,
    ) -> Result<(), LoadError> {
        let document = self.answer.document;
        let region = word(&document.region_id, &root.key("RegionId"), self.notices)?;
        let call = self.answer.request.map(|request| call_of(request));
        let asked_region = self
            .answer
            .request
            .and_then(|request| request.get("RegionId"))
            .and_then(|text| if let Text::Str(text) = text { Some(text.as_ref()) } else { None });
        ids.sort_unstable();
        self.page = Some(Page {
            kind: self.answer.kind,
            token: word(&document.next_token, &root.key("NextToken"), self.notices)?.map(str::to_owned),
            number: count(&document.page_number, &root.key("PageNumber"), self.notices)?,
            total: count(&document.total_count, &root.key("TotalCount"), self.notices)?,
            request_id: word(&document.request_id, &root.key("RequestId"), self.notices)?.map(str::to_owned),
            region: asked_region.or(region).or(element_region).map(str::to_owned),
            ids,
            call,
        });
        Ok(())
    }

    fn instances(&mut self, document: &Document<'de>, root: &Path<'_>) -> Result<(), LoadError> {
        let elements =
            self.listing(&document.instances, root, "Instances", ("/Instances/Instance", "/Instances"))?;
        let outer = root.key("Instances");
        let path = inner(&outer, document.instances.shape, "Instance");
        let mut ids = Vec::with_capacity(elements.len());
        for (index, slot) in elements.iter().enumerate() {
            let place = path.index(index);
            let fact =
                lower_interfaces::instance(element(slot, &place, self.notices)?, &place, self.notices)?;
            ids.push(fingerprint(fact.instance.id.as_str()));
            let at = self.at(Some(index));
            self.facts.instances.push(Located { at, fact });
        }
        let first = self.facts.instances.last().filter(|_| !ids.is_empty());
        let region = first.and_then(|last| last.fact.instance.region.clone());
        self.paged(root, region.as_ref().map(RegionId::as_str), ids)
    }

    fn interfaces(&mut self, document: &Document<'de>, root: &Path<'_>) -> Result<(), LoadError> {
        let list = &document.network_interface_sets;
        let elements = self.listing(
            list,
            root,
            "NetworkInterfaceSets",
            ("/NetworkInterfaceSets/NetworkInterfaceSet", "/NetworkInterfaceSets"),
        )?;
        let outer = root.key("NetworkInterfaceSets");
        let path = inner(&outer, list.shape, "NetworkInterfaceSet");
        let mut ids = Vec::with_capacity(elements.len());
        self.facts.interfaces.reserve(elements.len());
        for (index, slot) in elements.iter().enumerate() {
            let place = path.index(index);
            let raw = element(slot, &place, self.notices)?;
            self.not_understood("interfaces", &raw.unknown);
            let fact = lower_interfaces::interface(raw, &place, self.notices)?;
            ids.push(fingerprint(fact.id.as_str()));
            let at = self.at(Some(index));
            self.facts.interfaces.push(Located { at, fact });
        }
        let last = self.facts.interfaces.last().filter(|_| !ids.is_empty());
        let region = last.and_then(|last| last.fact.region.clone());
        self.paged(root, region.as_ref().map(RegionId::as_str), ids)
    }

    fn groups(&mut self, document: &Document<'de>, root: &Path<'_>) -> Result<(), LoadError> {
        let elements = self.listing(
            &document.security_groups,
            root,
            "SecurityGroups",
            ("/SecurityGroups/SecurityGroup", "/SecurityGroups"),
        )?;
        let region = self.region(document, root)?;
        let outer = root.key("SecurityGroups");
        let path = inner(&outer, document.security_groups.shape, "SecurityGroup");
        let mut ids = Vec::with_capacity(elements.len());
        for (index, slot) in elements.iter().enumerate() {
            let place = path.index(index);
            let raw = element(slot, &place, self.notices)?;
            census("security group", &raw.unknown, &place, self.notices);
            self.not_understood("security groups", &raw.unknown);
            let notices = &*self.notices;
            let id = required_id(&raw.security_group_id, &place.key("SecurityGroupId"), notices)?;
            let fact = GroupFact {
                id: SecurityGroupId::from(id),
                name: label(&raw.security_group_name, &place.key("SecurityGroupName"), notices)?.into(),
                network: network(&raw.vpc_id, &place.key("VpcId"), NetworkFact::Silent, notices)?,
                region: region.clone(),
                group_type: group_type(&raw.security_group_type, &place, notices)?,
                service_managed: flag(&raw.service_managed, &place.key("ServiceManaged"), notices)?,
                rule_count: count(&raw.rule_count, &place.key("RuleCount"), notices)?,
                group_rule_count: count(&raw.group_rule_count, &place.key("GroupToGroupRuleCount"), notices)?,
                member_count: count(&raw.member_count, &place.key("EcsCount"), notices)?,
                tags: tags(&raw.tags, &place.key("Tags"), notices)?,
            };
            ids.push(fingerprint(id));
            let at = self.at(Some(index));
            self.facts.groups.push(Located { at, fact });
        }
        self.paged(root, None, ids)
    }

    fn region(&self, document: &Document<'de>, root: &Path<'_>) -> Result<Option<RegionId>, LoadError> {
        let own = id(&document.region_id, &root.key("RegionId"), self.notices)?;
        let asked = match (own, self.answer.request) {
            (None, Some(request)) => parameter(request, "RegionId"),
            _ => None,
        };
        Ok(own.or(asked).map(RegionId::from))
    }

    fn attribute(&mut self, document: &Document<'de>, root: &Path<'_>) -> Result<(), LoadError> {
        let request = self.answer.request;
        let path = root.key("SecurityGroupId");
        let own = id(&document.security_group_id, &path, self.notices)?;
        let asked = request.and_then(|request| parameter(request, "SecurityGroupId"));
        if let (Some(own), Some(asked)) = (own, asked)
            && own != asked
        {
            return Err(self.notices.refuse(
                "contradictory",
                &path,
                format!("the call asks for `{}` and the answer is about `{own}`", excerpt(asked)),
                "the envelope does not belong to its answer: export the group again",
            ));
        }
        let Some(group) = own.or(asked).or(self.answer.id_in_name.as_deref()) else {
            return Err(self.notices.refuse(
                "missing-group-id",
                &path,
                "rules without the id of their group",
                "`aliyun --pager` and --query drop the id: name the file after the group (`sg-….json`), or export \
                 DescribeSecurityGroupAttribute without them",
            ));
        };
        self.not_understood("security groups", &document.unknown);
        let rules = lower_rules::rules(&document.permissions, root, group, self.notices)?;
        self.list = if rules.flat { "/Permissions" } else { "/Permissions/Permission" };
        let notices = &*self.notices;
        // Without its id the answer has lost its whole top level, so a missing VpcId says nothing.
        let silent = if own.is_some() { NetworkFact::Silent } else { NetworkFact::Cut };
        let only =
            request.and_then(|request| parameter(request, "Direction")).and_then(|direction| match direction
                .to_ascii_lowercase()
                .as_str()
            {
                "ingress" => Some(Direction::Ingress),
                "egress" => Some(Direction::Egress),
                _ => None,
            });
        let fact = AttributeFact {
            id: SecurityGroupId::from(group),
            name: label(&document.security_group_name, &root.key("SecurityGroupName"), notices)?.into(),
            network: network(&document.vpc_id, &root.key("VpcId"), silent, notices)?,
            region: self.region(document, root)?,
            inner_access: inner_access(&document.inner_access_policy, root, notices)?,
            rules,
            token: word(&document.next_token, &root.key("NextToken"), notices)?.map(str::to_owned),
            asked: request.map(|request| parameter(request, "NextToken").map(str::to_owned)),
            only,
        };
        let at = self.at(None);
        self.facts.attributes.push(Located { at, fact });
        Ok(())
    }
}

/// Returns a parameter of a call as text.
pub(super) fn parameter<'r>(request: &'r Request<'_>, name: &str) -> Option<&'r str> {
    match request.get(name) {
        Some(Text::Str(text)) => Some(text.trim()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

/// Parameters that do not limit what a call lists.
const HARMLESS_PARAMETERS: &[&str] = &[
    "AccessKeyId",
    "Action",
    "AdditionalAttributes",
    "Attribute",
    "DryRun",
    "Format",
    "MaxResults",
    "NextToken",
    "OwnerAccount",
    "OwnerId",
    "PageNumber",
    "PageSize",
    "RegionId",
    "ResourceOwnerAccount",
    "ResourceOwnerId",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

fn call_of(request: &Request<'_>) -> Call {
    let filters = request
        .parameters
        .iter()
        .filter(|(name, value)| value.is_filled() && !HARMLESS_PARAMETERS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), shown(value)))
        .collect();
    Call { token: parameter(request, "NextToken").map(str::to_owned), filters }
}

fn network(
    text: &Text<'_>,
    path: &Path<'_>,
    silent: NetworkFact,
    notices: &Notices<'_>,
) -> Result<NetworkFact, LoadError> {
    Ok(match id(text, path, notices)? {
        Some(vpc) => NetworkFact::Vpc(VpcId::from(vpc)),
        None if matches!(text, Text::Str(_)) => NetworkFact::Classic,
        None => silent,
    })
}

fn group_type(
    text: &Text<'_>,
    place: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<Option<SecurityGroupType>, LoadError> {
    let path = place.key("SecurityGroupType");
    match word(text, &path, notices)? {
        None => Ok(None),
        Some(word) if word.eq_ignore_ascii_case("normal") => Ok(Some(SecurityGroupType::Normal)),
        Some(word) if word.eq_ignore_ascii_case("enterprise") => Ok(Some(SecurityGroupType::Enterprise)),
        Some(other) => Err(notices.refuse(
            "invalid-group-type",
            &path,
            format!("group type `{}` is neither `normal` nor `enterprise`", excerpt(other)),
            "the default of an unknown type is not known: a newer sgleave may know it",
        )),
    }
}

fn inner_access(
    text: &Text<'_>,
    root: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<Option<InnerAccessPolicy>, LoadError> {
    let path = root.key("InnerAccessPolicy");
    match word(text, &path, notices)? {
        None => Ok(None),
        Some(word) if word.eq_ignore_ascii_case("accept") => Ok(Some(InnerAccessPolicy::Accept)),
        Some(word) if word.eq_ignore_ascii_case("drop") => Ok(Some(InnerAccessPolicy::Drop)),
        Some(other) => Err(notices.refuse(
            "invalid-inner-access",
            &path,
            format!("`{}` where `Accept` or `Drop` is expected", excerpt(other)),
            RAW_ANSWER,
        )),
    }
}

/// Tells whether a list holds an element for which the question holds.
pub(super) fn any<T>(list: &List<'_, Slot<T>>, question: impl Fn(&T) -> bool) -> bool {
    list.items.iter().filter_map(Slot::object).any(question)
}
