//! Who is meant: interfaces by what is known of them, and addresses outside.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use wildmatch::WildMatch;

use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::netset::IpBlock;

/// One word or several; any of them will do. Written as a word or as a list of words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a list of texts (numbers and yes or no need quotes)")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Words, E> {
                Ok(Words(vec![word.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element()? {
                    words.push(word);
                }
                Ok(Words(words))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl JsonSchema for Words {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Words".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A word, or several of which any will do; in ids, names and tag values * is any text.",
            "oneOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}

impl Words {
    /// Returns them as a list.
    #[must_use]
    pub fn list(&self) -> &[String] {
        &self.0
    }

    fn is_given(&self) -> bool {
        !self.0.is_empty()
    }

    fn matches(&self, text: &str) -> bool {
        self.list().iter().any(|pattern| WildMatch::new(pattern).matches(text))
    }
}

/// Chooses interfaces and addresses. Every key that is given has to hold; of several words one has to. In ids, names and
/// tag values `*` stands for any text and `?` for one character.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Selector {
    /// Ids of instances.
    pub instance: Words,
    /// Ids of network interfaces.
    pub interface: Words,
    /// Names of instances or of interfaces.
    pub name: Words,
    /// Ids or names of groups the interface is in before the change.
    pub group: Words,
    /// Ids of VPCs.
    pub vpc: Words,
    /// Tags of the instance or of the interface.
    pub tag: BTreeMap<String, Words>,
    /// Addresses. Alone, it means every address in these blocks: those of interfaces and those outside. Beside other keys
    /// it narrows them to interfaces with such an address.
    pub cidr: Words,
    /// Public addresses outside the export. Stands alone.
    pub internet: bool,
    /// All interfaces. Stands alone.
    pub all: bool,
    /// Not these.
    pub not: Option<Box<Selector>>,
}

/// Who a selector means in one estate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ends {
    /// Interfaces, sorted.
    pub interfaces: Vec<InterfaceIx>,
    /// Addresses outside, sorted.
    pub outside: Vec<IpBlock>,
}

impl Ends {
    /// Tells whether nobody is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.interfaces.is_empty() && self.outside.is_empty()
    }

    /// Tells whether an interface is meant.
    #[must_use]
    pub fn contains(&self, interface: InterfaceIx) -> bool {
        self.interfaces.binary_search(&interface).is_ok()
    }

    /// Tells whether some address of a block is meant as an outside address.
    #[must_use]
    pub fn meets(&self, block: &IpBlock) -> bool {
        self.outside.iter().any(|own| own.contains(block) || block.contains(own))
    }
}

/// The blocks of addresses that are not public: private, shared, loopback, link-local, multicast, reserved. Those for
/// documentation count as public, so that an example behaves as what it stands for.
const NOT_PUBLIC: [&str; 17] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/8",
    "100::/64",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

impl Selector {
    /// Says what is wrong with it, whatever the estate.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn examine(&self) -> Result<(), String> {
        if *self == Self::default() {
            return Err("the selector names nothing".to_owned());
        }
        let chooses_more = self.chooses_interfaces() || self.cidr.is_given() || self.not.is_some();
        if self.internet && (chooses_more || self.all) {
            return Err("`internet` stands alone".to_owned());
        }
        if self.all && self.chooses_interfaces() {
            return Err("`all` stands without other keys but `not`".to_owned());
        }
        for text in self.cidr.list() {
            IpBlock::parse(text).map_err(|error| format!("`{text}`: {error}"))?;
        }
        self.not.as_ref().map_or(Ok(()), |not| not.examine())
    }

    fn chooses_interfaces(&self) -> bool {
        [&self.instance, &self.interface, &self.name, &self.group, &self.vpc]
            .iter()
            .any(|words| words.is_given())
            || !self.tag.is_empty()
    }

    fn blocks(&self) -> Vec<IpBlock> {
        self.cidr.list().iter().filter_map(|text| IpBlock::parse(text).ok()).map(|(block, _)| block).collect()
    }

    /// Finds who is meant. Linear in the interfaces of the estate.
    #[must_use]
    pub fn resolve(&self, graph: &SecurityGraph) -> Ends {
        if self.internet {
            return Ends { interfaces: Vec::new(), outside: public_blocks() };
        }
        let blocks = self.blocks();
        let interfaces =
            graph.interfaces().filter(|interface| self.means(graph, *interface, &blocks)).collect();
        let alone = !self.chooses_interfaces() && !self.all && self.not.is_none();
        let mut outside = if alone { blocks } else { Vec::new() };
        outside.sort_unstable();
        outside.dedup();
        Ends { interfaces, outside }
    }

    fn means(&self, graph: &SecurityGraph, interface: InterfaceIx, blocks: &[IpBlock]) -> bool {
        let described = graph.interface(interface);
        let instance = graph.instance_of(interface);
        let holds =
            |words: &Words, texts: &[&str]| !words.is_given() || texts.iter().any(|text| words.matches(text));
        let instance_id = described.instance.as_ref().map_or("", |id| id.as_str());
        let instance_name = instance.map_or("", |instance| instance.name.as_str());
        let vpc = described.network.vpc().map_or("", |id| id.as_str());
        let has_tag = |(key, words): (&String, &Words)| {
            let own = described.tags.get(key);
            let of_instance = instance.and_then(|instance| instance.tags.get(key));
            [own, of_instance].into_iter().flatten().any(|value| words.matches(value))
        };
        let in_group = || {
            let groups = graph.baseline().groups_of(interface);
            groups.iter().flat_map(|groups| groups.iter()).any(|group| is_group(graph, *group, &self.group))
        };
        holds(&self.instance, &[instance_id])
            && holds(&self.interface, &[described.id.as_str()])
            && holds(&self.name, &[instance_name, described.name.as_str()])
            && holds(&self.vpc, &[vpc])
            && self.tag.iter().all(has_tag)
            && (blocks.is_empty()
                || described
                    .addresses
                    .iter()
                    .any(|held| blocks.iter().any(|block| block.contains(&held.block))))
            && (!self.group.is_given() || in_group())
            && self.not.as_ref().is_none_or(|not| !not.means(graph, interface, &not.blocks()))
    }
}

