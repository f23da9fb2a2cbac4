//! Results go to stdout and to files: all of them or none.
//!
//! Files are written beside their place under another name, brought to the disk, and renamed as the last act. Whoever finds
//! a result under its name finds a whole one, and a run that fails leaves the previous one as it was.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::failure::Failure;
use super::interrupt;
use super::terminal::Terminal;
use crate::report::{Format, Style};

/// Where one form of the result goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Stdout,
    File(PathBuf),
}

/// One form of the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) format: Format,
    pub(super) target: Target,
}

/// One form of a result that is written while it is worked out.
pub(super) struct Sink<'w> {
    pub(super) format: Format,
    pub(super) style: Style,
    pub(super) target: Target,
    pub(super) out: &'w mut dyn Write,
}

impl Target {
    /// Returns why it cannot be written.
    pub(super) fn failure(&self, error: &io::Error) -> Failure {
        match self {
            Self::Stdout if error.kind() == io::ErrorKind::BrokenPipe => Failure::truncated(),
            Self::Stdout => Failure::output(format!("cannot write to stdout: {error}"))
                .with_help("what was written is not the whole result; free some room and run again"),
            Self::File(path) => unwritable(path, error),
        }
    }
}

/// Everything that is to be written.
#[derive(Debug)]
pub(super) struct Outputs {
    outputs: Vec<Output>,
    style: Style,
}

impl Outputs {
    /// Checks the targets before any work is done for them.
    pub(super) fn new(outputs: Vec<Output>, style: Style) -> Result<Self, Failure> {
        let mut places = Vec::new();
        for output in &outputs {
            if let Target::File(path) = &output.target {
                let place = place_of(path)?;
                if places.contains(&place) {
                    let message = format!("two outputs go to `{}`", path.display());
                    return Err(Failure::usage(message).with_help("give each its own file"));
                }
                places.push(place);
            }
        }
        Ok(Self { outputs, style })
    }

    /// Refuses to write over what was read, and warns of what the next run would read.
    pub(super) fn keep_clear_of(&self, inputs: &[PathBuf], terminal: &mut Terminal) -> Result<(), Failure> {
        for output in &self.outputs {
            let Target::File(path) = &output.target else { continue };
            let place = place_of(path)?;
            for input in inputs.iter().filter_map(|input| fs::canonicalize(input).ok()) {
                if place == input {
                    let message = format!("`{}` is an input and an output", path.display());
                    return Err(Failure::usage(message).with_help("write to another file"));
                }
                if input.is_dir() && place.starts_with(&input) {
                    terminal.note(&format!(
                        "`{}` lies in a folder that is read as input; the next run reads it too",
                        path.display()
                    ));
                }
            }
        }
        Ok(())
    }

