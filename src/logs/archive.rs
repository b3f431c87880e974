//! Logs in a zip archive, as portals and explorers hand out several files at once.

use std::borrow::Cow;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use zip::ZipArchive;
use zip::result::ZipError;

use super::counts::{Counts, Sink};
use super::decode::Guarded;
use super::reader::Reader;
use super::{Options, read};

/// What a zip archive begins with.
pub const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// Reads the logs in a zip archive. Entries are taken by their name, as files of a folder are:
/// `is_log` says which. Those that are no logs are counted as ignored.
///
/// # Errors
///
/// Only what `input` itself fails with. Damage of the archive is counted as rejected.
pub fn read_zip<S: Sink>(
    mut input: impl Read + Seek + Send,
    file: Arc<str>,
    options: &Options,
    is_log: impl Fn(&str) -> bool,
    sink: &mut S,
) -> io::Result<Counts> {
    let size = input.seek(SeekFrom::End(0))?;
    let mut archive = match ZipArchive::new(input) {
        Ok(archive) => archive,
        Err(error) => return rejected(error, &file, options, sink),
    };
    let mut counts = Counts::default();
    let mut names: Vec<(String, usize)> = (0..archive.len())
        .filter_map(|index| {
            let name = archive.name_for_index(index)?;
            Some((name.map_or_else(|_| format!("entry {index}"), Cow::into_owned), index))
        })
        .filter(|(name, _)| !name.ends_with('/'))
        .collect();
    names.sort();
    for (name, index) in names {
        let shown: Arc<str> = format!("{file}/{name}").into();
        let part = if is_log(&name) {
            entry(&mut archive, (index, size), shown, options, sink)?
        } else {
            let mut reader = Reader::new(shown, options, sink);
            reader.input_ignored("file of an archive that is no log by its name".to_owned());
            reader.counts
        };
        counts.merge(part, options.rejects_kept);
    }
    Ok(counts)
}

fn entry<S: Sink>(
    archive: &mut ZipArchive<impl Read + Seek + Send>,
    (index, size): (usize, u64),
    file: Arc<str>,
    options: &Options,
    sink: &mut S,
) -> io::Result<Counts> {
    let entry = match archive.by_index(index) {
        Ok(entry) => entry,
        Err(error) => return rejected(error, &file, options, sink),
    };
    // What the archive says of an entry can be a lie; its own size is not.
    let packed = entry.compressed_size().min(size);
    let guarded = Guarded::new(entry, packed, options.decompressed_bytes_max);
    read(BufReader::new(guarded), file, options, sink)
}

/// Counts what cannot be unpacked as a rejected input.
fn rejected<S: Sink>(
    error: ZipError,
    file: &Arc<str>,
    options: &Options,
    sink: &mut S,
) -> io::Result<Counts> {
    let reason = match error {
        ZipError::Io(error) if error.raw_os_error().is_some() => return Err(error),
        error => format!("the archive cannot be unpacked: {error}"),
    };
    let mut reader = Reader::new(Arc::clone(file), options, sink);
    reader.input_rejected(1, reason, b"");
    Ok(reader.counts)
}
