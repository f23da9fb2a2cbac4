//! What a rule names, looked up in an estate.

use serde_saphyr::{Location, Spanned};

use super::checks::well_known_service_lost;
use super::file_error::{PolicyFileError, Source, nearest};
use super::parameters::Parameters;
use super::selector::{Ends, Selector, Words, groups};
use super::traffic;
use super::written::{Asked, Chosen, Over};
use crate::graph::{GroupIx, SecurityGraph};
use crate::netset::TransportSet;

/// How many pairs of ends one rule may ask about: each is evaluated.
const MOST_PAIRS: usize = 4_000_000;

/// Looks things up in one estate, for one rule.
pub(super) struct Binder<'b> {
    pub(super) graph: &'b SecurityGraph,
    pub(super) source: &'b Source,
    /// Whether naming nobody is fine.
    pub(super) optional: bool,
}

impl Binder<'_> {
    fn ends(&self, chosen: &Chosen) -> Result<Ends, PolicyFileError> {
        let at = chosen.referenced;
        let selector = &chosen.value;
        selector.examine().map_err(|message| {
            self.source.wrong(
                at,
                message,
                "choose by instance, interface, name, group, vpc, tag, cidr, internet or all",
            )
        })?;
        let ends = selector.resolve(self.graph);
        if ends.is_empty() && !self.optional {
            return Err(self.source.wrong(at, "this selector matches nothing in the export", NOTHING));
        }
        Ok(ends)
    }

    fn maybe(&self, chosen: Option<&Chosen>) -> Result<Option<Ends>, PolicyFileError> {
        chosen.map(|chosen| self.ends(chosen)).transpose()
    }

    /// Like [`Binder::ends`], where only interfaces can be meant.
    fn ours(&self, chosen: &Chosen) -> Result<Ends, PolicyFileError> {
        let mut ends = self.ends(chosen)?;
        if ends.interfaces.is_empty() && !ends.outside.is_empty() && !self.optional {
            let message = "here only interfaces of the export count, and this means none";
            return Err(self.source.wrong(chosen.referenced, message, NOTHING));
        }
        ends.outside.clear();
        Ok(ends)
    }

    fn maybe_ours(&self, chosen: Option<&Chosen>) -> Result<Option<Ends>, PolicyFileError> {
        chosen.map(|chosen| self.ours(chosen)).transpose()
    }

    fn groups(&self, words: &Spanned<Words>) -> Result<Vec<GroupIx>, PolicyFileError> {
        let found = groups(self.graph, &words.value);
        if found.is_empty() && !self.optional {
            return Err(self.source.wrong(words.referenced, "no group of the export is called so", NOTHING));
        }
        Ok(found)
    }

    fn traffic(&self, words: &Spanned<Words>) -> Result<TransportSet, PolicyFileError> {
        traffic::of_words(words.value.list()).map_err(|message| {
            self.source.wrong(
                words.referenced,
                message,
                "write tcp/443, tcp/80-90,443, udp/53, icmp, 47 or all",
            )
        })
    }

    fn few_enough(&self, at: Option<Location>, from: &Ends, to: &Ends) -> Result<(), PolicyFileError> {
        let count = |ends: &Ends| ends.interfaces.len() + ends.outside.len();
        let pairs = count(from).saturating_mul(count(to));
        if pairs <= MOST_PAIRS {
            return Ok(());
        }
        let message = format!("the rule asks about {pairs} pairs, and {MOST_PAIRS} are the most");
        Err(self.source.wrong(at.unwrap_or(Location::UNKNOWN), message, "narrow its selectors"))
    }
}

const NOTHING: &str = "mend it, or say `optional: true` in the rule if that is as it should be";

