//! Joining what instances and interfaces say about each other.

use std::collections::BTreeMap;

use compact_str::CompactString;
use foldhash::{HashMap, HashMapExt as _, HashSet};

use super::addresses;
use super::assemble::Desk;
use super::facts::{At, InstanceFact, Located, NestedFact};
use super::id::{InstanceId, NetworkInterfaceId, SecurityGroupId};
use super::issue::{IssueLevel, LoadError};
use super::join_groups::Groups;
use super::model::{
    Instance, InterfaceAddress, InterfaceKind, Memberships, Network, NetworkInterface, SecurityGroup,
    SecurityGroupType,
};
use super::shared::SharedText;
use super::sorting::sort_by_id;
use super::tags::Tags;

const ERROR: IssueLevel = IssueLevel::Error;
const WARNING: IssueLevel = IssueLevel::Warning;

/// The groups that an answer describes.
type Described<'g> = HashMap<&'g SecurityGroupId, &'g SecurityGroup>;

/// The joined instances and interfaces, each sorted by id.
pub(super) struct Joined {
    pub(super) instances: Vec<Instance>,
    pub(super) interfaces: Vec<Located<NetworkInterface>>,
}

/// Joins instances and interfaces, and judges the interfaces against the groups.
pub(super) fn join(
    desk: &mut Desk<'_>,
    instances: Vec<Located<InstanceFact>>,
    interfaces: Vec<Located<NetworkInterface>>,
    groups: &Groups,
) -> Result<Joined, LoadError> {
    // Every membership is looked up, and there are millions of them.
    let groups: Described<'_> = groups.iter().map(|(id, group)| (id, &group.model)).collect();
    let instances = desk.unique(instances, |fact| fact.instance.id.as_str())?;
    let mut interfaces = desk.unique(interfaces, |fact| fact.id.as_str())?;
    let exported = interfaces.len();
    let adopted = adopt(desk, &instances, &mut interfaces)?;
    let unexported = unexported(desk, &instances, &interfaces, exported);
    let mut models: Vec<Instance> = instances.into_iter().map(|located| located.fact.instance).collect();
    models.extend(unexported);
    models.shrink_to_fit();
    sort_by_id(&mut models, |instance| instance.id.as_str());
    primaries(desk, &models, &interfaces, exported, adopted)?;
    if interfaces.len() > exported {
        sort_by_id(&mut interfaces, |located| located.fact.id.as_str());
    }
    regions(&models, &mut interfaces, &groups);
    for located in &mut interfaces {
        against_groups(desk, located, &groups)?;
    }
    addresses::repeated(desk, &interfaces);
    Ok(Joined { instances: models, interfaces })
}

/// Brings together interfaces and the instances that show them; makes the interfaces that only an instance shows.
/// Returns the first instance that shows an interface the interface export lacks.
fn adopt(
    desk: &mut Desk<'_>,
    instances: &[Located<InstanceFact>],
    interfaces: &mut Vec<Located<NetworkInterface>>,
) -> Result<Option<(At, NetworkInterfaceId)>, LoadError> {
    // Looked up before any of them is changed.
    let primaries = positions_of_primaries(instances, interfaces);
    let mut positions = positions_of_nested(instances, interfaces).into_iter();
    let mut lacking: Option<(At, NetworkInterfaceId)> = None;
    let mut made: Vec<Located<NetworkInterface>> = Vec::new();
    for (located, primary) in instances.iter().zip(primaries) {
        let fact = &located.fact;
        let mut has_primary = false;
        if let Some(primary) = primary.and_then(|position| interfaces.get(position as usize)) {
            has_primary = true;
            same_primary(desk, located, primary)?;
        }
        for nested in &fact.interfaces {
            let known = positions.next().flatten();
            if let Some(known) = known.and_then(|position| interfaces.get_mut(position as usize)) {
                claim(desk, located, nested, known)?;
                has_primary |= known.fact.kind == InterfaceKind::Primary;
                continue;
            }
            lacking.get_or_insert((located.at, nested.id.clone()));
            let is_primary = nested.kind == InterfaceKind::Primary && !has_primary;
            has_primary |= is_primary;
            made.push(from_instance(located, Some(nested), is_primary));
        }
        if !has_primary {
            let only = from_instance(located, None, true);
            lacking.get_or_insert((located.at, only.fact.id.clone()));
            made.push(only);
        }
    }
    for located in made {
        interfaces.push(located);
    }
    Ok(lacking)
}