    /// Writes every form of the result, or none under its name. `verdict` is for a reader without a stdout.
    pub(super) fn write(
        &self,
        verdict: &str,
        terminal: &mut Terminal,
        write: impl Fn(Format, &Style, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        terminal.stage("writing");
        let mut staged: Vec<(&Path, NamedTempFile)> = Vec::new();
        for Output { format, target } in &self.outputs {
            if let Target::File(path) = target {
                // A file is read by an editor or a program, which a colour would only disturb.
                let style = Style { colour: false, ..self.style };
                let file = stage(path, |out| write(*format, &style, out))
                    .map_err(|error| unwritable(path, &error))?;
                staged.push((path, file));
            }
        }
        terminal.clear();
        let mut on_stdout = false;
        for Output { format, target } in &self.outputs {
            if *target == Target::Stdout {
                to_stdout(|out| write(*format, &self.style, out))?;
                on_stdout = true;
            }
        }
        name_files(staged)?;
        if on_stdout && stdout_is_null() {
            terminal.note(&format!("stdout is closed or the null device; the answer is: {verdict}"));
        }
        Ok(())
    }

    /// Returns how many entries of a list the text shows.
    pub(super) const fn limit(&self) -> Option<usize> {
        self.style.limit
    }

    /// Lets every form of a result be written while it is worked out. Files get their names when all are whole; what went
    /// to stdout went there. `work` returns the answer for a reader without a stdout.
    pub(super) fn stream(
        &self,
        terminal: &mut Terminal,
        work: impl FnOnce(&mut [Sink<'_>], &mut Terminal) -> Result<&'static str, Failure>,
    ) -> Result<(), Failure> {
        let mut staged: Vec<(&Path, NamedTempFile)> = Vec::new();
        let mut writers: Vec<(&Output, Box<dyn Write>)> = Vec::new();
        for output in &self.outputs {
            writers.push((
                output,
                match &output.target {
                    Target::Stdout => Box::new(io::stdout().lock()),
                    Target::File(path) => {
                        let file = open_beside(path).map_err(|error| unwritable(path, &error))?;
                        let again = file.as_file().try_clone().map_err(|error| unwritable(path, &error))?;
                        staged.push((path, file));
                        Box::new(again)
                    }
                },
            ));
        }
        let mut sinks: Vec<Sink<'_>> = writers
            .iter_mut()
            .map(|(output, out)| Sink {
                format: output.format,
                // A file is read by an editor or a program, which a colour would only disturb.
                style: Style { colour: self.style.colour && output.target == Target::Stdout, ..self.style },
                target: output.target.clone(),
                out: out.as_mut(),
            })
            .collect();
        let verdict = work(&mut sinks, terminal)?;
        drop(writers);
        terminal.stage("writing");
        for (path, file) in &staged {
            file.as_file().sync_all().map_err(|error| unwritable(path, &error))?;
        }
        terminal.clear();
        name_files(staged)?;
        if self.outputs.iter().any(|output| output.target == Target::Stdout) && stdout_is_null() {
            terminal.note(&format!("stdout is closed or the null device; the answer is: {verdict}"));
        }
        Ok(())
    }
}

/// Gives whole files their names.
fn name_files(staged: Vec<(&Path, NamedTempFile)>) -> Result<(), Failure> {
    let mut unfinished = interrupt::unfinished();
    for (path, file) in staged {
        file.persist(path).map_err(|error| unwritable(path, &error.error))?;
        sync_folder(path).map_err(|error| unwritable(path, &error))?;
    }
    unfinished.clear();
    Ok(())
}

/// Writes to stdout, whole or with an error.
pub(super) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).map_err(|error| {
        // What is still in the buffer has no reader or no room; a second attempt on drop would only fail again.
        let (_, _) = out.into_parts();
        Target::Stdout.failure(&error)
    })
}

/// Opens a file beside the target, which only its owner can read: a result names every hole of an estate.
fn open_beside(path: &Path) -> io::Result<NamedTempFile> {
    interrupt::watch();
    let mut unfinished = interrupt::unfinished();
    let file = tempfile::Builder::new().prefix(".sgleave-").suffix(".part").tempfile_in(folder_of(path))?;
    unfinished.push(file.path().to_owned());
    Ok(file)
}

/// Writes to a file beside the target.
fn stage(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<NamedTempFile> {
    let mut file = open_beside(path)?;
    let mut out = BufWriter::with_capacity(1 << 16, file.as_file_mut());
    let written = write(&mut out).and_then(|()| out.flush());
    let (_, _) = out.into_parts();
    written?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Checks that a file besides the result can be written.
pub(super) fn check_place(path: &Path) -> Result<(), Failure> {
    place_of(path).map(|_| ())
}

/// Writes a file besides the result, whole or not at all.
pub(super) fn to_file(path: &Path, text: &str) -> Result<(), Failure> {
    let file = stage(path, |out| out.write_all(text.as_bytes())).map_err(|error| unwritable(path, &error))?;
    name_files(vec![(path, file)])
}

/// Returns where a file will stand, whatever way leads there.
fn place_of(path: &Path) -> Result<PathBuf, Failure> {
    let refuse = |what: &str, help: &str| {
        Failure::output(format!("cannot write `{}`: {what}", path.display())).with_help(help)
    };
    let Some(name) = path.file_name() else {
        return Err(refuse("it is no file name", "name a file"));
    };
    let folder = folder_of(path);
    let folder = match fs::canonicalize(folder) {
        Ok(folder) if folder.is_dir() => folder,
        Ok(_) => return Err(refuse("what should be its folder is none", "name a file in a folder")),
        Err(error) => {
            return Err(unwritable(path, &error));
        }
    };
    let place = folder.join(name);
    match fs::symlink_metadata(&place) {
        Ok(metadata) if metadata.is_symlink() => {
            Err(refuse("it is a symbolic link", "name the file that it leads to"))
        }
        Ok(metadata) if metadata.is_dir() => Err(refuse("it is a folder", "name a file in it")),
        Ok(metadata) if !metadata.is_file() => {
            Err(refuse("it is no regular file", "leave -o out and redirect stdout"))
        }
        Ok(_) => Ok(place),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(place),
        Err(error) => Err(unwritable(path, &error)),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let help = match error.kind() {
        io::ErrorKind::NotFound => "make the folder first",
        io::ErrorKind::PermissionDenied => "check the permissions of the folder",
        _ => "what stood there before is unchanged; free some room or write elsewhere",
    };
    Failure::output(format!("cannot write `{}`: {error}", path.display())).with_help(help)
}

/// A rename is only on the disk when its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// A closed stdout is opened as the null device before `main` begins, so the two cannot be told apart.
#[cfg(unix)]
fn stdout_is_null() -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let device = |path: &str| {
        fs::metadata(path).ok().filter(|m| m.file_type().is_char_device()).map(|metadata| metadata.rdev())
    };
    device("/dev/stdout").is_some_and(|stdout| device("/dev/null") == Some(stdout))
}

#[cfg(not(unix))]
const fn stdout_is_null() -> bool {
    false
}
