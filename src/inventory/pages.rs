//! Are the pages of a listing all there?
//!
//! 1. Pages of one kind, one region and one set of filters belong together; equal pages count once. An empty last page
//!    that does not say its region ends one listing that has no end, and no second one.
//! 2. In token mode every token leads to a page. Where envelopes tell what each page was asked with, the chain is
//!    followed exactly; where they do not, a listing with tokens must at least have a page without one, its last.
//! 3. Two different pages with the same token are a loop.
//! 4. In page-number mode there must be as many elements as `TotalCount` says; in token mode that number means
//!    nothing (law I04). Each listing has a mode of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Kind, Page};

/// A page and where it stands: source and answer.
pub(super) type Placed<'p> = ((usize, usize), &'p Page);

/// A hole in a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hole {
    /// The source and the answer that show it.
    pub(super) at: (usize, usize),
    /// The key that shows it.
    pub(super) key: &'static str,
    /// What is missing.
    pub(super) what: String,
}

/// What is known about the completeness of the listings of one kind.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) holes: Vec<Hole>,
    /// Listings of several pages whose order had to be guessed.
    pub(super) unchained: Vec<(usize, usize)>,
    /// Listings that were limited, and no unlimited one of the same region beside them.
    pub(super) filtered: Vec<((usize, usize), String)>,
    /// Listings without any element.
    pub(super) empty: Vec<(usize, usize)>,
}

/// Surveys the pages of one kind.
pub(super) fn survey(kind: Kind, pages: &[Placed<'_>]) -> Survey {
    let pages: Vec<Placed<'_>> = pages.iter().copied().filter(|(_, page)| page.kind == kind).collect();
    let mut survey = Survey::default();
    let mut listings: BTreeMap<(Option<&str>, String), Vec<Placed<'_>>> = BTreeMap::new();
    let (loose_ends, rest): (Vec<_>, Vec<_>) = pages.into_iter().partition(|(_, page)| is_loose_end(page));
    for placed in rest {
        let key = (placed.1.region.as_deref(), filters_of(placed.1));
        listings.entry(key).or_default().push(placed);
    }
    // Two files of one answer are one end.
    let mut calls = BTreeSet::new();
    let mut loose_ends =
        loose_ends.into_iter().filter(|(_, page)| calls.insert(page.request_id.as_deref())).peekable();
    for pages in listings.values_mut() {
        if is_open(&links_of(pages)) {
            pages.extend(loose_ends.next());
        }
    }
    if loose_ends.peek().is_some() {
        listings.entry((None, String::new())).or_default().extend(loose_ends);
    }
    for ((region, filters), pages) in &listings {
        let pages = distinct(pages);
        chain(&pages, &mut survey);
        if pages.iter().all(|(_, page)| page.token.is_none()) {
            totals(&pages, &mut survey);
        }
        if !filters.is_empty() && !listings.contains_key(&(*region, String::new())) {
            survey.filtered.extend(pages.first().map(|(at, _)| (*at, filters.clone())));
        }
        if pages.iter().all(|(_, page)| page.ids.is_empty()) {
            survey.empty.extend(pages.first().map(|(at, _)| *at));
        }
    }
    survey.holes.sort();
    survey.holes.dedup();
    survey
}

/// Tells whether nothing on a page says which listing it belongs to: an empty last one without its call.
const fn is_loose_end(page: &Page) -> bool {
    page.ids.is_empty() && page.region.is_none() && page.token.is_none() && page.call.is_none()
}

fn filters_of(page: &Page) -> String {
    let Some(call) = &page.call else {
        return String::new();
    };
    let words: Vec<String> = call.filters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    words.join(" ")
}

/// Drops pages that were given twice.
fn distinct<'p>(pages: &[Placed<'p>]) -> Vec<Placed<'p>> {
    let mut kept: Vec<Placed<'p>> = Vec::new();
    let mut seen = BTreeSet::new();
    for placed in pages {
        let page = placed.1;
        let asked = page.call.as_ref().map(|call| &call.token);
        if seen.insert((&page.token, page.number, &page.ids, asked)) {
            kept.push(*placed);
        }
    }
    kept
}

fn links_of<'p>(pages: &[Placed<'p>]) -> Vec<Link<'p>> {
    let link = |page: &'p Page| Link {
        given: page.token.as_deref(),
        asked: page.call.as_ref().map(|call| call.token.as_deref()),
    };
    pages.iter().map(|(_, page)| link(page)).collect()
}

