//! What was understood of an export, kept in a folder: the same export is judged once.
//!
//! An entry has the name of its key: a digest of this very program and of the names and bytes of all inputs. It gets that name
//! when it is whole, so runs that share a folder see no half of one. Whatever is wrong with an entry is a reason to
//! judge the export again, and none to fail.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::entry::{self, Understood};
use super::failure::Failure;
use super::hash::{Hash, SourceHash, hash_of, hash_of_hashes, hash_of_stream};
use super::input::{Input, Inputs};
use super::terminal::Terminal;
use super::{folder, interrupt};
use crate::hex::hex;
use crate::inventory::{self, Source};

/// What the names of entries end in.
const ENDING: &str = "inventory";

/// A folder of entries.
pub(super) struct Cache {
    folder: PathBuf,
    /// Two builds of one version need not understand an export alike.
    program: Hash,
    /// No longer entry is read.
    limit: u64,
}

/// Reads the inputs, or takes what they were understood as from the cache.
pub(super) fn understand(
    cache: Option<&Cache>,
    inputs: Inputs,
    terminal: &mut Terminal,
) -> Result<Understood, Failure> {
    let Some(cache) = cache else { return Ok(judge(inputs, false, terminal)?.0) };
    // The first run has nothing to look for, and need not read everything twice.
    if cache.has_entries()
        && let Some(hashes) = inputs.hashes()
        && let Some(understood) = cache.find(&cache.key(hashes), terminal)
    {
        return Ok(understood);
    }
    // Files may have changed since they were looked up: the key is that of the bytes that are judged.
    let (understood, hashes) = judge(inputs, true, terminal)?;
    cache.keep(&cache.key(hashes), &understood, terminal);
    Ok(understood)
}

/// Reads and judges the inputs, of which no more are held at a time than there are threads. With their hashes, in any order,
/// where they are wanted.
fn judge(
    inputs: Inputs,
    wants_hashes: bool,
    terminal: &mut Terminal,
) -> Result<(Understood, Vec<SourceHash>), Failure> {
    let (inputs, bytes) = inputs.into_each();
    let count = inputs.len();
    terminal.stage("understanding the export");
    let hashes = Mutex::new(Vec::new());
    let inventory = inventory::load_each(inputs, |input: Input| {
        let source = input.open()?;
        if wants_hashes {
            let hash = SourceHash::of_bytes(&source.name, &source.bytes);
            // A list of hashes is valid whoever panicked while holding it.
            hashes.lock().unwrap_or_else(PoisonError::into_inner).push(hash);
        }
        Ok::<Source, Failure>(source)
    })?;
    terminal.detail(&format!("read {count} sources, {bytes} bytes"));
    let inventory = inventory?;
    let digest = inventory.digest();
    let hashes = hashes.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok((Understood { inventory, digest }, hashes))
}

impl Cache {
    /// Opens the folder, and makes it if it is not there. `None` when the program cannot tell itself from others.
    pub(super) fn open(
        folder: &Path,
        inputs: &[PathBuf],
        limit: u64,
        terminal: &mut Terminal,
    ) -> Result<Option<Self>, Failure> {
        refuse_inside(folder, inputs)?;
        claim(folder)?;
        let program =
            std::env::current_exe().and_then(File::open).and_then(|mut file| hash_of_stream(&mut file));
        match program {
            Ok((program, _)) => Ok(Some(Self { folder: folder.to_owned(), program, limit })),
            Err(error) => {
                terminal.note(&format!("the cache is not used: cannot read this program: {error}"));
                Ok(None)
            }
        }
    }

    fn has_entries(&self) -> bool {
        let is_entry = |path: PathBuf| path.extension().is_some_and(|ending| ending == ENDING);
        fs::read_dir(&self.folder).is_ok_and(|entries| entries.flatten().any(|entry| is_entry(entry.path())))
    }

    fn key(&self, hashes: Vec<SourceHash>) -> Hash {
        let version = hash_of(env!("CARGO_PKG_VERSION").as_bytes());
        hash_of_hashes([hash_of(b"sgleave cache 2"), version, self.program, SourceHash::joined(hashes)])
    }

