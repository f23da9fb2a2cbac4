//! Naming what is no raw answer, so that the message can say what to export instead.

use super::ecs::Document;
use super::scalars::RAW_ANSWER;

/// A format that is recognised and not read: code, description, cure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) code: &'static str,
    pub(super) what: &'static str,
    pub(super) help: &'static str,
}

/// What a complete export consists of.
const EXPORT: &str = "export the raw answers of DescribeInstances, DescribeNetworkInterfaces, DescribeSecurityGroups and, for \
                      each group, DescribeSecurityGroupAttribute";

const fn foreign(code: &'static str, what: &'static str, help: &'static str) -> Foreign {
    Foreign { code, what, help }
}

const TERRAFORM: Foreign = foreign(
    "terraform-state",
    "a Terraform state, which shows only what Terraform manages",
    EXPORT,
);
const STEAMPIPE: Foreign = foreign(
    "steampipe-export",
    "a Steampipe table, which lacks rules and lists",
    EXPORT,
);
const CAMEL_CASE: Foreign = foreign(
    "camel-case-answer",
    "an answer of the Node SDK with its keys in camelCase",
    "save `response.toMap()`, or the raw answer of the command line; `JSON.stringify(response.body)` renames the keys",
);
const ANSIBLE: Foreign = foreign(
    "ansible-facts",
    "facts of an Ansible module, which are reduced",
    EXPORT,
);
const CLOUD_CONFIG: Foreign = foreign(
    "cloud-config-export",
    "a resource of Cloud Config, which is minutes old and lacks rules",
    EXPORT,
);
const RESOURCE_CENTER: Foreign = foreign(
    "resource-center-export",
    "a resource of Resource Center, which is minutes old",
    EXPORT,
);
const COLLECTOR: Foreign = foreign(
    "collector-export",
    "an asset of a collector that joins several calls",
    EXPORT,
);
const API_ERROR: Foreign = foreign(
    "api-error",
    "an error of the API, saved as if it were an answer",
    "run the call again and save its answer; the error is in the file",
);
const INSTANCE_ATTRIBUTE: Foreign = foreign(
    "instance-attribute-answer",
    "an answer of DescribeInstanceAttribute, which shows one instance without its interfaces",
    "export DescribeInstances instead",
);
const INTERFACE_ATTRIBUTE: Foreign = foreign(
    "interface-attribute-answer",
    "an answer of DescribeNetworkInterfaceAttribute, which shows one interface",
    "export DescribeNetworkInterfaces instead",
);
const PROJECTED: Foreign = foreign(
    "projected-answer",
    "a part of an answer, cut out with --query",
    RAW_ANSWER,
);
const BARE_RECORD: Foreign = foreign(
    "projected-answer",
    "a record without the answer it came in",
    RAW_ANSWER,
);

/// Names a document that is none of the answers that are read, by the keys of its top level.
pub(super) fn of_document(document: &Document<'_>) -> Option<Foreign> {
    let has = |key: &str| document.unknown.has(key);
    let has_any = |keys: &[&str]| keys.iter().any(|key| has(key));
    Some(if has_any(&["terraform_version", "format_version"]) {
        TERRAFORM
    } else if has("columns") && has("rows") {
        STEAMPIPE
    } else if has_any(&["DiscoveredResourceDetail", "DiscoveredResourceProfiles"]) {
        CLOUD_CONFIG
    } else if has("Configuration") && has("ResourceType") {
        RESOURCE_CENTER
    } else if has_any(&["NetworkInterfaceSet", "PublicAddress"]) && !document.security_groups.is_absent() {
        COLLECTOR
    } else if has("Code") && has_any(&["Message", "HostId"]) || has("errorCode") || has("Error") {
        API_ERROR
    } else if has_any(&[
        "networkInterfaceSets",
        "instances",
        "securityGroups",
        "permissions",
        "securityGroupReferences",
        "prefixLists",
        "portRangeLists",
        "vSwitches",
        "vpcs",
    ]) {
        CAMEL_CASE
    } else if has("groups") && has("ids") || has("ansible_facts") {
        ANSIBLE
    } else if has_any(&[
        "network_interface_id",
        "security_group_id",
        "instance_id",
        "security_group_ids",
    ]) {
        STEAMPIPE
    } else if has("VpcAttributes") && has("InstanceId") {
        INSTANCE_ATTRIBUTE
    } else if has("NetworkInterfaceId") {
        INTERFACE_ATTRIBUTE
    } else if has_any(&[
        "VpcAttributes",
        "SecurityGroupIds",
        "InstanceId",
        "Instance",
        "Permission",
    ]) {
        PROJECTED
    } else if has_any(&[
        "SecurityGroupType",
        "NetworkInterface",
        "SecurityGroup",
        "PrefixList",
        "PortRange",
    ]) {
        BARE_RECORD
    } else {
        return None;
    })
}

/// Names a text that is no JSON at all, by how it begins.
pub(super) fn of_text(text: &str) -> Option<Foreign> {
    let start = text.trim_start();
    let first_line = start.lines().next().unwrap_or_default();
    Some(if start.starts_with('<') {
        foreign(
            "xml-answer",
            "an answer in XML",
            "ask for JSON: add `Format=JSON` to the call, or use the command line",
        )
    } else if start.starts_with("ERROR:")
        || start.starts_with("ErrorCode:")
        || start.contains("SDK.ServerError")
    {
        foreign(
            "cli-error",
            "an error text of the command line, saved as if it were an answer",
            "run the call again and save its answer; the error is in the file",
        )
    } else if first_line.contains(" | ") || start.starts_with("+-") {
        foreign(
            "text-table",
            "a text table of the command line",
            "run the call again without `--output`",
        )
    } else if start
        .lines()
        .find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .is_some_and(is_csv_header)
    {
        foreign("csv-file", "a table of comma-separated values", EXPORT)
    } else if start.starts_with("resource \"") || start.starts_with("provider \"") {
        foreign("terraform-source", "Terraform source", EXPORT)
    } else if start.starts_with("PK\u{3}\u{4}") || start.starts_with("\u{1f}") {
        foreign("compressed-file", "a compressed file", "unpack it first")
    } else if start.starts_with("---") || first_line.ends_with(':') {
        foreign("yaml-file", "a YAML file", EXPORT)
    } else {
        return None;
    })
}

/// Three short names with separators between them, none of them in JSON punctuation.
fn is_csv_header(line: &str) -> bool {
    [',', '\t', ';'].into_iter().any(|separator| {
        let names: Vec<&str> = line.split(separator).collect();
        names.len() >= 3 && names.iter().all(|name| is_column_name(name))
    })
}

fn is_column_name(name: &str) -> bool {
    let name = name.trim().trim_matches('"');
    name.len() <= 60 && !name.contains(['{', '}', '[', ']', '`', ':']) && name.split(' ').count() <= 4
}
