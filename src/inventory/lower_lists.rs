//! Judging prefix lists and port range lists.

use super::ecs::{Document, Entry};
use super::facts::{Located, PortListFact, PrefixListFact};
use super::id::{PortRangeListId, PrefixListId};
use super::issue::{IssueLevel, LoadError};
use super::lower::{Lowering, census, parameter};
use super::place::{Path, excerpt};
use super::scalars::{RAW_ANSWER, block, count, element, id, inner, items, port_range, required_id, word};
use super::wire::{Shape, Text};
use crate::netset::{Family, HostBits, IpBlock, PortRange, PortSet};

const ERROR: IssueLevel = IssueLevel::Error;
const NOTE: IssueLevel = IssueLevel::Note;

impl<'de> Lowering<'_, '_, 'de, '_> {
    pub(super) fn prefix_lists(
        &mut self,
        document: &Document<'de>,
        root: &Path<'_>,
    ) -> Result<(), LoadError> {
        let list = &document.prefix_lists;
        let pointers = ("/PrefixLists/PrefixList", "/PrefixLists");
        let elements = self.listing(list, root, "PrefixLists", pointers)?;
        let outer = root.key("PrefixLists");
        let path = inner(&outer, list.shape, "PrefixList");
        for (index, slot) in elements.iter().enumerate() {
            let place = path.index(index);
            let raw = element(slot, &place, self.notices)?;
            census("prefix list", &raw.unknown, &place, self.notices);
            let id = required_id(&raw.prefix_list_id, &place.key("PrefixListId"), self.notices)?;
            let fact = PrefixListFact {
                id: PrefixListId::from(id),
                entries: None,
                max_entries: self.quota(&raw.max_entries, &place)?,
            };
            let at = self.at(Some(index));
            self.facts.prefix_lists.push(Located { at, fact });
        }
        Ok(())
    }

    fn quota(&self, text: &Text<'_>, place: &Path<'_>) -> Result<Option<u32>, LoadError> {
        let path = place.key("MaxEntries");
        let Some(number) = count(text, &path, self.notices)? else {
            return Ok(None);
        };
        match u32::try_from(number) {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(self.notices.refuse(
                "wrong-type",
                &path,
                format!("`{number}` entries are more than any list has"),
                RAW_ANSWER,
            )),
        }
    }

    pub(super) fn prefix_list(&mut self, document: &Document<'de>, root: &Path<'_>) -> Result<(), LoadError> {
        let asked = self.answer.request.and_then(|request| parameter(request, "PrefixListId"));
        let path = root.key("PrefixListId");
        let own = id(&document.prefix_list_id, &path, self.notices)?;
        let Some(list_id) = own.or(asked) else {
            return Err(self.notices.refuse(
                "missing-list-id",
                &path,
                "entries of a prefix list without its id",
                "export DescribePrefixListAttributes again without --query or --output",
            ));
        };
        let family = word(&document.address_family, &root.key("AddressFamily"), self.notices)?;
        let mut entries: Vec<IpBlock> = Vec::new();
        let known = self.entries(document, root, list_id, |this, raw, place| {
            let path = place.key("Cidr");
            let Some(text) = word(&raw.cidr, &path, this.notices)? else {
                return Err(this.missing_entry(&path));
            };
            let (cidr, bits) = block(text, &path, this.notices)?;
            let fits = match family {
                Some(word) if word.eq_ignore_ascii_case("ipv4") => cidr.family() == Family::Ipv4,
                Some(word) if word.eq_ignore_ascii_case("ipv6") => cidr.family() == Family::Ipv6,
                _ => true,
            };
            if !fits {
                return Err(this.notices.refuse(
                    "contradictory",
                    &path,
                    format!(
                        "`{}` in a prefix list of family `{}`",
                        excerpt(text),
                        excerpt(family.unwrap_or_default())
                    ),
                    "export DescribePrefixListAttributes again",
                ));
            }
            if bits == HostBits::Masked {
                this.notices.add(
                    (NOTE, "host-bits"),
                    "",
                    &path,
                    || format!("`{}` has bits behind its mask; it is read as `{cidr}`", excerpt(text)),
                    "the API takes such blocks and ignores the bits",
                );
            }
            entries.push(cidr);
            Ok(())
        })?;
        entries.sort_unstable();
        entries.dedup();
        let fact = PrefixListFact {
            id: PrefixListId::from(list_id),
            entries: known.then_some(entries),
            max_entries: self.quota(&document.max_entries, root)?,
        };
        let at = self.at(None);
        self.facts.prefix_lists.push(Located { at, fact });
        Ok(())
    }

    fn missing_entry(&self, path: &Path<'_>) -> LoadError {
        self.notices.refuse(
            "missing-entry",
            path,
            "an entry that says nothing",
            "an unread entry would read as no address or no port: export the list again as the raw answer",
        )
    }

    /// Reads the entries of a list; tells whether the answer has them at all.
    fn entries(
        &mut self,
        document: &Document<'de>,
        root: &Path<'_>,
        list_id: &str,
        mut read: impl FnMut(&mut Self, &Entry<'de>, &Path<'_>) -> Result<(), LoadError>,
    ) -> Result<bool, LoadError> {
        let list = &document.entries;
        let path = root.key("Entries");
        let elements = items(list, &path, self.notices)?;
        let token = word(&document.next_token, &root.key("NextToken"), self.notices)?;
        if !matches!(list.shape, Shape::Nested | Shape::Flat) || token.is_some() {
            self.notices.add(
                (ERROR, "entries-not-returned"),
                list_id,
                &path,
                || format!("not all entries of `{}` are in the answer", excerpt(list_id)),
                "export the entries of the list again as the raw answer",
            );
            return Ok(false);
        }
        let at = inner(&path, list.shape, "Entry");
        for (index, slot) in elements.iter().enumerate() {
            let place = at.index(index);
            let raw = element(slot, &place, self.notices)?;
            census("list entry", &raw.unknown, &place, self.notices);
            read(self, raw, &place)?;
        }
        Ok(true)
    }

    pub(super) fn port_lists(&mut self, document: &Document<'de>, root: &Path<'_>) -> Result<(), LoadError> {
        let list = &document.port_range_lists;
        let pointers = ("/PortRangeLists/PortRangeList", "/PortRangeLists");
        let elements = self.listing(list, root, "PortRangeLists", pointers)?;
        let outer = root.key("PortRangeLists");
        let path = inner(&outer, list.shape, "PortRangeList");
        for (index, slot) in elements.iter().enumerate() {
            let place = path.index(index);
            let raw = element(slot, &place, self.notices)?;
            census("port range list", &raw.unknown, &place, self.notices);
            let id = required_id(&raw.port_range_list_id, &place.key("PortRangeListId"), self.notices)?;
            let fact = PortListFact {
                id: PortRangeListId::from(id),
                entries: None,
                max_entries: self.quota(&raw.max_entries, &place)?,
            };
            let at = self.at(Some(index));
            self.facts.port_lists.push(Located { at, fact });
        }
        Ok(())
    }

    pub(super) fn port_list(&mut self, document: &Document<'de>, root: &Path<'_>) -> Result<(), LoadError> {
        let asked = self.answer.request.and_then(|request| parameter(request, "PortRangeListId"));
        let Some(list_id) = asked.or(self.answer.id_in_name.as_deref()) else {
            return Err(self.notices.refuse(
                "missing-list-id",
                &root.key("Entries"),
                "entries of a port range list without its id",
                "the answer does not repeat the id it was asked for: name the file after the list (`prl-….json`), or \
                 save the call with it as `{\"request\": …, \"response\": …}`",
            ));
        };
        let mut ranges: Vec<PortRange> = Vec::new();
        let known = self.entries(document, root, list_id, |this, raw, place| {
            let path = place.key("PortRange");
            let Some(text) = word(&raw.port_range, &path, this.notices)? else {
                return Err(this.missing_entry(&path));
            };
            ranges.push(port_range(text, "`22/22`", &path, this.notices)?);
            Ok(())
        })?;
        let merged: PortSet = ranges.into_iter().collect();
        let fact = PortListFact {
            id: PortRangeListId::from(list_id),
            entries: known.then(|| merged.ranges().to_vec()),
            max_entries: None,
        };
        let at = self.at(None);
        self.facts.port_lists.push(Located { at, fact });
        Ok(())
    }
}
