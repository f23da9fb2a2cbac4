//! Writes an estate, file after file.

use std::io::{self, Write};

use super::group_records::GroupCounts;
use super::layout::Layout;
use super::lists::{PORT_LIST_ROOM, PREFIX_LIST_ROOM};
use super::members::Interface;
use super::names::Names;
use super::options::EstateOptions;
use super::pages::{Call, Listing, Series};
use super::records::Records;
use super::removals::write_removals;
use super::rules::Peer;

const INTERFACES: Call = Call {
    action: "DescribeNetworkInterfaces",
    stem: "interfaces",
    around: (r#""NetworkInterfaceSets":{"NetworkInterfaceSet":["#, "]}"),
    page_size: 500,
    pages_per_file: 20,
};

const INSTANCES: Call = Call {
    action: "DescribeInstances",
    stem: "instances",
    around: (r#""Instances":{"Instance":["#, "]}"),
    page_size: 100,
    pages_per_file: 100,
};

const GROUPS: Call = Call {
    action: "DescribeSecurityGroups",
    stem: "groups",
    around: (r#""RegionId":"cn-hangzhou","SecurityGroups":{"SecurityGroup":["#, "]}"),
    page_size: 100,
    pages_per_file: 100,
};

const PREFIX_LISTS: Call = Call {
    action: "DescribePrefixLists",
    stem: "prefix-lists",
    around: (r#""PrefixLists":{"PrefixList":["#, "]}"),
    page_size: 100,
    pages_per_file: 100,
};

const PORT_LISTS: Call = Call {
    action: "DescribePortRangeLists",
    stem: "port-lists",
    around: (r#""PortRangeLists":["#, "]"),
    page_size: 100,
    pages_per_file: 100,
};

/// How many groups have their rules in one file.
const GROUPS_PER_FILE: u64 = 100;

/// How many lists have their entries in one file.
const LISTS_PER_FILE: u64 = 1000;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EstateTotals {
    /// How many instances.
    pub instances: u64,
    /// How many interfaces.
    pub interfaces: u64,
    /// How many groups.
    pub groups: u64,
    /// How many rules.
    pub rules: u64,
    /// How many memberships.
    pub memberships: u64,
    /// How many removals.
    pub removals: u64,
}

/// Writes an estate: the files of its export, all in `export/`, and the list `removals.csv` beside them.
///
/// `open` is asked for one file after the other by its name with `/`; what it returns needs no buffer of its own and is
/// flushed before the next file is asked for. The same options give the same bytes.
///
/// ```
/// use sgleave::generate::{EstateOptions, EstateShape, write_estate};
///
/// let mut names = Vec::new();
/// let totals = write_estate(&EstateOptions::new(500, EstateShape::Realistic), |name| {
///     names.push(name.to_owned());
///     Ok(std::io::sink())
/// })?;
/// assert_eq!(totals.interfaces, 500);
/// assert_eq!(names.first().map(String::as_str), Some("export/interfaces-0001.jsonl"));
/// assert_eq!(names.last().map(String::as_str), Some("removals.csv"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// What `open` and the files return, and [`io::ErrorKind::InvalidInput`] for an estate that cannot be.
pub fn write_estate<W: Write>(
    options: &EstateOptions,
    mut open: impl FnMut(&str) -> io::Result<W>,
) -> io::Result<EstateTotals> {
    options.check().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let layout = Layout { options: *options };
    let records = Records { layout: &layout, names: Names { seed: options.seed } };
    let mut counts = vec![GroupCounts::default(); options.groups as usize];
    let mut totals =
        EstateTotals { interfaces: options.interfaces, groups: options.groups, ..EstateTotals::default() };
    totals.memberships = interfaces(records, &mut counts, &mut open)?;
    totals.instances = instances(records, &mut open)?;
    totals.rules = rules(records, &mut counts, &mut open)?;
    let mut listing = Listing::new(&mut open, options.seed, GROUPS);
    for (group, counts) in (0..).zip(counts) {
        records.group(listing.record()?, group, counts)?;
    }
    listing.finish()?;
    lists(records, &mut open)?;
    totals.removals = write_removals(&layout, open("removals.csv")?)?;
    Ok(totals)
}

fn interfaces<W: Write>(
    records: Records<'_>,
    counts: &mut [GroupCounts],
    open: &mut impl FnMut(&str) -> io::Result<W>,
) -> io::Result<u64> {
    let options = &records.layout.options;
    let mut memberships = 0;
    let mut listing = Listing::new(open, options.seed, INTERFACES);
    for index in 0..options.interfaces {
        let interface = records.layout.interface(index);
        let addresses = 1 + u64::from(interface.second_address.is_some());
        for group in &interface.groups {
            memberships += 1;
            if let Some(counts) = counts.get_mut(*group as usize) {
                counts.addresses += addresses;
            }
        }
        records.interface(listing.record()?, &interface)?;
    }
    listing.finish()?;
    Ok(memberships)
}

fn instances<W: Write>(
    records: Records<'_>,
    open: &mut impl FnMut(&str) -> io::Result<W>,
) -> io::Result<u64> {
    let options = &records.layout.options;
    let mut instances = 0;
    let mut listing = Listing::new(open, options.seed, INSTANCES);
    for index in (0..options.interfaces).filter(|index| !records.layout.is_secondary(*index)) {
        let primary = records.layout.interface(index);
        let next = index + 1;
        let secondary: Option<Interface> = (next < options.interfaces && records.layout.is_secondary(next))
            .then(|| records.layout.interface(next));
        instances += 1;
        records.instance(listing.record()?, &primary, secondary.as_ref())?;
    }
    listing.finish()?;
    Ok(instances)
}

fn rules<W: Write>(
    records: Records<'_>,
    counts: &mut [GroupCounts],
    open: &mut impl FnMut(&str) -> io::Result<W>,
) -> io::Result<u64> {
    let mut total = 0;
    let mut series = Series::new(open, records.layout.options.seed, "rules", GROUPS_PER_FILE);
    for (group, counts) in (0..).zip(counts) {
        let rules = records.layout.rules_of(group);
        counts.rules = rules.len() as u64;
        counts.references = rules.iter().filter(|rule| matches!(rule.peer, Peer::Group(_))).count() as u64;
        total += counts.rules;
        let parameters = format!(r#","MaxResults":1000,"SecurityGroupId":"{}""#, records.names.group(group));
        records.attribute(series.answer("DescribeSecurityGroupAttribute", &parameters)?, group, &rules)?;
        series.end()?;
    }
    series.close()?;
    Ok(total)
}

fn lists<W: Write>(records: Records<'_>, open: &mut impl FnMut(&str) -> io::Result<W>) -> io::Result<()> {
    let (layout, names) = (records.layout, records.names);
    let seed = layout.options.seed;
    let mut listing = Listing::new(open, seed, PREFIX_LISTS);
    for list in 0..layout.prefix_lists() {
        records.prefix_list(listing.record()?, list, PREFIX_LIST_ROOM)?;
    }
    listing.finish()?;
    let mut series = Series::new(open, seed, "prefix-list-entries", LISTS_PER_FILE);
    for list in 0..layout.prefix_lists() {
        let parameters = format!(r#","PrefixListId":"{}""#, names.prefix_list(list));
        records.prefixes(
            series.answer("DescribePrefixListAttributes", &parameters)?,
            list,
            PREFIX_LIST_ROOM,
        )?;
        series.end()?;
    }
    series.close()?;
    let mut listing = Listing::new(open, seed, PORT_LISTS);
    for list in 0..layout.port_lists() {
        records.port_list(listing.record()?, list, PORT_LIST_ROOM)?;
    }
    listing.finish()?;
    let mut series = Series::new(open, seed, "port-list-entries", LISTS_PER_FILE);
    for list in 0..layout.port_lists() {
        let parameters = format!(r#","PortRangeListId":"{}""#, names.port_list(list));
        records.port_ranges(series.answer("DescribePortRangeListEntries", &parameters)?, list)?;
        series.end()?;
    }
    series.close()
}
