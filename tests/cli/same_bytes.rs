//! The same estate gives the same bytes, however it was saved and wherever the program runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{Call, program, run, sgleave};

const FORMATS: [&str; 3] = ["json", "csv", "text"];

/// The removals of the demo, alone and together.
const REMOVALS: [&[&str]; 5] = [
    &["i-worker-1:sg-quarantine"],
    &["i-web-2:sg-web-old"],
    &["i-api-1:sg-api-freeze"],
    &["i-cache-1:sg-cache"],
    &["i-worker-1:sg-quarantine", "i-api-1:sg-api-freeze", "--move", "i-web-1:sg-web:sg-archive"],
];

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo")
}

/// The answers of the demo, as they were saved.
fn answers() -> Vec<Value> {
    let mut paths: Vec<PathBuf> = fs::read_dir(demo()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
}

/// A small generator: the same numbers on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Writes a value with its keys and elements in another order and other blanks.
fn scramble(value: &Value, dice: &mut Dice) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<(&String, &Value)> = Map::iter(map).collect();
            dice.shuffle(&mut keys);
            let members: Vec<String> = keys
                .into_iter()
                .map(|(key, value)| format!("{} :{}", Value::from(key.as_str()), scramble(value, dice)))
                .collect();
            format!("{{{}}}", members.join(",\n"))
        }
        Value::Array(elements) => {
            let mut elements: Vec<String> = elements.iter().map(|element| scramble(element, dice)).collect();
            dice.shuffle(&mut elements);
            format!("[{}]", elements.join(" , "))
        }
        scalar => scalar.to_string(),
    }
}

/// Where the elements of an answer stand, and the call that asks for it.
fn listing_of(answer: &Value) -> Option<(&'static str, Value)> {
    if answer.get("Permissions").is_some() {
        let call = json!({ "Action": "DescribeSecurityGroupAttribute",
            "SecurityGroupId": answer["SecurityGroupId"], "RegionId": answer["RegionId"] });
        return Some(("/Permissions/Permission", call));
    }
    [
        ("DescribeInstances", "/Instances/Instance"),
        ("DescribeNetworkInterfaces", "/NetworkInterfaceSets/NetworkInterfaceSet"),
        ("DescribeSecurityGroups", "/SecurityGroups/SecurityGroup"),
    ]
    .into_iter()
    .find(|(_, pointer)| answer.pointer(pointer).is_some())
    .map(|(action, pointer)| (pointer, json!({ "Action": action, "RegionId": "cn-hangzhou" })))
}

/// Cuts an answer into pages of a few elements, in any order, each with the call that got it.
fn pages(answer: &Value, dice: &mut Dice) -> Vec<Value> {
    let Some((pointer, call)) = listing_of(answer) else { return vec![answer.clone()] };
    let mut elements = answer.pointer(pointer).unwrap().as_array().unwrap().clone();
    dice.shuffle(&mut elements);
    let chunks: Vec<&[Value]> = elements.chunks(1 + dice.below(4)).collect();
    if chunks.len() < 2 {
        return vec![answer.clone()];
    }
    let token = |page: usize| if page == chunks.len() { String::new() } else { format!("token-{page}") };
    let page = |(at, chunk): (usize, &&[Value])| {
        let (mut request, mut response) = (call.clone(), answer.clone());
        if at > 0 {
            request["NextToken"] = token(at).into();
        }
        response["NextToken"] = token(at + 1).into();
        *response.pointer_mut(pointer).unwrap() = chunk.to_vec().into();
        json!({ "request": request, "response": response })
    };
    chunks.iter().enumerate().map(page).collect()
}

/// A folder with the estate in `export/`, saved in some way.
struct Copy(TempDir);

