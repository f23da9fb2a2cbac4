//! One finding as a row: the columns of the contract, in typed form.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::cell;
use super::digest::Fingerprint;
use crate::graph::InterfaceIx;
use crate::netset::PortRange;
use crate::report::context::CsvDialect;
use crate::report::document::{Names, RequestEntry, SCHEMA_VERSION};

/// The columns, in the order of the contract; append-only, and the same for every command.
pub const HEADER: &str = "schema_version,run_id,tool_version,mode,inventory_sha256,policy_sha256,finding_id,\
    status,severity,rule_id,message,account_id,region_id,vpc_id,instance_id,instance_name,interface_id,\
    security_group_id,security_group_name,peer_kind,peer_id,peer_name,direction,protocol,port_from,port_to,\
    pairs_before,pairs_after,before_cause,after_cause,evidence_rule_ids,explain_command,change_ticket,requester,\
    approver,reason,waiver_id,waiver_until,plan_wave,control_ids,remediation";

/// What is the same in every row of a run.
pub(super) struct Run<'a> {
    pub(super) id: String,
    pub(super) tool_version: &'a str,
    pub(super) mode: &'static str,
    /// The digest without its `sha256:`.
    pub(super) inventory: &'a str,
    /// The digest of the policy files without its `sha256:`; empty where none were asked.
    pub(super) policy: &'a str,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    Error,
    Warning,
    Note,
}

/// One finding.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    /// The stable kind of finding.
    pub(super) kind: Cow<'a, str>,
    pub(super) new: bool,
    /// What a review says besides new and existing.
    pub(super) status: Option<&'static str>,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) place: Place<'a>,
    pub(super) group_ids: String,
    pub(super) group_names: String,
    pub(super) peer_kind: &'static str,
    pub(super) peer_ids: Cow<'a, str>,
    pub(super) peer_name: &'a str,
    pub(super) direction: &'static str,
    pub(super) protocol: Cow<'a, str>,
    pub(super) ports: Option<PortRange>,
    pub(super) pairs_before: Option<u64>,
    pub(super) pairs_after: Option<u64>,
    pub(super) before_cause: String,
    pub(super) after_cause: String,
    pub(super) evidence: String,
    pub(super) explain: Option<String>,
    pub(super) request: Option<RequestEntry<'a>>,
    pub(super) waiver_id: &'a str,
    pub(super) waiver_until: String,
    pub(super) control_ids: String,
    pub(super) remediation: Cow<'a, str>,
    /// What the finding is about, besides the columns that are hashed anyway.
    pub(super) content: Fingerprint,
}

/// Where a finding is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'a> {
    account_id: &'a str,
    region_id: &'a str,
    vpc_id: &'a str,
    instance_id: &'a str,
    instance_name: &'a str,
    interface_id: &'a str,
}

impl<'a> Place<'a> {
    pub(super) fn of(ix: InterfaceIx, names: &Names<'a>) -> Self {
        let interface = names.graph.interface(ix);
        Self {
            account_id: interface.owner.as_ref().map_or("", |id| id.as_str()),
            region_id: interface.region.as_ref().map_or("", |id| id.as_str()),
            vpc_id: interface.network.vpc().map_or("", |id| id.as_str()),
            instance_id: names.instance(ix).unwrap_or(""),
            instance_name: names.instance_name(ix).unwrap_or(""),
            interface_id: names.interface(ix),
        }
    }

    /// The place of a group, which has neither instance nor interface.
    pub(super) fn of_group(ix: crate::graph::GroupIx, names: &Names<'a>) -> Self {
        let Some(group) = names.graph.group(ix) else {
            return Self::default();
        };
        Self {
            region_id: group.region.as_ref().map_or("", |id| id.as_str()),
            vpc_id: group.network.vpc().map_or("", |id| id.as_str()),
            ..Self::default()
        }
    }
}