/// Returns where the first primary interface of each instance stands, in the order of the instances.
fn positions_of_primaries(
    instances: &[Located<InstanceFact>],
    interfaces: &[Located<NetworkInterface>],
) -> Vec<Option<u32>> {
    let by_id: HashMap<&InstanceId, u32> =
        instances.iter().map(|located| &located.fact.instance.id).zip(0..).collect();
    let mut positions = vec![None; instances.len()];
    for (located, position) in interfaces.iter().zip(0..) {
        let interface = &located.fact;
        let instance = interface.instance.as_ref().filter(|_| interface.kind == InterfaceKind::Primary);
        let place = instance.and_then(|id| by_id.get(id)).and_then(|at| positions.get_mut(*at as usize));
        if let Some(place) = place {
            place.get_or_insert(position);
        }
    }
    positions
}

/// Returns where the interfaces stand that instances show, in the order of the instances; `None` for those that no
/// interface export has.
fn positions_of_nested(
    instances: &[Located<InstanceFact>],
    interfaces: &[Located<NetworkInterface>],
) -> Vec<Option<u32>> {
    let by_id: HashMap<&NetworkInterfaceId, u32> =
        interfaces.iter().map(|located| &located.fact.id).zip(0..).collect();
    let nested = instances.iter().flat_map(|located| &located.fact.interfaces);
    nested.map(|nested| by_id.get(&nested.id).copied()).collect()
}

/// Refuses an instance whose groups, VPC or addresses are not those of its primary interface (law I09).
fn same_primary(
    desk: &Desk<'_>,
    instance: &Located<InstanceFact>,
    primary: &Located<NetworkInterface>,
) -> Result<(), LoadError> {
    if let (Memberships::Known(own), Memberships::Known(other)) =
        (&instance.fact.memberships, &primary.fact.memberships)
        && own != other
    {
        return Err(desk.refuse(
            "torn-snapshot",
            (primary.at, "/SecurityGroupIds"),
            format!(
                "the groups of `{}` are not those of its instance `{}`",
                primary.fact.id, instance.fact.instance.id
            ),
            "a membership changed while the export ran: export instances and interfaces again",
        ));
    }
    let (own, other) = (&instance.fact.network, &primary.fact.network);
    if own != other && *own != Network::Unknown && *other != Network::Unknown {
        let shown = |network: &Network| {
            network.vpc().map_or_else(|| "the classic network".to_owned(), |vpc| format!("`{vpc}`"))
        };
        return Err(desk.refuse(
            "torn-snapshot",
            (primary.at, "/VpcId"),
            format!(
                "`{}` is in {} and its instance `{}` in {}",
                primary.fact.id,
                shown(other),
                instance.fact.instance.id,
                shown(own)
            ),
            "the instance moved while the export ran: export instances and interfaces again",
        ));
    }
    same_addresses(desk, &instance.fact.instance.id, &instance.fact.addresses, primary)
}

/// Refuses an instance that shows an address of an interface which the interface itself does not have. The instance
/// may show fewer; and an interface without any address is missing evidence, not another one.
fn same_addresses(
    desk: &Desk<'_>,
    instance: &InstanceId,
    shown: &[InterfaceAddress],
    known: &Located<NetworkInterface>,
) -> Result<(), LoadError> {
    let own = &known.fact.addresses;
    let lacking = shown.iter().find(|address| !own.is_empty() && !addresses::cover(own, &address.block));
    match lacking {
        None => Ok(()),
        Some(address) => Err(desk.refuse(
            "torn-snapshot",
            (known.at, ""),
            format!(
                "`{}` does not have the address `{}`, which its instance `{instance}` shows for it",
                known.fact.id,
                addresses::shown(&address.block)
            ),
            "an address changed while the export ran: export instances and interfaces again",
        )),
    }
}

/// Compares an exported interface with the instance that shows it.
fn claim(
    desk: &Desk<'_>,
    instance: &Located<InstanceFact>,
    nested: &NestedFact,
    known: &mut Located<NetworkInterface>,
) -> Result<(), LoadError> {
    let id = &instance.fact.instance.id;
    if known.fact.instance.is_none() && nested.kind == InterfaceKind::Primary {
        same_primary(desk, instance, known)?;
    }
    same_addresses(desk, id, &nested.addresses, known)?;
    match &known.fact.instance {
        Some(other) if other != id => Err(desk.refuse(
            "torn-snapshot",
            (known.at, "/InstanceId"),
            format!("`{}` is attached to `{other}` here and to `{id}` in the instance export", known.fact.id),
            "an interface moved while the export ran: export instances and interfaces again",
        )),
        Some(_) => Ok(()),
        None => {
            known.fact.instance = Some(id.clone());
            Ok(())
        }
    }
}

