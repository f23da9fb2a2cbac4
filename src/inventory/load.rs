//! From the bytes of an export to an inventory: decode, recognise, judge, join.

use std::borrow::Cow;

use super::assemble::Gathered;
use super::ecs::{Document, Request};
use super::facts::{Facts, Kind};
use super::foreign;
use super::issue::LoadError;
use super::keys;
use super::lower::{self, Answer, any};
use super::model::Inventory;
use super::place::{Notices, Path, excerpt};
use super::scalars::RAW_ANSWER;
use super::wire::{List, Shape, Slot, Top};
use crate::parallel;

/// One file or stream of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// How messages call it. The last part of a path may hold the id of the group or the list inside.
    pub name: String,
    /// Its content: JSON in UTF-8, or in UTF-16 with a byte order mark.
    pub bytes: Vec<u8>,
}

/// Reads an export. The order of the sources changes nothing.
///
/// ```
/// use sgleave::inventory::{Source, load};
///
/// let answer = r#"{"SecurityGroups": {"SecurityGroup": [
///     {"SecurityGroupId": "sg-web", "SecurityGroupType": "normal", "VpcId": "vpc-a"}]}}"#;
/// let source = Source { name: "groups.json".to_owned(), bytes: answer.into() };
/// let inventory = load(vec![source])?;
/// assert_eq!(inventory.groups.len(), 1);
/// // The rules of the group are in another answer, and nothing here shows an interface.
/// assert_eq!(inventory.groups[0].rule_gaps[0].code, "no-attribute-export");
/// assert_eq!(inventory.gaps[0].code, "no-interface-export");
/// # Ok::<(), sgleave::inventory::LoadError>(())
/// ```
///
/// # Errors
/// [`LoadError`] when a source is no raw answer, cannot be understood, or contradicts another one. Of several errors
/// the one in the smallest source name and the first position is returned.
pub fn load(mut sources: Vec<Source>) -> Result<Inventory, LoadError> {
    if sources.is_empty() {
        return Err(LoadError {
            code: "empty-source",
            source_name: "export".to_owned(),
            pointer: None,
            message: "no source was given".to_owned(),
            help: RAW_ANSWER.to_owned(),
        });
    }
    sources.sort_by(|a, b| (&a.name, &a.bytes).cmp(&(&b.name, &b.bytes)));
    match load_each(sources, Ok::<Source, std::convert::Infallible>) {
        Ok(loaded) => loaded,
        Err(never) => match never {},
    }
}

/// Reads an export whose sources are opened one by one, so that no more of them are held than there are threads. The inputs
/// are in the order of the names of their sources.
///
/// # Errors
/// That of `open` for the first input it cannot open, whatever the others hold; inside, those of [`load`].
pub fn load_each<I: Send, E: Send>(
    inputs: Vec<I>,
    open: impl Fn(I) -> Result<Source, E> + Sync + Send,
) -> Result<Result<Inventory, LoadError>, E> {
    let judge = |(number, input)| {
        let source = open(input)?;
        let facts = read(number, &source);
        Ok((source.name, facts))
    };
    let mut gathered = Gathered::default();
    let (mut unopened, mut refused) = (None, None);
    // In the order of the inputs, so that no race decides which error is the first.
    let gather = |judged: Result<(String, Result<Facts, LoadError>), E>| match judged {
        Ok((name, Ok(facts))) => gathered.add(name, facts),
        Ok((_, Err(error))) => _ = refused.get_or_insert(error),
        Err(error) => _ = unopened.get_or_insert(error),
    };
    parallel::each_in_turn(inputs.into_iter().enumerate().collect(), judge, gather);
    match (unopened, refused) {
        (Some(error), _) => Err(error),
        (None, Some(error)) => Ok(Err(error)),
        (None, None) => Ok(gathered.assemble()),
    }
}