    fn place(&self, key: &Hash) -> PathBuf {
        self.folder.join(format!("{}.{ENDING}", hex(key)))
    }

    /// Looks for an entry; tells a curious user what became of it.
    fn find(&self, key: &Hash, terminal: &mut Terminal) -> Option<Understood> {
        let place = self.place(key);
        terminal.stage("reading the cache");
        let (file, length) = match self.open_entry(&place) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                terminal.detail(&format!("`{}` is ignored: {error}", place.display()));
                return None;
            }
        };
        match entry::read(key, length, file) {
            Ok(understood) => {
                terminal.detail(&format!("`{}` holds what they say", place.display()));
                Some(understood)
            }
            Err(reason) => {
                terminal.detail(&format!("`{}` is ignored: {reason}", place.display()));
                None
            }
        }
    }

    /// Opens an entry; with its length.
    fn open_entry(&self, place: &Path) -> io::Result<(File, u64)> {
        // Opening a pipe would wait for somebody to write.
        if !fs::metadata(place)?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let file = File::open(place)?;
        let length = file.metadata()?.len();
        if length > self.limit {
            return Err(io::Error::other("it is longer than --max-input-bytes allows"));
        }
        Ok((file, length))
    }

    /// Writes an entry. A run that cannot is as good as one that need not.
    fn keep(&self, key: &Hash, understood: &Understood, terminal: &mut Terminal) {
        terminal.stage("writing the cache");
        let place = self.place(key);
        match self.write(&place, key, understood) {
            Ok(()) => terminal.detail(&format!("`{}` keeps what they say", place.display())),
            Err(error) => terminal.note(&format!("cannot keep `{}`: {error}", place.display())),
        }
    }

    fn write(&self, place: &Path, key: &Hash, understood: &Understood) -> io::Result<()> {
        interrupt::watch();
        let mut unfinished = interrupt::unfinished();
        let mut file =
            tempfile::Builder::new().prefix(".sgleave-").suffix(".part").tempfile_in(&self.folder)?;
        let path = file.path().to_owned();
        unfinished.push(path.clone());
        drop(unfinished);
        let mut out = BufWriter::new(file.as_file_mut());
        let written = entry::write(key, understood, &mut out).and_then(|()| out.flush());
        let (_, _) = out.into_parts();
        let mut unfinished = interrupt::unfinished();
        unfinished.retain(|other| *other != path);
        // It is not brought to the disk: what a crash leaves under the name fails its checksum.
        let persisted = written.and_then(|()| file.persist(place).map_err(|error| error.error));
        drop(unfinished);
        persisted.map(|_| ())
    }
}

/// Refuses a cache that the next run would read as an export.
fn refuse_inside(target: &Path, inputs: &[PathBuf]) -> Result<(), Failure> {
    let above =
        target.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let Ok(place) = fs::canonicalize(target).or_else(|_| fs::canonicalize(above)) else { return Ok(()) };
    let is_inside = |input: &PathBuf| fs::canonicalize(input).is_ok_and(|input| place.starts_with(input));
    if inputs.iter().any(is_inside) {
        let message = format!("`{}` lies in a folder that is read as input", target.display());
        return Err(Failure::usage(message).with_help("keep the cache elsewhere"));
    }
    Ok(())
}

/// Makes sure that there is a folder, and that not everybody can put something there to be believed.
fn claim(target: &Path) -> Result<(), Failure> {
    let made = private_folder().create(target);
    match fs::metadata(target) {
        Ok(metadata) if !metadata.is_dir() => {
            Err(Failure::usage(format!("`{}` is no folder", target.display()))
                .with_help("name a folder for the cache, or one that is not there yet"))
        }
        Ok(metadata) if is_public(&metadata) => {
            Err(Failure::usage(format!("everybody can write to `{}`", target.display()))
                .with_help("what lies in a cache is believed: name a folder of your own"))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(folder::unwritable(target, &made.err().unwrap_or(error))),
    }
}

#[cfg(unix)]
fn private_folder() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn private_folder() -> DirBuilder {
    DirBuilder::new()
}

#[cfg(unix)]
fn is_public(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o002 != 0
}

#[cfg(not(unix))]
const fn is_public(_metadata: &fs::Metadata) -> bool {
    false
}
