//! From a cleared change to calls, order, and what has to be true.

use sgleave::graph::SecurityGraph;
use sgleave::inventory::{AccountId, Inventory, Memberships, RulePeer};
use sgleave::plan::{
    Api, DraftError, DraftOptions, Plan, PlanError, ProbeExpectation, Progress, Value, carried_out, draft,
    plan_id, read_plan, signature, to_json, to_markdown, verify,
};
use sgleave::policy::{Denied, PolicySet, Reviewer, Today};
use sgleave::simulate::{Options, Quotas, Removal, Simulator, isolate_last, parse_move, parse_removal};
use sgleave::testing::world;

const TODAY: Today = Today::constant(2026, 1, 1);

/// Lets everything pass that a policy could deny: what is shown here is what a plan does by itself.
fn lenient() -> PolicySet {
    let mut set = PolicySet::standard();
    let levels: Vec<String> = sgleave::policy::POLICIES
        .iter()
        .filter(|one| one.is_default)
        .map(|one| format!("  {}: inform", one.code))
        .collect();
    set.layer("lenient.yaml", &format!("version: 1\nlevels:\n{}\n", levels.join("\n"))).unwrap();
    set
}

fn options(api: Api) -> DraftOptions<'static> {
    DraftOptions {
        api,
        quotas: Quotas::default(),
        created_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        max_age_seconds: 3600,
        taken_at: None,
        not_before: None,
        not_after: None,
        account: Some("1234".to_owned()),
        region: None,
        max_wave: 5,
        soak_seconds: 910,
        wait_seconds: 10,
        rollback_attested: false,
        inventory_digest: "sha256:0",
        tool_version: "0.0.0",
        lowered: &[],
        asks_rego: false,
    }
}

fn inventory(text: &str) -> Inventory {
    world(text).unwrap()
}

fn removals(texts: &[&str]) -> Vec<Removal> {
    let read = |text: &&str| match text.matches(':').count() {
        2 => parse_move(text).unwrap(),
        _ => parse_removal(text).unwrap(),
    };
    texts.iter().map(read).collect()
}

/// Drafts a plan under a set of policies.
fn drafted_under(
    set: &PolicySet,
    graph: &SecurityGraph,
    removals: &[Removal],
    options: &DraftOptions<'_>,
) -> Result<Result<Plan, DraftError>, Denied> {
    let bound = set.bind(graph).unwrap();
    let simulator = Simulator::new(graph);
    let judging = Options { quotas: options.quotas, ..Options::default() };
    let simulation = simulator.simulate(removals, &judging).unwrap();
    let reviewer = Reviewer::new(&simulator, &bound, judging.readings, TODAY);
    let review = reviewer.review(&simulation);
    let clearance = review.clear()?;
    Ok(draft(&clearance, options))
}

fn try_draft(text: &str, change: &[&str], options: &DraftOptions<'_>) -> Result<Plan, DraftError> {
    let graph = SecurityGraph::new(inventory(text));
    drafted_under(&lenient(), &graph, &removals(change), options).unwrap()
}

fn drafted(text: &str, change: &[&str], api: Api) -> Plan {
    try_draft(text, change, &options(api)).unwrap()
}

/// The plan of a change that the demo's own policies clear.
pub(crate) fn of_the_demo(graph: &SecurityGraph) -> Plan {
    let change = removals(&["i-web-1:sg-ops", "i-web-2:sg-ops"]);
    let options = DraftOptions { account: None, ..options(Api::Modify) };
    drafted_under(&PolicySet::standard(), graph, &change, &options).unwrap().unwrap()
}

/// The calls as `Action group,group` or `Action group`.
fn calls(plan: &Plan) -> Vec<String> {
    let call = |step: &sgleave::plan::Step| {
        let groups = step.params.iter().filter(|(name, _)| name.starts_with("SecurityGroupId"));
        let groups = groups.map(|(_, value)| match value {
            Value::Text(text) => text.clone(),
            Value::List(list) => list.join(","),
            Value::Number(number) => number.to_string(),
        });
        format!("{} {}", step.action, groups.collect::<String>())
    };
    plan.steps.iter().map(call).collect()
}

