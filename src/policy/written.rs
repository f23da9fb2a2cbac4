//! The parameters of rules, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::selector::{Selector, Words};
use crate::netset::Family;

/// A selector, and where it is written.
pub(super) type Chosen = Spanned<Selector>;

/// A family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Over {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Over {
    pub(super) const fn family(self) -> Family {
        match self {
            Self::Ipv4 => Family::Ipv4,
            Self::Ipv6 => Family::Ipv6,
        }
    }
}

/// Nothing to say.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoParameters {}

/// Whom a rule is about; everybody, if it does not say.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Scope {
    /// The interfaces.
    #[schemars(with = "Option<Selector>")]
    pub(super) of: Option<Chosen>,
}

/// What groups a rule is about; every one, if it does not say.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct GroupScope {
    /// Ids or names of groups.
    #[schemars(with = "Option<Words>")]
    pub(super) group: Option<Spanned<Words>>,
}

/// What traffic a rule is about; all of it, if it does not say.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Between {
    /// Who opens the session.
    #[schemars(with = "Option<Selector>")]
    pub(super) from: Option<Chosen>,
    /// Who is asked.
    #[schemars(with = "Option<Selector>")]
    pub(super) to: Option<Chosen>,
    /// `tcp/443`, `udp/53`, `icmp`, `all`.
    #[schemars(with = "Option<Words>")]
    pub(super) traffic: Option<Spanned<Words>>,
}

/// Every one of these has, or has not, to reach every one of those.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Reach {
    /// Who opens the session.
    #[schemars(with = "Selector")]
    pub(super) from: Chosen,
    /// Who is asked.
    #[schemars(with = "Selector")]
    pub(super) to: Chosen,
    /// `tcp/443`, `udp/53`, `icmp`, `all`.
    #[schemars(with = "Words")]
    pub(super) traffic: Spanned<Words>,
    /// The family of addresses; the primary address where it is not said, and for must-not-reach every address.
    #[serde(default)]
    pub(super) over: Option<Over>,
}

/// How many members a group keeps, or how many interfaces of a selection stay in it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Members {
    /// Ids or names of groups; each is counted on its own.
    #[schemars(with = "Words")]
    pub(super) group: Spanned<Words>,
    /// Count only these members.
    #[serde(default)]
    #[schemars(with = "Option<Selector>")]
    pub(super) of: Option<Chosen>,
    /// The least number.
    pub(super) at_least: u64,
    /// Count only members whose instance runs.
    #[serde(default)]
    pub(super) running: bool,
}

/// How many of these reach each of those.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Sources {
    /// Who is counted.
    #[schemars(with = "Selector")]
    pub(super) from: Chosen,
    /// Who needs them.
    #[schemars(with = "Selector")]
    pub(super) to: Chosen,
    /// What has to be accepted from a source, all of it.
    #[schemars(with = "Words")]
    pub(super) traffic: Spanned<Words>,
    /// The least number.
    pub(super) at_least: u64,
}

/// Who must not leave, and what must not be left.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Protected {
    /// Interfaces that leave no group.
    #[schemars(with = "Option<Selector>")]
    pub(super) of: Option<Chosen>,
    /// Ids or names of groups that nobody leaves.
    #[schemars(with = "Option<Words>")]
    pub(super) group: Option<Spanned<Words>>,
}

/// How much one change may touch.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Blast {
    /// At most so many ordered pairs of interfaces with a change.
    pub pairs: Option<u64>,
    /// At most so many interfaces besides those that leave.
    pub peers: Option<u64>,
    /// At most so many removals.
    pub removals: Option<u64>,
    /// At most so many of a hundred members of a group leave it.
    pub share: Option<u8>,
}

/// What keeps an instance in the hands of its operators.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Management {
    /// Who is managed; everybody who leaves, if it does not say.
    #[schemars(with = "Option<Selector>")]
    pub(super) of: Option<Chosen>,
    /// Hosts that manage the others.
    #[schemars(with = "Option<Selector>")]
    pub(super) bastion: Option<Chosen>,
    /// Addresses the change is made from.
    #[schemars(with = "Option<Words>")]
    pub(super) executor: Option<Spanned<Words>>,
    /// How they are managed; tcp/22 and tcp/3389 where it is not said.
    #[schemars(with = "Option<Words>")]
    pub(super) traffic: Option<Spanned<Words>>,
    /// Whether Cloud Assistant counts: tcp/443 to 100.100.0.0/16.
    pub(super) cloud_assistant: Option<bool>,
    /// Whether the platform's name servers count: udp/53 to 100.100.2.136 and 100.100.2.138.
    pub(super) dns: Option<bool>,
}

/// Which services are looked for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Services {
    /// Who uses them; everybody, if it does not say.
    #[schemars(with = "Option<Selector>")]
    pub(super) from: Option<Chosen>,
    /// Whose services; everybody's, if it does not say.
    #[schemars(with = "Option<Selector>")]
    pub(super) to: Option<Chosen>,
    /// Their names, as `sgleave policy explain well-known-service-lost` lists them; all, if it does not say.
    #[schemars(with = "Option<Words>")]
    pub(super) service: Option<Spanned<Words>>,
}

/// The parameters of one rule.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Nothing,
    Scope(Scope),
    Groups(GroupScope),
    Between(Box<Between>),
    Reach(Box<Reach>),
    Members(Members),
    Sources(Box<Sources>),
    Protected(Protected),
    Blast(Blast),
    Management(Box<Management>),
    Services(Box<Services>),
}
