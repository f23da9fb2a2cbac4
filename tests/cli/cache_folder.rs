//! Whatever lies in the folder of a cache, and whoever else uses it, the answer is right.

use std::fs;
#[cfg(unix)]
use std::path::Path;
use std::process::Stdio;

use super::cache::{REMOVAL, assert_says};
use super::{Call, Scene, assert_refused, names_in, run};

#[cfg(unix)]
#[test]
fn a_new_folder_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let scene = Scene::new();
    run(scene.cached());
    assert_eq!((mode(&scene.path("cache")), mode(&scene.entry())), (0o700, 0o600));
}

#[test]
fn a_damaged_entry_is_ignored_and_replaced() {
    let scene = Scene::new();
    let expected = run(scene.cached());
    let entry = scene.entry();
    let whole = fs::read(&entry).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let version = format!(" {} ", env!("CARGO_PKG_VERSION"));
    let older = String::from_utf8_lossy(&whole).replacen(&version, " 0.0.9 ", 1).into_bytes();
    for (damaged, reason) in [
        (flipped(whole.len() - 3), "its checksum does not hold"),
        (flipped(0), "it is of another version"),
        (whole[..whole.len() - 1].to_vec(), "it is not as long as it says"),
        ([whole.as_slice(), b"more"].concat(), "it is not as long as it says"),
        (whole[..40].to_vec(), "it has no first line"),
        (Vec::new(), "it has no first line"),
        (vec![b'\n'; 10], "its first line is that of no entry"),
        (vec![0xff; 5_000], "it has no first line"),
        (older, "it is of another version"),
    ] {
        fs::write(&entry, &damaged).unwrap();
        let said = assert_says(scene.cached(), &expected, false);
        let note = format!("note: `cache/{}` is ignored: {reason}\n", entry.file_name().unwrap().display());
        assert!(said.stderr.contains(&note), "{}", said.stderr);
        assert!(fs::read(&entry).unwrap() == whole, "{reason}: it is replaced");
        assert_says(scene.cached(), &expected, true);
    }
}

#[test]
fn an_entry_of_another_export_is_ignored() {
    let scene = Scene::new();
    let expected = run(scene.cached());
    let (entry, whole) = (scene.entry(), fs::read(scene.entry()).unwrap());
    let version = format!(" {} ", env!("CARGO_PKG_VERSION"));
    fs::write(
        &entry,
        String::from_utf8_lossy(&whole).replacen(&version, &format!("{version}0"), 1).as_bytes(),
    )
    .unwrap();
    assert_says(scene.cached(), &expected, false);
    // A real one under a wrong name.
    run(scene.sgleave(["inspect", "-i", "export/groups.json", "--cache", "cache"]));
    let names = names_in(&scene.path("cache"));
    assert_eq!(names.len(), 2);
    let other = names.iter().find(|name| !entry.ends_with(name)).unwrap();
    fs::rename(scene.path("cache").join(other), &entry).unwrap();
    let said = assert_says(scene.cached(), &expected, false);
    assert!(said.stderr.contains("is ignored: it is of another export"), "{}", said.stderr);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_no_entry() {
    let scene = Scene::new();
    let expected = run(scene.cached());
    let entry = scene.entry();
    for make in ["mkdir -p \"$0/in\"", "mkfifo \"$0\"", "ln -s loop \"$0\""] {
        let _ = fs::remove_file(&entry);
        run(Call::new("sh").args(["-c", make]).arg(&entry).within(scene.folder.path()));
        assert!(fs::symlink_metadata(&entry).is_ok(), "{make}");
        let said = assert_says(scene.cached(), &expected, false);
        // A folder cannot be replaced by a file; the run says so and goes on.
        assert_eq!(entry.is_file(), !make.starts_with("mkdir"), "{make}: {}", said.stderr);
        let _ = fs::remove_dir_all(&entry);
        assert_eq!(names_in(&scene.path("cache")).len(), usize::from(entry.exists()), "{make}");
    }
}

#[test]
fn runs_at_the_same_time_do_not_disturb_each_other() {
    let scene = Scene::new();
    let expected = run(scene.sgleave(["simulate", "-i", "export", "-f", "json", REMOVAL]));
    for _ in 0..4 {
        let start = |mut call: Call| {
            let streams = call.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            streams.spawn().unwrap()
        };
        let children: Vec<_> = (0..4).map(|_| start(scene.cached())).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0));
            assert_eq!(String::from_utf8(output.stdout).unwrap(), expected.stdout);
        }
        assert_says(scene.cached(), &expected, true);
        fs::remove_file(scene.entry()).unwrap();
    }
}

/// Nothing can be made in `/proc`, not even by the superuser.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_nothing_costs_a_note() {
    let scene = Scene::new();
    let uncached = run(scene.sgleave(["inspect", "-i", "export"]));
    let said = run(scene.sgleave(["inspect", "-i", "export", "--cache", "/proc"]));
    assert_eq!((said.code, &said.stdout), (0, &uncached.stdout));
    assert!(said.stderr.starts_with("note: cannot keep `/proc/"), "{}", said.stderr);
    assert_refused(
        scene.sgleave(["inspect", "-i", "export", "--cache", "/proc/new"]),
        8,
        "cannot write to `/proc/new`",
    );
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_still_read() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    let expected = run(scene.cached());
    fs::set_permissions(scene.path("cache"), fs::Permissions::from_mode(0o500)).unwrap();
    assert_says(scene.cached(), &expected, true);
    fs::set_permissions(scene.path("cache"), fs::Permissions::from_mode(0o700)).unwrap();
}

/// A limit on the size of files is a full disk that needs no privilege.
#[cfg(unix)]
#[test]
fn a_full_disk_costs_a_note() {
    let scene = Scene::new();
    let uncached = run(scene.sgleave(["inspect", "-i", "export"]));
    let line = "trap '' XFSZ; ulimit -f 0; exec $sgleave inspect -i export --cache cache";
    let said = run(scene.shell(line));
    assert_eq!((said.code, &said.stdout), (0, &uncached.stdout), "{}", said.stderr);
    assert!(said.stderr.starts_with("note: cannot keep `cache/"), "{}", said.stderr);
    assert_eq!(names_in(&scene.path("cache")).len(), 0);
}

#[test]
fn a_cache_that_cannot_be_one_is_refused() {
    let scene = Scene::new();
    scene.write("file", "");
    let with = |folder: &str| scene.sgleave(["inspect", "-i", "export", "--cache"]).arg(folder);
    assert_refused(with("file"), 2, "`file` is no folder");
    assert_refused(with("missing/cache"), 8, "cannot write to `missing/cache`: ");
    assert_refused(with("export"), 2, "`export` lies in a folder that is read as input");
    assert_refused(with("export/cache"), 2, "`export/cache` lies in a folder that is read as input");
    assert_eq!(scene.names(), ["export", "file"]);
    assert!(!scene.path("export/cache").exists());
}

#[cfg(unix)]
#[test]
fn a_folder_where_everybody_writes_is_not_believed() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    fs::create_dir(scene.path("cache")).unwrap();
    for mode in [0o777, 0o1777, 0o702] {
        fs::set_permissions(scene.path("cache"), fs::Permissions::from_mode(mode)).unwrap();
        assert_refused(scene.cached(), 2, "everybody can write to `cache`");
    }
    fs::set_permissions(scene.path("cache"), fs::Permissions::from_mode(0o775)).unwrap();
    assert_eq!(run(scene.cached()).code, 0);
}
