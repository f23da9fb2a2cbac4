//! The files of an export: answers in envelopes, one a line, so many to a file; listings in chained pages.

use std::io::{self, BufWriter, Write};

use super::dice::{Subject, digest, mix};
use super::names::CallId;

/// The only region.
pub(super) const REGION: &str = "cn-hangzhou";

/// A call that is answered in pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) action: &'static str,
    /// What its files are called.
    pub(super) stem: &'static str,
    /// What stands before the first record of a page, and behind the last one.
    pub(super) around: (&'static str, &'static str),
    /// The largest page the call gives.
    pub(super) page_size: u64,
    pub(super) pages_per_file: u64,
}

/// Files of one kind: `export/rules-0001.jsonl` and so on.
pub(super) struct Series<'f, W: Write, F: FnMut(&str) -> io::Result<W>> {
    open: &'f mut F,
    seed: u64,
    stem: &'static str,
    lines_per_file: u64,
    lines: u64,
    out: Option<BufWriter<W>>,
}

impl<'f, W: Write, F: FnMut(&str) -> io::Result<W>> Series<'f, W, F> {
    pub(super) const fn new(open: &'f mut F, seed: u64, stem: &'static str, lines_per_file: u64) -> Self {
        Self { open, seed, stem, lines_per_file, lines: 0, out: None }
    }

    /// Begins an answer, in a new file where the one before is full, and returns where it goes on.
    pub(super) fn answer(&mut self, action: &str, parameters: &str) -> io::Result<&mut BufWriter<W>> {
        if self.lines.is_multiple_of(self.lines_per_file) {
            self.close()?;
            let name = format!("export/{}-{:04}.jsonl", self.stem, self.lines / self.lines_per_file + 1);
            self.out = Some(BufWriter::with_capacity(1 << 16, (self.open)(&name)?));
        }
        let subject = action.bytes().fold(0, |subject, byte| mix(subject ^ u64::from(byte)));
        let call = CallId(digest(self.seed ^ subject, Subject::Call, self.lines));
        self.lines += 1;
        let out = self.out()?;
        write!(
            out,
            r#"{{"request":{{"Action":"{action}","RegionId":"{REGION}"{parameters}}},"response":{{"RequestId":"{call}","#
        )?;
        Ok(out)
    }

    /// Ends an answer.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.out()?.write_all(b"}}\n")
    }

    fn out(&mut self) -> io::Result<&mut BufWriter<W>> {
        self.out.as_mut().ok_or_else(|| io::Error::other("no answer was begun"))
    }

    /// Brings everything out of the buffer.
    pub(super) fn close(&mut self) -> io::Result<()> {
        match self.out.take() {
            Some(mut out) => out.flush(),
            None => Ok(()),
        }
    }
}

/// A listing in pages. A page is ended when it is known whether another follows.
pub(super) struct Listing<'f, W: Write, F: FnMut(&str) -> io::Result<W>> {
    call: Call,
    series: Series<'f, W, F>,
    records: u64,
}

impl<'f, W: Write, F: FnMut(&str) -> io::Result<W>> Listing<'f, W, F> {
    pub(super) const fn new(open: &'f mut F, seed: u64, call: Call) -> Self {
        Self { call, series: Series::new(open, seed, call.stem, call.pages_per_file), records: 0 }
    }

    /// Begins a record and returns where it is to be written.
    pub(super) fn record(&mut self) -> io::Result<&mut BufWriter<W>> {
        let Call { action, page_size, around: (before, _), .. } = self.call;
        let is_first = self.records.is_multiple_of(page_size);
        if is_first {
            let mut parameters = format!(r#","MaxResults":{page_size}"#);
            if self.records > 0 {
                let token = self.token();
                self.end_page(&token)?;
                parameters.push_str(&format!(r#","NextToken":"{token}""#));
            }
            self.series.answer(action, &parameters)?.write_all(before.as_bytes())?;
        }
        self.records += 1;
        let out = self.series.out()?;
        if !is_first {
            out.write_all(b",")?;
        }
        Ok(out)
    }

    /// Returns the token that leads to the next page.
    fn token(&self) -> String {
        let page = self.records / self.call.page_size;
        let seed = self.series.seed;
        let digest = digest(seed, Subject::Call, page);
        format!("AAAAAd{digest:016x}{:016x}", mix(digest ^ page))
    }

    fn end_page(&mut self, token: &str) -> io::Result<()> {
        let after = self.call.around.1;
        write!(self.series.out()?, r#"{after},"NextToken":"{token}""#)?;
        self.series.end()
    }

    /// Ends the last page.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.records > 0 {
            self.end_page("")?;
        }
        self.series.close()
    }
}