/// Reads one source.
fn read(number: usize, source: &Source) -> Result<Facts, LoadError> {
    let text = decode(source)?;
    let fail = |code, pointer, message: String, help: &str| LoadError {
        code,
        source_name: source.name.clone(),
        pointer,
        message,
        help: help.to_owned(),
    };
    let empty = || {
        fail(
            "empty-source",
            None,
            "there is nothing in it".to_owned(),
            "an export that failed looks like this: run the call again",
        )
    };
    let start = text.trim_start();
    if start.is_empty() {
        return Err(empty());
    }
    if !start.starts_with(['{', '['])
        && let Some(format) = foreign::of_text(start)
    {
        return Err(fail(format.code, None, format!("this is {}", format.what), format.help));
    }
    let mut facts = Facts::default();
    let mut notices = Notices::new(&source.name);
    let mut documents = serde_json::Deserializer::from_str(&text).into_iter::<Top<Document<'_>>>();
    let mut position = 0_usize;
    let mut is_several = false;
    while let Some(document) = documents.next() {
        let top = document.map_err(|error| syntax_error(source, &error))?;
        position += 1;
        let rest = text.get(documents.byte_offset()..).unwrap_or_default();
        is_several |= !rest.trim_start().is_empty();
        let prefix = if is_several { format!("doc {position}: ") } else { String::new() };
        match top {
            Top::Object(document) => {
                recognise(&document, None, prefix, number, &mut facts, &mut notices)?;
            }
            Top::Array(elements) if !elements.is_empty() => {
                for (index, element) in elements.iter().enumerate() {
                    let root = format!("{prefix}/{index}");
                    match element {
                        Slot::Object(document) => {
                            recognise(document, None, root, number, &mut facts, &mut notices)?;
                        }
                        Slot::Absent | Slot::Null => return Err(unknown_document(&notices, &root, "null")),
                        Slot::Other(kind) => return Err(unknown_document(&notices, &root, kind)),
                    }
                }
            }
            Top::Array(_) | Top::Null => return Err(empty()),
            Top::Other(kind) => return Err(unknown_document(&notices, &prefix, kind)),
        }
    }
    facts.issues = notices.finish();
    facts.share_tags();
    Ok(facts)
}

fn unknown_document(notices: &Notices<'_>, root: &str, kind: &str) -> LoadError {
    notices.refuse(
        "unknown-format",
        &Path::root(root),
        format!("`{kind}` where an answer of the API is expected"),
        RAW_ANSWER,
    )
}

/// Names what stopped the parser, with line and column.
fn syntax_error(source: &Source, error: &serde_json::Error) -> LoadError {
    let full = error.to_string();
    let message = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message);
    let (code, help) = if message.starts_with(keys::DUPLICATE_KEY) {
        (
            "duplicate-key",
            "two readers of such an object may see two different values: export the answer again",
        )
    } else if message.starts_with(keys::TOO_LONG) {
        ("text-too-long", "no text of the API is longer than 64 KiB: export the answer again")
    } else if message.starts_with("recursion limit") {
        ("too-deep", "no answer of the API is nested that deep: export the answer again")
    } else {
        ("invalid-json", "the file is no complete JSON document: export the answer again")
    };
    LoadError {
        code,
        source_name: source.name.clone(),
        pointer: Some(format!("line {} column {}", error.line(), error.column())),
        message: excerpt(message),
        help: help.to_owned(),
    }
}

/// Decodes the bytes; PowerShell writes UTF-16, editors write byte order marks.
fn decode(source: &Source) -> Result<Cow<'_, str>, LoadError> {
    let fail = |code, message: String, help: &str| LoadError {
        code,
        source_name: source.name.clone(),
        pointer: None,
        message,
        help: help.to_owned(),
    };
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units = pairs.iter().map(|pair| unit(*pair));
        match char::decode_utf16(units).collect::<Result<String, _>>() {
            Ok(text) if rest.is_empty() => Ok(Cow::Owned(text)),
            _ => Err(fail(
                "invalid-encoding",
                "the file begins like UTF-16 and is none".to_owned(),
                "save it as UTF-8",
            )),
        }
    };
    match source.bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0x1f, 0x8b, ..] | [b'P', b'K', 3, 4, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            Err(fail("compressed-file", "this is a compressed file".to_owned(), "unpack it first"))
        }
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => match std::str::from_utf8(rest) {
            Ok(text) if text.starts_with('{') && text.as_bytes().get(1) == Some(&0) => Err(fail(
                "invalid-encoding",
                "this is UTF-16 without a byte order mark".to_owned(),
                "save it as UTF-8",
            )),
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => Err(fail(
                "invalid-encoding",
                format!("byte {} is no UTF-8", error.valid_up_to()),
                "save the file as UTF-8; Chinese editions of Windows write GBK",
            )),
        },
    }
}

