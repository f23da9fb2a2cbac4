//! The worked cases of the semantics, one test a case: what single flows are answered, and what removals change.

mod law;
mod reports;

use std::collections::BTreeSet;
use std::fs;

use crate::support::fixtures;

macro_rules! cases {
    ($($room:ident: $run:path, $($id:ident)+;)+) => {
        $(
            #[expect(non_snake_case, reason = "a test bears the name of its case")]
            mod $room {
                $(#[test] fn $id() { $run(stringify!($id)); })+
            }
        )+
        /// Every case that has a test.
        const TESTED: &[&str] = &[$($(stringify!($id)),+),+];
    };
}

cases! {
    flows: super::law::run,
        C01 C02 C03 C04 C05 C06 C07 C08 C09 C10 C11 C12 C13 C14 C15 C16 C17 C18 C19 C20
        C21 C22 C23 C24 C25 C26 C27 C28 C29 C30 C31 C32 C33 C34 C35 C36 C37 C38 C39 C40;
    removals: super::law::run,
        M01 M02 M03 M04 M05 M06 M07 M08 M09 M10 M11 M12 M13 M14 M15
        M16 M17 M18 M19 M20 M21 M22 M23 M24 M25 M26 M27 M28 M29 M30;
    inventories: super::law::run,
        I01 I02 I03 I04 I05 I06 I07 I08 I09 I10;
    reported: super::reports::run,
        A01 A02 A03 A04 A05 A06 A07 A08 A09 A10 A11 A12 A13 A14 A15 A16 A17 A18 A19 A20 A21 A22 A23 A24 A25
        A26 A27 A28 A29 A30 A31 A32 A33 A34 A35 A36 A37 A38 A39 A40 A41 A42 A43 A44 A45 A46 A47 A48 A49;
}

#[test]
fn every_case_has_a_test_and_every_fixture_a_case() {
    let numbered = |letter: char, last: u32| (1..=last).map(move |n| format!("{letter}{n:02}"));
    let wanted: Vec<String> = [('C', 40), ('M', 30), ('I', 10), ('A', 49)]
        .into_iter()
        .flat_map(|(letter, n)| numbered(letter, n))
        .collect();
    assert_eq!(TESTED, wanted);
    let rows: Vec<String> = law::cases().into_iter().map(|case| case.id).collect();
    assert_eq!(rows, wanted.iter().filter(|id| !id.starts_with('A')).cloned().collect::<Vec<_>>());

    let used: BTreeSet<String> = law::cases().into_iter().filter_map(|case| case.fixture).collect();
    let files = fs::read_dir(fixtures().join("law")).unwrap().map(|entry| entry.unwrap().file_name());
    for name in files.map(|name| name.into_string().unwrap()).filter(|name| name != "cases.json") {
        assert!(used.contains(&format!("law/{name}")), "no case uses law/{name}");
    }
}
