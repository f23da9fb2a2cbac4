//! Judging single values: leniently what the API writes in several ways, strictly everything else.

use std::borrow::Cow;

use super::ecs::Tag;
use super::issue::LoadError;
use super::place::{Notices, Path, excerpt};
use super::tags::Tags;
use super::wire::{List, Shape, Slot, Text};
use crate::netset::{HostBits, IpBlock, IpBlockError, PortRange};

/// The advice for a value of the wrong kind.
pub(super) const RAW_ANSWER: &str = "export the answer again as the API sends it: `aliyun ecs <Action> … > file.json`, \
                                     without --query, --output or a conversion";

fn wrong_type(notices: &Notices<'_>, path: &Path<'_>, found: &str, wanted: &str) -> LoadError {
    notices.refuse("wrong-type", path, format!("`{}` where {wanted} is expected", excerpt(found)), RAW_ANSWER)
}

/// Returns the value in words, for messages.
pub(super) fn shown(text: &Text<'_>) -> String {
    match text {
        Text::Absent => "nothing".to_owned(),
        Text::Null => "null".to_owned(),
        Text::Str(text) => excerpt(text),
        Text::Unsigned(number) => number.to_string(),
        Text::Signed(number) => number.to_string(),
        Text::Float(number) => number.to_string(),
        Text::Bool(value) => value.to_string(),
        Text::Other(skip) => format!("an {}", skip.kind),
    }
}

/// Returns a string with the white space around it cut off; `None` when absent, `null` or empty.
pub(super) fn word<'t>(
    text: &'t Text<'_>,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<Option<&'t str>, LoadError> {
    match text {
        Text::Absent | Text::Null => Ok(None),
        Text::Str(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        other => Err(wrong_type(notices, path, &shown(other), "a string")),
    }
}

/// Returns a display text; empty when absent or `null`.
pub(super) fn label<'t>(
    text: &'t Text<'_>,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<&'t str, LoadError> {
    match text {
        Text::Absent | Text::Null => Ok(""),
        Text::Str(text) => Ok(text),
        other => Err(wrong_type(notices, path, &shown(other), "a string")),
    }
}

/// Returns an id; `None` when absent, `null` or empty. Ids are opaque, but a masked or unprintable one is none.
pub(super) fn id<'t>(
    text: &'t Text<'_>,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<Option<&'t str>, LoadError> {
    let Some(id) = word(text, path, notices)? else {
        return Ok(None);
    };
    if id.contains('*') {
        return Err(notices.refuse(
            "masked-id",
            path,
            format!("id `{}` is masked", excerpt(id)),
            "masked ids cannot be told apart: export the answer again and keep the ids as they are \
             (`sgleave anonymize` makes a copy that can be shared)",
        ));
    }
    let is_printable = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b'\\');
    if !id.bytes().all(is_printable) {
        return Err(notices.refuse(
            "invalid-id",
            path,
            format!("id `{}` has characters that no id has", excerpt(id)),
            RAW_ANSWER,
        ));
    }
    Ok(Some(id))
}

/// Returns an id that must be there.
pub(super) fn required_id<'t>(
    text: &'t Text<'_>,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<&'t str, LoadError> {
    id(text, path, notices)?.ok_or_else(|| {
        notices.refuse(
            "missing-id",
            path,
            "an element without an id",
            "the answer was cut down: export it again without --query or --output",
        )
    })
}

/// Returns an account as opaque text: the API writes it as a number, a string or, long ago, a login mail.
pub(super) fn account<'t>(
    text: &'t Text<'_>,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<Option<Cow<'t, str>>, LoadError> {
    match text {
        Text::Absent | Text::Null => Ok(None),
        Text::Str(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty()).map(Cow::Borrowed)),
        Text::Unsigned(number) => Ok(Some(Cow::Owned(number.to_string()))),
        other => Err(wrong_type(notices, path, &shown(other), "an account")),
    }
}

/// Returns a count, written as a number or as decimal digits.
pub(super) fn count(
    text: &Text<'_>,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<Option<u64>, LoadError> {
    match text {
        Text::Absent | Text::Null => Ok(None),
        Text::Unsigned(number) => Ok(Some(*number)),
        Text::Str(digits) if digits.trim().is_empty() => Ok(None),
        Text::Str(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().map(Some).map_err(|_| wrong_type(notices, path, digits, "a count"))
        }
        other => Err(wrong_type(notices, path, &shown(other), "a count")),
    }
}

/// Returns a yes or no; `None` when absent, `null` or empty.
pub(super) fn flag(
    text: &Text<'_>,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<Option<bool>, LoadError> {
    match text {
        Text::Absent | Text::Null => Ok(None),
        Text::Bool(value) => Ok(Some(*value)),
        Text::Str(word) if word.is_empty() => Ok(None),
        Text::Str(word) if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Text::Str(word) if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
        other => Err(wrong_type(notices, path, &shown(other), "a boolean")),
    }
}

