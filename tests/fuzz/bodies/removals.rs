//! Lists of removals that come from anywhere.

use sgleave::simulate::{
    ProposedRemoval, check_id, merge_duplicates, parse_move, parse_removal, read_csv, read_json,
    read_removals,
};

/// A table that is read has ids that can be ids, and written again it reads the same.
pub(super) fn csv(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = read_removals("list", &text);
    let Ok(read) = read_csv("list.csv", &text) else { return };
    check(&read);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["reason", "approver", "requester", "ticket", "join", "group", "target"]).unwrap();
    for one in &read {
        let join = one.removal.join.as_deref().unwrap_or("");
        writer
            .write_record([
                &one.reason,
                &one.approver,
                &one.requester,
                &one.ticket,
                join,
                &one.removal.group,
                &one.removal.target,
            ])
            .unwrap();
    }
    let written = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    assert_eq!(read_csv("again.csv", &written).as_ref(), Ok(&read));
}

/// A list that is read has ids that can be ids, and written again it reads the same.
pub(super) fn json(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(read) = read_json("list.json", &text) else { return };
    assert_eq!(read_removals("list.json", &text).as_ref(), Ok(&read));
    check(&read);
    let entries: Vec<serde_json::Value> = read
        .iter()
        .map(|one| {
            serde_json::json!({
                "target": one.removal.target, "group": one.removal.group, "join": one.removal.join,
                "ticket": one.ticket, "requester": one.requester, "approver": one.approver, "reason": one.reason,
            })
        })
        .collect();
    let written = serde_json::Value::Array(entries).to_string();
    assert_eq!(read_json("again.json", &written).as_ref(), Ok(&read));
}

fn check(read: &[ProposedRemoval]) {
    for one in read {
        let removal = &one.removal;
        for id in [Some(&removal.target), Some(&removal.group), removal.join.as_ref()].into_iter().flatten() {
            check_id(id).unwrap();
        }
        // As an argument it means the same, unless its ids have the colon that separates them there.
        let text = format!("{}:{}", removal.target, removal.group);
        let as_argument = match &removal.join {
            None => parse_removal(&text),
            Some(join) => parse_move(&format!("{text}:{join}")),
        };
        let colons =
            text.matches(':').count() + removal.join.as_deref().map_or(0, |join| join.matches(':').count());
        assert_eq!(as_argument.ok().as_ref() == Some(removal), colons == 1, "{removal:?}");
    }
    if let Ok((merged, dropped)) = merge_duplicates(read.to_vec()) {
        assert_eq!(merged.len() + dropped, read.len());
        assert_eq!(merge_duplicates(merged.clone()), Ok((merged, 0)));
    }
}
