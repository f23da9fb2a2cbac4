//! Reading policy files: every error at its place, with a cure.

use super::*;

fn wrong(text: &str) -> PolicyFileError {
    let graph = graph(A30);
    match PolicySet::standard().layer("team.yaml", text) {
        Err(error) => error,
        Ok(()) => set(&[text]).bind(&graph).expect_err(text),
    }
}

#[test]
fn errors_name_the_place_and_the_cure() {
    let rule = |text: &str| format!("version: 1\npolicies:\n  - {text}\n");
    let cases: Vec<(String, u64, &str, &str)> = vec![
        (
            rule("isolated-pear: {}"),
            3,
            "there is no key `isolated-pear` here",
            "did you mean `isolated-peer`?",
        ),
        (rule("isolated-peer: { whose: {} }"), 3, "there is no key `whose` here", "here may stand: of"),
        (
            rule("isolated-peer: { of: { instanec: i-a } }"),
            3,
            "there is no key `instanec` here",
            "`instance`",
        ),
        (rule("isolated-peer: { of: { instance: i-zz } }"), 3, "matches nothing", "optional: true"),
        (rule("isolated-peer: { of: {} }"), 3, "names nothing", "choose by"),
        (rule("isolated-peer: { of: { cidr: 10.0.0.0/40 } }"), 3, "10.0.0.0/40", "choose by"),
        (rule("isolated-peer: { of: { internet: true } }"), 3, "only interfaces", "mend it"),
        (rule("level: denny\n    isolated-peer: {}"), 3, "`denny` is not known here", "did you mean `deny`?"),
        (rule("because: x"), 3, "the rule names no policy", "isolated-peer"),
        (rule("isolated-peer: {}\n    protected: { group: sg-G }"), 4, "two policies", "two rules"),
        (rule("isolated-peer: {}\n  - isolated-peer: {}"), 4, "two rules are called `isolated-peer`", "id"),
        (rule("id: must-reach\n    isolated-peer: {}"), 3, "cannot be called `must-reach`", "another id"),
        (rule("protected: {}"), 3, "protects nothing", "`group`"),
        (rule("blast-radius: {}"), 3, "limits nothing", "share"),
        (rule("minimum-members: { group: sg-G }"), 3, "the key `at-least` is missing", "explain"),
        (rule("minimum-members: { group: sg-Z, at-least: 1 }"), 3, "no group", "optional"),
        (rule("traffic-lost: { traffic: tcp/99999 }"), 3, "`99999` is no port", "tcp/443"),
        (rule("well-known-service-lost: { service: mysqll }"), 3, "no service is called `mysqll`", "`mysql`"),
        ("version: 2\n".to_owned(), 1, "version 2", "version: 1"),
        ("version: 1\nversion: 1\n".to_owned(), 2, "stands twice", "one of the two"),
        (
            "version: 1\nlevels: { isolated-peers: off }\n".to_owned(),
            2,
            "no rule here is called",
            "`isolated-peer`",
        ),
        ("version: 1\na: &x 1\n".to_owned(), 0, "", ""),
        (
            "version: 1\nlevels: { isolated-peer: &x off, emptied-group: *x }\n".to_owned(),
            2,
            "anchors",
            "write values out",
        ),
        ("version: 1\nlevels: [\n".to_owned(), 0, "", ""),
        (
            "version: 1\ntests:\n  - { name: t, removals: [i-a:sg-G] }\n".to_owned(),
            3,
            "expects nothing",
            "cannot fail",
        ),
        (
            "version: 1\ntests:\n  - { name: t, removals: [i-a], outcome: clear }\n".to_owned(),
            3,
            "not of the form",
            "TARGET",
        ),
    ];
    for (text, line, message, help) in cases {
        let error = wrong(&text);
        assert!(error.message.contains(message), "{text}: {}", error.message);
        assert!(error.help.contains(help), "{text}: {}", error.help);
        assert!(line == 0 || error.line == line, "{text}: {error}");
    }
    let waiver = |key: &str, value: &str| {
        let fields = [
            ("id", "w"),
            ("policy", "isolated-peer"),
            ("subject", "i-a"),
            ("reason", "r"),
            ("owner", "o"),
            ("until", "2030-01-01"),
        ];
        let fields =
            fields.map(|(name, usual)| format!("{name}: \"{}\"", if name == key { value } else { usual }));
        format!("version: 1\nwaivers:\n  - {{ {} }}\n", fields.join(", "))
    };
    for (key, value) in [
        ("id", ""),
        ("policy", "isolated-pear"),
        ("reason", " "),
        ("owner", ""),
        ("until", "soon"),
        ("until", "2030-02-30"),
    ] {
        assert_eq!(wrong(&waiver(key, value)).line, 3, "{key}: {value}");
    }
    set(&[&waiver("", "")]);
}

#[test]
fn a_caret_stands_under_the_word() {
    let error = wrong("version: 1\npolicies:\n  - isolated-pear: {}\n");
    let [line, marks] = *error.excerpt.unwrap();
    let at = marks.find('^').unwrap();
    assert_eq!(&line[at..at + marks.trim().len()], "isolated-pear");
}

#[test]
fn a_line_ends_as_yaml_has_it() {
    for end in ["\n", "\r\n", "\r"] {
        let error = wrong(&["version: 1", "policies:", "  - isolated-pear: {}", ""].join(end));
        assert_eq!((error.line, error.excerpt.unwrap()[0].as_str()), (3, "  - isolated-pear: {}"), "{end:?}");
    }
}

#[test]
fn what_is_optional_may_match_nothing() {
    let graph = graph(A30);
    let policy = "version: 1\npolicies:\n  - optional: true\n    isolated-peer: { of: { name: nobody } }\n";
    assert_eq!(Given::new(&graph, &[policy]).review(&["i-a:sg-G"]).outcome, Outcome::Clear);
}
