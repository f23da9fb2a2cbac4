//! Whoever can name a thing in the cloud can write into an export, and nothing of it acts on whoever reads the result.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Call, Said, Scene, run};

/// Names as an attacker would choose them.
const PAYLOADS: [&str; 13] = [
    "\u{1b}[2J\u{1b}[1;1Hall is well",
    "\u{1b}]52;c;cm0gLXJmIH4K\u{7}",
    "\u{9b}31mred\u{9d}0;title\u{9c}",
    "line one\nSAFE  nothing is lost",
    "over\rwritten",
    "a\0b",
    "gpj.\u{202e}exe\u{2066}\u{2069}",
    "zero\u{200b}width\u{feff}join\u{200d}er\u{2060}",
    "para\u{2028}graph\u{2029}",
    "=cmd|' /C calc'!A0",
    "x;=1+1,@SUM(A1)\t-2",
    "\"</script><script>alert(1)</script><!--",
    "\u{ff1d}HYPERLINK(\"http://203.0.113.1/\")",
];

/// The keys whose values are free text: tenants choose them, and the API hands them on.
const FREE_TEXT: [&str; 9] = [
    "InstanceName",
    "HostName",
    "Description",
    "SecurityGroupName",
    "NetworkInterfaceName",
    "PrefixListName",
    "Status",
    "InstanceType",
    "ZoneId",
];

/// Tells whether a character moves a cursor, speaks to a terminal, reorders text or hides in it.
fn acts(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(u32::from(character),
            0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb)
}

#[track_caller]
fn assert_inert(said: &Said) {
    for text in [&said.stdout, &said.stderr] {
        let found: BTreeSet<char> = text.chars().filter(|character| acts(*character)).collect();
        assert_eq!(found, BTreeSet::new(), "{}", text.escape_debug());
    }
    assert_ne!(said.code, 70, "{}", said.stderr);
}

/// The files of the demo.
fn demo() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let mut files: Vec<(String, Value)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .map(|(name, bytes)| (name, serde_json::from_slice(&bytes).unwrap()))
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

/// Puts the name into every free text, tag and unknown key.
fn rename(value: &mut Value, name: &str) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::String(text) if FREE_TEXT.contains(&key.as_str()) => *text = name.to_owned(),
                    _ => rename(value, name),
                }
            }
            if map.contains_key("InstanceName") {
                let tag = serde_json::json!({ "TagKey": name, "TagValue": name });
                map.insert("Tags".to_owned(), serde_json::json!({ "Tag": [tag] }));
                map.insert(name.to_owned(), name.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, name)),
        _ => {}
    }
}

/// A folder with the demo under hostile names in `estate/`.
pub(crate) fn renamed(name: &str) -> Scene {
    let scene = Scene::new();
    fs::create_dir(scene.path("estate")).unwrap();
    for (file, mut answer) in demo() {
        rename(&mut answer, name);
        scene.write(&format!("estate/{file}"), &answer.to_string());
    }
    let request = serde_json::json!([{ "target": "i-worker-1", "group": "sg-quarantine", "ticket": name,
        "requester": name, "approver": name, "reason": name }]);
    scene.write("request.json", &request.to_string());
    scene
}

fn simulate(scene: &Scene, format: &str) -> Call {
    scene.sgleave(["simulate", "-i", "estate", "--removals", "request.json", "-v", "-f", format])
}

/// All payloads one by one, all in one, and one that is longer than any cell or line.
pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = PAYLOADS.iter().map(|payload| (*payload).to_owned()).collect();
    names.push(PAYLOADS.concat());
    names.push(PAYLOADS.concat().repeat(200));
    names
}

