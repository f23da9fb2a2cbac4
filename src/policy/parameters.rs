//! What rules ask for, with everything they name looked up in one estate.

use super::selector::Ends;
use super::written::Blast;
use crate::graph::GroupIx;
use crate::netset::{Family, TransportSet};

/// What a rule asks for, with everything it names looked up in one estate.
#[derive(Debug, Clone)]
pub enum Parameters {
    /// Nothing to say.
    Nothing,
    /// Whom it is about; `None` is everybody.
    Scope(Option<Ends>),
    /// What groups it is about, sorted; `None` is every one.
    Groups(Option<Vec<GroupIx>>),
    /// What traffic it is about; `None` is all.
    Between {
        /// Who opens the session.
        from: Option<Ends>,
        /// Who is asked.
        to: Option<Ends>,
        /// The traffic.
        traffic: Option<TransportSet>,
    },
    /// Who reaches whom.
    Reach {
        /// Who opens the session.
        from: Ends,
        /// Who is asked.
        to: Ends,
        /// The traffic.
        traffic: TransportSet,
        /// The family.
        over: Option<Family>,
    },
    /// How many stay.
    Members {
        /// The groups.
        groups: Vec<GroupIx>,
        /// Who is counted.
        of: Option<Ends>,
        /// The least number.
        at_least: u64,
        /// Whether only running instances count.
        running: bool,
    },
    /// How many reach.
    Sources {
        /// Who is counted.
        from: Ends,
        /// Who needs them.
        to: Ends,
        /// The traffic.
        traffic: TransportSet,
        /// The least number.
        at_least: u64,
    },
    /// Who and what is protected.
    Protected {
        /// The interfaces.
        of: Option<Ends>,
        /// The groups.
        groups: Vec<GroupIx>,
    },
    /// How much may be touched.
    Blast(Blast),
    /// What keeps instances in hand.
    Management {
        /// Who is managed.
        of: Option<Ends>,
        /// Who manages.
        bastion: Option<Ends>,
        /// Where the change is made from.
        executor: Option<Ends>,
        /// How it is done.
        traffic: TransportSet,
        /// Whether Cloud Assistant counts.
        cloud_assistant: bool,
        /// Whether the name servers count.
        dns: bool,
    },
    /// Which services are looked for.
    Services {
        /// Who uses them.
        from: Option<Ends>,
        /// Whose they are.
        to: Option<Ends>,
        /// Their names; empty for all.
        names: Vec<String>,
    },
}
