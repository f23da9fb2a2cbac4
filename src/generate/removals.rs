//! A list of removals to try on the estate.

use std::io::{self, BufWriter, Write};

use super::dice::Subject;
use super::layout::Layout;
use super::members::Interface;
use super::names::Names;

/// Writes removals spread over the estate and returns how many there are. Of a hundred, five are the second one of an
/// interface. None takes the last group away, which the API would refuse.
pub(super) fn write_removals(layout: &Layout, out: impl Write) -> io::Result<u64> {
    let options = &layout.options;
    let mut out = BufWriter::new(out);
    writeln!(out, "target,group")?;
    let slots = (options.removals - options.removals / 20).min(options.interfaces);
    let mut seconds = options.removals - slots;
    let mut written = 0;
    for slot in 0..slots {
        let Some(interface) = chosen(layout, slot, slots) else { continue };
        let mut dice = layout.dice(Subject::Removal, slot);
        let mut groups = interface.groups.clone();
        // Who can lose two and keep one, loses two until there are enough of them.
        let leaves = if seconds > 0 && groups.len() > 2 { 2 } else { 1 };
        seconds -= leaves - 1;
        for _ in 0..leaves {
            let group = groups.swap_remove(dice.below(groups.len() as u64) as usize);
            let names = Names { seed: options.seed };
            let target = match interface.is_primary() && dice.percent(80) {
                true => names.instance(interface.primary),
                false => names.interface(interface.index),
            };
            writeln!(out, "{target},{}", names.group(group))?;
            written += 1;
        }
    }
    out.flush()?;
    Ok(written)
}

/// Chooses an interface of two or more groups in one of equal parts of the estate.
fn chosen(layout: &Layout, slot: u64, slots: u64) -> Option<Interface> {
    let interfaces = layout.options.interfaces;
    let (start, end) = (slot * interfaces / slots, (slot + 1) * interfaces / slots);
    let length = end - start;
    let first = layout.dice(Subject::Removal, slot).below(length);
    let mut around = (0..length).map(|step| layout.interface(start + (first + step) % length));
    around.find(|interface| interface.groups.len() > 1)
}