impl Copy {
    fn of(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join("export").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn as_saved(answers: &[Value]) -> Self {
        Self::of(answers.iter().enumerate().map(|(at, answer)| (format!("{at:02}.json"), answer.to_string())))
    }

    /// The answers in another order, one or more to a file, the files in folders, under other names.
    fn shuffled(answers: &[Value], dice: &mut Dice) -> Self {
        let mut documents: Vec<String> = answers.iter().map(|answer| scramble(answer, dice)).collect();
        dice.shuffle(&mut documents);
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for document in documents {
            let name = format!("{}/{}.json", dice.below(3), dice.below(12));
            files.entry(name).or_default().push_str(&document);
        }
        Self::of(files)
    }

    fn simulate(&self, removal: &[&str], format: &str) -> Call {
        sgleave(["simulate", "-i", "export", "-f", format]).args(removal).within(self.0.path())
    }

    /// What every removal says in every format.
    fn results(&self) -> Vec<String> {
        let calls = REMOVALS.iter().flat_map(|removal| FORMATS.map(|format| self.simulate(removal, format)));
        calls.map(result).collect()
    }
}

#[track_caller]
fn result(call: Call) -> String {
    let said = run(call);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    assert!(!said.stdout.is_empty());
    said.stdout
}

#[test]
fn order_and_names_change_no_byte() {
    let answers = answers();
    let expected = Copy::as_saved(&answers).results();
    let mut dice = Dice(0x5eed_0000_0000_0002);
    for round in 0..6 {
        let results = Copy::shuffled(&answers, &mut dice).results();
        assert!(results == expected, "round {round}");
    }
}

#[test]
fn pages_change_no_byte() {
    let answers = answers();
    let expected = Copy::as_saved(&answers).results();
    let mut dice = Dice(0x5eed_0000_0000_0003);
    for round in 0..6 {
        let pages: Vec<Value> = answers.iter().flat_map(|answer| pages(answer, &mut dice)).collect();
        assert!(pages.len() > answers.len());
        let results = Copy::shuffled(&pages, &mut dice).results();
        assert!(results == expected, "round {round}");
    }
}

/// Removes the places of issues, which are the names of files and positions in them.
fn without_places(result: &str) -> Value {
    let mut result: Value = serde_json::from_str(result).unwrap();
    let issues = result["inventory"]["issues"].as_array_mut().unwrap();
    assert!(!issues.is_empty());
    for issue in issues.iter_mut() {
        issue["source"] = Value::Null;
        issue["pointer"] = Value::Null;
    }
    issues.sort_by_key(ToString::to_string);
    result
}

#[test]
fn an_export_with_holes_gives_the_same_answer_in_any_order() {
    let mut answers = answers();
    answers.retain(|answer| {
        answer.get("Entries").is_none()
            && answer["SecurityGroupId"] != "sg-ops"
            && answer["SecurityGroupId"] != "sg-db"
    });
    for answer in &mut answers {
        if answer["SecurityGroupId"] == "sg-default" {
            answer["NextToken"] = "more".into();
        }
        if let Some(rule) = answer.pointer_mut("/Permissions/Permission/0") {
            rule["NovelSelector"] = "x".into();
        }
    }
    let results = |copy: &Copy| -> Vec<Value> {
        REMOVALS.iter().map(|removal| without_places(&result(copy.simulate(removal, "json")))).collect()
    };
    let expected = results(&Copy::as_saved(&answers));
    let mut dice = Dice(0x5eed_0000_0000_0004);
    for round in 0..4 {
        assert!(results(&Copy::shuffled(&answers, &mut dice)) == expected, "round {round}");
    }
}

#[test]
fn the_number_of_threads_and_the_number_of_runs_change_no_byte() {
    let copy = Copy::as_saved(&answers());
    let expected = copy.results();
    assert!(copy.results() == expected);
    for threads in ["1", "2", "8"] {
        let mut results = Vec::new();
        for removal in REMOVALS {
            for format in FORMATS {
                results.push(result(copy.simulate(removal, format).args(["--threads", threads])));
            }
        }
        assert!(results == expected, "{threads} threads");
    }
}

#[test]
#[cfg(unix)]
fn the_surroundings_change_no_byte() {
    let elsewhere = tempfile::tempdir().unwrap();
    let written = elsewhere.path().join("written");
    let demo = demo();
    for removal in REMOVALS {
        for format in FORMATS {
            let simulate = || sgleave(["simulate", "-f", format, "-i"]).arg(&demo).args(removal);
            let expected = result(simulate());
            assert!(result(simulate().within(elsewhere.path())) == expected);
            for (name, value) in [
                ("TZ", "Asia/Shanghai"),
                ("LC_ALL", "tr_TR.UTF-8"),
                ("LANG", "zh_CN.GB18030"),
                ("TERM", "dumb"),
                ("RAYON_NUM_THREADS", "3"),
                ("RUST_BACKTRACE", "1"),
            ] {
                let mut call = simulate();
                call.command.env(name, value);
                assert!(result(call) == expected, "{name}={value}");
            }
            let mut homeless = simulate();
            homeless.command.env_clear();
            assert!(result(homeless) == expected, "without any environment");
            let mut masked = Call::new("sh")
                .args(["-c", "umask 077; exec \"$sgleave\" \"$@\"", "sh", "simulate", "-f", format, "-i"])
                .arg(&demo)
                .args(removal)
                .arg("-o")
                .arg(&written);
            masked.command.env("sgleave", program());
            assert_eq!(run(masked).code, 0);
            assert!(fs::read_to_string(&written).unwrap() == expected, "under a umask, in a file");
        }
    }
}