/// A group that lets everybody out, so that only ingress decides.
const OPEN: &str = "K{normal,drop}; x=10.0.1.1[K]; ";

#[test]
fn w1_loss_is_not_monotone_so_the_drop_is_left_first() {
    let estate = format!(
        "{OPEN} A{{normal,drop}}; A: in 50 accept tcp 22/22 from 10.0.0.0/8; B{{normal,drop}}; \
         B: in 60 drop tcp 22/22 from 10.0.0.0/8; C{{normal,drop}}; C: in 70 accept tcp 22/22 from 10.0.0.0/8; \
         t=10.0.0.1[A,B,C]"
    );
    let plan = drafted(&estate, &["i-t:sg-A", "i-t:sg-B"], Api::Leave);
    assert_eq!(calls(&plan), ["LeaveSecurityGroup sg-B", "LeaveSecurityGroup sg-A"]);
    assert_eq!(plan.promise.pairs_lost, 0);
}

#[test]
fn w2_a_drop_is_left_after_what_it_holds_back() {
    let estate = format!(
        "{OPEN} G{{normal,drop}}; G: in 1 drop tcp 22/22 from 0.0.0.0/0; H{{normal,drop}}; \
         H: in 1 accept tcp 22/22 from 0.0.0.0/0; t=10.0.0.1[G,H,K]"
    );
    let plan = drafted(&estate, &["i-t:sg-G", "i-t:sg-H"], Api::Leave);
    assert_eq!(calls(&plan), ["LeaveSecurityGroup sg-H", "LeaveSecurityGroup sg-G"]);
}

#[test]
fn w3_what_is_stronger_than_a_drop_is_left_after_it() {
    let estate = format!(
        "{OPEN} A{{normal,drop}}; A: in 1 accept tcp 22/22 from 10.0.0.0/8; D{{normal,drop}}; \
         D: in 5 drop tcp 22/22 from 10.0.0.0/8; C{{normal,drop}}; C: in 9 accept tcp 22/22 from 10.0.0.0/8; \
         t=10.0.0.1[A,D,C]"
    );
    let plan = drafted(&estate, &["i-t:sg-A", "i-t:sg-D"], Api::Leave);
    assert_eq!(calls(&plan), ["LeaveSecurityGroup sg-D", "LeaveSecurityGroup sg-A"]);
}

