//! A folder of results: all of it or nothing.
//!
//! The files are written into a hidden folder inside of the target, which no command reads, and get their names when
//! all of them are whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::interrupt;

/// A folder that is being filled.
pub(super) struct Folder {
    staged: PathBuf,
    names: Vec<PathBuf>,
}

impl Folder {
    /// Makes a file, and the folder in its name.
    pub(super) fn create(&mut self, name: &str) -> io::Result<File> {
        // No signal ends the process here, so nothing is made in a folder that is being removed.
        let unfinished = interrupt::unfinished();
        let path = self.staged.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = File::create_new(&path)?;
        drop(unfinished);
        self.names.push(PathBuf::from(name));
        Ok(file)
    }
}

/// Fills a folder that is empty or not there yet. A run that fails leaves it as it was.
pub(super) fn fill(target: &Path, write: impl FnOnce(&mut Folder) -> io::Result<()>) -> Result<(), Failure> {
    let failed = |error: io::Error| unwritable(target, &error);
    let is_new = claim(target)?;
    interrupt::watch();
    let filled = stage(target, write);
    if filled.is_err() && is_new {
        // It was empty when it was made; what somebody else has put there since stays.
        let _ = fs::remove_dir(target);
    }
    filled.map_err(failed)
}

/// Makes sure that the target is an empty folder; tells whether it is a new one.
fn claim(target: &Path) -> Result<bool, Failure> {
    match fs::read_dir(target) {
        Ok(mut entries) => match entries.next() {
            None => Ok(false),
            Some(_) => Err(Failure::usage(format!("`{}` is not empty", target.display()))
                .with_help("name a folder that is empty or not there yet")),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::create_dir(target) {
            Ok(()) => Ok(true),
            Err(error) => Err(unwritable(target, &error)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(Failure::usage(format!("`{}` is no folder", target.display()))
                .with_help("name a folder that is empty or not there yet"))
        }
        Err(error) => Err(unwritable(target, &error)),
    }
}

fn stage(target: &Path, write: impl FnOnce(&mut Folder) -> io::Result<()>) -> io::Result<()> {
    let mut unfinished = interrupt::unfinished();
    // Removed with all it holds when it goes out of scope.
    let staged = tempfile::Builder::new().prefix(".sgleave-").suffix(".part").tempdir_in(target)?;
    unfinished.push(staged.path().to_owned());
    drop(unfinished);
    let mut folder = Folder { staged: staged.path().to_owned(), names: Vec::new() };
    write(&mut folder)?;
    for name in &folder.names {
        File::open(folder.staged.join(name))?.sync_all()?;
    }
    let mut unfinished = interrupt::unfinished();
    for entry in fs::read_dir(staged.path())? {
        let entry = entry?;
        fs::rename(entry.path(), target.join(entry.file_name()))?;
    }
    staged.close()?;
    unfinished.clear();
    drop(unfinished);
    Ok(())
}

/// Tells why a folder cannot be filled.
pub(super) fn unwritable(target: &Path, error: &io::Error) -> Failure {
    let help = match error.kind() {
        io::ErrorKind::NotFound => "make the folder above it first",
        io::ErrorKind::PermissionDenied => "check the permissions of the folder",
        _ => "nothing was left there; free some room or write elsewhere",
    };
    Failure::output(format!("cannot write to `{}`: {error}", target.display())).with_help(help)
}
