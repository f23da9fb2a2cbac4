//! Paths become sources: files, folders and stdin, each read once, in an order that does not depend on the caller.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::failure::Failure;
use super::hash::SourceHash;
use super::terminal::Terminal;
use crate::inventory::Source;
use crate::parallel;

/// What messages call stdin.
pub(super) const STDIN: &str = "<stdin>";

/// Tells whether a path means stdin.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A file to read.
struct Found {
    name: String,
    path: PathBuf,
    identity: Identity,
    length: u64,
}

/// What makes two paths the same file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    #[cfg(unix)]
    Inode(u64, u64),
    #[cfg(not(unix))]
    Path(PathBuf),
}

impl Identity {
    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere the path has to be resolved, which can fail")]
    fn of(_path: &Path, metadata: &Metadata) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        Ok(Self::Inode(metadata.dev(), metadata.ino()))
    }

    #[cfg(not(unix))]
    fn of(path: &Path, _metadata: &Metadata) -> io::Result<Self> {
        fs::canonicalize(path).map(Self::Path)
    }
}

/// Everything the paths name: found, each file once, sorted by name, and not read yet. Only stdin is, since nobody can
/// read it twice.
pub(super) struct Inputs {
    stdin: Option<Vec<u8>>,
    files: Vec<Found>,
    budget: Budget,
}

/// One input that is read when its turn comes.
pub(super) enum Input {
    Stdin(Vec<u8>),
    /// A file, and what may still be read when those before it are.
    File {
        name: String,
        path: PathBuf,
        budget: Budget,
    },
}

impl Input {
    fn name(&self) -> &str {
        match self {
            Self::Stdin(_) => STDIN,
            Self::File { name, .. } => name,
        }
    }

    /// Reads it.
    pub(super) fn open(self) -> Result<Source, Failure> {
        match self {
            Self::Stdin(bytes) => Ok(Source { name: STDIN.to_owned(), bytes }),
            Self::File { name, path, mut budget } => {
                let bytes = read_file(&path, &mut budget)?;
                Ok(Source { name, bytes })
            }
        }
    }
}

impl Inputs {
    /// Finds the inputs, of which at most `limit` bytes are to be read in all.
    pub(super) fn find(paths: &[PathBuf], limit: u64, terminal: &mut Terminal) -> Result<Self, Failure> {
        let mut files = Vec::new();
        for path in paths.iter().filter(|path| !is_stdin(path)) {
            find(path, &mut files, terminal)?;
        }
        files.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        terminal.stage(&format!("reading {} files", files.len()));
        let mut budget = Budget { limit, left: limit };
        let stdin =
            paths.iter().any(|path| is_stdin(path)).then(|| read_stdin(&mut budget, terminal)).transpose()?;
        let mut seen = BTreeSet::new();
        files.retain(|Found { name, identity, .. }| {
            let is_new = seen.insert(identity.clone());
            if !is_new {
                terminal.detail(&format!("`{name}` is a file that was already read"));
            }
            is_new
        });
        Ok(Self { stdin, files, budget })
    }

    /// Returns each input in the order of its name, to be opened when its turn comes, and how many bytes they are.
    pub(super) fn into_each(self) -> (Vec<Input>, u64) {
        let Budget { limit, mut left } = self.budget;
        let mut inputs = Vec::with_capacity(self.files.len() + 1);
        inputs.extend(self.stdin.map(Input::Stdin));
        for Found { name, path, length, .. } in self.files {
            inputs.push(Input::File { name, path, budget: Budget { limit, left } });
            left = left.saturating_sub(length);
        }
        inputs.sort_by(|a, b| a.name().cmp(b.name()));
        (inputs, limit - left)
    }

    /// Returns the hashes of what the files hold now, without holding it; `None` when they cannot be read or go beyond
    /// the limit. Whoever then reads them is told why.
    pub(super) fn hashes(&self) -> Option<Vec<SourceHash>> {
        let mut left = self.budget.left;
        let files = parallel::each(&self.files, |Found { name, path, .. }| {
            let mut file = File::open(path).ok()?;
            let is_within = |metadata: Metadata| metadata.is_file() && metadata.len() <= left;
            file.metadata().is_ok_and(is_within).then(|| SourceHash::of_stream(name, &mut file, left))?.ok()
        });
        let mut hashes = Vec::with_capacity(files.len() + 1);
        hashes.extend(self.stdin.as_ref().map(|bytes| SourceHash::of_bytes(STDIN, bytes)));
        for file in files {
            let (hash, length) = file?;
            left = left.checked_sub(length)?;
            hashes.push(hash);
        }
        Some(hashes)
    }
}