#[test]
fn without_a_safe_order_there_is_no_plan_but_one_list_for_another() {
    let estate = format!(
        "{OPEN} G{{normal,drop}}; G: in 1 accept tcp 443/443 from 10.0.0.0/8; G: in 2 drop tcp 80/80 from 10.0.0.0/8; \
         H{{normal,drop}}; H: in 2 drop tcp 443/443 from 10.0.0.0/8; H: in 1 accept tcp 80/80 from 10.0.0.0/8; \
         C{{normal,drop}}; C: in 9 accept tcp 80/443 from 10.0.0.0/8; t=10.0.0.1[G,H,C]"
    );
    let change = ["i-t:sg-G", "i-t:sg-H"];
    match try_draft(&estate, &change, &options(Api::Leave)) {
        Err(DraftError::NoSafeOrder(worse)) => {
            assert!(
                worse.iter().any(|text| text.contains("tcp/443 from eni-x to eni-t breaks")),
                "{worse:?}"
            );
            assert!(worse.iter().any(|text| text.contains("tcp/80 from eni-x to eni-t breaks")), "{worse:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(calls(&drafted(&estate, &change, Api::Modify)), ["ModifyInstanceAttribute sg-C"]);
}

#[test]
fn two_interfaces_have_an_order_too() {
    // Once a has left its drop and b still has its accept, b reaches a: neither before nor after.
    let estate = "N{normal,drop}; D{normal,drop}; D: in 1 drop tcp 22/22 from 0.0.0.0/0; \
                  N: in 2 accept tcp 22/22 from sg:S; S{normal,drop}; a=10.0.0.1[D,N]; b=10.0.0.2[S,N]";
    for api in [Api::Modify, Api::Leave] {
        let plan = drafted(estate, &["i-a:sg-D", "i-b:sg-S"], api);
        let order: Vec<&str> =
            plan.steps.iter().map(|step| step.expect.interface.network_interface_id.as_str()).collect();
        assert_eq!(order, ["eni-b", "eni-a"], "{api:?}");
    }
}

#[test]
fn a01_a_basic_group_is_swapped_for_an_enterprise_group_in_one_call() {
    let estate = "B{normal,drop}; E{enterprise}; E: in 1 accept tcp 443/443 from 10.0.0.0/8; E: out 1 accept all to 0.0.0.0/0; \
                  B: in 1 accept tcp 443/443 from 10.0.0.0/8; a=10.0.0.1[B]; b=10.0.0.2[B]";
    match try_draft(estate, &["i-a:sg-B"], &options(Api::Modify)) {
        Err(DraftError::Refused(why)) => assert!(why[0].contains("InstanceLastSecurityGroup"), "{why:?}"),
        other => panic!("{other:?}"),
    }
    for api in [Api::Modify, Api::Leave] {
        let plan = drafted(estate, &["i-a:sg-B:sg-E"], api);
        assert_eq!(calls(&plan), ["ModifyInstanceAttribute sg-E"], "{api:?}");
        assert!(plan.steps[0].replaces && plan.watch.vpcs[0].everything);
    }
}

#[test]
fn a09_a10_a_list_is_whole_and_a_list() {
    let estate = "A{normal,accept}; B{normal,drop}; C{normal,drop}; a=10.0.0.1[A,B,C]; b=10.0.0.2[A]";
    let plan = drafted(estate, &["i-a:sg-C"], Api::Modify);
    let list = |groups: &[&str]| Value::List(groups.iter().map(|group| (*group).to_owned()).collect());
    assert_eq!(plan.steps[0].params["SecurityGroupIds"], list(&["sg-A", "sg-B"]));
    assert_eq!(plan.steps[0].rollback.params["SecurityGroupIds"], list(&["sg-A", "sg-B", "sg-C"]));
    assert_eq!(plan.steps[0].params.len(), 2, "nothing else of the instance is touched");
}

#[test]
fn a11_groups_are_sets_and_the_way_back_is_kept() {
    let estate = "A{normal,accept}; B{normal,drop}; a=10.0.0.1[B,A]; b=10.0.0.2[A]";
    let other = "A{normal,accept}; B{normal,drop}; a=10.0.0.1[A,B]; b=10.0.0.2[A]";
    let plan = drafted(estate, &["i-a:sg-B"], Api::Modify);
    assert_eq!(plan, drafted(other, &["i-a:sg-B"], Api::Modify));
    assert_eq!(plan.steps[0].rollback.security_group_ids, ["sg-A", "sg-B"]);
    assert_eq!(plan.keep_groups, ["sg-B"]);
}

#[test]
fn a12_the_last_group_has_no_plan_unless_another_one_is_joined() {
    let estate = "G{normal,accept}; Q{normal,drop}; a=10.0.0.1[G]; b=10.0.0.2[G]";
    assert!(matches!(try_draft(estate, &["i-a:sg-G"], &options(Api::Leave)), Err(DraftError::Refused(_))));
    let graph = SecurityGraph::new(inventory(estate));
    let mut change = removals(&["i-a:sg-G"]);
    isolate_last(&graph, change.iter_mut().collect(), "sg-Q").unwrap();
    let plan = drafted_under(&lenient(), &graph, &change, &options(Api::Leave)).unwrap().unwrap();
    assert_eq!(calls(&plan), ["JoinSecurityGroup sg-Q", "LeaveSecurityGroup sg-G"]);
    // Who keeps a group needs no other one.
    let graph = SecurityGraph::new(inventory("G{normal,accept}; H{normal}; Q{normal,drop}; a=10.0.0.1[G,H]"));
    let mut change = removals(&["i-a:sg-G"]);
    isolate_last(&graph, change.iter_mut().collect(), "sg-Q").unwrap();
    assert_eq!(change[0].join, None);
}

#[test]
fn a34_an_exposure_on_the_way_is_avoided() {
    let estate = "A{normal,drop}; Z{normal,drop}; K{normal,drop}; A: in 50 accept tcp 22/22 from 0.0.0.0/0; \
                  Z: in 1 drop tcp 22/22 from 0.0.0.0/0; a=10.0.0.1[A,Z,K]";
    let plan = drafted(estate, &["i-a:sg-A", "i-a:sg-Z"], Api::Leave);
    assert_eq!(calls(&plan), ["LeaveSecurityGroup sg-A", "LeaveSecurityGroup sg-Z"]);
    assert_eq!(
        calls(&drafted(estate, &["i-a:sg-A", "i-a:sg-Z"], Api::Modify)),
        ["ModifyInstanceAttribute sg-K"]
    );
}

#[test]
fn a35_the_peers_and_the_group_that_names_them_are_watched() {
    let estate = "PX{normal,drop}; N{normal,drop}; K{normal,drop}; N: in 1 accept tcp 30000/32767 from sg:PX; \
                  p=10.0.0.1[PX,K]; n1=10.0.1.1[N]; n2=10.0.1.2[N]; far=10.9.9.9[K]";
    let plan = drafted(estate, &["i-p:sg-PX"], Api::Modify);
    let peers: Vec<&str> = plan.watch.vpcs[0].interfaces.keys().map(String::as_str).collect();
    assert_eq!(peers, ["eni-n1", "eni-n2"], "whom the change cannot touch is not watched");
    assert_eq!(plan.watch.references["sg-PX"].named_by, ["sg-N"]);
    assert!(plan.watch.groups.contains_key("sg-N") && plan.watch.groups.contains_key("sg-K"));
    assert_eq!(plan.promise.pairs_lost, 2);
}

#[test]
fn a36_a_swap_joins_waits_and_leaves() {
    let estate = "OLD{normal,accept}; NEW{normal,accept}; a=10.0.0.1[OLD]; b=10.0.0.2[OLD,NEW]";
    let plan = drafted(estate, &["i-a:sg-OLD:sg-NEW"], Api::Leave);
    assert_eq!(calls(&plan), ["JoinSecurityGroup sg-NEW", "LeaveSecurityGroup sg-OLD"]);
    assert_eq!([plan.steps[0].wait_seconds, plan.steps[1].wait_seconds], [0, 10]);
    let plan = drafted(estate, &["i-a:sg-OLD:sg-NEW"], Api::Modify);
    assert_eq!(calls(&plan), ["ModifyInstanceAttribute sg-NEW,sg-OLD", "ModifyInstanceAttribute sg-NEW"]);
}

#[test]
fn a37_a38_a39_what_is_lost_is_shown_by_new_connections() {
    let estate = "WIDE{normal,drop}; NARROW{normal,drop}; WIDE: in 1 accept tcp 443/443 from 0.0.0.0/0; \
                  NARROW: in 1 accept tcp 443/443 from 10.0.0.0/8; a=10.0.0.1[WIDE,NARROW]; b=10.0.0.2[NARROW]";
    let plan = drafted(estate, &["i-a:sg-WIDE"], Api::Modify);
    let said = |expect: ProbeExpectation, because: &str| {
        plan.probes.iter().any(|probe| {
            probe.expect == expect
                && probe.because == because
                && probe.to.address == "10.0.0.1"
                && (probe.port, probe.protocol.as_str()) == (Some(443), "tcp")
        })
    };
    assert!(said(ProbeExpectation::Fail, "lost"), "{:?}", plan.probes);
    assert!(said(ProbeExpectation::Pass, "kept"), "{:?}", plan.probes);
    assert_eq!(plan.soak_seconds, 910, "sessions live up to 910 seconds");
}

#[test]
fn a40_a_world_that_moved_is_said_to_have() {
    let estate = "A{normal,accept}; B{normal,drop}; a=10.0.0.1[A,B]; b=10.0.0.2[A]";
    let plan = drafted(estate, &["i-a:sg-A"], Api::Leave);
    let fresh = verify(&plan, &inventory(estate)).unwrap();
    assert_eq!(
        (fresh.progress, fresh.promise_holds, fresh.drifts.len()),
        (Progress::NotStarted, Some(true), 0)
    );
    let moved = inventory(&estate.replace("[A,B]", "[A]"));
    let found = verify(&plan, &moved).unwrap();
    assert_eq!(found.progress, Progress::Elsewhere);
    assert_eq!(found.drifts[0].what, "it is in sg-A");
    // A peer's rules, groups, addresses and policy.
    for (from, to) in [
        ("A{normal,accept}", "A{normal,drop}"),
        ("b=10.0.0.2[A]", "b=10.0.0.2[A,B]"),
        ("b=10.0.0.2[A]", "b=10.0.0.3[A]"),
        ("b=10.0.0.2[A]", "b=10.0.0.2[A]; B: in 1 drop tcp from 10.0.0.0/8"),
        ("b=10.0.0.2[A]", "b=10.0.0.2[A]; c=10.0.0.4[A]"),
        ("b=10.0.0.2[A]", "c=10.0.0.2[A]"),
        ("b=10.0.0.2[A]", "b=10.0.0.2[A]; C{normal}; C: in 1 accept tcp from sg:A"),
    ] {
        let found = verify(&plan, &inventory(&estate.replace(from, to))).unwrap();
        assert!(!found.drifts.is_empty(), "{from} -> {to}");
    }
}

#[test]
fn a42_every_step_names_the_one_before_it_and_nothing_is_deleted() {
    let estate = "G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G,H]; c=10.0.0.3[G,H]";
    let plan = drafted(estate, &["i-a:sg-G", "i-b:sg-G", "i-c:sg-G"], Api::Modify);
    let depends: Vec<&[String]> = plan.steps.iter().map(|step| &step.depends_on[..]).collect();
    assert_eq!(depends, [&[][..], &["s-0001".to_owned()], &["s-0002".to_owned()]]);
    assert_eq!(plan.waves.iter().map(|wave| wave.steps.len()).collect::<Vec<_>>(), [1, 2]);
    assert!(plan.waves[0].canary && !plan.waves[1].canary);
    assert!(plan.steps.iter().all(|step| !step.action.starts_with("Delete")));
}

#[test]
fn what_is_denied_has_no_plan() {
    let graph =
        SecurityGraph::new(inventory("G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G]"));
    let denied =
        drafted_under(&PolicySet::standard(), &graph, &removals(&["i-a:sg-G"]), &options(Api::Modify));
    assert!(denied.is_err());
}

#[test]
fn a_state_on_the_way_that_a_policy_denies_is_avoided() {
    // a may never be without the group that lets the bastion in; leaving it last is fine as c lets it in, too.
    let estate = "M{normal,drop}; M: in 1 accept tcp 22/22 from 10.0.1.0/24; D{normal,drop}; D: in 5 drop tcp 22/22 from 10.0.1.0/24; \
                  C{normal,drop}; C: in 9 accept tcp 22/22 from 10.0.1.0/24; K{normal,drop}; bastion=10.0.1.1[K]; a=10.0.0.1[M,D,C]";
    let mut set = lenient();
    set.layer(
        "team.yaml",
        "version: 1\npolicies:\n  - id: keep-ssh\n    must-reach: { from: { instance: i-bastion }, to: { instance: i-a }, traffic: tcp/22 }\n",
    )
    .unwrap();
    let graph = SecurityGraph::new(inventory(estate));
    let change = removals(&["i-a:sg-M", "i-a:sg-D"]);
    let plan = drafted_under(&set, &graph, &change, &options(Api::Leave)).unwrap().unwrap();
    assert_eq!(calls(&plan), ["LeaveSecurityGroup sg-D", "LeaveSecurityGroup sg-M"]);
}

#[test]
fn what_the_export_does_not_show_cannot_be_checked_later() {
    for estate in [
        "G{normal,accept}; H{normal,drop}; H: gap in; a=10.0.0.1[G,H]; b=10.0.0.2[G]",
        "G{normal,accept}; a=10.0.0.1[G,H]; b=10.0.0.2[G]",
        "G{normal,accept}; H{normal,drop}; H: in 1 accept tcp from pl:unknown; a=10.0.0.1[G,H]; b=10.0.0.2[G]",
        "G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[?]",
    ] {
        let found = try_draft(estate, &["i-a:sg-G"], &options(Api::Modify));
        assert!(matches!(found, Err(DraftError::Incomplete(_))), "{estate}: {found:?}");
    }
}

#[test]
fn a_plan_is_for_one_account_and_says_which() {
    let estate = "G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]";
    let nameless = DraftOptions { account: None, ..options(Api::Modify) };
    assert_eq!(try_draft(estate, &["i-a:sg-G"], &nameless), Err(DraftError::NoAccount));
    let mut owned = inventory(estate);
    owned.interfaces[0].owner = Some(AccountId::from("77"));
    let graph = SecurityGraph::new(owned);
    let draft = |options: &DraftOptions<'_>| {
        drafted_under(&lenient(), &graph, &removals(&["i-a:sg-G"]), options).unwrap()
    };
    assert_eq!(draft(&nameless).unwrap().account_id, "77");
    assert!(matches!(draft(&options(Api::Modify)), Err(DraftError::Accounts(_))));
    let plan = draft(&nameless).unwrap();
    assert!(verify(&plan, &inventory(estate)).is_ok(), "an export that does not say is believed");
    let mut other = inventory(estate);
    other.interfaces[0].owner = Some(AccountId::from("78"));
    assert!(verify(&plan, &other).is_err());
    assert!(verify(&plan, &inventory("G{normal,accept}; z=10.0.0.1[G]")).is_err(), "another estate");
}

#[test]
fn calls_taken_literally_lead_through_the_states_and_back() {
    let estate = "G{normal,accept}; H{normal,drop}; N{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G,H]; b.2=10.0.0.9[G,H]";
    for api in [Api::Modify, Api::Leave] {
        let plan = drafted(estate, &["i-a:sg-G:sg-N", "i-b:sg-G", "eni-b.2:sg-H"], api);
        let start = inventory(estate);
        let total = plan.steps.len();
        for made in 0..=total {
            let found = verify(&plan, &carried_out(&plan, &start, made)).unwrap();
            let wanted = match made {
                0 => Progress::NotStarted,
                made if made == total => Progress::Done,
                made => Progress::Partly(made),
            };
            assert_eq!((found.progress, found.promise_holds, found.drifts), (wanted, Some(true), Vec::new()));
        }
        let end = carried_out(&plan, &start, total);
        assert_ne!(end, start);
        let mut back = plan.clone();
        back.steps.reverse();
        for step in &mut back.steps {
            step.action.clone_from(&step.rollback.action);
            step.params.clone_from(&step.rollback.params);
        }
        assert_eq!(carried_out(&back, &end, total), start);
    }
}

#[test]
fn a_plan_is_the_same_bytes_again_and_what_was_changed_is_noticed() {
    let estate = "G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G]";
    let plan = drafted(estate, &["i-a:sg-G"], Api::Modify);
    assert_eq!(plan, drafted(estate, &["i-a:sg-G"], Api::Modify));
    let text = to_json(&plan).unwrap();
    assert_eq!(read_plan("plan.json", &text).unwrap(), plan);
    assert_eq!(plan_id(&plan).unwrap(), plan.plan_id);
    let changed = text.replace("\"soak_seconds\": 910", "\"soak_seconds\": 0");
    assert!(matches!(read_plan("plan.json", &changed), Err(PlanError::Changed { .. })));
    let later = text.replace("\"plan_version\": 1", "\"plan_version\": 2");
    assert!(matches!(read_plan("plan.json", &later), Err(PlanError::Version { .. })));
    assert!(matches!(
        read_plan("plan.json", &text.replacen('{', "{\"more\":1,", 1)),
        Err(PlanError::Form { .. })
    ));
}

/// Made with `openssl genpkey -algorithm ed25519` for this test.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIKjvFYKSmuFrLpDpza7H/Y/pYvkiO6ImSOyVyi7QtMz\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAVUKVg9t+snkluyO5MxTJotP7xckxt1F55MzXlECyEUk=\n-----END PUBLIC KEY-----\n";

#[test]
fn a_signature_is_of_one_plan_and_one_key() {
    let estate = "G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G]";
    let plan = drafted(estate, &["i-a:sg-G"], Api::Modify);
    let signed = signature::sign(&plan, PRIVATE).unwrap();
    signature::verify(&plan, PUBLIC, &signed).unwrap();
    let other = Plan { soak_seconds: 0, ..plan.clone() };
    assert!(signature::verify(&other, PUBLIC, &signed).is_err());
    for wrong in
        [signed.replacen('a', "b", 1), signed.replace("ed25519:", ""), String::new(), signed.to_uppercase()]
    {
        assert!(wrong == signed || signature::verify(&plan, PUBLIC, &wrong).is_err(), "{wrong}");
    }
    assert!(signature::verify(&plan, PRIVATE, &signed).is_err());
    assert!(signature::sign(&plan, PUBLIC).is_err());
}

#[test]
fn what_people_wrote_is_text_on_the_page() {
    let estate = "G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G]";
    let mut plan = drafted(estate, &["i-a:sg-G"], Api::Modify);
    plan.waivers.push(sgleave::plan::WaiverUsed {
        id: "w".to_owned(),
        policy: "isolated-peer".to_owned(),
        subject: "eni-b".to_owned(),
        reason:
            "<img src=x onerror=alert(1)> [click](javascript:alert(1))\n# heading | cell https://evil.example"
                .to_owned(),
        owner: "`rm -rf`\u{202e}".to_owned(),
        until: None,
    });
    let page = to_markdown(&plan);
    for active in ["<img", "[click](", "\n# heading", "heading | cell", "https://", " `rm", "\u{202e}"] {
        assert!(!page.contains(active), "{active} in {page}");
    }
    assert!(page.contains("onerror"), "what was written is still there");
}

#[test]
fn a_group_set_that_nobody_knows_is_no_place_to_plan_from() {
    let mut estate = inventory("G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G]");
    let plan = drafted(
        "G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G]",
        &["i-a:sg-G"],
        Api::Modify,
    );
    estate.interfaces[0].memberships = Memberships::Unknown;
    let found = verify(&plan, &estate).unwrap();
    assert_eq!(found.progress, Progress::Elsewhere);
}

/// Makes a group one of another account, wherever a rule names it.
fn of_another_account(mut estate: Inventory, id: &str) -> Inventory {
    for rule in estate.groups.iter_mut().flat_map(|group| &mut group.rules) {
        if let RulePeer::Group { id: named, owner } = &mut rule.peer
            && named.as_str() == id
        {
            *owner = Some("9".into());
        }
    }
    estate
}

#[test]
fn what_members_of_a_foreign_group_may_reach_is_not_broken_on_the_way() {
    for (near, names) in [("w3", ["B", "A"]), ("w2", ["B", "A"])] {
        let rules = match near {
            // A accepts, B would drop, C accepts in the end: B is left first.
            "w3" => {
                "A: in 1 accept tcp 22/22 from sg:F; B: in 5 drop tcp 22/22 from sg:F; C: in 9 accept tcp 22/22 from sg:F"
            }
            // A drops what B would accept: B is left first.
            _ => "A: in 1 drop tcp 22/22 from sg:F; B: in 5 accept tcp 22/22 from sg:F",
        };
        let text =
            format!("A{{normal,drop}}; B{{normal,drop}}; C{{normal,drop}}; {rules}; t=10.0.0.1[A,B,C]");
        let graph = SecurityGraph::new(of_another_account(inventory(&text), "sg-F"));
        let change = removals(&["i-t:sg-A", "i-t:sg-B"]);
        let plan = drafted_under(&lenient(), &graph, &change, &options(Api::Leave)).unwrap().unwrap();
        let wanted = names.map(|name| format!("LeaveSecurityGroup sg-{name}"));
        assert_eq!(calls(&plan), wanted, "{near}");
    }
}

#[test]
fn every_target_has_connections_to_try_and_each_holds_from_its_own_last_step() {
    let estate = "G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G,H]; c=10.0.0.3[G]";
    let plan = drafted(estate, &["i-a:sg-G", "i-b:sg-G"], Api::Modify);
    let place = |id: &str| plan.order.iter().position(|step| step == id).unwrap();
    let last = |interface: &str| {
        let is_its = |step: &&sgleave::plan::Step| step.expect.interface.network_interface_id == interface;
        plan.steps.iter().rfind(is_its).map(|step| place(&step.id))
    };
    for target in ["eni-a", "eni-b"] {
        let of = |probe: &&sgleave::plan::Probe| {
            [&probe.from, &probe.to].iter().any(|end| end.interface_id.as_deref() == Some(target))
        };
        let lost: Vec<_> = plan.probes.iter().filter(of).filter(|probe| probe.because == "lost").collect();
        assert!(!lost.is_empty(), "{target}: {:?}", plan.probes);
    }
    for probe in &plan.probes {
        let ends = [&probe.from, &probe.to].map(|end| end.interface_id.as_deref().and_then(last));
        let wanted = ends.into_iter().flatten().max();
        assert_eq!(
            probe.after_step.as_deref().map(place),
            wanted.filter(|_| probe.because != "kept"),
            "{probe:?}"
        );
        assert_eq!(probe.expect == ProbeExpectation::Fail, probe.because == "lost");
    }
}

/// What somebody changes in an estate.
type Edit = fn(&mut Inventory);

#[test]
fn names_and_tags_are_watched_where_rules_select_by_them() {
    let text = "G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G,H]";
    let edits: [(&str, Edit); 5] = [
        ("the target's name", |estate| estate.instances[0].name = "frozen".into()),
        ("a tag of the target", |estate| {
            estate.interfaces[0].tags.insert("freeze", "");
        }),
        ("the peer's name", |estate| estate.interfaces[1].name = "frozen".into()),
        ("a tag of the peer", |estate| {
            estate.instances[1].tags.insert("freeze", "");
        }),
        ("the group's name", |estate| estate.groups[0].name = "frozen".into()),
    ];
    let graph = SecurityGraph::new(inventory(text));
    for (set, is_watched) in [(lenient(), true), (PolicySet::standard(), false)] {
        // Nobody is isolated by it, so that the usual policies clear it.
        let change = removals(&["i-a:sg-H"]);
        let plan = drafted_under(&set, &graph, &change, &options(Api::Modify));
        let Ok(plan) = plan else { panic!("the usual policies deny it") };
        let plan = plan.unwrap();
        assert_eq!(plan.watch.labels, is_watched);
        assert!(verify(&plan, graph.inventory()).unwrap().drifts.is_empty());
        for (what, edit) in edits {
            let mut moved = graph.inventory().clone();
            edit(&mut moved);
            let drifts = verify(&plan, &moved).unwrap().drifts;
            assert!(drifts.is_empty() != (is_watched), "{what}: {drifts:?}");
        }
    }
}

#[test]
fn what_the_api_would_refuse_now_is_said_until_it_is_done() {
    let text = "G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G]";
    let plan = drafted(text, &["i-a:sg-G"], Api::Modify);
    let mut locked = inventory(text);
    locked.instances[0].status = "Starting".into();
    let found = verify(&plan, &locked).unwrap();
    assert_eq!(found.progress, Progress::NotStarted);
    assert!(
        found.drifts.iter().any(|drift| drift.what.contains("IncorrectInstanceStatus")),
        "{:?}",
        found.drifts
    );
    let done = verify(&plan, &carried_out(&plan, &locked, plan.steps.len())).unwrap();
    assert_eq!((done.progress, done.drifts), (Progress::Done, Vec::new()));
}

#[test]
fn where_sources_are_counted_every_machine_is_watched() {
    let text = "G{normal,accept}; H{normal,drop}; D{normal,drop}; D: in 1 accept tcp 80/80 from 10.0.0.0/24; \
                a=10.0.0.1[G,H]; b=10.0.0.2[G]; far=10.9.0.1[D]";
    let graph = SecurityGraph::new(inventory(text));
    let change = removals(&["i-a:sg-G"]);
    for (rule, everything) in [
        ("", false),
        (
            "policies:\n  - minimum-sources: { from: { all: true }, to: { group: sg-D }, traffic: tcp/80, at-least: 1 }\n",
            true,
        ),
    ] {
        let mut set = lenient();
        if !rule.is_empty() {
            set.layer("team.yaml", &format!("version: 1\n{rule}")).unwrap();
        }
        let plan = drafted_under(&set, &graph, &change, &options(Api::Modify)).unwrap().unwrap();
        let vpc = &plan.watch.vpcs[0];
        assert_eq!((vpc.everything, vpc.interfaces.contains_key("eni-far")), (everything, everything));
        assert_eq!(plan.watch.groups.contains_key("sg-D"), everything);
        assert!(verify(&plan, graph.inventory()).unwrap().drifts.is_empty());
    }
}