impl<'a> Row<'a> {
    /// A row of this kind with every optional column empty.
    pub(super) fn new(kind: impl Into<Cow<'a, str>>, severity: Severity, place: Place<'a>) -> Self {
        Self {
            kind: kind.into(),
            new: true,
            status: None,
            severity,
            message: String::new(),
            place,
            group_ids: String::new(),
            group_names: String::new(),
            peer_kind: "",
            peer_ids: Cow::Borrowed(""),
            peer_name: "",
            direction: "",
            protocol: Cow::Borrowed(""),
            ports: None,
            pairs_before: None,
            pairs_after: None,
            before_cause: String::new(),
            after_cause: String::new(),
            evidence: String::new(),
            explain: None,
            request: None,
            waiver_id: "",
            waiver_until: String::new(),
            control_ids: String::new(),
            remediation: Cow::Borrowed(""),
            content: Fingerprint::default(),
        }
    }

    /// An id that depends on what was found, and not on the run, the wording or the causes.
    pub(super) fn finding_id(&self) -> String {
        let mut print = self.content.clone();
        let ports = self.ports.map(|range| range.to_string());
        print
            .add(&self.kind)
            .add(self.place.interface_id)
            .add(&self.group_ids)
            .add(self.direction)
            .add(self.peer_kind)
            .add(&self.protocol)
            .add(ports.as_deref().unwrap_or(""));
        print.short()
    }

    /// The total order of rows; ports sort as numbers.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        fn key<'r>(row: &'r Row<'_>) -> impl Ord + use<'r> {
            (
                (row.kind.as_ref(), row.place.interface_id, row.group_ids.as_str()),
                (row.direction, row.peer_kind, row.peer_ids.as_ref()),
                (row.protocol.as_ref(), row.ports, row.message.as_str()),
            )
        }
        // Two rows that read the same may still be about different addresses.
        key(self).cmp(&key(other)).then_with(|| self.finding_id().cmp(&other.finding_id()))
    }

    /// The cells, in the order of [`HEADER`]. Numbers come from numbers, so only text needs to be made harmless.
    pub(super) fn cells(&self, run: &Run<'_>, dialect: CsvDialect) -> [String; 41] {
        let text = |raw: &str| cell::text(raw).into_owned();
        let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
        let port = |of: fn(&PortRange) -> u16| number(self.ports.as_ref().map(|range| u64::from(of(range))));
        let said = |of: fn(&RequestEntry<'a>) -> &'a str| text(self.request.as_ref().map_or("", of));
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let account = match dialect {
            CsvDialect::Raw => cell::text(self.place.account_id),
            CsvDialect::Excel => cell::account(self.place.account_id),
        };
        [
            SCHEMA_VERSION.to_string(),
            run.id.clone(),
            text(run.tool_version),
            run.mode.to_owned(),
            text(run.inventory),
            text(run.policy),
            self.finding_id(),
            self.status.unwrap_or(if self.new { "new" } else { "existing" }).to_owned(),
            severity.to_owned(),
            text(&self.kind),
            text(&self.message),
            account.into_owned(),
            text(self.place.region_id),
            text(self.place.vpc_id),
            text(self.place.instance_id),
            text(self.place.instance_name),
            text(self.place.interface_id),
            text(&self.group_ids),
            text(&self.group_names),
            self.peer_kind.to_owned(),
            text(&self.peer_ids),
            text(self.peer_name),
            self.direction.to_owned(),
            text(&self.protocol),
            port(PortRange::low),
            port(PortRange::high),
            number(self.pairs_before),
            number(self.pairs_after),
            text(&self.before_cause),
            text(&self.after_cause),
            text(&self.evidence),
            cell::command(self.explain.as_deref().unwrap_or("")).to_owned(),
            said(|request| request.ticket),
            said(|request| request.requester),
            said(|request| request.approver),
            said(|request| request.reason),
            text(self.waiver_id),
            text(&self.waiver_until),
            String::new(),
            text(&self.control_ids),
            text(&self.remediation),
        ]
    }
}