/// Opens the envelopes of a document, tells which call it answers, and has it judged.
fn recognise(
    document: &Document<'_>,
    request: Option<&Request<'_>>,
    root: String,
    source: usize,
    facts: &mut Facts,
    notices: &mut Notices<'_>,
) -> Result<(), LoadError> {
    let path = Path::root(&root);
    let inside = |key: &'static str, slot: &Slot<Box<Document<'_>>>, notices: &Notices<'_>| match slot {
        Slot::Object(_) => Ok(format!("{root}/{key}")),
        Slot::Absent | Slot::Null | Slot::Other(_) => {
            Err(notices.refuse("unknown-format", &path.key(key), "an envelope without an answer", RAW_ANSWER))
        }
    };
    if !document.response.is_absent() || !document.request.is_absent() {
        let inner_root = inside("response", &document.response, notices)?;
        if let Some(response) = document.response.object() {
            lower::census("envelope", &document.unknown, &path, notices);
            let request = document.request.object().or(request);
            return recognise(response, request, inner_root, source, facts, notices);
        }
    }
    if !document.body.is_absent() {
        let inner_root = inside("body", &document.body, notices)?;
        if let Some(body) = document.body.object() {
            return recognise(body, request, inner_root, source, facts, notices);
        }
    }
    if let Some(format) = foreign::of_document(document) {
        return Err(notices.refuse(format.code, &path, format!("this is {}", format.what), format.help));
    }
    let kind = kind_of(document, request, &path, notices)?;
    let prefix = match kind {
        Kind::SecurityGroupAttribute => "sg-",
        Kind::PortRangeListEntries => "prl-",
        _ => "",
    };
    let answer = Answer {
        kind,
        document,
        request,
        id_in_name: Some(prefix)
            .filter(|prefix| !prefix.is_empty())
            .and_then(|prefix| id_in_name(notices.source(), prefix)),
        root: root.clone(),
    };
    lower::lower(&answer, source, facts, notices)
}