/// Reads one text, such as a list of removals.
pub(super) fn read_text(
    path: &Path,
    limit: u64,
    terminal: &mut Terminal,
) -> Result<(String, String), Failure> {
    let mut budget = Budget { limit, left: limit };
    let (name, bytes) = if is_stdin(path) {
        (STDIN.to_owned(), read_stdin(&mut budget, terminal)?)
    } else {
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        refuse_irregular(path, &metadata)?;
        (path.display().to_string(), read_file(path, &mut budget)?)
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Err(Failure::input(format!("{name} at byte {at}: not valid UTF-8")).with_help("save it as UTF-8"))
        }
    }
}

fn find(path: &Path, found: &mut Vec<Found>, terminal: &mut Terminal) -> Result<(), Failure> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_dir() {
        refuse_irregular(path, &metadata)?;
        return push(path, &metadata, found);
    }
    let before = found.len();
    // Links are followed, since mounted folders are made of them; walkdir reports a link that leads back to its own parent.
    let walk = WalkDir::new(path).follow_links(true).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.path())) {
        let entry = entry.map_err(|error| {
            let place = error.path().unwrap_or(path);
            if error.loop_ancestor().is_some() {
                let message =
                    format!("`{}` is a link that leads back to a folder it lies in", place.display());
                return Failure::input(message).with_help("remove the link, or name the files");
            }
            match error.io_error() {
                Some(error) => unreadable(place, error),
                None => Failure::input(format!("cannot read `{}`", place.display())),
            }
        })?;
        if entry.file_type().is_dir() {
            continue;
        }
        let place = entry.path();
        if is_prose(place) {
            terminal.detail(&format!("`{}` is skipped: it is no export by its name", place.display()));
        } else if entry.file_type().is_file() {
            let metadata = fs::metadata(place).map_err(|error| unreadable(place, &error))?;
            push(place, &metadata, found)?;
        } else {
            terminal.note(&format!("`{}` is skipped: it is no regular file", place.display()));
        }
    }
    if found.len() == before {
        let message = format!("there is no file to read in `{}`", path.display());
        return Err(Failure::input(message)
            .with_help("hidden files, README* and *.md are not read from a folder; name the file itself"));
    }
    Ok(())
}

fn push(path: &Path, metadata: &Metadata, found: &mut Vec<Found>) -> Result<(), Failure> {
    let identity = Identity::of(path, metadata).map_err(|error| unreadable(path, &error))?;
    let (name, length) = (path.display().to_string(), metadata.len());
    found.push(Found { name, path: path.to_owned(), identity, length });
    Ok(())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// Tells whether a file of a folder is there for people; folders are often kept with a note of where they come from.
fn is_prose(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    name.starts_with("readme") || name.ends_with(".md")
}

fn refuse_irregular(path: &Path, metadata: &Metadata) -> Result<(), Failure> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() { "a folder" } else { "no regular file" };
    Err(Failure::input(format!("cannot read `{}`: it is {what}", path.display()))
        .with_help("name a file; what comes out of a pipe is read from stdin with `-`"))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let help = match error.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "check the permissions",
        _ => "check the file and its disk",
    };
    Failure::input(format!("cannot read `{}`: {error}", path.display())).with_help(help)
}

/// How many bytes may still be read. A limit that is said beats a process that is killed.
pub(super) struct Budget {
    limit: u64,
    left: u64,
}

impl Budget {
    fn read(&mut self, name: &Path, from: &mut dyn Read, expected: u64) -> Result<Vec<u8>, Failure> {
        let exceeded = |limit| {
            Failure::input(format!("`{}` goes beyond the limit of {limit} bytes", name.display()))
                .with_help("split the export, or raise --max-input-bytes")
        };
        if expected > self.left {
            return Err(exceeded(self.limit));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
        from.take(self.left.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(name, &error))?;
        let read = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(read).ok_or_else(|| exceeded(self.limit))?;
        Ok(bytes)
    }
}

fn read_file(path: &Path, budget: &mut Budget) -> Result<Vec<u8>, Failure> {
    let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
    refuse_irregular(path, &metadata)?;
    budget.read(path, &mut file, metadata.len())
}

fn read_stdin(budget: &mut Budget, terminal: &mut Terminal) -> Result<Vec<u8>, Failure> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        terminal.note("reading from the terminal; end with Ctrl-D");
    } else {
        refuse_endless_stdin()?;
    }
    budget.read(Path::new(STDIN), &mut stdin, 0)
}

/// A device such as /dev/zero never ends; the limit would be reached, but only after filling the memory up to it.
#[cfg(unix)]
fn refuse_endless_stdin() -> Result<(), Failure> {
    use std::os::unix::fs::FileTypeExt;
    match fs::metadata("/dev/stdin") {
        Ok(metadata) if metadata.file_type().is_char_device() || metadata.file_type().is_block_device() => {
            Err(Failure::input("cannot read stdin: it is a device")
                .with_help("pipe or redirect a file into it"))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere stdin can be a device")]
fn refuse_endless_stdin() -> Result<(), Failure> {
    Ok(())
}