/// Looks up what a rule names; `at` is its place.
///
/// # Errors
/// [`PolicyFileError`] where it names nobody, or asks about too many pairs.
pub(super) fn parameters(
    binder: &Binder<'_>,
    asked: &Asked,
    at: Option<Location>,
) -> Result<Parameters, PolicyFileError> {
    let wrong =
        |message: &str, help: &str| binder.source.wrong(at.unwrap_or(Location::UNKNOWN), message, help);
    Ok(match asked {
        Asked::Nothing => Parameters::Nothing,
        Asked::Scope(scope) => Parameters::Scope(binder.maybe_ours(scope.of.as_ref())?),
        Asked::Groups(scope) => {
            Parameters::Groups(scope.group.as_ref().map(|words| binder.groups(words)).transpose()?)
        }
        Asked::Between(between) => Parameters::Between {
            from: binder.maybe(between.from.as_ref())?,
            to: binder.maybe(between.to.as_ref())?,
            traffic: between.traffic.as_ref().map(|words| binder.traffic(words)).transpose()?,
        },
        Asked::Reach(reach) => {
            let (from, to) = (binder.ends(&reach.from)?, binder.ends(&reach.to)?);
            if from.interfaces.is_empty() && to.interfaces.is_empty() && !binder.optional {
                return Err(wrong("both ends are outside the export", "one of them has to be an interface"));
            }
            binder.few_enough(at, &from, &to)?;
            let traffic = binder.traffic(&reach.traffic)?;
            Parameters::Reach { from, to, traffic, over: reach.over.map(Over::family) }
        }
        Asked::Members(members) => Parameters::Members {
            groups: binder.groups(&members.group)?,
            of: binder.maybe_ours(members.of.as_ref())?,
            at_least: members.at_least,
            running: members.running,
        },
        Asked::Sources(sources) => {
            let (from, to) = (binder.ours(&sources.from)?, binder.ours(&sources.to)?);
            binder.few_enough(at, &from, &to)?;
            Parameters::Sources {
                from,
                to,
                traffic: binder.traffic(&sources.traffic)?,
                at_least: sources.at_least,
            }
        }
        Asked::Protected(protected) => {
            if protected.of.is_none() && protected.group.is_none() {
                return Err(wrong("the rule protects nothing", "add `of`, `group` or both"));
            }
            let of = binder.maybe_ours(protected.of.as_ref())?;
            let groups = protected.group.as_ref().map(|words| binder.groups(words)).transpose()?;
            Parameters::Protected { of, groups: groups.unwrap_or_default() }
        }
        Asked::Blast(limits) => {
            if limits.pairs.is_none()
                && limits.peers.is_none()
                && limits.removals.is_none()
                && limits.share.is_none()
            {
                return Err(wrong("the rule limits nothing", "add pairs, peers, removals or share"));
            }
            Parameters::Blast(limits.clone())
        }
        Asked::Management(path) => {
            let executor = path.executor.as_ref().map(|words| {
                let selector = Selector { cidr: words.value.clone(), ..Selector::default() };
                binder.ends(&Spanned::new(selector, words.referenced, words.defined))
            });
            let usual = || traffic::of_words(&["tcp/22,3389".to_owned()]).unwrap_or_default();
            Parameters::Management {
                of: binder.maybe_ours(path.of.as_ref())?,
                bastion: binder.maybe(path.bastion.as_ref())?,
                executor: executor.transpose()?,
                traffic: path
                    .traffic
                    .as_ref()
                    .map(|words| binder.traffic(words))
                    .transpose()?
                    .unwrap_or_else(usual),
                cloud_assistant: path.cloud_assistant.unwrap_or(true),
                dns: path.dns.unwrap_or(true),
            }
        }
        Asked::Services(services) => {
            let names = services.service.as_ref();
            for name in names.iter().flat_map(|words| words.value.list()) {
                let known = || well_known_service_lost::names();
                if !known().any(|one| one == name) {
                    let help = nearest(name, known()).map_or_else(
                        || "`sgleave policy explain well-known-service-lost` lists them".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    );
                    let at = names.map_or(Location::UNKNOWN, |words| words.referenced);
                    return Err(binder.source.wrong(at, format!("no service is called `{name}`"), help));
                }
            }
            Parameters::Services {
                from: binder.maybe(services.from.as_ref())?,
                to: binder.maybe(services.to.as_ref())?,
                names: names.map(|words| words.value.list().to_vec()).unwrap_or_default(),
            }
        }
    })
}