/// Follows the tokens of one listing.
fn chain(pages: &[Placed<'_>], survey: &mut Survey) {
    let links = links_of(pages);
    for broken in breaks(&links) {
        let (position, what) = broken.describe();
        survey.holes.extend(pages.get(position).map(|(at, _)| Hole {
            at: *at,
            key: "NextToken",
            what: what.to_owned(),
        }));
    }
    let is_guessed = links.iter().any(|link| link.asked.is_none());
    if is_guessed && links.len() > 1 && links.iter().any(|link| link.given.is_some()) {
        survey.unchained.extend(pages.first().map(|(at, _)| *at));
    }
}

/// A page as a link of a chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'p> {
    /// The token it gives.
    pub(super) given: Option<&'p str>,
    /// The token it was asked for with, where that is known.
    pub(super) asked: Option<Option<&'p str>>,
}

/// Where a chain is broken: the position of the page that shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// Its next page is missing.
    Next(usize),
    /// The page before it is missing.
    Previous(usize),
    /// Another page gives the same token.
    Loop(usize),
}

impl Break {
    /// Returns the position and what is missing.
    pub(super) const fn describe(self) -> (usize, &'static str) {
        match self {
            Self::Next(position) => (position, "a token for a next page, and that page is not there"),
            Self::Previous(position) => (position, "the page before this one is not there"),
            Self::Loop(position) => {
                (position, "two different pages give the same token, so the listing never ended")
            }
        }
    }
}

/// Tells whether pages that do not all tell their calls have no last one.
fn is_open(links: &[Link<'_>]) -> bool {
    links.iter().any(|link| link.asked.is_none()) && links.iter().all(|link| link.given.is_some())
}

/// Finds where a chain of pages is broken.
pub(super) fn breaks(links: &[Link<'_>]) -> Vec<Break> {
    let mut found = Vec::new();
    let mut given = BTreeSet::new();
    for (position, link) in links.iter().enumerate() {
        if let Some(token) = link.given
            && !given.insert(token)
        {
            found.push(Break::Loop(position));
        }
    }
    if links.iter().all(|link| link.asked.is_some()) {
        let asked: BTreeSet<&str> = links.iter().filter_map(|link| link.asked.flatten()).collect();
        for (position, link) in links.iter().enumerate() {
            if link.given.is_some_and(|token| !asked.contains(token)) {
                found.push(Break::Next(position));
            }
            if link.asked.flatten().is_some_and(|token| !given.contains(token)) {
                found.push(Break::Previous(position));
            }
        }
        return found;
    }
    if is_open(links) {
        found.extend(links.iter().position(|link| link.given.is_some()).map(Break::Next));
    }
    found
}

/// Compares the elements with `TotalCount`, for each value of it: a listing that grew while it was read is not whole.
fn totals(pages: &[Placed<'_>], survey: &mut Survey) {
    let mut by_total: BTreeMap<u64, (BTreeSet<u64>, (usize, usize))> = BTreeMap::new();
    for (at, page) in pages {
        if let (Some(_), Some(total)) = (page.number, page.total) {
            let entry = by_total.entry(total).or_insert_with(|| (BTreeSet::new(), *at));
            entry.0.extend(page.ids.iter().copied());
        }
    }
    for (total, (ids, at)) in by_total {
        let seen = ids.len() as u64;
        if total > seen {
            survey.holes.push(Hole {
                at,
                key: "TotalCount",
                what: format!("`{total}` elements in all, and {seen} of them are here"),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link<'p>(asked: Option<&'p str>, given: Option<&'p str>) -> Link<'p> {
        Link { given, asked: Some(asked) }
    }

    #[test]
    fn a_chain_with_envelopes_shows_every_missing_page() {
        let pages = [link(None, Some("b")), link(Some("b"), Some("c")), link(Some("c"), None)];
        assert_eq!(breaks(&pages), []);
        assert_eq!(breaks(&pages[..2]), [Break::Next(1)]);
        assert_eq!(breaks(&pages[1..]), [Break::Previous(0)]);
        assert_eq!(breaks(&[pages[0], pages[2]]), [Break::Next(0), Break::Previous(1)]);
    }

    #[test]
    fn a_chain_without_envelopes_needs_an_end() {
        let open = Link { given: Some("b"), asked: None };
        let end = Link { given: None, asked: None };
        assert_eq!(breaks(&[open]), [Break::Next(0)]);
        assert_eq!(breaks(&[open, end]), []);
        assert_eq!(breaks(&[open, open, end]), [Break::Loop(1)]);
    }
}