/// Makes the interface that only an instance shows. Its groups are known for the primary one only.
fn from_instance(
    instance: &Located<InstanceFact>,
    nested: Option<&NestedFact>,
    is_primary: bool,
) -> Located<NetworkInterface> {
    let fact = &instance.fact;
    let mut addresses = nested.map(|nested| nested.addresses.clone()).unwrap_or_default();
    if is_primary {
        // The sort would keep the other kind of an address that both name.
        let is_new = |address: &InterfaceAddress| !addresses.iter().any(|known| known.block == address.block);
        let more = fact.addresses.iter().copied().filter(is_new);
        addresses = addresses::distinct(addresses.iter().copied().chain(more).collect());
    }
    Located {
        at: instance.at,
        fact: NetworkInterface {
            id: nested.map_or_else(
                || NetworkInterfaceId::from(format!("{}/primary", fact.instance.id)),
                |nested| nested.id.clone(),
            ),
            name: CompactString::default(),
            // A second primary interface stays one: `primaries` refuses it.
            kind: nested.map_or(InterfaceKind::Primary, |nested| nested.kind),
            status: SharedText::default(),
            instance: Some(fact.instance.id.clone()),
            network: fact.network.clone(),
            vswitch: fact.vswitch.clone().filter(|_| is_primary),
            region: fact.instance.region.clone(),
            owner: None,
            memberships: if is_primary { fact.memberships.clone() } else { Memberships::Unknown },
            addresses,
            service_managed: None,
            tags: Tags::default(),
        },
    }
}

/// Returns the instances that interfaces name and no answer lists.
fn unexported(
    desk: &mut Desk<'_>,
    instances: &[Located<InstanceFact>],
    interfaces: &[Located<NetworkInterface>],
    exported: usize,
) -> Vec<Instance> {
    let listed: HashSet<&InstanceId> = instances.iter().map(|located| &located.fact.instance.id).collect();
    let mut missing: BTreeMap<&InstanceId, &Located<NetworkInterface>> = BTreeMap::new();
    for located in interfaces.iter().take(exported) {
        if let Some(id) = located.fact.instance.as_ref().filter(|id| !listed.contains(id)) {
            missing.entry(id).or_insert(located);
        }
    }
    let mut models = Vec::with_capacity(missing.len());
    for (id, located) in missing {
        desk.note(
            (WARNING, "instance-not-exported"),
            "",
            Some((located.at, "/InstanceId")),
            || format!("no answer lists instance `{id}`, which an interface is attached to"),
            "export DescribeInstances of its region, all pages",
        );
        models.push(Instance {
            id: id.clone(),
            name: CompactString::default(),
            status: SharedText::default(),
            region: located.fact.region.clone(),
            locks: None,
            tags: Tags::default(),
        });
    }
    models
}