/// Parses an address or a CIDR block.
pub(super) fn block(
    text: &str,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<(IpBlock, HostBits), LoadError> {
    IpBlock::parse(text).map_err(|error| {
        let masked = text.contains('*') || text.to_ascii_lowercase().contains("xxx");
        let (code, help) = match error {
            _ if masked => (
                "masked-address",
                "a masked address matches nothing for certain: export the answer again and keep the addresses",
            ),
            IpBlockError::Mapped(_) => (
                "invalid-address",
                "write the address as plain IPv4: no document says which family a mapped address matches",
            ),
            _ => ("invalid-address", RAW_ANSWER),
        };
        notices.refuse(
            code,
            path,
            format!("`{}` is no address or CIDR block", excerpt(text)),
            help,
        )
    })
}

/// Parses a port range; `form` is how the API writes one here.
pub(super) fn port_range(
    text: &str,
    form: &str,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<PortRange, LoadError> {
    PortRange::parse(text).map_err(|error| {
        notices.refuse(
            "invalid-port-range",
            path,
            format!("port range `{}` {error}", excerpt(text)),
            format!("the API writes port ranges as {form}: export the answer again as the API sends it"),
        )
    })
}

/// Returns the elements of a list that may be missing in any way: the addresses and tags of a record.
pub(super) fn items<'l, 'de, E>(
    list: &'l List<'de, E>,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<&'l [E], LoadError> {
    match list.shape {
        Shape::InnerOther(kind) | Shape::Other(kind) => Err(wrong_type(notices, path, kind, "a list")),
        Shape::Absent | Shape::Null | Shape::NoInner | Shape::InnerNull | Shape::Nested | Shape::Flat => {
            Ok(&list.items)
        }
    }
}

/// Returns the object of a list element.
pub(super) fn element<'s, T>(
    slot: &'s Slot<T>,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<&'s T, LoadError> {
    match slot {
        Slot::Object(object) => Ok(object),
        Slot::Absent | Slot::Null => Err(wrong_type(notices, path, "null", "an object")),
        Slot::Other(kind) => Err(wrong_type(notices, path, kind, "an object")),
    }
}

/// Returns the path of a list's elements, which depends on its form.
pub(super) const fn inner<'p>(path: &'p Path<'p>, shape: Shape, key: &'p str) -> Path<'p> {
    match shape {
        Shape::Nested => path.key(key),
        _ => *path,
    }
}

/// Returns the tags of a record. Of a key that occurs twice the smaller value is kept, whatever their order.
pub(super) fn tags(
    list: &List<'_, Slot<Tag<'_>>>,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<Tags, LoadError> {
    let elements = items(list, path, notices)?;
    let mut tags: Vec<(&str, &str)> = Vec::with_capacity(elements.len());
    let inner = inner(path, list.shape, "Tag");
    for (index, slot) in elements.iter().enumerate() {
        let at = inner.index(index);
        let tag = element(slot, &at, notices)?;
        let key = label(either(&tag.tag_key, &tag.key), &at.key("TagKey"), notices)?;
        let value = label(either(&tag.tag_value, &tag.value), &at.key("TagValue"), notices)?;
        if key.is_empty() && value.is_empty() {
            continue;
        }
        tags.push((key, value));
    }
    Ok(tags.into_iter().collect())
}

/// Returns the first of two ways to say a thing, if anything is said that way.
fn either<'t, 'de>(first: &'t Text<'de>, second: &'t Text<'de>) -> &'t Text<'de> {
    if first.is_filled() { first } else { second }
}

/// Returns the region of a zone: `cn-hangzhou-k` and `ap-southeast-1a` lie in `cn-hangzhou` and `ap-southeast-1`.
pub(super) fn region_of_zone(zone: &str) -> Option<&str> {
    let head = zone.strip_suffix(|c: char| c.is_ascii_lowercase())?;
    match head.strip_suffix('-') {
        Some(region) => Some(region),
        None => Some(head).filter(|head| head.ends_with(|c: char| c.is_ascii_digit())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_lead_to_their_region() {
        assert_eq!(region_of_zone("cn-hangzhou-k"), Some("cn-hangzhou"));
        assert_eq!(region_of_zone("ap-southeast-1a"), Some("ap-southeast-1"));
        assert_eq!(region_of_zone("us-east-1b"), Some("us-east-1"));
        assert_eq!(region_of_zone("cn-hangzhou"), None);
        assert_eq!(region_of_zone(""), None);
    }

    #[test]
    fn counts_are_numbers_or_digits_and_nothing_else() {
        let notices = Notices::new("t");
        let path = Path::root("");
        let read = |text| count(&text, &path, &notices).map_err(|error| error.code);
        assert_eq!(read(Text::Str("12".into())), Ok(Some(12)));
        assert_eq!(read(Text::Unsigned(12)), Ok(Some(12)));
        assert_eq!(read(Text::Str("".into())), Ok(None));
        for text in [
            Text::Float(1.8e19),
            Text::Signed(-1),
            Text::Str("1e3".into()),
            Text::Str("99999999999999999999".into()),
        ] {
            assert_eq!(read(text), Err("wrong-type"));
        }
    }
}
