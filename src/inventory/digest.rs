//! The fingerprint of what an export says, whatever the pages, the white space and the names of its files.

use std::io;

use sha2::{Digest as _, Sha256};

use super::model::Inventory;
use crate::hex::hex;

/// Changes when the canonical form changes, so that no old fingerprint vouches for a new reading.
const FORM: &[u8] = b"sgleave inventory 1\n";

impl Inventory {
    /// Returns `sha256:` and the hexadecimal SHA-256 of the canonical model.
    ///
    /// Everything a verdict can rest on is in it, the gaps included; the issues, which name files, are not.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut sink = HashSink(Sha256::new());
        sink.0.update(FORM);
        let mut buffered = io::BufWriter::with_capacity(1 << 16, sink);
        // INVARIANT: neither the sink nor a model of sorted lists and text keys can fail; a failure would still give
        // a digest that no other inventory has been approved under.
        let written = serde_json::to_writer(&mut buffered, self);
        let mut hasher = match buffered.into_inner() {
            Ok(sink) => sink.0,
            Err(error) => error.into_inner().into_parts().0.0,
        };
        if let Err(error) = written {
            hasher.update(error.to_string());
        }
        format!("sha256:{}", hex(&hasher.finalize()))
    }
}

struct HashSink(Sha256);

impl io::Write for HashSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