/// Every instance has one primary interface; an interface export without it was filtered (law I01).
fn primaries(
    desk: &mut Desk<'_>,
    instances: &[Instance],
    interfaces: &[Located<NetworkInterface>],
    exported: usize,
    lacking: Option<(At, NetworkInterfaceId)>,
) -> Result<(), LoadError> {
    let mut owners: HashMap<&InstanceId, &Located<NetworkInterface>> = HashMap::new();
    for located in interfaces {
        let Some(instance) = &located.fact.instance else {
            continue;
        };
        if located.fact.kind != InterfaceKind::Primary {
            continue;
        }
        if let Some(other) = owners.insert(instance, located) {
            return Err(desk.refuse(
                "torn-snapshot",
                (located.at, ""),
                format!(
                    "`{instance}` has two primary interfaces, `{}` and `{}`",
                    other.fact.id, located.fact.id
                ),
                "the instance was replaced while the export ran: export instances and interfaces again",
            ));
        }
    }
    let from_export = interfaces.get(..exported).unwrap_or_default();
    if let Some(first) = from_export.first()
        && !instances.is_empty()
        && !from_export.iter().any(|located| located.fact.kind == InterfaceKind::Primary)
    {
        desk.note(
            (ERROR, "filtered-interfaces"),
            "",
            Some((first.at, "")),
            || "the interface export holds no primary interface, so a filter limited it".to_owned(),
            "DescribeNetworkInterfaces with SecurityGroupId lists secondary interfaces only: export it without filters",
        );
        desk.gap("filtered-interfaces", "interfaces that a filter of the export hides");
        return Ok(());
    }
    if !desk.has_interface_export() {
        return Ok(());
    }
    let orphan = instances.iter().find(|instance| !owners.contains_key(&instance.id));
    let known: Option<(Option<At>, String)> = match (lacking, orphan) {
        (Some((at, id)), _) => Some((Some(at), format!("interface `{id}`"))),
        (None, Some(instance)) => Some((None, format!("the primary interface of `{}`", instance.id))),
        (None, None) => None,
    };
    if let Some((at, what)) = known {
        desk.note(
            (ERROR, "interface-not-exported"),
            "",
            at.map(|at| (at, "")),
            || format!("{what} is not in the interface export, so others may be missing too"),
            "export DescribeNetworkInterfaces of every region, all pages, without filters",
        );
        desk.gap("interface-not-exported", "interfaces that the interface export lacks");
    }
    Ok(())
}

/// Completes the region of interfaces: from the instance, else their own zone, else a group.
fn regions(instances: &[Instance], interfaces: &mut [Located<NetworkInterface>], groups: &Described<'_>) {
    let by_id: HashMap<&InstanceId, &Instance> =
        instances.iter().map(|instance| (&instance.id, instance)).collect();
    for located in interfaces {
        let fact = &mut located.fact;
        let of_instance = fact.instance.as_ref().and_then(|id| by_id.get(id)?.region.clone());
        let of_group = || match &fact.memberships {
            Memberships::Known(ids) => ids.iter().find_map(|id| groups.get(id)?.region.clone()),
            Memberships::Unknown => None,
        };
        fact.region = of_instance.or_else(|| fact.region.take()).or_else(of_group);
    }
}

/// Judges an interface against the groups it holds.
fn against_groups(
    desk: &mut Desk<'_>,
    located: &mut Located<NetworkInterface>,
    groups: &Described<'_>,
) -> Result<(), LoadError> {
    let at = located.at;
    let fact = &mut located.fact;
    let Memberships::Known(ids) = &fact.memberships else {
        desk.note(
            (ERROR, "memberships-unknown"),
            "",
            Some((at, "/SecurityGroupIds")),
            || format!("the groups of interface `{}` are not in the export", fact.id),
            "export DescribeNetworkInterfaces: an instance export lists secondary interfaces without their groups",
        );
        return Ok(());
    };
    let mut first_type: Option<(SecurityGroupType, &str)> = None;
    for id in ids {
        let Some(group) = groups.get(id) else {
            continue;
        };
        match (&fact.network, &group.network) {
            (Network::Unknown, known) => fact.network = known.clone(),
            (Network::Vpc(own), Network::Vpc(other)) if own == other => {}
            (Network::Classic, Network::Classic) | (_, Network::Unknown) => {}
            _ => {
                return Err(desk.refuse(
                    "contradictory",
                    (at, "/VpcId"),
                    format!("interface `{}` is not in the network of its group `{id}`", fact.id),
                    "two exports are mixed, or the answer was edited: export everything again",
                ));
            }
        }
        let Some(group_type) = group.group_type else {
            continue;
        };
        match first_type {
            None => first_type = Some((group_type, id.as_str())),
            Some((other, _)) if other == group_type => {}
            Some((_, other)) => {
                return Err(desk.refuse(
                    "mixed-group-types",
                    (at, "/SecurityGroupIds"),
                    format!(
                        "interface `{}` is in the basic and enterprise groups `{other}` and `{id}`",
                        fact.id
                    ),
                    "the API allows one type on an interface: export everything again",
                ));
            }
        }
    }
    if fact.addresses.is_empty() && fact.network != Network::Classic {
        desk.note(
            (ERROR, "interface-without-address"),
            "",
            Some((at, "/PrivateIpAddress")),
            || format!("interface `{}` has no address in the export", fact.id),
            "export DescribeNetworkInterfaces again as the raw answer",
        );
        desk.gap("interface-without-address", "addresses of interfaces");
    }
    Ok(())
}
