//! A removal as it was proposed, with the paperwork that came with it.

use std::collections::BTreeMap;

use thiserror::Error;

use super::removal::Removal;

/// A removal with the paperwork it came with; empty text where there is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProposedRemoval {
    /// What is proposed.
    pub removal: Removal,
    /// The change ticket.
    pub ticket: String,
    /// Who asks for it.
    pub requester: String,
    /// Who approved it.
    pub approver: String,
    /// Why.
    pub reason: String,
}

impl From<Removal> for ProposedRemoval {
    /// Proposes a removal without paperwork.
    fn from(removal: Removal) -> Self {
        Self {
            removal,
            ticket: String::new(),
            requester: String::new(),
            approver: String::new(),
            reason: String::new(),
        }
    }
}

impl ProposedRemoval {
    /// Tells whether any paperwork came with it.
    #[must_use]
    pub fn has_metadata(&self) -> bool {
        ![&self.ticket, &self.requester, &self.approver, &self.reason].iter().all(|text| text.is_empty())
    }

    /// Takes over paperwork that only the other one has.
    ///
    /// # Errors
    /// [`MetadataConflict`] when both say something different.
    pub fn adopt(&mut self, other: &Self) -> Result<(), MetadataConflict> {
        let fields = [
            ("ticket", &mut self.ticket, &other.ticket),
            ("requester", &mut self.requester, &other.requester),
            ("approver", &mut self.approver, &other.approver),
            ("reason", &mut self.reason, &other.reason),
        ];
        for (field, mine, theirs) in fields {
            if mine.is_empty() {
                mine.clone_from(theirs);
            } else if !theirs.is_empty() && mine != theirs {
                return Err(MetadataConflict {
                    target: self.removal.target.clone(),
                    group: self.removal.group.clone(),
                    field,
                    values: (mine.clone(), theirs.clone()),
                });
            }
        }
        Ok(())
    }
}

/// One removal is listed twice with different paperwork.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the removal of `{target}` from `{group}` is listed twice, with {field} `{}` and `{}`",
    .values.0,
    .values.1
)]
pub struct MetadataConflict {
    /// The target.
    pub target: String,
    /// The group.
    pub group: String,
    /// The column that differs.
    pub field: &'static str,
    /// What it says.
    pub values: (String, String),
}

/// Returns the list without repetitions, in the order of first mention, and how many were dropped.
///
/// # Errors
/// [`MetadataConflict`] when a repetition brings different paperwork.
pub fn merge_duplicates(
    proposed: Vec<ProposedRemoval>,
) -> Result<(Vec<ProposedRemoval>, usize), MetadataConflict> {
    let total = proposed.len();
    let mut merged: Vec<ProposedRemoval> = Vec::with_capacity(total);
    let mut seen: BTreeMap<Removal, usize> = BTreeMap::new();
    for candidate in proposed {
        let at = *seen.entry(candidate.removal.clone()).or_insert(merged.len());
        match merged.get_mut(at) {
            Some(first) => first.adopt(&candidate)?,
            None => merged.push(candidate),
        }
    }
    let dropped = total - merged.len();
    Ok((merged, dropped))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(target: &str, group: &str) -> ProposedRemoval {
        Removal { target: target.to_owned(), group: group.to_owned(), join: None }.into()
    }

    #[test]
    fn repetitions_are_merged_and_contradictions_are_not() {
        let mut ticketed = plain("i-a", "sg-g");
        ticketed.ticket = "CHG-1".to_owned();
        let again = vec![ticketed.clone(); 3];
        let list = [vec![plain("i-a", "sg-g"), plain("i-b", "sg-g")], again].concat();
        let (merged, dropped) = merge_duplicates(list).unwrap();
        assert_eq!((merged, dropped), (vec![ticketed.clone(), plain("i-b", "sg-g")], 3));
        let mut other = ticketed.clone();
        other.ticket = "CHG-2".to_owned();
        let error = merge_duplicates(vec![ticketed, other]).unwrap_err().to_string();
        assert!(error.contains("ticket `CHG-1` and `CHG-2`"), "{error}");
    }
    #[test]
    fn any_text_is_paperwork() {
        let fields: [fn(&mut ProposedRemoval) -> &mut String; 4] =
            [|one| &mut one.ticket, |one| &mut one.requester, |one| &mut one.approver, |one| &mut one.reason];
        assert!(!plain("i-a", "sg-g").has_metadata());
        for field in fields {
            let mut one = plain("i-a", "sg-g");
            "CHG-1".clone_into(field(&mut one));
            assert!(one.has_metadata(), "{one:?}");
        }
    }
}
