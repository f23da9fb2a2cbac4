//! Removals in one line of text, for tests.

use super::notation::NotationError;
use super::removals::ArbRemoval;
use crate::inventory::{Inventory, SecurityGroupId};

/// Reads `A@G1, B@G2>G3`: the interface `eni-A` leaves `sg-G1`, the interface `eni-B` leaves `sg-G2` for `sg-G3`.
///
/// # Errors
/// [`NotationError`] for the first removal that cannot be read, or whose interface does not exist.
pub fn leaves(inventory: &Inventory, text: &str) -> Result<Vec<ArbRemoval>, NotationError> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let fail =
                |message: &str| NotationError { statement: part.to_owned(), message: message.to_owned() };
            let (name, groups) = part.split_once('@').ok_or_else(|| fail("`@` is missing"))?;
            let id = format!("eni-{}", name.trim());
            let interface = inventory.interfaces.iter().position(|interface| interface.id.as_str() == id);
            let (leave, join) =
                groups.split_once('>').map_or((groups, None), |(leave, join)| (leave, Some(join)));
            let group = |name: &str| SecurityGroupId::from(format!("sg-{}", name.trim()));
            Ok(ArbRemoval {
                interface: interface.ok_or_else(|| fail("no such interface"))?,
                leave: group(leave),
                join: join.map(group),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world;

    #[test]
    fn a_line_names_departures_and_moves() {
        let inventory = world("A=10.0.0.1 [G]; B=10.0.0.2 [G,H]; G{normal}").unwrap();
        let found = leaves(&inventory, "B@H>K, A@G").unwrap();
        let wanted = [
            ArbRemoval { interface: 1, leave: "sg-H".into(), join: Some("sg-K".into()) },
            ArbRemoval { interface: 0, leave: "sg-G".into(), join: None },
        ];
        assert_eq!(found, wanted);
        assert!(leaves(&inventory, "C@G").is_err() && leaves(&inventory, "A").is_err());
    }
}