#[test]
fn a_name_is_shown_and_does_nothing() {
    for name in names() {
        let scene = renamed(&name);
        for format in ["text", "json", "csv"] {
            for call in [
                scene.sgleave(["inspect", "-i", "estate", "-v", "-f", format]),
                simulate(&scene, format),
                simulate(&scene, format).args(["--move", "i-web-1:sg-web:sg-archive"]),
                simulate(&scene, format).arg("i-cache-1:sg-cache"),
            ] {
                let said = run(call);
                assert_inert(&said);
                assert_eq!(said.code, 0, "{}", said.stderr);
            }
        }
        let explain =
            ["explain", "-i", "estate", "i-bastion", "i-worker-1", "tcp/8443", "i-worker-1:sg-quarantine"];
        for format in ["text", "json"] {
            let said = run(scene.sgleave(explain).args(["-f", format]));
            assert_inert(&said);
            assert_eq!(said.code, 0, "{}", said.stderr);
        }
    }
}

#[test]
fn a_name_is_the_same_after_a_reader_of_json() {
    for name in names() {
        let said = run(simulate(&renamed(&name), "json"));
        let result: Value = serde_json::from_str(&said.stdout).unwrap();
        let removal = &result["removals"][0];
        assert_eq!(removal["name"], name);
        assert_eq!(removal["group_name"], name);
        assert_eq!(removal["request"]["reason"], name);
    }
}

#[test]
fn a_cell_is_text_and_a_row_is_a_line() {
    for name in names() {
        let said = run(simulate(&renamed(&name), "csv"));
        assert!(!said.stdout.contains('\r'));
        let mut reader = csv::Reader::from_reader(said.stdout.as_bytes());
        let header = reader.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert!(rows.len() > 10);
        assert_eq!(said.stdout.lines().count(), rows.len() + 1);
        for (column, cell) in rows.iter().flat_map(|row| header.iter().zip(row)) {
            let begins = cell.trim_start_matches([' ', '"']);
            let is_formula =
                begins.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
            assert!(!is_formula, "{column}: {cell}");
        }
        let at = header.iter().position(|column| column == "instance_name").unwrap();
        assert!(rows.iter().any(|row| row[at].len() >= name.chars().count()), "the name is not shown");
    }
}

#[test]
fn a_formula_is_the_text_that_it_was() {
    let said = run(simulate(&renamed("=cmd|' /C calc'!A0"), "csv"));
    let mut reader = csv::Reader::from_reader(said.stdout.as_bytes());
    let at = reader.headers().unwrap().iter().position(|column| column == "reason").unwrap();
    let cells: BTreeSet<String> = reader.records().map(|row| row.unwrap()[at].to_owned()).collect();
    assert!(cells.contains("'=cmd|' /C calc'!A0"), "{cells:?}");
}

/// Every place of a document, one for each shape: what holds for the first rule holds for the second.
fn places(value: &Value, place: &str, shape: &str, found: &mut Vec<String>, seen: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                places(value, &format!("{place}/{key}"), &format!("{shape}/{key}"), found, seen);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                places(value, &format!("{place}/{at}"), &format!("{shape}/*"), found, seen);
            }
        }
        _ => {
            if seen.insert(shape.to_owned()) {
                found.push(place.to_owned());
            }
        }
    }
}

#[test]
fn an_error_about_a_hostile_value_does_nothing() {
    let payload = PAYLOADS.concat();
    let (mut read, mut refused) = (0, 0);
    let mut seen = BTreeSet::new();
    let demo = demo();
    for (file, answer) in &demo {
        let mut found = Vec::new();
        let kind = file.split('-').next().unwrap();
        places(answer, "", kind, &mut found, &mut seen);
        for place in found {
            let scene = Scene::new();
            fs::create_dir(scene.path("estate")).unwrap();
            for (name, answer) in &demo {
                let mut answer = answer.clone();
                if name == file {
                    *answer.pointer_mut(&place).unwrap() = payload.as_str().into();
                }
                scene.write(&format!("estate/{name}"), &answer.to_string());
            }
            let said = run(scene.sgleave(["simulate", "-i", "estate", "i-worker-1:sg-quarantine"]));
            assert_inert(&said);
            match said.code {
                0 => read += 1,
                3 => refused += 1,
                code => panic!("{file} {place}: {code} {}", said.stderr),
            }
            if said.code == 3 {
                assert_eq!(said.stdout, "", "{file} {place}");
                assert_eq!(said.stderr.lines().count(), 2, "{file} {place}: {}", said.stderr);
            }
        }
    }
    assert!(read > 10 && refused > 10, "{read} {refused}");
}

