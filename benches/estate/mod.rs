//! Generated estates for the benchmarks, in memory.
//!
//! `SGLEAVE_BENCH_INTERFACES` names other sizes than 1000 and 10000, separated by commas.

#![allow(dead_code, reason = "no benchmark needs all of it")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot begin stops")]

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use sgleave::generate::{EstateOptions, EstateShape, write_estate};
use sgleave::graph::SecurityGraph;
use sgleave::inventory::{Source, load};
use sgleave::simulate::{Removal, read_csv};

/// The files of an estate.
pub(crate) struct Estate {
    /// The export.
    pub(crate) sources: Vec<Source>,
    /// What to try on it.
    pub(crate) removals: Vec<Removal>,
}

#[derive(Clone)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the sizes that are measured.
pub(crate) fn sizes() -> Vec<u64> {
    let text = std::env::var("SGLEAVE_BENCH_INTERFACES").unwrap_or_else(|_| "1000,10000".to_owned());
    text.split(',').map(|size| size.trim().parse().expect("a number of interfaces")).collect()
}

/// Writes an estate into memory.
pub(crate) fn estate(interfaces: u64, shape: EstateShape) -> Estate {
    let mut files: Vec<(String, Memory)> = Vec::new();
    write_estate(&EstateOptions::new(interfaces, shape), |name| {
        let memory = Memory(Rc::default());
        files.push((name.to_owned(), memory.clone()));
        Ok(memory)
    })
    .expect("memory takes everything");
    let (mut sources, mut removals) = (Vec::new(), Vec::new());
    for (name, memory) in files {
        let bytes = memory.0.take();
        if name.starts_with("export/") {
            sources.push(Source { name, bytes });
        } else {
            let text = String::from_utf8(bytes).expect("a list of ids");
            let read = read_csv(&name, &text).expect("a list the generator wrote");
            removals = read.into_iter().map(|proposed| proposed.removal).collect();
        }
    }
    Estate { sources, removals }
}

/// Reads an estate.
pub(crate) fn graph(estate: &Estate) -> SecurityGraph {
    SecurityGraph::new(load(estate.sources.clone()).expect("a complete export"))
}