impl Selector {
    /// Reads a selector from `KEY=WORD` texts: instance, interface, name, group, vpc, cidr, or `tag=NAME=WORD`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn of_texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, String> {
        let mut selector = Self::default();
        for text in texts {
            let wrong = || format!("`{text}` is not of the form `KEY=WORD`");
            let (key, word) = text.split_once('=').filter(|(_, word)| !word.is_empty()).ok_or_else(wrong)?;
            let words = match key {
                "instance" => &mut selector.instance,
                "interface" => &mut selector.interface,
                "name" => &mut selector.name,
                "group" => &mut selector.group,
                "vpc" => &mut selector.vpc,
                "cidr" => &mut selector.cidr,
                "tag" => {
                    let (name, value) = word.split_once('=').ok_or_else(wrong)?;
                    selector.tag.entry(name.to_owned()).or_default().0.push(value.to_owned());
                    continue;
                }
                _ => return Err(format!("`{key}` is no key of a selector")),
            };
            words.0.push(word.to_owned());
        }
        Ok(selector)
    }

    /// Returns the memberships it means: of the interfaces it chooses, in the groups it names, or in all where it names
    /// none. Sorted.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn memberships(&self, graph: &SecurityGraph) -> Result<Vec<(InterfaceIx, GroupIx)>, String> {
        let everybody = *self == Self::default();
        let ends = if everybody {
            Ends { interfaces: graph.interfaces().collect(), outside: Vec::new() }
        } else {
            self.examine()?;
            self.resolve(graph)
        };
        let view = graph.baseline();
        let is_meant = |group: &GroupIx| !self.group.is_given() || is_group(graph, *group, &self.group);
        let of_one = |interface: &InterfaceIx| {
            let groups = view.groups_of(*interface).unwrap_or_default();
            let meant = groups.iter().copied().filter(is_meant).map(|group| (*interface, group));
            meant.collect::<Vec<_>>()
        };
        Ok(ends.interfaces.iter().flat_map(of_one).collect())
    }
}

/// Tells whether a group has one of these ids or names.
fn is_group(graph: &SecurityGraph, group: GroupIx, words: &Words) -> bool {
    words.matches(graph.group_id(group).as_str())
        || graph.group(group).is_some_and(|described| words.matches(&described.name))
}

/// Returns the described groups with one of these ids or names, sorted.
pub(super) fn groups(graph: &SecurityGraph, words: &Words) -> Vec<GroupIx> {
    let meant =
        graph.groups().filter(|group| graph.group(*group).is_some() && is_group(graph, *group, words));
    meant.collect()
}

/// Returns the public addresses as blocks, sorted.
fn public_blocks() -> Vec<IpBlock> {
    use crate::netset::{Family, IpRange, blocks_of};
    let special: Vec<IpBlock> =
        NOT_PUBLIC.iter().filter_map(|text| IpBlock::parse(text).ok()).map(|(block, _)| block).collect();
    let mut found = Vec::new();
    for family in [Family::Ipv4, Family::Ipv6] {
        let mut next = Some(0);
        let mut own: Vec<&IpBlock> = special.iter().filter(|block| block.family() == family).collect();
        own.sort_unstable_by_key(|block| block.first());
        for block in own {
            if let Some(first) = next.filter(|first| *first < block.first()) {
                found.extend(blocks_of(IpRange::new(family, first, block.first() - 1)));
            }
            next = block.last().checked_add(1).filter(|next| *next <= family.last());
        }
        if let Some(first) = next {
            found.extend(blocks_of(IpRange::new(family, first, family.last())));
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internet_is_what_is_not_private() {
        let blocks = public_blocks();
        let holds = |text: &str| blocks.iter().any(|own| own.contains(&IpBlock::parse(text).unwrap().0));
        for public in ["8.8.8.8/32", "223.5.5.5/32", "2400:3200::1/128", "1.0.0.0/8", "100.128.0.0/9"] {
            assert!(holds(public), "{public}");
        }
        for special in [
            "10.1.2.3/32",
            "192.168.0.1/32",
            "100.100.2.136/32",
            "fd00::1/128",
            "::1/128",
            "255.255.255.255/32",
        ] {
            assert!(!holds(special), "{special}");
        }
    }
}