#[test]
fn a_document_that_is_broken_is_not_repeated_raw() {
    for payload in PAYLOADS {
        let scene = Scene::new();
        let quoted = Value::from(payload).to_string();
        for (at, text) in [
            payload.to_owned(),
            format!("{{\"{payload}\":"),
            format!("{{{quoted}: 1}}"),
            format!("{{{quoted}: 1, {quoted}: 2}}"),
            format!("{{\"Code\": {quoted}, \"Message\": {quoted}, \"RequestId\": {quoted}}}"),
            format!("{{\"request\": {{\"Action\": {quoted}}}, \"response\": {{}}}}"),
            format!("ERROR: SDK.ServerError\nErrorCode: {payload}\n"),
            format!("<?xml version=\"1.0\"?><{payload}>"),
            format!("target,{payload}\n"),
        ]
        .into_iter()
        .enumerate()
        {
            scene.write("broken.json", &text);
            let said = run(scene.sgleave(["inspect", "-i", "broken.json", "-v"]));
            assert_inert(&said);
            assert_eq!((said.code, said.stdout.as_str()), (3, ""), "{at} {payload:?}");
            let said = run(scene.sgleave(["simulate", "-i", "export", "--removals", "broken.json"]));
            assert_inert(&said);
            assert!([2, 3].contains(&said.code), "{at} {payload:?}: {}", said.code);
            assert_eq!(said.stdout, "");
        }
    }
}

/// Names of files that a file system takes.
#[cfg(unix)]
fn file_names() -> Vec<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let mut names: Vec<PathBuf> = PAYLOADS
        .iter()
        .filter(|payload| !payload.contains(['\0', '/']))
        .map(|payload| PathBuf::from(format!("{payload}.json")))
        .collect();
    names.push(std::ffi::OsString::from_vec(b"\xff\x9b2J.json".to_vec()).into());
    names
}

#[test]
#[cfg(unix)]
fn the_name_of_a_file_does_nothing() {
    for name in file_names() {
        let scene = Scene::new();
        let folder = scene.path("export").join(&name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(&name), super::EXPORT[2].1).unwrap();
        let inspect = |path: &Path| scene.sgleave(["inspect", "-v", "-i"]).arg(path);
        // A copy of an answer under another name is told, with both names.
        for path in [scene.path("export"), folder.clone(), folder.join(&name)] {
            for call in
                [inspect(&path), inspect(&path).args(["-f", "json"]), inspect(&path).args(["-f", "csv"])]
            {
                let said = run(call);
                assert_inert(&said);
                assert_eq!(said.code, 0, "{}", said.stderr);
            }
        }
        let result = scene.path("written").join(&name);
        fs::create_dir(scene.path("written")).unwrap();
        let simulate =
            || scene.sgleave(["simulate", "i-web-1:sg-web", "-i"]).arg(&folder).args(["-i", "export"]);
        for call in [
            simulate().arg("-o").arg(&result),
            simulate().args(["-f", "csv"]),
            simulate().args(["--limit", "1"]),
            simulate().arg("-o").arg(&folder),
            simulate().arg("-o").arg(folder.join("written")),
            simulate().arg("--removals").arg(&result),
            simulate().arg("-i").arg(folder.join("missing")),
        ] {
            assert_inert(&run(call));
        }
        fs::write(folder.join(&name), "{").unwrap();
        let said = run(inspect(&scene.path("export")));
        assert_inert(&said);
        assert_eq!(said.code, 3);
    }
}
