//! What makes an input the same as yesterday's: its name and its bytes.

use std::io::{self, Read};

use crate::parallel;

/// A BLAKE3, which costs a fraction of what reading the same bytes costs.
pub(super) type Hash = [u8; 32];

/// Returns the digest of bytes.
pub(super) fn hash_of(bytes: &[u8]) -> Hash {
    blake3::hash(bytes).into()
}

/// Returns the digest of digests: those have one length, so no two lists of them run together.
pub(super) fn hash_of_hashes(hashes: impl IntoIterator<Item = Hash>) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for hash in hashes {
        hasher.update(&hash);
    }
    hasher.finalize().into()
}

/// The name of a source and the digest of its bytes. The name belongs to it: issues and errors say it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SourceHash {
    name: String,
    hash: Hash,
}

impl SourceHash {
    pub(super) fn of_bytes(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), hash: hash_of(bytes) }
    }

    /// Reads a stream to its end, but not beyond this many bytes and one; returns its length as well.
    pub(super) fn of_stream(name: &str, from: &mut dyn Read, limit: u64) -> io::Result<(Self, u64)> {
        let (hash, length) = hash_of_stream(&mut from.take(limit.saturating_add(1)))?;
        Ok((Self { name: name.to_owned(), hash }, length))
    }

    /// Returns one digest of all the hashes, whatever their order.
    pub(super) fn joined(mut hashes: Vec<Self>) -> Hash {
        hashes.sort();
        hash_of_hashes(hashes.into_iter().flat_map(|Self { name, hash }| [hash_of(name.as_bytes()), hash]))
    }
}

/// Returns the digest and the length of everything a stream holds.
pub(super) fn hash_of_stream(from: &mut dyn Read) -> io::Result<(Hash, u64)> {
    // Small enough to stay in the cache of a core between being read and being hashed.
    let mut buffer = vec![0; 1 << 17];
    let (mut hasher, mut length) = (blake3::Hasher::new(), 0);
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok((hasher.finalize().into(), length)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(buffer.get(..read).unwrap_or_default());
        length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
}

/// Returns the digest of the digests of pieces, which several threads compute together.
pub(super) fn hash_of_pieces(pieces: &[Vec<u8>]) -> Hash {
    hash_of_hashes(parallel::each(pieces, |piece| hash_of(piece)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(name: &str, bytes: &str) -> SourceHash {
        SourceHash::of_bytes(name, bytes.as_bytes())
    }

    #[test]
    fn a_stream_has_the_hash_of_its_bytes() {
        for length in [0, 1, (1 << 17) - 1, 1 << 17, (1 << 17) + 1, 400_000] {
            let bytes = vec![b'x'; length];
            let streamed = SourceHash::of_stream("a", &mut bytes.as_slice(), 1 << 30).unwrap();
            assert_eq!(streamed, (SourceHash::of_bytes("a", &bytes), length as u64));
        }
        assert_eq!(SourceHash::of_stream("a", &mut &b"abcd"[..], 2).unwrap().1, 3);
    }

    #[test]
    fn order_changes_nothing_and_everything_else_does() {
        let joined = |hashes: &[(&str, &str)]| {
            SourceHash::joined(hashes.iter().map(|(name, bytes)| hash(name, bytes)).collect())
        };
        let base = joined(&[("a", "1"), ("b", "2")]);
        assert_eq!(joined(&[("b", "2"), ("a", "1")]), base);
        for other in [
            &[("a", "2"), ("b", "1")][..],
            &[("a", "1"), ("c", "2")],
            &[("a", "1")],
            &[("a", "1"), ("b", "2"), ("b", "2")],
            &[("ab", "12")],
        ] {
            assert_ne!(joined(other), base, "{other:?}");
        }
    }
}