/// Tells which call a document answers, by the lists it holds.
fn kind_of(
    document: &Document<'_>,
    request: Option<&Request<'_>>,
    path: &Path<'_>,
    notices: &mut Notices<'_>,
) -> Result<Kind, LoadError> {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut mark = |is_there: bool, kind| {
        if is_there {
            kinds.push(kind);
        }
    };
    mark(!document.instances.is_absent(), Kind::Instances);
    mark(!document.security_groups.is_absent(), Kind::SecurityGroups);
    mark(
        !document.permissions.is_absent() || !document.inner_access_policy.is_absent(),
        Kind::SecurityGroupAttribute,
    );
    mark(!document.network_interface_sets.is_absent(), Kind::NetworkInterfaces);
    mark(!document.prefix_lists.is_absent(), Kind::PrefixLists);
    mark(!document.port_range_lists.is_absent(), Kind::PortRangeLists);
    mark(!document.references.is_absent(), Kind::SecurityGroupReferences);
    mark(!document.vpcs.is_absent(), Kind::Vpcs);
    mark(!document.vswitches.is_absent(), Kind::VSwitches);
    mark(!document.items.is_absent(), Kind::DatabaseGroups);
    if !document.entries.is_absent() || !document.prefix_list_id.is_absent() {
        kinds.push(entries_kind(document, request));
    }
    let action = request.and_then(|request| lower::parameter(request, "Action"));
    let asked = action.map(|action| Kind::ALL.into_iter().find(|kind| kind.action() == action));
    match (kinds.as_slice(), asked) {
        ([kind], None) => Ok(*kind),
        ([kind], Some(Some(asked))) if asked == *kind => Ok(*kind),
        // Only the call tells that an answer without its list should have had one.
        ([], Some(Some(kind))) => Ok(kind),
        (_, Some(None)) => Err(notices.refuse(
            "unsupported-answer",
            path,
            format!("an answer of `{}`, which is not read", excerpt(action.unwrap_or_default())),
            "leave the file out, or export the calls that are read",
        )),
        ([kind, ..], Some(Some(asked))) => Err(notices.refuse(
            "contradictory",
            path,
            format!("the call is `{}` and the answer is one of `{}`", asked.action(), kind.action()),
            "the envelope does not belong to its answer: export it again",
        )),
        ([first, second, ..], None) => Err(notices.refuse(
            "unknown-format",
            path,
            format!("answers of `{}` and `{}` in one object", first.action(), second.action()),
            RAW_ANSWER,
        )),
        ([], None) => {
            let is_empty = document.unknown.iter().next().is_none() && document.request_id.is_absent();
            let (code, message) = if is_empty {
                ("empty-source", "an object that says nothing")
            } else {
                ("unknown-format", "no answer of a call that is read")
            };
            Err(notices.refuse(code, path, message, RAW_ANSWER))
        }
    }
}

/// Tells entries of a prefix list from entries of a port range list, which have the same name.
fn entries_kind(document: &Document<'_>, request: Option<&Request<'_>>) -> Kind {
    let is_prefix = !document.prefix_list_id.is_absent()
        || !document.address_family.is_absent()
        || any(&document.entries, |entry| !entry.cidr.is_absent())
        || request.is_some_and(|request| request.get("PrefixListId").is_some());
    let is_port = any(&document.entries, |entry| !entry.port_range.is_absent())
        || request.is_some_and(|request| request.get("PortRangeListId").is_some());
    // Today the entries of a port range list come as a bare array, those of a prefix list do not.
    let is_flat = matches!(&document.entries, List { shape: Shape::Flat, .. });
    if !is_prefix && (is_port || is_flat) { Kind::PortRangeListEntries } else { Kind::PrefixListAttributes }
}

/// Finds the one id of this form in the last part of a name; several, or one that may go on behind a dash, is none.
fn id_in_name(name: &str, prefix: &str) -> Option<String> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut found: Option<&str> = None;
    for (start, _) in file.match_indices(prefix) {
        let before = file.get(..start).and_then(|head| head.chars().next_back());
        if before.is_some_and(char::is_alphanumeric) {
            continue;
        }
        let tail = file.get(start + prefix.len()..).unwrap_or_default();
        let length = tail.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tail.len());
        let goes_on = tail.get(length..).is_some_and(|rest| rest.starts_with('-'));
        let id = file.get(start..start + prefix.len() + length)?;
        if length == 0 || goes_on || found.is_some_and(|other| other != id) {
            return None;
        }
        found = Some(id);
    }
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_a_name_is_found_when_it_is_the_only_one() {
        let find = |name| id_in_name(name, "sg-");
        assert_eq!(find("ecs_sgRule_sg-bp1abc_cn-beijing_2026.json").as_deref(), Some("sg-bp1abc"));
        assert_eq!(find("rules/sg-bp1abc.json").as_deref(), Some("sg-bp1abc"));
        assert_eq!(find("attr-sg-bp1abc.json").as_deref(), Some("sg-bp1abc"));
        assert_eq!(find("sg-bp1abc/attribute.json"), None);
        assert_eq!(find("sg-a.sg-b.json"), None);
        assert_eq!(find("sg-a-2.json"), None);
        assert_eq!(find("msg-a.json"), None);
        assert_eq!(find("sg-.json"), None);
    }
}
